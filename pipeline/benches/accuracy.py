"""How well the systems of the bench do, ours and the peers, by the same scorers on the same sets.

Peers tag by other tag sets than ours; what can be compared is the class that the first letter names (n, v, a …).
Every system gets the same texts, with its defaults.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.benches.systems import ENVIRONMENTS, WORKER, System, make_environment, run_worker
from pipeline.errors import ConfigError
from pipeline.measures import goldsets, metrics, words
from pipeline.measures.goldsets import AbsentError, GoldSet, present
from pipeline.measures.texts import LABELS
from pipeline.training import corpora

Answers = Sequence[Any]
# Classes of tags whose first letter says otherwise: LAC's PER, LOC, ORG and TIME; foreign strings (nx, jieba's eng).
_CLASSES = {"PER": "n", "LOC": "n", "ORG": "n", "TIME": "t", "eng": "x", "nx": "x"}


class Task(NamedTuple):
    """Hold a set that systems are compared on: its texts, and how answers become a figure between 0 and 1."""

    name: str
    task: str
    texts: list[str]
    score: Callable[[Answers], float]
    gold: GoldSet
    cases: str


def read_tasks(shared: Path) -> tuple[list[Task], dict[str, str]]:
    """Read the sets; return those that are there, and the reason for each that is not."""
    tasks: list[Task] = []
    absent: dict[str, str] = {}
    for name, read in _READERS.items():
        try:
            tasks.append(read(shared))
        except AbsentError as error:
            absent[name] = str(error)
    return tasks, absent


def _pku(shared: Path) -> Task:
    """Make the task of cutting the PKU test."""
    lines, _, gold = goldsets.read_pku(shared)
    return _word_task("PKU", lines, gold)


def _msr(shared: Path) -> Task:
    """Make the task of cutting the MSR test."""
    return _word_task("MSR", *words.read_msr(shared))


def _word_task(name: str, lines: Sequence[Sequence[str]], gold: GoldSet) -> Task:
    """Score words by span."""
    return Task(name, "words", ["".join(line) for line in lines], lambda found: word_f1(found, lines), gold, "lines")


def word_f1(found: Answers, gold: Sequence[Sequence[str]]) -> float:
    """Score words by span; a line whose characters a system changed has no right word."""
    rows = []
    for have, want in zip(found, gold, strict=True):
        kept = [word for item in have if (word := "".join(item.split()))]
        same = "".join(kept) == "".join(want)
        rows.append(
            metrics.segmentation_counts(kept, want, frozenset())[:3] if same else (0, len(kept), len(want)),
        )
    return float(metrics.f1(np.sum(np.asarray(rows, float), axis=0)))


def _january(shared: Path) -> Task:
    """Make the task of words with tags on the held-out stretch of January 1998."""
    held_out, gold = words.read_january(shared)
    texts = ["".join(word for word, _ in tagged) for tagged in held_out]
    return Task("January", "tags", texts, lambda found: class_f1(found, held_out), gold, "paragraphs")


def class_f1(found: Answers, gold: Sequence[corpora.Tagged]) -> float:
    """Score words with the class of their tag: span and first letter."""
    rows = []
    for have, want in zip(found, gold, strict=True):
        kept = [(word, class_of(word, tag)) for item, tag in have if (word := "".join(item.split()))]
        right = [(word, class_of(word, tag)) for word, tag in want]
        same = "".join(word for word, _ in kept) == "".join(word for word, _ in right)
        rows.append(words.tag_counts(kept, right)[0] if same else (0, len(kept), len(right)))
    return float(metrics.f1(np.sum(np.asarray(rows, float), axis=0)))


def class_of(word: str, tag: str) -> str:
    """Give the class of a word's tag in any of the systems; marks are ``w`` by whatever tag (jieba calls them x)."""
    if not any(char.isalnum() for char in word):
        return "w"
    return _CLASSES.get(tag, tag[:1].lower())


def _msra(shared: Path) -> Task:
    """Make the task of finding names in the MSRA test."""
    sentences, gold = goldsets.read_msra(shared)

    def score(found: Answers) -> float:
        rows = [
            np.sum(metrics.span_counts(map(tuple, have), item.spans, LABELS), axis=0)
            for have, item in zip(found, sentences, strict=True)
        ]
        return float(metrics.f1(np.sum(np.asarray(rows, float), axis=0)))

    return Task("MSRA", "entities", [item.text for item in sentences], score, gold, "sentences")


def _recent(shared: Path) -> Task:
    """Make the task of finding names in recent news."""
    return _gold_task(shared, "recent names", "entities", lambda result: float(result["entities"]["F1"]))


def _keywords(shared: Path) -> Task:
    """Make the task of finding keywords of recent news."""
    return _gold_task(shared, "keywords", "keywords", lambda result: float(result["keywords_F1@10"]))


def _gold_task(shared: Path, name: str, task: str, pick: Callable[[dict[str, Any]], float]) -> Task:
    """Score answers on the 56 texts by the scorer beside them."""
    docs, notes, script = present(shared, "gold/docs", "gold/annotations", "gold/score_gold.py")
    paths = [docs / f"{path.stem}.txt" for path in sorted(notes.glob("*.json"))]
    texts = [path.read_text("utf-8") for path in paths]

    def score(found: Answers) -> float:
        rows: list[dict[str, Any]] = []
        for path, text, have in zip(paths, texts, found, strict=True):
            row: dict[str, Any] = {"doc": path.stem, "entities": [], "keywords": [], "topics": []}
            row[task] = [(text[start:end], label) for start, end, label in have] if task == "entities" else have
            rows.append(row)
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "predictions.jsonl"
            out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
            return pick(goldsets.run_script(script, ["simple", str(out)])["res"])

    gold = goldsets.describe("gold docs", [*paths, *notes.glob("*.json")], shared)
    return Task(name, task, texts, score, gold, "documents")


_READERS: dict[str, Callable[[Path], Task]] = {
    "PKU": _pku,
    "MSR": _msr,
    "January": _january,
    "MSRA": _msra,
    "recent names": _recent,
    "keywords": _keywords,
}


def measure(systems: Sequence[System], shared: Path, *, folder: Path = ENVIRONMENTS) -> dict[str, Any]:
    """Score the systems on all sets that are there.

    Returns ``{"tasks": {name: {task, cases, unit, fingerprint}}, "figures": {system: {name: value}}, "failed": …}``.
    The answers of peers are kept in ``folder``, so that a second bench only runs what changed.
    """
    tasks, absent = read_tasks(shared)
    figures: dict[str, dict[str, float]] = {}
    failed: dict[str, str] = {}
    known: dict[str, Answers] = {}
    for system, task in _pairs(systems, tasks):
        if system.name in failed:
            continue
        sys.stderr.write(f"accuracy {task.name}: {system.name}\n")
        try:
            found = _answers(system, task, known, folder)
        except ConfigError as error:
            failed[system.name] = str(error)
            continue
        figures.setdefault(system.name, {})[task.name] = round(task.score(found), 4)
    described = {
        task.name: {
            "task": task.task,
            "cases": len(task.texts),
            "unit": task.cases,
            "set": task.gold.name,
            "fingerprint": task.gold.fingerprint,
        }
        for task in tasks
    }
    return {"tasks": described, "figures": figures, "failed": failed, "absent": absent}


def _pairs(systems: Sequence[System], tasks: Sequence[Task]) -> Iterator[tuple[System, Task]]:
    """List which system answers which set."""
    for system in systems:
        yield from ((system, task) for task in tasks if task.task in system.answers)


def _answers(system: System, task: Task, known: dict[str, Answers], folder: Path) -> Answers:
    """Get a system's answers: from this run, from an earlier one (peers alone), or by running the worker."""
    spec = system.answers[task.task]
    what = json.dumps([spec, system.requirements, system.python, task.task, task.gold.fingerprint])
    key = hashlib.sha256(what.encode() + WORKER.read_bytes()).hexdigest()[:20]
    if key in known:
        return known[key]
    kept = folder / "answers" / f"{key}.json"
    ours = spec[0] in ("task", "pkuseg")
    if not ours and kept.is_file():
        known[key] = json.loads(kept.read_text("utf-8"))
        return known[key]
    known[key] = run_worker(spec, make_environment(system), task.texts, task=task.task)["answers"]
    if not ours:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(known[key], ensure_ascii=False), "utf-8")
    return known[key]
