"""The batch: what is done already, the pages that are not, the policy for a failing page, and the account of it all.

A page is done when its part bears the key of what decides its content: the bytes of the file, its name, the
configuration, the models, the code and the libraries. Whatever was done by an earlier run, in whatever order and by
however many workers, the merged files have the same bytes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from pipeline import __version__, artefacts, output
from pipeline.chain import Chain
from pipeline.config import Settings
from pipeline.engines import Engine, Outcome
from pipeline.engines.local import LocalEngine
from pipeline.engines.ray import RayEngine
from pipeline.errors import ConfigError, PageError
from pipeline.issues import IssueTask, Patches, lose_issue, make_issue_worker, plan_issues
from pipeline.output import Part, Written
from pipeline.progress import Progress
from pipeline.provenance import code_version, environment, make_stamp, peak_memory, write_time
from pipeline.reader import Input, read_bytes
from pipeline.work import Failure, LoadOnce, PageChain, Task, make_worker, part_key, write_failure

MANIFEST_SCHEMA = "manifest/1.0"
# Exit statuses, as docs/record.md gives them.
ALL_GOOD, FAILED, USAGE, SOME_FAILED = 0, 1, 2, 3
# What a run does with a page: make it, take an earlier run's part, or leave it for another run.
MAKE, TAKE, LEAVE = range(3)
# What a page that cost its workers is recorded as, and what to do about it.
_LOSSES = {
    "time": ("TimeLimitError", "; raise run.page_seconds or look at the page"),
    "memory": ("MemoryLimitError", "; raise run.page_memory, use fewer workers or look at the page"),
    "died": ("WorkerDiedError", ""),
}
ENGINES: dict[str, Callable[[], Engine]] = {"local": LocalEngine, "ray": RayEngine}
Redo = Literal["changed", "all", "failed"]


def _hex(text: str) -> str:
    """Hash a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Shard:
    """Take part ``index`` (from 1) of ``count``: pages are dealt by the hash of their name."""

    index: int
    count: int

    def holds(self, source: str) -> bool:
        """Say whether a page belongs to this shard."""
        return int(_hex(source)[:12], 16) % self.count == self.index - 1


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """Hold how a batch ended.

    Of the inputs, ``ok`` and ``failed`` ones have parts and ``pending`` ones were left for another run; ``computed``
    were made by this run, ``cached`` by an earlier one. ``stopped`` says why nothing was merged (empty: it was).
    """

    exit_status: int
    inputs: int
    ok: int
    failed: int
    pending: int
    computed: int
    cached: int
    articles: int
    seconds: float
    stopped: str
    reasons: dict[str, int]


@dataclass(slots=True)
class _Tally:
    """Add up the parts of a batch, those of earlier runs too."""

    ok: int = 0
    failed: int = 0
    articles: int = 0
    chars: int = 0
    bytes: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, part: Part) -> None:
        """Add a part."""
        self.ok += part.status == "ok"
        self.failed += part.status == "failed"
        self.articles += part.n_articles
        self.chars += part.chars
        self.bytes += part.n_bytes
        for label, count in part.labels.items():
            self.labels[label] += count
        if part.reason:
            self.reasons[part.reason] += 1


@dataclass(slots=True)
class _Survey:
    """Hold what the parts of a batch are together: their sum, their digest, and the pages that need another id."""

    tally: _Tally = field(default_factory=_Tally)
    digest: str = ""
    twins: list[Task] = field(default_factory=list)


@dataclass(slots=True)
class _Account:
    """Add up the pages that this run has made."""

    ended: int = 0
    failed: int = 0
    chars: int = 0
    articles: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        """Add a page."""
        self.ended += 1
        self.failed += part.status == "failed"
        self.chars += part.chars
        self.articles += part.n_articles
        for stage, seconds in part.seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


# ---- the batch ----------------------------------------------------------------------------------------------


def run_batch(  # noqa: PLR0913  # all but the first three are optional and named
    inputs: Sequence[Input],
    settings: Settings,
    out: Path,
    *,
    workers: int | None = None,
    redo: Redo = "changed",
    shard: Shard | None = None,
    engine: Engine | None = None,
    load_chain: Callable[[Settings], PageChain] = Chain.load,
    report: Callable[[Progress], None] | None = None,
) -> BatchSummary:
    """Process the pages that are not done, merge all parts, write the manifest; return the account.

    ``workers`` overrides ``[run] workers``. ``redo`` says what is made: pages that are new, changed or failed before
    (``"changed"``), ``"all"``, or ``"failed"`` ones alone. ``report`` is called before the first page and after every
    page. An interrupt ends the run early; finished parts stay. Raises OutputError where the folder cannot be used and
    ModelError where a model is missing.
    """
    batch = _Batch(
        items=[item for item in inputs if shard is None or shard.holds(item.source)],
        settings=settings,
        out=out,
        workers=workers or settings.run.workers,
        engine=engine or ENGINES[settings.run.engine](),
        load_chain=LoadOnce(load_chain),
        report=report or (lambda _: None),
    )
    if not batch.items:
        raise ConfigError(
            f"shard {shard.index}/{shard.count} holds none of {len(inputs)} pages" if shard else "no pages"
        )
    with output.open_folder(out):
        return batch.run(redo, shard)


@dataclass(slots=True)
class _Batch:
    """Hold what the steps of a batch share; ``plan`` says of every item what becomes of it."""

    items: list[Input]
    settings: Settings
    out: Path
    workers: int
    engine: Engine
    load_chain: Callable[[Settings], PageChain]
    report: Callable[[Progress], None]
    stamp: str = ""
    plan: bytearray = field(default_factory=bytearray)
    account: _Account = field(default_factory=_Account)
    stopped: str = ""
    issues: list[IssueTask] = field(default_factory=list)

    def run(self, redo: Redo, shard: Shard | None) -> BatchSummary:
        """Run all steps under the folder's lock."""
        started, begin = datetime.now(UTC), time.perf_counter()
        self.stamp = make_stamp(self.settings)
        self.plan = self._plan(redo)
        todo = [Task(item) for item, decision in zip(self.items, self.plan, strict=True) if decision == MAKE]
        if not self._process(todo, begin):
            return self._summary(FAILED, self._survey().tally, begin)
        survey = self._survey()
        if survey.twins:
            if not self._process(survey.twins, begin):
                return self._summary(FAILED, self._survey().tally, begin)
            survey = self._survey()
        if not self._join(redo):
            return self._summary(FAILED, survey.tally, begin)
        joined = [part for task in self.issues if (part := output.read_part(self.out, task.name)) is not None]
        tally = survey.tally
        _add_joins(tally, joined)
        summary = self._summary(exit_status(tally, self._pending(), self.settings.run.max_failed_rate), tally, begin)
        issues = "".join(f"{part.key} {part.status} {part.sizes}\n" for part in joined)
        state = _hex(f"{survey.digest} {issues} {shard} {summary.exit_status}")
        if not self.account.ended and output.is_merged(self.out, state):
            return summary
        output.drop_manifest(self.out)
        sources = chain((item.source for item, _ in self._parts()), (p.source for p in joined if p.status == "failed"))
        written = output.merge(self.out, sources, Patches(self.out, self.issues))
        summary = replace(summary, seconds=round(time.perf_counter() - begin, 3))
        manifest = self._manifest(summary, tally, written)
        manifest["state"] = state
        manifest["started"], manifest["finished"] = write_time(started), write_time(datetime.now(UTC))
        manifest["shard"] = f"{shard.index}/{shard.count}" if shard else None
        output.write_manifest(self.out, manifest, self._entries())
        return summary

    def _plan(self, redo: Redo) -> bytearray:
        """Decide what becomes of every page, in the order in which archives are read quickest."""
        plan = bytearray(len(self.items))
        for index in sorted(range(len(self.items)), key=lambda index: self.items[index].place):
            plan[index] = self._decide(self.items[index], redo)
        return plan

    def _decide(self, item: Input, redo: Redo) -> int:
        """Decide what becomes of a page."""
        part = output.read_part(self.out, item.source)
        if part is not None and part.status == "failed":
            return MAKE
        if redo == "all":
            return MAKE
        if part is not None and self._is_fresh(item, part):
            return TAKE
        return LEAVE if redo == "failed" else MAKE

    def _is_fresh(self, item: Input, part: Part) -> bool:
        """Say whether a part stands for the file as it is now, under this configuration, these models and this code."""
        try:
            data = read_bytes(item, options=self.settings.reader)
        except PageError:
            return False
        return part.key == part_key(item, hashlib.sha256(data).hexdigest(), self.stamp)

    def _process(self, tasks: Sequence[Task], begin: float) -> bool:
        """Run tasks through the engine; false where an interrupt or the policy for failing pages stopped the run."""
        if not tasks:
            return True
        output.drop_manifest(self.out)
        tasks = sorted(tasks, key=lambda task: task.item.place)
        make = functools.partial(make_worker, self.load_chain, self.settings, self.out, self.stamp)
        workers, limits = min(self.workers, len(tasks)), self.settings.run
        run = functools.partial(self.engine.run, seconds=limits.page_seconds, memory=limits.page_memory)
        total = self.account.ended + len(tasks)
        try:
            self.report(self._progress(total, begin))
            with closing(run(make, tasks, workers=workers)) as outcomes:
                for outcome in outcomes:
                    part = outcome.result or self._lose(outcome)
                    self.account.add(part)
                    self.report(self._progress(total, begin))
                    if part.status == "failed" and self.settings.run.on_error == "abort":
                        self.stopped = f'{part.source} failed ({part.reason}) and run.on_error is "abort"'
                        return False
        except KeyboardInterrupt:
            self.stopped = "interrupted"
            return False
        return True

    def _join(self, redo: Redo) -> bool:
        """Join articles across the pages of the issues that are not done; false where an interrupt stopped the run."""
        if self.settings.assembly.join:
            self.issues = plan_issues((part for _, part in self._parts()), self.stamp)
        todo = [task for task in self.issues if redo == "all" or not self._is_joined(task)]
        if not todo:
            return True
        output.drop_manifest(self.out)
        make = functools.partial(make_issue_worker, self.load_chain, self.settings, self.out)
        workers, limits = min(self.workers, len(todo)), self.settings.run
        run = functools.partial(self.engine.run, seconds=limits.page_seconds, memory=limits.page_memory)
        try:
            with closing(run(make, todo, workers=workers)) as outcomes:
                for outcome in outcomes:
                    if outcome.lost:
                        lose_issue(self.out, outcome.task, outcome.detail, outcome.attempts)
        except KeyboardInterrupt:
            self.stopped = "interrupted"
            return False
        return True

    def _is_joined(self, task: IssueTask) -> bool:
        """Say whether an issue's part stands for the pages as they are now."""
        part = output.read_part(self.out, task.name)
        return part is not None and part.status == "ok" and part.key == task.key

    def _progress(self, total: int, begin: float) -> Progress:
        """Say how far the run is."""
        account = self.account
        seconds = time.perf_counter() - begin
        return Progress(total, account.ended, account.failed, account.chars, account.articles, seconds)

    def _lose(self, outcome: Outcome[Task, Part]) -> Part:
        """Write the error record of a page that cost two workers."""
        item = outcome.task.item
        try:
            data = read_bytes(item, options=self.settings.reader)
        except PageError:
            data = b""
        sha256 = hashlib.sha256(data).hexdigest()
        part = Part(item.source, part_key(item, sha256, self.stamp), "failed", None, None, sha256, len(data))
        error, advice = _LOSSES[outcome.lost or "died"]
        alone = ", also alone" if outcome.attempts > 1 else ""
        message = f"{outcome.detail}{alone}{advice}"
        failure = Failure("process", error, message, retryable=True, attempt=outcome.attempts)
        return write_failure(self.out, part, failure)

    def _survey(self) -> _Survey:
        """Go through the parts: add them up, hash what they are, and find two pages of one id.

        The first page by name keeps the plain id; a page that is the first now and was not in an earlier run is listed
        as a twin as well.
        """
        seen: set[bytes] = set()
        survey = _Survey()
        digest = hashlib.sha256(self.stamp.encode())
        for item, part in self._parts():
            survey.tally.add(part)
            digest.update(f"{part.key} {part.status} {part.page_id} {part.sizes}\n".encode())
            if part.base_id is None:
                continue
            # Twelve bytes instead of the id: the only thing that is kept of every page.
            mark = hashlib.sha256(part.base_id.encode()).digest()[:12]
            own = f"{part.base_id}~{_hex(item.source)[:6]}" if mark in seen else None
            seen.add(mark)
            if part.status == "ok" and part.page_id != (own or part.base_id):
                survey.twins.append(Task(item, own))
        decisive = {key: value for key, value in self.settings.resolved.items() if key != "run"}
        digest.update(json.dumps([decisive, self._pending()], sort_keys=True).encode())
        survey.digest = digest.hexdigest()
        return survey

    def _parts(self) -> Iterator[tuple[Input, Part]]:
        """Read the headers of the parts that this run made or took, in the order of the pages' names."""
        for item, decision in zip(self.items, self.plan, strict=True):
            part = output.read_part(self.out, item.source) if decision != LEAVE else None
            if part is not None:
                yield item, part

    def _pending(self) -> int:
        """Count the pages that were left for another run."""
        return self.plan.count(LEAVE)

    def _summary(self, status: int, tally: _Tally, begin: float) -> BatchSummary:
        """Make the account of the run."""
        return BatchSummary(
            exit_status=status,
            inputs=len(self.items),
            ok=tally.ok,
            failed=tally.failed,
            pending=self._pending(),
            computed=self.plan.count(MAKE) if not self.stopped else self.account.ended,
            cached=self.plan.count(TAKE),
            articles=tally.articles,
            seconds=round(time.perf_counter() - begin, 3),
            stopped=self.stopped,
            reasons=dict(sorted(tally.reasons.items())),
        )

    def _manifest(self, summary: BatchSummary, tally: _Tally, written: dict[str, Written]) -> dict[str, Any]:
        """Lay out what there is to know about the run, but the inputs."""
        account, settings = self.account, self.settings
        return {
            "schema": MANIFEST_SCHEMA,
            "exit_status": summary.exit_status,
            "state": None,
            "started": None,
            "finished": None,
            "shard": None,
            "counts": {
                **{key: getattr(summary, key) for key in ("inputs", "ok", "failed", "pending", "computed", "cached")},
                "articles": tally.articles,
                "chars": tally.chars,
                "bytes": tally.bytes,
            },
            "rejections": summary.reasons,
            "labels": dict(sorted(tally.labels.items())),
            "outputs": {f"{name}.jsonl": asdict(item) for name, item in written.items()},
            "speed": _speed(account, summary.seconds),
            "memory": peak_memory(),
            "config": {"path": str(settings.path), "digest": settings.digest, "resolved": settings.resolved},
            "code": {"version": __version__, "sha256": code_version(), **environment()},
            "models": [artefacts.fingerprint(name) for name in settings.models],
        }

    def _entries(self) -> Iterator[dict[str, Any]]:
        """List the inputs with their hashes and what became of them."""
        for item, decision in zip(self.items, self.plan, strict=True):
            part = output.read_part(self.out, item.source) if decision != LEAVE else None
            yield {
                "source": item.source,
                "sha256": part.sha256 if part else None,
                "bytes": part.n_bytes if part else None,
                "status": part.status if part else "pending",
                "page_id": part.page_id if part else None,
            }


def _add_joins(tally: _Tally, joined: Iterable[Part]) -> None:
    """Add what joining changed, and the issues that could not be joined; these count as no page."""
    for part in joined:
        tally.articles += part.n_articles
        for label, count in part.labels.items():
            tally.labels[label] += count
        if part.reason:
            tally.reasons[part.reason] += 1
    tally.labels = Counter({label: count for label, count in tally.labels.items() if count})


def exit_status(tally: _Tally, pending: int, max_failed_rate: float) -> int:
    """Judge a finished batch: 0 all good, 3 some failed or are left, 1 more pages failed than ``max_failed_rate``."""
    if tally.failed > max_failed_rate * (tally.ok + tally.failed):
        return FAILED
    return SOME_FAILED if tally.reasons or pending else ALL_GOOD


def _speed(account: _Account, seconds: float) -> dict[str, Any]:
    """Say how fast the pages of this run were made: on the clock, and in the workers stage by stage."""
    stages = {
        name: {"seconds": round(spent, 3), "chars_per_second": round(account.chars / spent) if spent else None}
        for name, spent in account.seconds.items()
    }
    return {
        "seconds": seconds,
        "pages": account.ended,
        "pages_per_second": round(account.ended / seconds, 2) if seconds else None,
        "chars_per_second": round(account.chars / seconds) if seconds else None,
        "stages": stages,
    }
