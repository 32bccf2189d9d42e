"""Engines run one function over many tasks; what the function does is not their concern.

An engine is called with a maker of the worker function (called once where processes can share what it loads, else once
a process), the tasks, and limits; it yields one :class:`Outcome` per task, in the order in which they end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Task, Result]):
    """Hold what became of a task: its result, or how its worker was lost, after how many attempts.

    ``lost`` is ``"time"`` (the time limit), ``"memory"`` (the memory limit, or no memory left) or ``"died"`` (the
    process ended); ``detail`` says how.
    """

    task: Task
    result: Result | None = None
    lost: Literal["time", "memory", "died"] | None = None
    detail: str = ""
    attempts: int = 1


class Engine(Protocol):
    """Run a function over tasks."""

    def run(
        self,
        make_worker: Callable[[], Callable[[Task], Result]],
        tasks: Iterable[Task],
        *,
        workers: int,
        seconds: float,
        memory: int = 0,
    ) -> Generator[Outcome[Task, Result], None, None]:
        """Yield one outcome per task.

        ``seconds`` is the time limit of a task and ``memory`` what it may take beside what the worker has loaded, in
        MB; 0 for none. A MemoryError of the function costs its worker; any other exception ends the run and is raised
        here. Closing the iterator stops the workers.
        """
