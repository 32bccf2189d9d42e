"""One page → its part file: the function that an engine runs in its workers.

Whatever befalls a page becomes its error record; only what would befall every page (a folder that cannot be written),
and what a worker does not survive unharmed (want of memory), goes through to the engine.
"""

from __future__ import annotations

import hashlib
import json
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

from pipeline import output
from pipeline.chain import PageResult
from pipeline.config import ReaderOptions, Settings
from pipeline.errors import ConfigError, OutputError, PageError
from pipeline.output import Part
from pipeline.reader import Input, make_page, read_bytes
from pipeline.types import Page

ERROR_SCHEMA = "error/1.0"
# A message in errors.jsonl is a line to read, not a page.
MAX_MESSAGE = 600
# Flag of a page whose id is that of another page too, and which therefore got an id of its own.
SHARED_ID = "shared_id"


class PageChain(Protocol):
    """Turn one page into its records; :class:`pipeline.chain.Chain` does."""

    def process(self, page: Page) -> PageResult:
        """Turn a page into its records or raise PageError."""


class Task(NamedTuple):
    """Ask for one page; ``page_id`` is set where its own id is that of an earlier page too."""

    item: Input
    page_id: str | None = None


class Failure(NamedTuple):
    """Say what befell a page, as errors.jsonl tells it."""

    stage: str
    error: str
    message: str
    retryable: bool
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class PageWorker:
    """Make the part of one page: read, process, write. The function that an engine runs."""

    chain: PageChain
    reader: ReaderOptions
    out: Path
    stamp: str

    def __call__(self, task: Task) -> Part:
        """Write the page's part, good or failed; raise OutputError and MemoryError alone."""
        seconds: dict[str, float] = {}
        sha256, n_bytes, page, base_id = None, 0, None, None
        start = time.perf_counter()
        try:
            data = read_bytes(task.item, options=self.reader)
            sha256, n_bytes = hashlib.sha256(data).hexdigest(), len(data)
            page = make_page(task.item, data, options=self.reader)
            seconds["read"] = time.perf_counter() - start
            base_id = page.id
            if task.page_id:
                page = replace(page, id=task.page_id, flags=(*page.flags, SHARED_ID))
            result = self.chain.process(page)
            part = Part(
                source=task.item.source,
                key=self._key(task.item, sha256),
                status="ok",
                page_id=page.id,
                base_id=base_id,
                sha256=sha256,
                n_bytes=n_bytes,
                n_articles=len(result.records),
                chars=result.chars,
                seconds=seconds | result.seconds,
                labels=result.labels,
                issue=result.issue,
            )
            return output.write_part(self.out, part, result.page_record, result.records)
        except (OutputError, ConfigError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  # whatever befalls one page is that page's error record
            part = Part(task.item.source, self._key(task.item, sha256), "failed", None, None, sha256, n_bytes)
            if page is not None:
                part = replace(part, page_id=page.id, base_id=base_id)
            return write_failure(self.out, part, describe_failure(error))

    def _key(self, item: Input, sha256: str | None) -> str:
        """Stand for all that decides the page's part."""
        return part_key(item, sha256, self.stamp)


def part_key(item: Input, sha256: str | None, stamp: str) -> str:
    """Hash what decides a page's part: its bytes, its name, and the stamp of configuration, models and code."""
    return hashlib.sha256(json.dumps([item.source, sha256, stamp]).encode()).hexdigest()


def describe_failure(error: Exception) -> Failure:
    """Tell stage, class, message and whether to retry, of whatever befell a page."""
    if isinstance(error, PageError):
        return Failure(error.stage, type(error.__cause__ or error).__name__, str(error), retryable=error.retryable)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    stage = "write" if isinstance(error, UnicodeEncodeError) else "process"
    return Failure(stage, type(error).__name__, f"{error} ({place})", retryable=False)


def write_failure(out: Path, part: Part, failure: Failure) -> Part:
    """Write the part of a page that failed, with its error record."""
    message = " ".join(failure.message.split()).encode("utf-8", "backslashreplace").decode()
    record = {
        "schema": ERROR_SCHEMA,
        "page_id": part.page_id,
        "source": part.source,
        "stage": failure.stage,
        "error": failure.error,
        "message": message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]}…",
        "attempt": failure.attempt,
        "retryable": failure.retryable,
    }
    line = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return output.write_part(out, replace(part, status="failed", reason=f"{failure.stage}/{failure.error}"), line)


class LoadOnce:
    """Load the models at the first call; a copy sent to another process loads its own."""

    def __init__(self, load: Callable[[Settings], PageChain]) -> None:
        self.load = load
        self.chain: PageChain | None = None

    def __call__(self, settings: Settings) -> PageChain:
        """Give the chain of a configuration, always of the same one."""
        if self.chain is None:
            self.chain = self.load(settings)
        return self.chain

    def __reduce__(self) -> tuple[type[LoadOnce], tuple[Callable[[Settings], PageChain]]]:
        """Leave the models out."""
        return LoadOnce, (self.load,)


def make_worker(load: Callable[[Settings], PageChain], settings: Settings, out: Path, stamp: str) -> PageWorker:
    """Load the models and make the function that an engine runs."""
    return PageWorker(load(settings), settings.reader, out, stamp)
