"""The bench: its texts, tables and pictures, and what it says of a system that cannot run. No peer is measured."""

import lzma
import os
import signal
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from pipeline import bench
from pipeline.bench import EXAMPLES
from pipeline.benches import accuracy, page, plot, scaling, systems
from pipeline.benches.systems import SYSTEMS, System
from pipeline.errors import ConfigError


def row(seconds, *, chars=1000, ready=0.5, peak=2048, stages=None):
    return {
        "seconds": seconds,
        "wall": seconds,
        "chars": chars,
        "ready": ready,
        "peak_kib": peak,
        "stages": stages or {},
    }


@pytest.fixture
def results():
    rows = {"jieba.cut": [row(1.0), row(2.0), row(4.0)], "banmian news": [row(2.0), row(4.0), row(16.0)]}
    return {"rows": rows, "failed": {"SnowNLP, words": "could not be installed: no network"}}


FOUND = {
    "tasks": {"PKU": {"task": "words", "cases": 2, "unit": "lines", "set": "own", "fingerprint": "f" * 64}},
    "figures": {"jieba.cut": {"PKU": 0.8184}},
}


def whole(results):
    grown = {
        "config": "news",
        "page": 400,
        "time": 1.01,
        "memory": None,
        "rows": [
            {"size": 10, "seconds": 1.0, "mib": 1.0, "peak": 9.0},
            {"size": 100, "seconds": 9.0, "mib": 2.0, "peak": 9.0},
        ],
    }
    return {
        "speed": {"machine": ["- a machine"], "repeat": 3, "texts": {"Example pages": results}},
        "accuracy": FOUND,
        "scaling": {"machine": ["- a machine"], "lengths": grown, "counts": grown},
    }


def test_ratios_compare_within_a_repetition(results):
    assert page.ratios(results["rows"]["banmian news"], results["rows"]["jieba.cut"]) == [0.5, 0.5, 0.25]


def test_spread_gives_median_and_ends():
    assert page.spread([3000.0, 1000.4, 2000.0]) == "2,000 (1,000 – 3,000)"


def test_systems_table_has_accuracy_beside_speed_and_says_why_a_system_is_missing(results):
    chosen = [system for system in SYSTEMS if system.name in ("banmian news", "jieba.cut", "SnowNLP, words")]
    table = page.systems_table(results, chosen, FOUND)
    assert "| 250 (62 – 500) | 0.50 | 0.50 (0.50 – 0.50) | 2 (2 – 2) | |" in table[2]
    assert table[3].endswith("| 2 (2 – 2) | 0.818 |")
    assert "could not be installed: no network" in table[4]
    assert len({line.count("|") for line in table}) == 1


def test_shares_table_gives_shares():
    held = {"rows": {"banmian fast": [row(2.0, stages={"split": 0.5, "records": 0.0})]}, "failed": {}}
    assert page.shares_table(held, "banmian fast")[-2:] == ["| split | 2,000 | 25.0% |", "| records | – | 0.0% |"]


def test_shares_table_of_a_system_that_did_not_run_is_empty(results):
    assert page.shares_table(results, "banmian fast") == []


def test_page_names_every_system_and_what_was_not_measured(results):
    text = page.to_page(whole(results), SYSTEMS)
    assert all(f"| {system.name} |" in text for system in SYSTEMS)
    assert "time 1.01, memory too few points" in text
    assert "not measured: stages (`make bench" in text


def test_accuracy_is_drawn_against_speed(results):
    (panel,) = page.accuracy_panels(whole(results), SYSTEMS)
    assert [(point.label, point.x, point.y, point.ours) for point in panel.points] == [
        ("jieba.cut", 500.0, 0.8184, False)
    ]


def test_write_page_writes_pictures_that_are_xml(tmp_path, results):
    bench.write_page(whole(results), tmp_path / "benchmarks.md")
    for name in (page.PICTURE, page.GROWTH):
        root = ET.parse(tmp_path / name).getroot()
        assert root.findall(".//{http://www.w3.org/2000/svg}circle")


def test_labels_of_near_points_do_not_lie_on_each_other():
    points = [plot.Point(f"system {number}", 1000.0, 0.9) for number in range(3)]
    root = ET.fromstring(plot.draw([plot.Panel("p", "x", "y", points)]))
    places = [item.get("y") for item in root.iter("{http://www.w3.org/2000/svg}text") if item.text.startswith("system")]
    assert len(set(places)) == 3


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_exponent_of_a_power_law(power):
    rows = [{"size": size, "seconds": 5 + 0.1 * size**power} for size in (10, 100, 1000)]
    assert scaling.exponent(rows, "seconds", start=10, base=5) == pytest.approx(power)
    assert scaling.exponent(rows, "seconds", start=1000) is None


def test_composed_pages_have_their_length_and_differ():
    pages = [scaling.compose(["甲1乙\n", "丙22丁\n"], 40, seed) for seed in range(1, 20)]
    assert {len(text) for text in pages} == {40}
    assert len(set(pages)) == len(pages)
    assert scaling.compose(["甲1"], 9, 3) == scaling.compose(["甲1"], 9, 3)


@pytest.mark.parametrize("chars", [1, 5, 23])
def test_repeated_reaches_the_size_and_no_more_than_a_text_beyond(chars):
    texts = bench.repeated(["甲乙丙", "丁"], chars)
    assert chars <= sum(len(text) + 1 for text in texts) < chars + 4


def test_example_texts_need_pages(tmp_path):
    with pytest.raises(ConfigError, match="no pages"):
        bench.example_texts(10, tmp_path)


def test_raw_texts_are_cut_at_blank_lines(tmp_path):
    path = tmp_path / bench.RAWTEXT
    path.parent.mkdir()
    path.write_bytes(lzma.compress("题\n正文。\n\n\n无题。\n\n三\n".encode()))
    assert bench.raw_texts(tmp_path, 7) == ["题\n正文。\n", "无题。\n"]


def test_raw_texts_are_none_without_the_folder(tmp_path):
    assert bench.raw_texts(tmp_path, 10) == []


def test_run_worker_reports_the_last_words_of_a_failure():
    with pytest.raises(ConfigError, match="could not run: KeyError"):
        systems.run_worker(("no such loader",), bench.Path(sys.executable), ["版面"])


def test_run_worker_measures_and_answers():
    spec = ("jieba", "posseg")
    found = systems.run_worker(spec, bench.Path(sys.executable), ["他在北京。"], task="entities")
    assert found["answers"] == [[[2, 4, "LOC"]]]
    assert found["chars"] == 5
    assert found["peak_kib"] > 0


def test_a_system_whose_python_is_missing_says_so(tmp_path):
    system = System("old", ("x",), "words", requirements=("x==1",), python="2.3")
    with pytest.raises(ConfigError, match=r"needs Python 2\.3, which is not here"):
        systems.make_environment(system, tmp_path)


def test_words_of_a_changed_line_are_all_wrong():
    gold = [["南京", "市"], ["长江"]]
    assert accuracy.word_f1([["南京", "市", " "], ["长", "红"]], gold) == pytest.approx(2 * 2 / (4 + 3))


def test_tags_are_compared_by_class():
    gold = [[("南京", "ns"), ("市", "n"), ("看", "v")]]
    assert accuracy.class_f1([[["南京", "LOC"], ["市", "n"], ["看", "a"]]], gold) == pytest.approx(2 / 3)


def test_marks_and_foreign_strings_have_one_class_whatever_they_are_called():
    assert {accuracy.class_of("，", tag) for tag in ("w", "x", "PU")} == {"w"}
    assert {accuracy.class_of("GDP", tag) for tag in ("nx", "eng", "x")} == {"x"}
    assert accuracy.class_of("人", "Ng") == accuracy.class_of("人", "n") == "n"


def test_main_keeps_earlier_parts_and_writes_the_page_anew(tmp_path, results):
    kept = tmp_path / "results.json"
    kept.write_text(bench.json.dumps({"schema": bench.SCHEMA, **whole(results)}))
    assert bench.main(["--only", "none", "--results", str(kept), "--out", str(tmp_path / "page.md")]) == 0
    assert "Example pages" in (tmp_path / "page.md").read_text("utf-8")


def test_main_refuses_a_part_that_is_none(tmp_path, capsys):
    assert bench.main(["--only", "speeed", "--results", str(tmp_path / "r.json")]) == 2
    assert "allowed are speed; accuracy; stages; scaling" in capsys.readouterr().err


def test_family_lists_a_process_and_what_it_started():
    child = "import time; print(1, flush=True); time.sleep(60)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"1\n"
        found = scaling.family(process.pid)
        for pid in found[::-1]:
            os.kill(pid, signal.SIGKILL)
    assert found[0] == process.pid
    assert len(found) == 2


def test_page_counts_measure_time_and_memory_of_a_run():
    (one,) = scaling.page_counts([path.read_text("utf-8") for path in sorted(EXAMPLES.glob("*.md"))], "fast", [1])
    assert one["size"] == 1
    assert 0.2 < one["seconds"] < 120
    assert 60 < one["peak"] < 4000
