"""Parts, merged files, the manifest and the lock of the output folder."""

import json
import os
import socket
import subprocess
import sys

import pytest

from pipeline.errors import OutputError
from pipeline.output import (
    LOCK,
    Part,
    Written,
    drop_manifest,
    merge,
    open_folder,
    part_path,
    read_part,
    write_manifest,
    write_part,
)


@pytest.fixture(autouse=True)
def _parts(tmp_path):
    """What open_folder makes."""
    (tmp_path / "parts").mkdir()


def part(source, status="ok", **fields):
    values = {"key": "k", "page_id": source, "base_id": source, "sha256": "0" * 64, "n_bytes": 1} | fields
    return Part(source=source, status=status, **values)


def temporary_files(out):
    return [path for path in out.rglob("*") if path.name.endswith(".tmp")]


def test_write_part_comes_back_with_its_sizes(tmp_path):
    written = write_part(tmp_path, part("页.md", labels={"kind:news": 2}), '{"页":1}', ["{}", "[]"])
    assert written.sizes == (len('{"页":1}\n'.encode()), 6)
    assert read_part(tmp_path, "页.md") == written


def test_read_part_is_none_where_there_is_none(tmp_path):
    assert read_part(tmp_path, "a.md") is None


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b[:0], lambda b: b"[]" + b, lambda b: b"\0" * len(b)]
)
def test_read_part_refuses_a_damaged_part(tmp_path, damage):
    write_part(tmp_path, part("a.md"), "{}", ["{}"])
    path = part_path(tmp_path, "a.md")
    path.write_bytes(damage(path.read_bytes()))
    assert read_part(tmp_path, "a.md") is None


def test_write_part_writes_nothing_for_a_line_that_utf8_cannot_hold(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_part(tmp_path, part("a.md"), "{}", ['"\ud800"'])
    assert [path.name for path in tmp_path.rglob("*")] == ["parts"]


def test_write_part_leaves_the_old_part_when_the_disk_is_full(tmp_path, monkeypatch):
    old = write_part(tmp_path, part("a.md"), "{}", ["{}"])

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.output.os.fsync", full)
    with pytest.raises(
        OutputError, match=r"cannot be written: No space left on device\. The pages that are done are kept"
    ):
        write_part(tmp_path, part("a.md", key="new"), "{}", ["{}", "{}"])
    assert (read_part(tmp_path, "a.md"), temporary_files(tmp_path)) == (old, [])


def test_merge_keeps_the_order_it_is_given(tmp_path):
    write_part(tmp_path, part("b.md", n_articles=1), '{"page":"b"}', ['{"text":"乙\u2028"}'])
    write_part(tmp_path, part("a.md", n_articles=2), '{"page":"a"}', ['{"text":1}', '{"text":2}'])
    write_part(tmp_path, part("c.md", "failed"), '{"error":"c"}')
    written = merge(tmp_path, ["a.md", "gone.md", "b.md", "c.md"])
    found = {name: (tmp_path / f"{name}.jsonl").read_text("utf-8") for name in written}
    assert found == {
        "articles": '{"text":1}\n{"text":2}\n{"text":"乙\u2028"}\n',
        "pages": '{"page":"a"}\n{"page":"b"}\n',
        "errors": '{"error":"c"}\n',
    }
    assert [item.lines for item in written.values()] == [3, 2, 1]


def test_merge_leaves_the_old_files_when_the_disk_is_full(tmp_path, monkeypatch):
    write_part(tmp_path, part("a.md"), "{}", ["1"])
    merge(tmp_path, ["a.md"])

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.output.os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        merge(tmp_path, [])
    assert ((tmp_path / "articles.jsonl").read_text(), temporary_files(tmp_path)) == ("1\n", [])


def test_write_manifest_is_json_with_the_inputs_at_the_end(tmp_path):
    write_manifest(tmp_path, {"schema": "manifest/1.0", "n": {"a": 1}}, ({"source": name} for name in "甲乙"))
    found = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert found == {"schema": "manifest/1.0", "n": {"a": 1}, "inputs": [{"source": "甲"}, {"source": "乙"}]}


def test_write_manifest_without_inputs(tmp_path):
    write_manifest(tmp_path, {"a": 1}, [])
    assert json.loads((tmp_path / "manifest.json").read_text("utf-8")) == {"a": 1, "inputs": []}


def test_drop_manifest_is_content_without_one(tmp_path):
    drop_manifest(tmp_path)
    assert not (tmp_path / "manifest.json").exists()


def test_written_counts_bytes_lines_and_hash(tmp_path):
    empty = merge(tmp_path, [])["articles"]
    assert empty == Written(0, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


# ---- the folder ---------------------------------------------------------------------------------------------


def test_open_folder_makes_it_and_takes_the_lock_away_again(tmp_path):
    with open_folder(tmp_path / "a" / "b"):
        held = (tmp_path / "a" / "b" / LOCK).exists()
    assert (held, (tmp_path / "a" / "b" / LOCK).exists()) == (True, False)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("file", "is a file; --out needs a folder"),
        ("file/out", "cannot be written: Not a directory"),
        ("/proc/out", "cannot be written"),
    ],
)
def test_open_folder_refuses_what_it_cannot_use(tmp_path, out, message):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=message), open_folder(tmp_path / out):
        pass


def test_open_folder_refuses_a_folder_in_use(tmp_path):
    with (
        open_folder(tmp_path),
        pytest.raises(OutputError, match=f"process {os.getpid()} is writing"),
        open_folder(tmp_path),
    ):
        pass


def test_open_folder_refuses_the_lock_of_another_machine(tmp_path):
    (tmp_path / LOCK).write_text(json.dumps({"pid": 1, "host": "elsewhere.example", "started": None}))
    with pytest.raises(OutputError, match=r"a run on elsewhere\.example"), open_folder(tmp_path):
        pass


def lock_of_a_dead_process():
    process = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    return {"pid": int(process.stdout), "host": socket.gethostname(), "started": "1"}


@pytest.mark.parametrize(
    "holder",
    [
        lock_of_a_dead_process,
        # Another process has the number now: it began at another time.
        lambda: {"pid": os.getpid(), "host": socket.gethostname(), "started": "1"},
        dict,
    ],
)
def test_open_folder_takes_over_a_stale_lock_and_sweeps(tmp_path, holder):
    lock = holder()
    (tmp_path / LOCK).write_text(json.dumps(lock) if lock else "")
    (tmp_path / "parts" / "ab").mkdir()
    (tmp_path / "parts" / "ab" / ".cd.jsonl.77.tmp").touch()
    with open_folder(tmp_path):
        assert (json.loads((tmp_path / LOCK).read_text())["pid"], temporary_files(tmp_path)) == (os.getpid(), [])
