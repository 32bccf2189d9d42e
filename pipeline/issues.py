"""Articles joined across the pages of an issue, after the pages are made and before their parts are merged.

A page's part says of which issue it is where one of its articles goes on on another page. The parts of one issue are a
task for a worker: it matches the articles (:mod:`pipeline.continuations`), has the whole ones made, and writes a part
that holds what becomes of which line of the pages' parts. Merging applies these *patches*. An issue's part bears the
keys of the pages' parts, so that it is made again exactly when one of them is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pipeline import output
from pipeline.chain import count_labels
from pipeline.config import Settings
from pipeline.continuations import AssemblyOptions, Link, Stub, file_shape, find_links, make_stub
from pipeline.errors import OutputError
from pipeline.output import Part, Patch
from pipeline.records import to_line
from pipeline.splitting.cohesion import Profile, profile
from pipeline.splitting.seams import JoinModel
from pipeline.work import Failure, describe_failure, write_failure

Record = dict[str, Any]
# Flag of an article that could go on in (or come from) several others, or in one that hardly fits.
AMBIGUOUS = "ambiguous_continuation"
# Articles of an issue that tell what is common in it; a daily has some 150.
_MOST_OTHERS = 300
# What no page's name begins with: names are relative paths.
_PREFIX = "//issue/"


class IssueChain(Protocol):
    """Make an article of its parts; :class:`pipeline.chain.Chain` does."""

    lm: JoinModel | None

    def join(self, parts: Sequence[Record], *, probability: float, evidence: Iterable[str] = ()) -> Record:
        """Make the record of an article from those of its parts, in order."""


class IssueTask(NamedTuple):
    """Ask for one issue: the name and key of its part, and the names of its pages that have jump lines."""

    name: str
    key: str
    sources: tuple[str, ...]


class _Place(NamedTuple):
    """Say where an article's record is: the page's name and the number of its line in the page's part."""

    source: str
    line: int


# ---- which pages make an issue ------------------------------------------------------------------------------------


def plan_issues(parts: Iterable[Part], stamp: str) -> list[IssueTask]:
    """Group the pages that have jump lines into issues; one that has them on a single page alone is left out.

    Pages are of one issue when date and paper are the same, or the date and, but for numbers, the file name (a masthead
    names the paper on the front page only). A second file of one page takes no part.
    """
    groups: dict[str, list[Part]] = {}
    home: dict[str, str] = {}
    for part in parts:
        if part.issue is None or part.status != "ok" or part.page_id != part.base_id:
            continue
        date, _, paper = part.issue.partition(" ")
        keys = [f"{date} {file_shape(part.source)}", *([f"{date}  {paper}"] if paper else [])]
        known = list(dict.fromkeys(home[key] for key in keys if key in home)) or [keys[0]]
        for other in known[1:]:
            groups[known[0]] += groups.pop(other)
            home |= {key: known[0] for key, value in home.items() if value == other}
        groups.setdefault(known[0], []).append(part)
        home |= dict.fromkeys(keys, known[0])
    return [_make_task(group, stamp) for group in groups.values() if len(group) > 1]


def _make_task(group: Sequence[Part], stamp: str) -> IssueTask:
    """Make the task of an issue; its key stands for all that decides the part."""
    pages = sorted((part.source, part.key, part.page_id) for part in group)
    key = hashlib.sha256(json.dumps([pages, stamp]).encode()).hexdigest()
    return IssueTask(f"{_PREFIX}{pages[0][0]}", key, tuple(source for source, _, _ in pages))


# ---- one issue ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IssueWorker:
    """Make the part of one issue. The function that an engine runs."""

    chain: IssueChain
    options: AssemblyOptions
    out: Path

    def __call__(self, task: IssueTask) -> Part:
        """Write the issue's part, good or failed; raise OutputError alone."""
        try:
            return self._make(task)
        except OutputError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever befalls one issue leaves its pages as they are
            return write_failure(self.out, issue_part(task), describe_failure(error)._replace(stage="assembly"))

    def _make(self, task: IssueTask) -> Part:
        """Match, join, and write what becomes of which line."""
        stubs, others, places = self._survey(task)
        links, unsure = find_links(stubs, others, self.options, self.chain.lm)
        patches: dict[str, dict[int, str | None]] = {}
        labels: Counter[str] = Counter()
        gone: dict[str, str] = {}
        for chain in chains_of(links):
            parts = [self._record(places[item]) for item in chain.ids]
            whole = self.chain.join(parts, probability=chain.probability, evidence=chain.evidence)
            name: str = whole["id"]
            gone |= dict.fromkeys(chain.ids[1:], name)
            labels.update(count_labels([whole]))
            labels.subtract(count_labels(parts))
            for item in chain.ids:
                patches.setdefault(places[item].source, {})[places[item].line] = None
            patches[places[chain.ids[0]].source][places[chain.ids[0]].line] = to_line(whole)
        joined = {item for link in links for item in (link.head, link.tail)}
        for item in sorted(unsure - joined):
            record = self._record(places[item])
            record["split"]["flags"] = sorted({*record["split"]["flags"], AMBIGUOUS})
            labels[f"flag:{AMBIGUOUS}"] += 1
            patches.setdefault(places[item].source, {})[places[item].line] = to_line(record)
        for source in {places[item].source for item in gone}:
            patches[source][0] = to_line(_rename(self._record(_Place(source, 0)), gone))
        return output.write_patches(
            self.out,
            issue_part(task, n_articles=-len(gone), labels={key: n for key, n in sorted(labels.items()) if n}),
            patches,
        )

    def _survey(self, task: IssueTask) -> tuple[list[Stub], list[Profile], dict[str, _Place]]:
        """Read what matching needs of the issue's articles, one page at a time."""
        stubs: list[Stub] = []
        others: list[Profile] = []
        places: dict[str, _Place] = {}
        for source in task.sources:
            for number, line in enumerate(output.read_lines(self.out, source)):
                record = json.loads(line) if number else {}
                if record.get("continued_to") or record.get("continued_from"):
                    stubs.append(make_stub(record))
                    places[record["id"]] = _Place(source, number)
                elif number and len(others) < _MOST_OTHERS:
                    others.append(profile(record["text"]))
        return stubs, others, places

    def _record(self, place: _Place) -> Record:
        """Read one record of a page's part."""
        record: Record = json.loads(output.read_lines(self.out, place.source)[place.line])
        return record


def issue_part(task: IssueTask, *, n_articles: int = 0, labels: dict[str, int] | None = None) -> Part:
    """Make the header of an issue's part: counts are what joining adds to those of the pages (often below 0)."""
    return Part(
        source=task.name,
        key=task.key,
        status="ok",
        page_id=None,
        base_id=None,
        sha256=None,
        n_bytes=0,
        n_articles=n_articles,
        labels=labels or {},
    )


def lose_issue(out: Path, task: IssueTask, message: str, attempt: int) -> Part:
    """Write the error record of an issue that cost two workers."""
    failure = Failure("assembly", "WorkerDiedError", message, retryable=True, attempt=attempt)
    return write_failure(out, issue_part(task), failure)


class Chained(NamedTuple):
    """Name the parts of one article, in order, with the probability of all links and what spoke for them."""

    ids: tuple[str, ...]
    probability: float
    evidence: tuple[str, ...]


def chains_of(links: Sequence[Link]) -> list[Chained]:
    """Follow the links from the articles that nothing leads to; links in a circle are left alone."""
    following = {link.head: link for link in links}
    tails = {link.tail for link in links}
    chains = []
    for start in sorted(following.keys() - tails):
        ids, probability = [start], 1.0
        evidence: list[str] = []
        while ids[-1] in following:
            link = following[ids[-1]]
            ids.append(link.tail)
            probability *= link.probability
            evidence += link.evidence
        chains.append(Chained(tuple(ids), probability, tuple(evidence)))
    return chains


def _rename(page: Record, gone: Mapping[str, str]) -> Record:
    """Name in a page's record the whole articles in place of their parts."""
    page["articles"] = [gone.get(item, item) for item in page["articles"]]
    for block in page["blocks"]:
        block["article"] = gone.get(block["article"], block["article"])
    return page


def make_issue_worker(load: Callable[[Settings], Any], settings: Settings, out: Path) -> IssueWorker:
    """Load the models and make the function that an engine runs."""
    return IssueWorker(load(settings), settings.assembly, out)


class Patches:
    """Find the patch of a page's part: what joining made of its lines."""

    def __init__(self, out: Path, tasks: Iterable[IssueTask]) -> None:
        self.out = out
        self.names = {source: task.name for task in tasks for source in task.sources}

    def __call__(self, source: str) -> Patch:
        """Give the lines that stand in place of a page's own, by number; ``None`` for one that is gone."""
        name = self.names.get(source)
        return output.read_patch(self.out, name, source) if name else {}
