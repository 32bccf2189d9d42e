"""Run tasks on a Ray cluster, or on a Ray of this machine: Ray Data over the list of tasks, one actor a worker.

Each actor keeps one worker process of the local engine, spawned beside it. Time limit, memory limit, a page that kills
its process and its second attempt are therefore what they are on one machine; Ray deals the tasks out, and deals
them out again when a machine is lost. Parts are written to the output folder by the workers, so it must be shared by
all machines under the same path, as the inputs must.

Ray is no requirement of the package: ``pip install .[ray]``.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.engines import Outcome, Result, Task
from pipeline.engines.local import Pool
from pipeline.errors import ConfigError, PipelineError

# Tasks that an actor is handed together: at a few pages a second a minute's work at most, so that the last actor to
# end is not long alone, and enough that Ray's part in it (about 10 ms a block) does not show.
BLOCK = 32


class RayEngine:
    """Run tasks in actors; the cluster is that of ``RAY_ADDRESS``, else one of this machine's cores."""

    def run(
        self,
        make_worker: Callable[[], Callable[[Task], Result]],
        tasks: Iterable[Task],
        *,
        workers: int,
        seconds: float,
        memory: int = 0,
    ) -> Generator[Outcome[Task, Result], None, None]:
        """Yield one outcome per task; see :class:`pipeline.engines.Engine`.

        Raises ConfigError where Ray is not installed.
        """
        data = _import_ray_data()
        listed = list(tasks)
        if not listed:
            return
        with _connected(workers):
            # Ray moves values between machines by pickle; tasks go as bytes, so that no column type changes them.
            rows = [{"task": pickle.dumps(task)} for task in listed]
            blocks = -(-len(rows) // min(BLOCK, -(-len(rows) // workers)))
            outcomes = data.from_items(rows, override_num_blocks=blocks).map_batches(
                _Actor,
                fn_constructor_args=(make_worker, seconds, memory),
                compute=data.ActorPoolStrategy(min_size=1, max_size=workers),
                batch_size=None,
                batch_format="numpy",
                num_cpus=1,
            )
            for row in outcomes.iter_rows():
                kind, value = pickle.loads(row["outcome"])  # noqa: S301  # written by our own actor
                if kind == "raised":
                    raise value
                yield value


class _Actor:
    """Hold a worker process on some machine of the cluster."""

    def __init__(self, make_worker: Callable[[], Callable[[Any], Any]], seconds: float, memory: int) -> None:
        # Ray's own threads run in this process, so it must not be forked.
        self.pool = Pool("spawn", make_worker, seconds, memory)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        """Run a block of tasks; an exception that ends the run travels back like a result."""
        tasks = [pickle.loads(row) for row in batch["task"]]  # noqa: S301  # written by run, above
        told: list[tuple[str, Any]] = []
        try:
            with _nameless_main():
                told += [("outcome", outcome) for outcome in self.pool.settle(tasks, 1)]
        except Exception as error:  # noqa: BLE001  # raised again by run
            told.append(("raised", error if isinstance(error, PipelineError) else PipelineError(repr(error))))
        return {"outcome": [pickle.dumps(item) for item in told]}


@contextmanager
def _nameless_main() -> Iterator[None]:
    """Keep a spawned process from running this process's main script (Ray's) again before it begins."""
    main = sys.modules["__main__"].__dict__
    path = main.pop("__file__", None)
    try:
        yield
    finally:
        if path is not None:
            main["__file__"] = path


def _import_ray_data() -> Any:
    """Import Ray Data, told to keep to itself; raise ConfigError where it is not installed."""
    # Set before the import: Ray reports its use over the network otherwise.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray.data  # noqa: PLC0415  # no requirement of the package
    except ImportError as error:
        raise ConfigError(
            f"engine 'ray' needs Ray Data: pip install '.[ray]' on every machine of the cluster ({error})"
        ) from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    return ray.data


@contextmanager
def _connected(workers: int) -> Iterator[None]:
    """Connect to the cluster, or start a Ray on this machine for as long as the run lasts."""
    import ray  # noqa: PLC0415

    if ray.is_initialized():
        yield
        return
    address = os.environ.get("RAY_ADDRESS")
    here: dict[str, Any] = {} if address else {"num_cpus": workers, "include_dashboard": False}
    ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **here)
    try:
        yield
    finally:
        ray.shutdown()
