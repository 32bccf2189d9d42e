"""Measure ours beside other systems: speed, memory, start-up, accuracy; and how ours grows with its input.

    python -m pipeline.bench --shared ../shared --out docs/benchmarks.md [--only speed,accuracy,stages,scaling]

Every measurement is a process of its own with one thread; the systems take turns within a repetition, so that a
busy moment of the machine falls on all of them. What was measured is kept in ``bench/results.json``, each part with its
machine and versions; the page and its pictures are written from there.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline import config
from pipeline.benches import accuracy, page, plot, scaling
from pipeline.benches.systems import ROOT, SYSTEMS, THREADS, System, make_environment, run_worker, stage_systems
from pipeline.config import ReaderOptions
from pipeline.errors import ConfigError, PipelineError
from pipeline.reader import read_page

EXAMPLES = ROOT / "examples" / "pages"
RESULTS = ROOT / "bench" / "results.json"
RAWTEXT = "rawtext/web-news-2006-2020.txt.xz"
SCHEMA = "bench/1.0"
# Stages before those of a configuration's pipeline, and after them.
BEFORE, AFTER = ("clean", "split", "segment"), ("records",)


def example_pages(folder: Path = EXAMPLES) -> list[str]:
    """Read the texts of the project's example pages; raise ConfigError where there are none."""
    options = ReaderOptions()
    paths = [path for path in sorted(folder.glob("*")) if path.suffix in options.suffixes]
    pages = [read_page(path, source_name=path.name, options=options).text for path in paths]
    if not any(pages):
        raise ConfigError(f"no pages in {folder}; check the repository out again")
    return pages


def example_texts(chars: int, folder: Path = EXAMPLES) -> list[str]:
    """Repeat the project's example pages up to a number of characters; raise ConfigError where there are none."""
    return repeated(example_pages(folder), chars)


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


def measure(systems: Sequence[System], texts: Sequence[str], *, repeat: int) -> dict[str, Any]:
    """Measure systems on some texts, taking turns: ``{"rows": {name: [row, …]}, "failed": {name: reason}}``.

    A system that fails once is left out with its reason.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    failed: dict[str, str] = {}
    for turn in range(repeat):
        for system in systems:
            if system.name in failed:
                continue
            sys.stderr.write(f"{turn + 1}/{repeat} {system.name}\n")
            try:
                row = run_worker(system.spec, make_environment(system), texts)
            except ConfigError as error:
                failed[system.name] = str(error)
                rows.pop(system.name, None)
                continue
            rows.setdefault(system.name, []).append(row)
    return {"rows": rows, "failed": failed}


def bench_speed(options: argparse.Namespace, systems: Sequence[System]) -> dict[str, Any]:
    """Measure speed, start-up and memory of the systems on example pages and on news texts."""
    texts = {"Example pages": example_texts(options.chars)}
    raw = raw_texts(options.shared, options.chars)
    if raw:
        texts["News texts, one article a page"] = raw
    else:
        sys.stderr.write(f"not measured: news texts: no {options.shared / RAWTEXT}\n")
    return {
        "repeat": options.repeat,
        "texts": {
            f"{title} ({len(held)} texts, {sum(map(len, held)):,} characters)": measure(
                systems, held, repeat=options.repeat
            )
            for title, held in texts.items()
        },
    }


def bench_accuracy(options: argparse.Namespace, systems: Sequence[System]) -> dict[str, Any]:
    """Measure how well the systems do on the sets of the shared folder."""
    return accuracy.measure(systems, options.shared)


def bench_stages(options: argparse.Namespace, _: Sequence[System]) -> dict[str, Any]:
    """Measure each stage of the default configuration, loaded with what it requires."""
    settings = config.load(ROOT / "configs" / "news.cfg")
    systems = stage_systems("news", [*BEFORE, *settings.stages, *AFTER])
    return measure(systems, example_texts(options.chars), repeat=options.repeat)


def bench_scaling(options: argparse.Namespace, _: Sequence[System]) -> dict[str, Any]:
    """Measure how time and memory grow with the length of a page and the number of pages."""
    return scaling.measure(
        example_pages(), config="news", batch_config="fast", counts=options.pages, lengths=options.characters
    )


PARTS: dict[str, Callable[[argparse.Namespace, Sequence[System]], dict[str, Any]]] = {
    "speed": bench_speed,
    "accuracy": bench_accuracy,
    "stages": bench_stages,
    "scaling": bench_scaling,
}


def choose(text: str | None, allowed: Sequence[str], option: str) -> list[str]:
    """Read names separated by commas; raise ConfigError for one that is none."""
    if text is None:
        return list(allowed)
    chosen = [part.strip() for part in text.split(",") if part.strip()]
    if not chosen or not set(chosen) <= set(allowed):
        raise ConfigError(f"{option} {text!r}: allowed are {'; '.join(allowed)}, separated by commas")
    return [name for name in allowed if name in chosen]


def read_results(path: Path) -> dict[str, Any]:
    """Read what earlier benches measured; nothing where there is no file of this schema."""
    if not path.is_file():
        return {"schema": SCHEMA}
    results: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return results if results.get("schema") == SCHEMA else {"schema": SCHEMA}


def write_page(results: dict[str, Any], out: Path) -> None:
    """Write the page and its pictures."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page.to_page(results, SYSTEMS), "utf-8")
    for name, panels in (
        (page.PICTURE, page.accuracy_panels(results, SYSTEMS)),
        (page.GROWTH, page.growth_panels(results)),
    ):
        drawn = [panel for panel in panels if panel.points]
        if drawn:
            (out.parent / name).write_text(plot.draw(drawn), "utf-8")


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.bench", description=__doc__.split("\n")[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder of sets and news texts")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the page")
    parser.add_argument("--results", type=Path, default=RESULTS, help="what was measured, as JSON")
    parser.add_argument("--only", help=f"parts, separated by commas: {', '.join(PARTS)}; none: write the page anew")
    parser.add_argument("--systems", help="systems whose name contains one of these, separated by commas")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions")
    parser.add_argument("--chars", type=int, default=40_000, help="characters of each text")
    parser.add_argument(
        "--pages", type=int, default=10_000, help="most pages of the growth curve; 100,000 take an hour"
    )
    parser.add_argument("--characters", type=int, default=max(scaling.LENGTHS), help="longest page of the growth curve")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 2 for what it cannot work with."""
    options = _parser().parse_args(arguments)
    wanted = [part.strip() for part in (options.systems or "").split(",")]
    systems = [system for system in SYSTEMS if any(part in system.name for part in wanted)]
    results = read_results(options.results)
    try:
        for part in [] if options.only == "none" else choose(options.only, list(PARTS), "--only"):
            results[part] = {"machine": machine(), **PARTS[part](options, systems)}
            options.results.parent.mkdir(parents=True, exist_ok=True)
            options.results.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", "utf-8")
    except PipelineError as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    write_page(results, options.out)
    sys.stdout.write(f"{options.out}: {', '.join(part for part in PARTS if part in results)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
