"""Read the sets that the pipeline is measured on, and name each by a fingerprint of its files.

The sets lie in a folder given by the caller (variable SHARED) or in the repository (``tests/data``). Nothing is
trained on them. The scorers that belong to a set are loaded from beside it, so that figures can be set next
to those of other systems.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import json
import lzma
import runpy
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from pipeline.errors import PipelineError

PKU_TEST = "corpora/segmentation/sighan2005/pku_test_gold.utf8"
PKU_WORDS = "corpora/segmentation/sighan2005/pku_training_words.utf8"
MSRA_TEST = "corpora/ner/msra/test.char.bmes.xz"
TOPICS = "gold/topics/dev.jsonl"
RAWTEXT = "rawtext"
ROOT = Path(__file__).resolve().parent.parent.parent
NARROWER = ROOT / "configs" / "topics_narrower.tsv"
TIMES = ROOT / "tests" / "data" / "times.jsonl"
TIMES_BLIND = ROOT / "tests" / "data" / "times_blind.jsonl"
EXAMPLES = ROOT / "examples" / "pages"
OWN_PAGES = ROOT / "tests" / "pages"
# Written by others than those who wrote rules and weights, for measuring alone; pages/written beside it teaches.
UNSEEN_PAGES = {"unseen14": OWN_PAGES / "unseen", "fresh16": OWN_PAGES / "fresh"}
OWN_GOLD = OWN_PAGES / "gold"
_BMES_LABELS = {"NR": "PER", "NS": "LOC", "NT": "ORG"}


class AbsentError(PipelineError):
    """Say that a set is not there; the other sets are measured all the same."""


class GoldSet(NamedTuple):
    """Name a set: what it is called, a hash over its files, and how many files those are."""

    name: str
    fingerprint: str
    files: int


class Tagged(NamedTuple):
    """Hold a sentence with entity spans ``(start, end, label)`` in characters."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


class TopicItem(NamedTuple):
    """Hold an article with its right topics (English names of the IPTC top level), the main one first."""

    id: int
    text: str
    accepted: tuple[str, ...]


class NarrowerItem(NamedTuple):
    """Hold an article with the digits of its narrower topics: right ones and doubtful ones that count neither way."""

    text: str
    right: frozenset[str]
    doubtful: frozenset[str]


def present(shared: Path, *names: str) -> list[Path]:
    """Find files or folders below the shared folder; raise AbsentError that names the first one missing."""
    if not shared.is_dir():
        raise AbsentError(f"no folder {shared} (name it with --shared or SHARED=…)")
    paths = [shared / name for name in names]
    for path in paths:
        if not path.exists():
            raise AbsentError(f"no {path}")
    return paths


def describe(name: str, files: Iterable[Path], root: Path) -> GoldSet:
    """Fingerprint a set: SHA-256 over the relative names and contents of its files, in order of name."""
    digest = hashlib.sha256()
    paths = sorted(set(files))
    for path in paths:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return GoldSet(name, digest.hexdigest(), len(paths))


def load_module(path: Path, name: str) -> ModuleType:
    """Load a scorer that lies beside its gold as a module."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise AbsentError(f"{path} cannot be loaded as a Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_script(path: Path, arguments: Sequence[str]) -> dict[str, Any]:
    """Run a scorer that is a script without a main function; return the names it leaves behind, print nothing."""
    before = sys.argv
    sys.argv = [str(path), *arguments]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return runpy.run_path(str(path))
    finally:
        sys.argv = before


def read_pku(shared: Path) -> tuple[list[list[str]], frozenset[str], GoldSet]:
    """Read the SIGHAN-05 PKU test (lines of words) and the words of its training list."""
    test, words = present(shared, PKU_TEST, PKU_WORDS)
    lines = [found for line in test.read_text("utf-8-sig").splitlines() if (found := line.split())]
    known = frozenset(words.read_text("utf-8-sig").split())
    return lines, known, describe("SIGHAN-05 PKU test", (test, words), shared)


def read_msra(shared: Path) -> tuple[list[Tagged], GoldSet]:
    """Read the MSRA test of SIGHAN-06: 4,365 sentences with persons, places, organisations."""
    (path,) = present(shared, MSRA_TEST)
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        return list(parse_bmes(stream)), describe("MSRA test", (path,), shared)


def parse_bmes(lines: Iterable[str]) -> Iterator[Tagged]:
    """Parse ``character TAG`` lines with tags B-, M-, E-, S- and O; a blank line ends a sentence."""
    chars: list[str] = []
    spans: list[tuple[int, int, str]] = []
    start = 0
    for line in [*lines, "\n"]:
        if not line.strip():
            if chars:
                yield Tagged("".join(chars), tuple(spans))
            chars, spans = [], []
            continue
        char, _, tag = line.rstrip("\n").partition(" ")
        if tag[:2] in ("B-", "S-"):
            start = len(chars)
        chars.append(char)
        if tag[:2] in ("E-", "S-"):
            spans.append((start, len(chars), _BMES_LABELS.get(tag[2:], tag[2:])))


def read_topics(shared: Path, *, split: str = "dev") -> tuple[list[TopicItem], GoldSet]:
    """Read the topic items of one half, with their articles from ``rawtext``; items without a topic are left out."""
    labels, raw = present(shared, TOPICS, RAWTEXT)
    rows = [json.loads(line) for line in labels.read_text("utf-8").splitlines() if line.strip()]
    rows = [row for row in rows if row["split"] == split and row["topic"]]
    items = []
    for file in sorted({row["file"] for row in rows}):
        with lzma.open(raw / file, "rt", encoding="utf-8") as stream:
            blocks = stream.read().split("\n\n")
        items += [
            TopicItem(row["id"], blocks[row["block"]].strip("\n"), (row["topic"], *row["also"]))
            for row in rows
            if row["file"] == file
        ]
    return sorted(items), describe(f"topics {split}", (labels, *(raw / row["file"] for row in rows)), shared)


def read_narrower(shared: Path, path: Path = NARROWER) -> tuple[list[NarrowerItem], GoldSet]:
    """Read the narrower topics of the half of the topic items that only measures, with their articles."""
    (raw,) = present(shared, RAWTEXT)
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines() if line and line[0] != "#"]
    rows = [row for row in rows if row[2] == "measure"]
    items = []
    for file in sorted({row[0] for row in rows}):
        with lzma.open(raw / f"{file}.txt.xz", "rt", encoding="utf-8") as stream:
            blocks = stream.read().split("\n\n")
        for _, block, _, right, doubtful in (row for row in rows if row[0] == file):
            codes = [frozenset(part.split()) - {"-"} for part in (right, doubtful)]
            items.append(NarrowerItem(blocks[int(block)].strip("\n"), *codes))
    return items, describe("narrower topics", (path,), path.parent)


def read_times(path: Path = TIMES, name: str = "own times and quantities") -> tuple[list[dict[str, Any]], GoldSet]:
    """Read the project's own cases of times and quantities: ``{date, text, times, quantities}`` lines."""
    if not path.is_file():
        raise AbsentError(f"no {path}")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return rows, describe(name, (path,), path.parent)


def own_pages() -> list[Path]:
    """List the project's own pages that have gold: the examples, and those that only tests use."""
    found = [path for folder in (EXAMPLES, OWN_PAGES) if folder.is_dir() for path in sorted(folder.iterdir())]
    return [path for path in found if (OWN_GOLD / f"{path.name}.gold.json").is_file()]
