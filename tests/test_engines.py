"""Worker processes: results, limits, losses."""

import os
import signal
import time
from functools import partial

import pytest

from pipeline.engines.local import LocalEngine
from pipeline.errors import ModelError, OutputError


def work(number):
    """Square a number, or misbehave at the negative ones."""
    if number == -1:
        time.sleep(60)
    if number == -2:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == -3:
        os._exit(7)
    if number == -4:
        raise OutputError("the disk is full")
    return number * number


def make_work():
    return work


def fail_to_make():
    raise ModelError("the model is damaged")


def die_at_making():
    os._exit(3)


def run(tasks, *, workers=2, seconds=9.0, method="fork", make=make_work):
    return list(LocalEngine(method).run(make, tasks, workers=workers, seconds=seconds))


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("workers", [1, 3])
def test_run_yields_every_result(method, workers):
    found = run(range(20), workers=workers, method=method)
    assert sorted((item.task, item.result) for item in found) == [(number, number**2) for number in range(20)]


def test_run_without_limit_and_with_one_worker_stays_in_this_process():
    [outcome] = run([0], workers=1, seconds=0, make=lambda: lambda _: os.getpid())
    assert outcome.result == os.getpid()


def test_run_starts_no_more_workers_than_tasks():
    found = run([0, 1], workers=8, make=lambda: lambda _: os.getpid())
    assert len({item.result for item in found}) <= 2


def test_run_with_no_tasks():
    assert run([]) == []


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize(
    ("bad", "lost", "detail"),
    [
        (-1, "time", "took longer than 0.3 s"),
        (-2, "died", "the process was ended by SIGKILL (out of memory?)"),
        (-3, "died", "the process ended with status 7"),
    ],
)
def test_run_replaces_a_lost_worker_and_tries_its_task_once_more(method, bad, lost, detail):
    found = run([1, bad, 2, 3], seconds=0.3, method=method)
    assert [(item.task, item.lost, item.detail, item.attempts) for item in found if item.lost] == [
        (bad, lost, detail, 2)
    ]
    assert sorted(item.result for item in found if not item.lost) == [1, 4, 9]


def test_run_survives_when_every_task_is_lost():
    assert [item.lost for item in run([-2, -3, -2, -3])] == ["died"] * 4


def test_run_raises_what_the_function_raises():
    with pytest.raises(OutputError, match="the disk is full"):
        run([1, -4, 2])


@pytest.mark.parametrize(
    ("make", "message"),
    [(fail_to_make, "the model is damaged"), (die_at_making, "ended with status 3 while it loaded")],
)
def test_run_raises_when_a_spawned_worker_cannot_load(make, message):
    with pytest.raises(Exception, match=message):
        run([1], method="spawn", make=make)


def test_run_stops_the_workers_when_it_is_closed():
    outcomes = LocalEngine("fork").run(lambda: lambda _: os.getpid(), range(100), workers=2, seconds=9)
    pids = {next(outcomes).result, next(outcomes).result}
    outcomes.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_run_leaves_no_worker_behind_when_its_process_is_killed(tmp_path):
    parent = os.fork()
    if parent == 0:
        make = partial(_write_pid_and_hang, tmp_path)
        list(LocalEngine("fork").run(lambda: make, [1], workers=1, seconds=60))
        os._exit(0)
    deadline = time.monotonic() + 10
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    worker = int((tmp_path / "pid").read_text())
    while _lives(worker) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(worker)


def _write_pid_and_hang(folder, _):
    (folder / "new").write_text(str(os.getpid()))
    (folder / "new").rename(folder / "pid")
    time.sleep(60)


def _lives(pid):
    """Say whether a process runs; one that only waits to be reaped does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
