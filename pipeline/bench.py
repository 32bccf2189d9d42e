"""Measure speed, memory and start-up of the shipped configurations beside other systems, in one run.

    python -m pipeline.bench --shared ../shared --out docs/benchmarks.md [--repeat 5] [--chars 40000]

Every measurement is a process of its own with one thread; the systems take turns within a repetition, so that a
busy moment of the machine falls on all of them. Reported are medians with the least and the greatest value, and the
median of the ratios to ``jieba.cut`` within the same repetition.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from pipeline.config import ReaderOptions
from pipeline.errors import ConfigError, PipelineError
from pipeline.reader import read_page

ROOT = Path(__file__).resolve().parent.parent
WORKER = ROOT / "bench" / "worker.py"
EXAMPLES = ROOT / "examples" / "pages"
ENVIRONMENTS = ROOT / "out" / "bench"
RAWTEXT = "rawtext/web-news-2006-2020.txt.xz"
# A system that needs longer than this for one pass is recorded as such.
TIME_LIMIT = 900
BASELINE = "jieba.cut"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class System:
    """Name what is measured: what the worker loads, and the requirement of an environment of its own (or none)."""

    name: str
    spec: tuple[Any, ...]
    does: str
    requirement: str | None = None


SYSTEMS = (
    System("banmian news", ("banmian", "news"), "whole pages to records: all stages, neural"),
    System("banmian fast", ("banmian", "fast"), "whole pages to records: all stages, no neural model"),
    System("banmian segmenter", ("segmenter",), "words, as the default configuration makes them"),
    System("spacy-pkuseg, our model", ("pkuseg", "pkuseg-1.0.0"), "words, the library alone"),
    System("jieba.cut", ("jieba", "cut"), "words"),
    System("jieba.posseg", ("jieba", "posseg"), "words and tags"),
    System("jieba.analyse", ("jieba", "tfidf"), "ten keywords by TF-IDF"),
    System("THULAC, words", ("thulac", False), "words", "thulac==0.2.2"),
    System("THULAC, words and tags", ("thulac", True), "words and tags", "thulac==0.2.2"),
    System("SnowNLP, words", ("snownlp", "words"), "words", "snownlp==0.12.3"),
    System("SnowNLP, words and tags", ("snownlp", "tags"), "words and tags", "snownlp==0.12.3"),
)


@dataclass(slots=True)
class Results:
    """Gather measurements by system, and the reason where there are none."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def example_texts(chars: int, folder: Path = EXAMPLES) -> list[str]:
    """Repeat the project's example pages up to a number of characters; raise ConfigError where there are none."""
    options = ReaderOptions()
    paths = [path for path in sorted(folder.glob("*")) if path.suffix in options.suffixes]
    pages = [read_page(path, source_name=path.name, options=options).text for path in paths]
    if not any(pages):
        raise ConfigError(f"no pages in {folder}; check the repository out again")
    return repeated(pages, chars)


def repeated(texts: Sequence[str], chars: int) -> list[str]:
    """Go round a list of texts until they hold a number of characters."""
    taken: list[str] = []
    size = 0
    while size < chars:
        taken.append(texts[len(taken) % len(texts)])
        size += len(taken[-1]) + 1
    return taken


def raw_texts(shared: Path, chars: int) -> list[str]:
    """Take news texts from the shared folder, from its beginning; none where it is absent."""
    path = shared / RAWTEXT
    if not path.is_file():
        return []
    taken: list[str] = []
    size = 0
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        for text in _blocks(stream):
            taken.append(text)
            size += len(text)
            if size >= chars:
                break
    return taken


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    """Cut lines into texts at blank lines; a first blank line is an empty title."""
    block: list[str] = []
    for line in lines:
        if line.strip():
            block.append(line)
        elif block:
            yield "".join(block)
            block = []
    if block:
        yield "".join(block)


def make_environment(requirement: str, root: Path = ENVIRONMENTS) -> Path:
    """Make an environment for one requirement, or take the one that is there; return its Python.

    Raises ConfigError with the installer's last words where it cannot be installed.
    """
    folder = root / requirement.replace("==", "-")
    python = folder / "bin" / "python"
    if (folder / "ready").is_file():
        return python
    venv.create(folder, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIME_LIMIT)  # noqa: S603
    if done.returncode:
        raise ConfigError(f"could not be installed: {_last_line(done.stderr)}")
    (folder / "ready").touch()
    return python


def _last_line(text: str) -> str:
    """Take the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def measure_once(system: System, python: Path, texts: Path) -> dict[str, Any]:
    """Run one measurement in a fresh process; raise ConfigError with its last words where it fails."""
    command = [str(python), str(WORKER), json.dumps(system.spec), str(texts), repr(time.monotonic())]
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    try:
        done = subprocess.run(  # noqa: S603 - our own worker
            command, capture_output=True, text=True, check=False, timeout=TIME_LIMIT, env=environment, cwd=ROOT
        )
    except subprocess.TimeoutExpired:
        raise ConfigError(f"took more than {TIME_LIMIT} s") from None
    if done.returncode:
        raise ConfigError(f"could not run: {_last_line(done.stderr)}")
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def measure(systems: Sequence[System], texts: Sequence[str], *, repeat: int) -> Results:
    """Measure all systems on some texts, taking turns; a system that fails once is left out with its reason."""
    results = Results()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_text(json.dumps(list(texts)), "utf-8")
        for turn in range(repeat):
            for system in systems:
                if system.name in results.failed:
                    continue
                sys.stderr.write(f"{turn + 1}/{repeat} {system.name}\n")
                try:
                    python = make_environment(system.requirement) if system.requirement else Path(sys.executable)
                    row = measure_once(system, python, path)
                except ConfigError as error:
                    results.failed[system.name] = str(error)
                    results.rows.pop(system.name, None)
                    continue
                results.rows.setdefault(system.name, []).append(row)
    return results


# ---- tables --------------------------------------------------------------------------------------------------


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Write a median with the least and the greatest value."""
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), median(values), max(values)))
    return f"{middle} ({low} – {high})"


def ratios(rows: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]]) -> list[float]:
    """Divide speeds by those of another system, repetition by repetition."""
    return [_speed(row) / _speed(other) for row, other in zip(rows, base, strict=False)]


def _speed(row: Mapping[str, Any]) -> float:
    """Give characters a second."""
    return float(row["chars"] / row["seconds"])


def systems_table(results: Results, systems: Sequence[System]) -> list[str]:
    """Lay out one line a system."""
    lines = [
        "| system | does | characters/s | × jieba.cut | ready, s | peak memory, MiB |",
        "|---|---|--:|--:|--:|--:|",
    ]
    base = results.rows.get(BASELINE, [])
    for system in systems:
        rows = results.rows.get(system.name)
        if rows is None:
            lines.append(f"| {system.name} | {system.does} | {results.failed.get(system.name, 'not run')} | | | |")
            continue
        ratio = f"{median(ratios(rows, base)):.2f}" if base else ""
        speeds, ready = [_speed(row) for row in rows], [row["ready"] for row in rows]
        peak = [row["peak_kib"] / 1024 for row in rows]
        lines.append(
            f"| {system.name} | {system.does} | {spread(speeds)} | {ratio} | {spread(ready, 2)} | {spread(peak)} |"
        )
    return lines


def stages_table(results: Results, name: str) -> list[str]:
    """Lay out one line a stage of a configuration."""
    rows = results.rows.get(name)
    if not rows:
        return []
    lines = ["", f"Stages of `{name}`:", "", "| stage | characters/s | share of the time |", "|---|--:|--:|"]
    whole = median(row["seconds"] for row in rows)
    for stage in rows[0]["stages"]:
        spent = median(row["stages"][stage] for row in rows)
        speed = f"{rows[0]['chars'] / spent:,.0f}" if spent else "–"
        lines.append(f"| {stage} | {speed} | {spent / whole:.1%} |")
    return lines


def machine() -> list[str]:
    """Describe the machine and the versions, without the date."""
    names = ("spacy", "spacy-pkuseg", "jieba", "scikit-learn", "numpy")
    versions = ", ".join(f"{name} {_version(name)}" for name in names)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"- {_cpu()}, {os.cpu_count()} cores, {memory:.0f} GiB memory; {platform.system()} {platform.machine()}",
        f"- Python {platform.python_version()}, banmian {_version('banmian')}, {versions}",
        "- one thread a process (" + ", ".join(f"{name}=1" for name in THREADS) + ")",
    ]


def _version(name: str) -> str:
    """Give a package's version."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _cpu() -> str:
    """Name the processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


HEAD = """# Benchmarks

Written by `make bench`; edit `pipeline/bench.py`, not this page. Each figure is the median of {repeat} repetitions,
with the least and the greatest in brackets. Every measurement is a fresh process with one thread: start-up (`ready`:
from asking for the process to the first text it could take, imports and models included), one warm-up text, one timed
pass. The systems take turns inside a repetition; the ratio is the median of the ratios to `jieba.cut` within one
repetition. `jieba` starts with its cache file in place. THULAC and SnowNLP run in environments of their own with the
models they ship.

The systems do not do the same work: `banmian` reads whole pages (cleaning, splitting, words, tags, names, times,
quantities, places, people, keywords, topics, checked records), the others do one step. How well each step is done is
in [evaluation.md](evaluation.md).
"""


def to_page(parts: Mapping[str, Results], systems: Sequence[System], *, repeat: int) -> str:
    """Write the page of all results."""
    lines = [HEAD.format(repeat=repeat), *machine()]
    for title, results in parts.items():
        lines += ["", f"## {title}", "", *systems_table(results, systems)]
        for name in ("banmian news", "banmian fast"):
            lines += stages_table(results, name)
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.bench", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--shared", type=Path, default=Path("../shared"), help="folder with rawtext; left out if absent"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions")
    parser.add_argument("--chars", type=int, default=40_000, help="characters of each text")
    parser.add_argument("--only", help="systems whose name contains one of these, separated by commas")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 2 for what it cannot work with."""
    options = _parser().parse_args(arguments)
    wanted = [part.strip() for part in (options.only or "").split(",")]
    systems = [system for system in SYSTEMS if any(part in system.name for part in wanted)]
    try:
        texts = {"Example pages": example_texts(options.chars)}
    except PipelineError as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    raw = raw_texts(options.shared, options.chars)
    if raw:
        texts["News texts, one article a page"] = raw
    else:
        sys.stderr.write(f"not measured: news texts: no {options.shared / RAWTEXT}\n")
    parts = {
        f"{title} ({len(held)} texts, {sum(map(len, held)):,} characters)": measure(
            systems, held, repeat=options.repeat
        )
        for title, held in texts.items()
    }
    options.out.write_text(to_page(parts, systems, repeat=options.repeat), "utf-8")
    sys.stdout.write(f"{options.out}: {len(systems)} systems, {options.repeat} repetitions\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
