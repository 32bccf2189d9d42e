"""The bench: its texts, its tables, and what it says of a system that cannot run. No system is measured."""

import lzma
import sys

import pytest

from pipeline import bench
from pipeline.errors import ConfigError


def row(seconds, *, chars=1000, ready=0.5, peak=2048, stages=None):
    return {"seconds": seconds, "chars": chars, "ready": ready, "peak_kib": peak, "stages": stages or {}}


@pytest.fixture
def results():
    rows = {"jieba.cut": [row(1.0), row(2.0), row(4.0)], "banmian news": [row(2.0), row(4.0), row(16.0)]}
    return bench.Results(rows, {"SnowNLP, words": "could not be installed: no network"})


def test_ratios_compare_within_a_repetition(results):
    assert bench.ratios(results.rows["banmian news"], results.rows["jieba.cut"]) == [0.5, 0.5, 0.25]


def test_spread_gives_median_and_ends():
    assert bench.spread([3000.0, 1000.4, 2000.0]) == "2,000 (1,000 – 3,000)"


def test_systems_table_says_why_a_system_is_missing(results):
    systems = [system for system in bench.SYSTEMS if system.name in ("banmian news", "SnowNLP, words")]
    table = bench.systems_table(results, systems)
    assert "| 250 (62 – 500) | 0.50 | 0.50 (0.50 – 0.50) | 2 (2 – 2) |" in table[2]
    assert "could not be installed: no network" in table[3]


def test_stages_table_gives_shares():
    held = bench.Results({"banmian fast": [row(2.0, stages={"split": 0.5, "records": 0.0})]})
    assert bench.stages_table(held, "banmian fast")[-2:] == ["| split | 2,000 | 25.0% |", "| records | – | 0.0% |"]


def test_stages_table_of_a_system_that_did_not_run_is_empty(results):
    assert bench.stages_table(results, "banmian fast") == []


def test_page_has_no_date_and_every_system(results):
    page = bench.to_page({"Example pages": results}, bench.SYSTEMS, repeat=3)
    assert all(f"| {system.name} |" in page for system in bench.SYSTEMS)


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


def test_measure_once_reports_the_last_words_of_a_failure(tmp_path):
    (tmp_path / "texts.json").write_text('["版面"]')
    system = bench.System("x", ("no such loader",), "nothing")
    with pytest.raises(ConfigError, match="could not run: KeyError"):
        bench.measure_once(system, bench.Path(sys.executable), tmp_path / "texts.json")
