"""The batch: failures, resume, ids, shards, workers, kills. With a chain without models (batch_fakes.py)."""

import dataclasses
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batch_fakes import batch, lines, load_fake, make_settings, outputs
from jsonschema import Draft202012Validator

from pipeline.chain import Chain
from pipeline.config import HOME, load
from pipeline.errors import ConfigError, ModelError, OutputError, PipelineError
from pipeline.output import LOCK
from pipeline.reader import Input
from pipeline.records import load_schema
from pipeline.run import BatchSummary, Shard, run_batch

HERE = Path(__file__).parent


def make_pages(folder, count=6, **others):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        text = f"# 标题{number}\n正文\n" * (number % 3)
        (folder / f"汾河日报_2024-10-{number:02}_04.md").write_text(text, "utf-8")
    for name, content in others.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / f"{name}.md").write_bytes(data)
    return folder


def manifest(out):
    return json.loads((out / "manifest.json").read_text("utf-8"))


def parts(out):
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in out.glob("parts/*/*.jsonl")}


# ---- failing pages ------------------------------------------------------------------------------------------

BAD = {
    "binary": (b"\x89PNG\xff\xfe\x00", ("read", "UnicodeDecodeError", False)),
    "nul": (b"a\x00b", ("read", "PageError", False)),
    "surrogate": ("字\ud800".encode("utf-8", "surrogatepass"), ("read", "UnicodeDecodeError", False)),
    "large": (b"x" * 100_001, ("read", "PageError", False)),
    "raising": (b"RAISE", ("process", "ValueError", False)),
    "refused": (b"REFUSE", ("split", "PageError", False)),
    "memory": (b"MEMORY", ("process", "MemoryLimitError", True)),
}


@pytest.mark.parametrize("bad", BAD)
def test_run_batch_records_a_bad_page_and_goes_on(tmp_path, bad):
    content, expected = BAD[bad]
    pages = make_pages(tmp_path / "in", 10, **{bad: content})
    summary = batch(tmp_path / "out", pages)
    [record] = lines(tmp_path / "out", "errors")
    Draft202012Validator(load_schema("error")).validate(record)
    assert (record["source"], record["attempt"]) == (f"{bad}.md", 1)
    assert (record["stage"], record["error"], record["retryable"]) == expected
    assert (summary.exit_status, summary.ok, len(lines(tmp_path / "out", "pages"))) == (3, 10, 10)


GOOD = {
    "empty": b"",
    "blank": b"\n \n",
    "picture": b"![](a.jpg)\n",
    "long_line": ("# " + "字" * 30_000).encode(),
    "one_character": "。".encode(),
    "astral": "# 𠮷野家\n".encode(),
}


@pytest.mark.parametrize("name", GOOD)
def test_run_batch_has_a_page_record_for_an_odd_page(tmp_path, name):
    pages = make_pages(tmp_path / "in", 0, **{name: GOOD[name]})
    summary = batch(tmp_path / "out", pages)
    [record] = lines(tmp_path / "out", "pages")
    assert (summary.exit_status, record["source"]) == (0, f"{name}.md")


def test_run_batch_records_missing_paths_and_folders_in_place_of_pages(tmp_path):
    pages = make_pages(tmp_path / "in", 30)
    (pages / "folder.md").mkdir()
    inputs = [Input(path.name, str(path)) for path in sorted(pages.iterdir())] + [
        Input("gone.md", str(pages / "gone.md"))
    ]
    summary = run_batch(inputs, make_settings(), tmp_path / "out", load_chain=load_fake)
    found = [(item["source"], item["error"]) for item in lines(tmp_path / "out", "errors")]
    assert (summary.exit_status, found) == (3, [("folder.md", "IsADirectoryError"), ("gone.md", "FileNotFoundError")])


def test_run_batch_replaces_workers_that_hang_or_die(tmp_path):
    pages = make_pages(tmp_path / "in", 6, crash="CRASH", hang="HANG")
    settings = make_settings(page_seconds=0.5, max_failed_rate=0.3)
    summary = batch(tmp_path / "out", pages, settings=settings, workers=2)
    found = [(item["source"], item["error"], item["attempt"]) for item in lines(tmp_path / "out", "errors")]
    assert found == [("crash.md", "WorkerDiedError", 2), ("hang.md", "TimeLimitError", 2)]
    assert (summary.exit_status, summary.ok) == (3, 6)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_run_batch_bounds_the_memory_of_a_page(tmp_path):
    pages = make_pages(tmp_path / "in", 6, greedy="GREEDY", fault="SEGFAULT")
    settings = make_settings(page_memory=500, max_failed_rate=0.3)
    summary = batch(tmp_path / "out", pages, settings=settings, workers=2)
    found = [(item["source"], item["error"], item["attempt"]) for item in lines(tmp_path / "out", "errors")]
    assert found == [("fault.md", "WorkerDiedError", 2), ("greedy.md", "MemoryLimitError", 2)]
    messages = [item["message"] for item in lines(tmp_path / "out", "errors")]
    assert messages[0] == "the process was ended by SIGSEGV, also alone"
    assert messages[1].startswith("out of memory (limit 500 MB beside the models), also alone; raise run.page_memory")
    assert (summary.exit_status, summary.ok) == (3, 6)


def test_run_batch_succeeds_at_the_second_attempt(tmp_path):
    pages = make_pages(tmp_path / "in", 3, once=f"# 再来\nONCE {tmp_path}/mark\n")
    summary = batch(tmp_path / "out", pages, workers=2)
    assert (summary.exit_status, summary.ok) == (0, 4)


@pytest.mark.parametrize(
    ("bad", "rate", "status"), [(0, 0.0, 0), (1, 0.1, 3), (2, 0.1, 1), (2, 0.2, 3), (1, 0.0, 1), (10, 1.0, 3)]
)
def test_run_batch_exit_status_by_the_failed_rate(tmp_path, bad, rate, status):
    others = {f"bad{number}": "RAISE" for number in range(bad)}
    pages = make_pages(tmp_path / "in", 10 - bad, **others)
    settings = make_settings(max_failed_rate=rate)
    summary = batch(tmp_path / "out", pages, settings=settings)
    assert (summary.exit_status, manifest(tmp_path / "out")["exit_status"]) == (status, status)


def test_run_batch_aborts_at_the_first_failure_when_told_to(tmp_path):
    pages = make_pages(tmp_path / "in", 6, a_bad="RAISE")
    summary = batch(tmp_path / "out", pages, settings=make_settings(on_error="abort"), workers=2)
    assert (summary.exit_status, (tmp_path / "out" / "manifest.json").exists()) == (1, False)
    assert summary.stopped == 'a_bad.md failed (process/ValueError) and run.on_error is "abort"'


# ---- resume -------------------------------------------------------------------------------------------------


def test_run_batch_makes_no_page_twice(tmp_path):
    pages = make_pages(tmp_path / "in")
    batch(tmp_path / "out", pages)
    before, bytes_before = parts(tmp_path / "out"), outputs(tmp_path / "out")
    summary = batch(tmp_path / "out", pages)
    assert (summary.computed, summary.cached) == (0, 6)
    assert (parts(tmp_path / "out"), outputs(tmp_path / "out")) == (before, bytes_before)


def test_run_batch_leaves_a_finished_folder_as_it_is(tmp_path):
    pages = make_pages(tmp_path / "in")
    batch(tmp_path / "out", pages)
    files = [tmp_path / "out" / name for name in ("articles.jsonl", "pages.jsonl", "errors.jsonl", "manifest.json")]
    before = [(path.stat().st_mtime_ns, path.stat().st_ino) for path in files]
    batch(tmp_path / "out", pages)
    assert [(path.stat().st_mtime_ns, path.stat().st_ino) for path in files] == before


@pytest.mark.parametrize("name", ["articles.jsonl", "pages.jsonl", "errors.jsonl", "manifest.json"])
@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes() + b" ")]
)
def test_run_batch_merges_again_what_is_damaged(tmp_path, name, damage):
    pages = make_pages(tmp_path / "in", bad="RAISE" if name == "errors.jsonl" else "# 好\n")
    batch(tmp_path / "out", pages)
    good = outputs(tmp_path / "out")
    damage(tmp_path / "out" / name)
    batch(tmp_path / "out", pages)
    assert outputs(tmp_path / "out") == good
    assert manifest(tmp_path / "out")["exit_status"] in (0, 1)


def test_run_batch_does_not_load_models_when_nothing_is_to_be_made(tmp_path):
    pages = make_pages(tmp_path / "in")
    batch(tmp_path / "out", pages)

    def fail(_):
        raise AssertionError

    inputs = [Input(path.name, str(path)) for path in sorted(pages.iterdir())]
    assert run_batch(inputs, make_settings(), tmp_path / "out", load_chain=fail).exit_status == 0


def test_run_batch_makes_changed_and_new_pages(tmp_path):
    pages = make_pages(tmp_path / "in")
    batch(tmp_path / "out", pages)
    (pages / "汾河日报_2024-10-01_04.md").write_text("# 改\n", "utf-8")
    (pages / "汾河日报_2024-10-09_04.md").write_text("# 新\n", "utf-8")
    summary = batch(tmp_path / "out", pages)
    assert (summary.computed, summary.cached, summary.ok) == (2, 5, 7)


def test_run_batch_drops_pages_that_are_no_longer_given(tmp_path):
    pages = make_pages(tmp_path / "in")
    batch(tmp_path / "out", pages)
    (pages / "汾河日报_2024-10-01_04.md").unlink()
    batch(tmp_path / "out", pages)
    assert len(lines(tmp_path / "out", "pages")) == 5


def test_run_batch_makes_all_pages_again_under_another_configuration(tmp_path):
    pages = make_pages(tmp_path / "in")
    batch(tmp_path / "out", pages)
    assert batch(tmp_path / "out", pages, settings=make_settings(digest="1" * 64)).computed == 6


def test_run_batch_makes_all_pages_again_under_other_code(tmp_path, monkeypatch):
    pages = make_pages(tmp_path / "in")
    batch(tmp_path / "out", pages)
    monkeypatch.setattr("pipeline.provenance.code_version", lambda: "other")
    assert batch(tmp_path / "out", pages).computed == 6


def test_run_batch_makes_all_pages_again_with_force(tmp_path):
    pages = make_pages(tmp_path / "in")
    batch(tmp_path / "out", pages)
    assert batch(tmp_path / "out", pages, redo="all").computed == 6


def test_run_batch_tries_failed_pages_again(tmp_path):
    pages = make_pages(tmp_path / "in", 3, bad="RAISE")
    batch(tmp_path / "out", pages)
    (pages / "bad.md").write_text("# 好了\n", "utf-8")
    summary = batch(tmp_path / "out", pages)
    assert (summary.exit_status, summary.computed, summary.cached) == (0, 1, 3)


def test_run_batch_only_failed_leaves_new_and_changed_pages(tmp_path):
    pages = make_pages(tmp_path / "in", 3, bad="RAISE")
    batch(tmp_path / "out", pages)
    make_pages(pages, 4)
    (pages / "汾河日报_2024-10-01_04.md").write_text("# 改\n", "utf-8")
    (pages / "bad.md").write_text("# 好了\n", "utf-8")
    summary = batch(tmp_path / "out", pages, redo="failed")
    assert (summary.computed, summary.cached, summary.pending, summary.exit_status) == (1, 2, 2, 3)
    assert len(lines(tmp_path / "out", "pages")) == 3


def test_run_batch_makes_a_damaged_part_again(tmp_path):
    pages = make_pages(tmp_path / "in")
    batch(tmp_path / "out", pages)
    good = outputs(tmp_path / "out")
    path = next((tmp_path / "out" / "parts").glob("*/*.jsonl"))
    path.write_bytes(path.read_bytes()[:-3])
    assert batch(tmp_path / "out", pages).computed == 1
    assert outputs(tmp_path / "out") == good


# ---- ids ----------------------------------------------------------------------------------------------------


def test_run_batch_gives_two_files_of_one_page_ids_of_their_own(tmp_path):
    for name in ("a", "b", "c"):
        make_pages(tmp_path / "in" / name, 1)
    (tmp_path / "in" / "b" / "汾河日报_2024-10-01_04.md").write_text("# 另一份\n", "utf-8")
    batch(tmp_path / "out", tmp_path / "in")
    found = [item["id"] for item in lines(tmp_path / "out", "pages")]
    assert (len(set(found)), found[0]) == (3, "汾河日报-2024-10-01-p04")
    assert len({item["id"] for item in lines(tmp_path / "out", "articles")}) == len(lines(tmp_path / "out", "articles"))
    assert [item["flags"] for item in lines(tmp_path / "out", "pages")] == [[], ["shared_id"], ["shared_id"]]
    assert batch(tmp_path / "out", tmp_path / "in").computed == 0


def test_run_batch_gives_the_plain_id_back_when_the_other_page_is_gone(tmp_path):
    for name in ("a", "b"):
        make_pages(tmp_path / "in" / name, 1)
    batch(tmp_path / "out", tmp_path / "in")
    (tmp_path / "in" / "a" / "汾河日报_2024-10-01_04.md").unlink()
    batch(tmp_path / "out", tmp_path / "in")
    assert [item["id"] for item in lines(tmp_path / "out", "pages")] == ["汾河日报-2024-10-01-p04"]


# ---- equal bytes --------------------------------------------------------------------------------------------


def test_run_batch_gives_equal_bytes_for_any_number_of_workers_and_order(tmp_path):
    pages = make_pages(tmp_path / "in", 12, bad="RAISE", binary=b"\xff\xff")
    batch(tmp_path / "1", pages)
    files = sorted(pages.iterdir())
    random.Random(7).shuffle(files)
    batch(tmp_path / "2", *files, workers=2)
    batch(tmp_path / "8", *reversed(files), workers=8)
    assert outputs(tmp_path / "1") == outputs(tmp_path / "2") == outputs(tmp_path / "8")


def test_run_batch_gives_equal_bytes_wherever_the_folder_lies(tmp_path, monkeypatch):
    batch(tmp_path / "out1", make_pages(tmp_path / "x" / "in", bad="RAISE", gone=b"\xff"))
    make_pages(tmp_path / "y" / "in", bad="RAISE", gone=b"\xff")
    monkeypatch.chdir(tmp_path / "y")
    batch(tmp_path / "out2", "in")
    assert outputs(tmp_path / "out1") == outputs(tmp_path / "out2")


def test_run_batch_shards_are_the_whole(tmp_path):
    pages = make_pages(tmp_path / "in", 20)
    batch(tmp_path / "whole", pages)
    for index in (1, 2, 3):
        batch(tmp_path / f"shard{index}", pages, shard=Shard(index, 3))
    found = [lines(tmp_path / f"shard{index}", "articles") for index in (1, 2, 3)]
    whole = lines(tmp_path / "whole", "articles")
    assert sorted(item["id"] for item in itertools.chain(*found)) == sorted(item["id"] for item in whole)
    assert manifest(tmp_path / "shard2")["shard"] == "2/3"


def test_run_batch_refuses_a_shard_without_pages(tmp_path):
    pages = make_pages(tmp_path / "in", 1)
    empty = next(shard for shard in (Shard(1, 2), Shard(2, 2)) if not shard.holds("汾河日报_2024-10-01_04.md"))
    with pytest.raises(ConfigError, match="holds none of 1 pages"):
        batch(tmp_path / "out", pages, shard=empty)


# Kills in the ordinary test run; BATCH_KILLS=50 for a long one.
KILLS = int(os.environ.get("BATCH_KILLS", "2"))


def holds(out, pid):
    """Say whether a process holds the lock of a folder."""
    try:
        return json.loads((out / LOCK).read_text("utf-8"))["pid"] == pid
    except (FileNotFoundError, ValueError):
        return False


def test_run_batch_killed_at_random_moments_ends_with_the_same_bytes(tmp_path):
    pages = make_pages(tmp_path / "in", 40, bad="RAISE", binary=b"\xff\xff")
    batch(tmp_path / "calm", pages)
    command = [sys.executable, str(HERE / "batch_fakes.py"), str(tmp_path / "out"), "2", str(pages)]
    environment = os.environ | {"FAKE_DELAY": "0.03", "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}"}
    chance = random.Random(KILLS)
    # The killed runs make every page again, so that kills meet every moment of a run and good parts are written over.
    again = environment | {"FAKE_REDO": "all"}
    for _ in range(KILLS):
        process = subprocess.Popen(command, env=again, stderr=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 20
        while not holds(tmp_path / "out", process.pid) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 1.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert subprocess.run(command, env=environment, check=False).returncode == 3
    assert outputs(tmp_path / "out") == outputs(tmp_path / "calm")
    assert not [path for path in (tmp_path / "out").rglob("*") if path.name.endswith(".tmp")]


# ---- what stops a run ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_run_batch_stops_cleanly_at_an_interrupt(tmp_path, workers):
    pages = make_pages(tmp_path / "in", 20)

    def interrupt(state):
        if state.ended == 5:
            raise KeyboardInterrupt

    summary = batch(tmp_path / "out", pages, report=interrupt, workers=workers)
    assert (summary.exit_status, summary.stopped, (tmp_path / "out" / LOCK).exists()) == (1, "interrupted", False)
    assert batch(tmp_path / "out", pages).cached >= 5


def test_run_batch_stops_when_a_part_cannot_be_written(tmp_path):
    pages = make_pages(tmp_path / "in", 4)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "parts").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        batch(tmp_path / "out", pages, workers=2)


def test_run_batch_takes_the_manifest_away_until_it_is_done(tmp_path):
    pages = make_pages(tmp_path / "in", 4)
    batch(tmp_path / "out", pages)
    make_pages(pages, 5)
    seen = []
    batch(tmp_path / "out", pages, report=lambda _: seen.append((tmp_path / "out" / "manifest.json").exists()))
    assert (seen, (tmp_path / "out" / "manifest.json").exists()) == ([False, False], True)


def test_run_batch_refuses_a_model_that_is_missing(tmp_path):
    settings = dataclasses.replace(make_settings(), resolved={"assets": {"charlm": "nothing-9.9.9"}})
    with pytest.raises(ModelError, match=r"nothing-9\.9\.9"):
        batch(tmp_path / "out", make_pages(tmp_path / "in", 1), settings=settings)


def fail_to_load(_):
    raise ModelError("the model is damaged")


@pytest.mark.parametrize("seconds", [0, 9])
def test_run_batch_passes_on_what_goes_wrong_at_loading(tmp_path, seconds):
    path = make_pages(tmp_path / "in", 1) / "汾河日报_2024-10-01_04.md"
    with pytest.raises(PipelineError, match="the model is damaged"):
        run_batch(
            [Input("a.md", str(path))], make_settings(page_seconds=seconds), tmp_path / "out", load_chain=fail_to_load
        )


# ---- the account --------------------------------------------------------------------------------------------


def test_run_batch_accounts_for_every_page(tmp_path):
    pages = make_pages(tmp_path / "in", 6, bad="RAISE")
    summary = batch(tmp_path / "out", pages, settings=make_settings(max_failed_rate=0.5))
    assert summary == BatchSummary(
        3, 7, 6, 1, 0, 7, 0, 6, summary.seconds, stopped="", reasons={"process/ValueError": 1}
    )
    found = manifest(tmp_path / "out")
    Draft202012Validator(load_schema("manifest")).validate(found)
    assert found["counts"] == {
        "inputs": 7, "ok": 6, "failed": 1, "pending": 0, "computed": 7, "cached": 0, "articles": 6, "chars": 54,
        "bytes": sum(path.stat().st_size for path in pages.iterdir()),
    }  # fmt: skip
    assert (found["labels"], found["rejections"]) == ({"kind:news": 6}, {"process/ValueError": 1})
    assert [item["status"] for item in found["inputs"]] == ["failed"] + ["ok"] * 6
    assert found["outputs"]["articles.jsonl"]["lines"] == 6


def test_run_batch_reports_before_the_first_and_after_every_page(tmp_path):
    states = []
    batch(tmp_path / "out", make_pages(tmp_path / "in", 3), report=states.append)
    assert [(state.ended, state.total) for state in states] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_run_batch_end_to_end_with_real_stages(tmp_path):
    config = tmp_path / "small.cfg"
    config.write_text('[nlp]\nlang = "zh"\npipeline = ["sentences"]\n[nlp.tokenizer]\nmethod = "char"\n')
    pages = tmp_path / "in"
    pages.mkdir()
    head = "汾河日报 2024年10月16日 星期三\n\n## 市图书馆夜间开放\n\n"
    text = f"{head}**本报讯** 记者昨日从市图书馆获悉，自习室即日起开放到二十二时。\n\n（王 丹）\n"
    for name in ("a.md", "b.md"):
        (pages / name).write_text(text, "utf-8")
    (pages / "empty.md").touch()
    inputs = [Input(path.name, str(path)) for path in sorted(pages.iterdir())]
    summary = run_batch(inputs, load(config), tmp_path / "out", load_chain=Chain.load)
    assert (summary.exit_status, summary.ok) == (0, 3)
    for name in ("article", "page"):
        for record in lines(tmp_path / "out", f"{name}s"):
            Draft202012Validator(load_schema(name)).validate(record)
    assert lines(tmp_path / "out", "articles")[0]["title"] == "市图书馆夜间开放"
    assert HOME.is_dir()
