"""Disks that fill up, cannot be written, or go away: real file systems, where this user may mount some."""

import json
import shutil
import subprocess
import sys

import pytest
from batch_fakes import batch, outputs

from pipeline.errors import OutputError
from pipeline.output import LOCK

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts are Linux's")


def mount(folder, *options):
    """Mount or change a file system in memory; skip where that is not allowed."""
    command = [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount")


def unmount(folder):
    subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], capture_output=True, check=False)


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder, "size=400k")
    yield folder
    while folder.is_mount():
        unmount(folder)


def make_pages(folder, count=60):
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:02}.md").write_text(f"# {'标题' * 1000}{number}\n", "utf-8")
    return folder


def whole_parts(out):
    """Say that every part there is is whole."""
    for path in out.glob("parts/*/*.jsonl"):
        head, _, rest = path.read_bytes().partition(b"\n")
        if sum(json.loads(head)["sizes"]) != len(rest):
            return False
    return True


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_ends_the_run_and_a_rerun_completes_it(tmp_path, disk, workers):
    pages = make_pages(tmp_path / "in")
    batch(tmp_path / "calm", pages)
    with pytest.raises(OutputError, match="No space left on device"):
        batch(disk / "out", pages, workers=workers)
    assert whole_parts(disk / "out")
    assert not (disk / "out" / "manifest.json").exists()
    assert not [path for path in (disk / "out").rglob("*") if path.name.endswith(".tmp") or path.name == LOCK]
    mount(disk, "remount", "size=40m")
    summary = batch(disk / "out", pages, workers=workers)
    assert (summary.exit_status, summary.cached > 0) == (0, True)
    assert outputs(disk / "out") == outputs(tmp_path / "calm")


def test_a_disk_that_fills_up_while_merging_leaves_no_half_file(tmp_path, disk):
    pages = make_pages(tmp_path / "in", 30)
    with pytest.raises(OutputError, match="No space left on device"):
        batch(disk / "out", pages)
    found = {path.name for path in (disk / "out").iterdir()}
    assert found == {"parts"}


def test_a_disk_that_cannot_be_written_is_a_clear_error(tmp_path, disk):
    pages = make_pages(tmp_path / "in", 2)
    batch(disk / "out", pages)
    good = outputs(disk / "out")
    mount(disk, "remount", "ro")
    with pytest.raises(OutputError, match="cannot be written: Read-only file system"):
        batch(disk / "out", pages)
    assert outputs(disk / "out") == good


def test_a_disk_that_goes_away_ends_the_run(tmp_path, disk):
    pages = make_pages(tmp_path / "in", 20)

    def unplug(state):
        if state.ended == 5:
            unmount(disk)
            shutil.rmtree(disk, ignore_errors=True)

    with pytest.raises(OutputError, match="cannot be written"):
        batch(disk / "out", pages, report=unplug)


def test_inputs_that_go_away_are_recorded_and_a_rerun_completes(tmp_path, disk):
    pages = make_pages(disk / "in", 10)
    copy = shutil.copytree(pages, tmp_path / "copy")
    summary = batch(tmp_path / "out", pages, report=lambda state: unmount(disk) if state.ended == 4 else None)
    assert (summary.ok, summary.failed, summary.exit_status) == (4, 6, 1)
    shutil.copytree(copy, disk / "in")
    summary = batch(tmp_path / "out", disk / "in")
    assert (summary.ok, summary.cached, summary.exit_status) == (10, 4, 0)
