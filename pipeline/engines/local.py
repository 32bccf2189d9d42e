"""Run tasks in worker processes of this machine, each replaced when it hangs or dies.

A worker has one task at a time, so that a lost worker costs one task and it is known which. That task is tried once
more at the end, alone: what failed for want of memory or time beside others may then succeed.

On Linux, in a process without other threads, the worker function is made once, here, and the processes are forked
from it: they share the models' memory and a replacement starts in milliseconds. Elsewhere they are spawned and each
makes its own.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal, cast

from pipeline.engines import Outcome, Result, Task
from pipeline.errors import PipelineError

# Seconds that an idle worker gets to end after it was told to.
PATIENCE = 5.0
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class _Seat:
    """Hold a worker process, the line to it, and what it is doing."""

    process: BaseProcess
    line: Connection
    ready: bool = False
    busy: bool = False
    task: Any = None
    deadline: float | None = None


class LocalEngine:
    """Run tasks in processes of this machine; one worker without any limit is this very process."""

    def __init__(self, method: Literal["fork", "spawn"] | None = None) -> None:
        self.method = method

    def run(
        self,
        make_worker: Callable[[], Callable[[Task], Result]],
        tasks: Iterable[Task],
        *,
        workers: int,
        seconds: float,
        memory: int = 0,
    ) -> Generator[Outcome[Task, Result], None, None]:
        """Yield one outcome per task; see :class:`pipeline.engines.Engine`."""
        if workers == 1 and seconds == 0 and memory == 0:
            worker = make_worker()
            yield from (_run_here(worker, task) for task in tasks)
            return
        # A forked child has one thread: a lock that another thread held here would stay locked there for ever.
        safe = sys.platform == "linux" and threading.active_count() == 1
        pool = Pool(self.method or ("fork" if safe else "spawn"), make_worker, seconds, memory)
        try:
            yield from pool.settle(tasks, workers)
        finally:
            pool.close()


def _run_here(worker: Callable[[Task], Result], task: Task) -> Outcome[Task, Result]:
    """Run a task in this process."""
    try:
        return Outcome(task, worker(task))
    except MemoryError as error:
        return Outcome(task, lost="memory", detail=_how_memory_ended(error, 0))


class Pool:
    """Keep worker processes, from one list of tasks to the next; ``close`` ends them."""

    def __init__(
        self, method: str, make_worker: Callable[[], Callable[[Any], Any]], seconds: float, memory: int
    ) -> None:
        self.context = multiprocessing.get_context(method)
        self.forks = method == "fork"
        self.make_worker = make_worker
        self.seconds = seconds
        self.memory = memory
        self.seats: list[_Seat] = []
        if self.forks:
            worker = make_worker()
            self.make_worker = lambda: worker
            # Objects that the collector never visits again are not copied when a child's collector runs.
            gc.collect()
            gc.freeze()

    def settle(self, tasks: Iterable[Task], workers: int) -> Iterator[Outcome[Task, Any]]:
        """Yield one outcome per task; a lost one was tried a second time, alone, after all others."""
        suspects = []
        for outcome in self.run(tasks, workers):
            if outcome.lost:
                suspects.append(outcome.task)
            else:
                yield outcome
        for task in suspects:
            yield from (replace(outcome, attempts=2) for outcome in self.run([task], 1))

    def run(self, tasks: Iterable[Task], workers: int) -> Iterator[Outcome[Task, Any]]:
        """Yield one outcome per task, lost ones too."""
        waiting = iter(tasks)
        ahead = deque(islice(waiting, workers))
        while True:
            busy = sum(seat.busy for seat in self.seats)
            for _ in range(min(workers, busy + len(ahead)) - len(self.seats)):
                self._start()
            for seat in self.seats:
                if ahead and seat.ready and not seat.busy:
                    self._give(seat, ahead.popleft())
                    ahead.extend(islice(waiting, 1))
            if not ahead and not any(seat.busy for seat in self.seats):
                return
            for seat in self._wait():
                outcome = self._hear(seat)
                if outcome is not None:
                    yield outcome

    def _start(self) -> None:
        """Start a worker process."""
        ours, theirs = self.context.Pipe()
        inherited = [ours, *(seat.line for seat in self.seats)] if self.forks else []
        process = cast(Any, self.context).Process(
            target=_work, args=(theirs, self.make_worker, inherited, os.getpid(), self.memory), daemon=True
        )
        with warnings.catch_warnings():
            # Python 3.12 also counts the threads of OpenBLAS, which looks after forks by itself (pthread_atfork).
            warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
            process.start()
        theirs.close()
        self.seats.append(_Seat(process, ours))

    def _give(self, seat: _Seat, task: Any) -> None:
        """Hand a task to a worker that has none; one that died meanwhile is found out when it is listened to."""
        seat.task, seat.busy = task, True
        seat.deadline = time.monotonic() + self.seconds if self.seconds else None
        with suppress(OSError):
            seat.line.send((task,))

    def _wait(self) -> list[_Seat]:
        """Wait until workers have something to say, are gone, or are out of time; list these."""
        seats = [seat for seat in self.seats if seat.busy or not seat.ready]
        deadlines = [seat.deadline for seat in seats if seat.deadline is not None]
        timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        said = set(wait([seat.line for seat in seats], timeout))
        now = time.monotonic()
        return [seat for seat in seats if seat.line in said or (seat.deadline is not None and seat.deadline <= now)]

    def _hear(self, seat: _Seat) -> Outcome[Any, Any] | None:
        """Take a worker's message, or find it lost and dismiss it."""
        kind: str
        value: Any
        try:
            kind, value = seat.line.recv() if seat.line.poll() else ("late", None)
        except (EOFError, OSError):
            kind, value = "died", None
        if kind == "ready":
            seat.ready = True
            return None
        if kind == "done":
            seat.busy, seat.deadline = False, None
            return Outcome(seat.task, value)
        if kind == "raised":
            raise value
        self._dismiss(seat, kill=kind == "late")
        if not seat.ready:
            raise PipelineError(f"a worker process {_how_ended(seat.process)} while it loaded the models")
        if kind == "memory":
            return Outcome(seat.task, lost="memory", detail=value)
        detail = f"the process {_how_ended(seat.process)}" if kind == "died" else f"took longer than {self.seconds:g} s"
        return Outcome(seat.task, lost="died" if kind == "died" else "time", detail=detail)

    def _dismiss(self, seat: _Seat, *, kill: bool) -> None:
        """Remove a worker that hangs or is gone."""
        if kill:
            seat.process.kill()
        seat.process.join(PATIENCE)
        seat.process.kill()
        seat.process.join()
        seat.line.close()
        self.seats.remove(seat)

    def close(self) -> None:
        """End all workers: the idle ones are told to, the others killed."""
        for seat in self.seats:
            if seat.ready and not seat.busy:
                with suppress(OSError):
                    seat.line.send(None)
            else:
                seat.process.kill()
        for seat in self.seats:
            seat.process.join(PATIENCE)
            seat.process.kill()
            seat.process.join()
            seat.line.close()
        self.seats.clear()
        if self.forks:
            gc.unfreeze()


def _how_ended(process: BaseProcess) -> str:
    """Say how a process ended."""
    code = process.exitcode
    if code is None or code >= 0:
        return f"ended with status {code}"
    name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
    return f"was ended by {name}" + (" (out of memory?)" if -code == signal.SIGKILL else "")


def _how_memory_ended(error: MemoryError, memory: int) -> str:
    """Say what ran out of memory, and the limit if there is one."""
    limit = f" (limit {memory} MB beside the models)" if memory else ""
    return f"{error if str(error) else 'out of memory'}{limit}"


@contextmanager
def _bounded(memory: int) -> Iterator[None]:
    """Let this process take so many MB beside what it holds now; more raises MemoryError. No limit outside of Linux."""
    if not memory or sys.platform != "linux":
        yield
        return
    resource = import_module("resource")
    status = Path("/proc/self/status").read_text("utf-8", "replace")
    # What the kernel counts for the limit: heap and private memory, without files that are only mapped (getrlimit(2)).
    held = int(status.partition("VmData:")[2].split(maxsplit=1)[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, ((held << 10) + memory * 1_000_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _work(
    line: Connection,
    make_worker: Callable[[], Callable[[Any], Any]],
    inherited: list[Connection],
    parent: int,
    memory: int,
) -> None:
    """Serve tasks until the line closes; the main function of a worker process."""
    for other in inherited:
        other.close()
    _die_with(parent)
    # Ctrl-C reaches every process of the terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        worker = make_worker()
        line.send(("ready", None))
        with _bounded(memory):
            while (message := line.recv()) is not None:
                line.send(("done", worker(message[0])))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent is gone
    except MemoryError as error:
        # What is left of this process is not to be trusted, nor does it give its memory back: it ends here.
        with suppress(OSError):
            line.send(("memory", _how_memory_ended(error, memory)))
    except Exception as error:  # noqa: BLE001  # raised again in the parent
        with suppress(OSError):
            line.send(("raised", error if isinstance(error, PipelineError) else RuntimeError(repr(error))))


def _die_with(parent: int) -> None:
    """Ask Linux to end this process when its parent ends, also in the middle of a task that hangs."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
