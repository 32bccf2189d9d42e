"""Measure the batch: scaling, memory, rerun, overhead, shares of the stages, and what they mean for large archives.

    python -m pipeline.bench_batch --pages 10000 --out out/bench-batch.json [--repeat 3] [--only scaling,overhead]

Pages are the project's examples. *Scaling* and *overhead* take turns between what they compare, because a shared
machine is busy now and idle then; overhead and the time of a page are processor time. *Memory* and *rerun* use
many short pages (a few paragraphs each), because it is the number of pages that might fill the memory. Every
measurement uses the whole default configuration.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from pipeline.bench import EXAMPLES, machine
from pipeline.chain import Chain
from pipeline.config import HOME, ReaderOptions, Settings, load
from pipeline.inputs import find_inputs
from pipeline.progress import Progress
from pipeline.reader import Input, make_page, read_bytes, read_page
from pipeline.run import run_batch

# Characters of a short page.
SHORT = 500
# Whole pages of a run that compares; ten seconds of work on one core.
WHOLE = 48
# Pages after which a worker's memory is compared with that at the end.
SETTLED = 1000
# Machines that capacity is computed for, and the part of an hour that is work (restarts, the last page of a shard).
CORES = 16
USEFUL = 0.9
BATCHES = (1_000_000, 100_000_000, 1_000_000_000)


def make_pages(folder: Path, count: int, *, short: bool) -> None:
    """Write pages made of the examples, whole or a few paragraphs long, each with a name and a line of its own."""
    examples = [path for path in sorted(EXAMPLES.iterdir()) if path.suffix in (".md", ".txt")]
    pages = [read_page(path, source_name=path.name, options=ReaderOptions()) for path in examples]
    # Without front matter, which would name the page whatever its file is called.
    texts = [page.text[page.body_start :] for page in pages]
    if short:
        texts = [piece for text in texts for piece in _pieces(text, SHORT)]
    for number in range(count):
        # Dates and page numbers of their own: pages of one id would all be made twice.
        day = date(2000, 1, 1) + timedelta(days=number // 16)
        place = folder / f"{day:%Y}"
        place.mkdir(parents=True, exist_ok=True)
        name = f"样报_{day:%Y-%m-%d}_{number % 16 + 1:02}.md"
        (place / name).write_text(f"{texts[number % len(texts)]}\n\n第{number}件。\n", "utf-8")


def _pieces(text: str, size: int) -> Iterator[str]:
    """Cut a page at blank lines into pieces of at least some characters."""
    held: list[str] = []
    for block in text.split("\n\n"):
        held.append(block)
        if sum(map(len, held)) >= size:
            yield "\n\n".join(held)
            held = []


def inputs_of(folder: Path, settings: Settings) -> tuple[Input, ...]:
    """List the pages of a folder."""
    return find_inputs([str(folder)], options=settings.reader).items


# ---- what is measured ---------------------------------------------------------------------------------------


def measure_scaling(settings: Settings, folder: Path, *, repeat: int) -> dict[str, Any]:
    """Compare pages a second of one and of two workers, taking turns; loading is not counted."""
    make_pages(folder / "in", WHOLE, short=False)
    inputs = inputs_of(folder / "in", settings)
    speeds: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(repeat):
        for workers, found in speeds.items():
            _say(f"scaling {turn + 1}/{repeat}: {workers} workers")
            found.append(_pages_per_second(inputs, settings, folder / f"out{workers}", workers))
    ratios = [two / one for one, two in zip(speeds[1], speeds[2], strict=True)]
    return {
        "pages": WHOLE,
        "pages_per_second": {str(workers): [round(speed, 3) for speed in found] for workers, found in speeds.items()},
        "scaling": round(median(ratios), 3),
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }


def _pages_per_second(inputs: Sequence[Input], settings: Settings, out: Path, workers: int) -> float:
    """Make all pages; count from the end of the first ones, when all models are loaded, to the end of the last."""
    times: list[float] = []
    run_batch(inputs, settings, out, workers=workers, redo="all", report=lambda _: times.append(time.perf_counter()))
    return (len(times) - 1 - workers) / (times[-1] - times[workers])


def measure_overhead(settings: Settings, folder: Path, *, repeat: int) -> dict[str, Any]:
    """Compare the processor time of a batch with that of the bare page function, taking turns.

    What a run costs once (hashing models and code, starting a worker) is told apart from what a page costs: the batch
    is run over half of the pages and over all, and the difference is compared with the bare time of the other half.
    """
    make_pages(folder / "in", WHOLE, short=False)
    inputs = inputs_of(folder / "in", settings)
    half = inputs[: WHOLE // 2]
    chain = Chain.load(settings)
    found: dict[str, list[float]] = {"bare": [], "half": [], "whole": []}

    def run_bare() -> None:
        for item in inputs[WHOLE // 2 :]:
            chain.process(make_page(item, read_bytes(item, options=settings.reader), options=settings.reader))

    def run_over(items: Sequence[Input]) -> None:
        run_batch(items, settings, folder / "out", redo="all", load_chain=lambda _: chain)

    steps = (run_bare, lambda: run_over(half), lambda: run_over(inputs))
    for turn in range(repeat + 1):
        _say(f"overhead {turn}/{repeat}")
        times = [_processor_time(step) for step in steps]
        # The first turn warms caches up.
        if turn:
            for held, seconds in zip(found.values(), times, strict=True):
                held.append(round(seconds, 3))
    bare, half_run, whole_run = (median(held) for held in found.values())
    return {
        "pages": WHOLE,
        "processor_seconds": found,
        "overhead": round((whole_run - half_run) / bare - 1, 4),
        "seconds_once": round(2 * half_run - whole_run, 3),
        "seconds_per_page": round(bare / (WHOLE - len(half)), 4),
    }


def _processor_time(work: Callable[[], object]) -> float:
    """Measure the processor time of a piece of work, that of its child processes too."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    before = sum(sum(resource.getrusage(item)[:2]) for item in who)
    work()
    return sum(sum(resource.getrusage(item)[:2]) for item in who) - before


def measure_memory(settings: Settings, folder: Path, count: int) -> dict[str, Any]:
    """Make many short pages with one worker; follow its memory and the processor time of a page; then run again."""
    make_pages(folder / "in", count, short=True)
    inputs = inputs_of(folder / "in", settings)
    samples: list[dict[str, float]] = []
    step = max(1, min(SETTLED, count // 10))

    def sample(state: Progress) -> None:
        if state.ended and state.ended % step == 0:
            samples.append({"pages": state.ended, **_worker_state()})
            _say(f"memory: {state.ended}/{count} pages, worker {samples[-1]['rss_mb']:.0f} MB")

    first = run_batch(inputs, settings, folder / "out", workers=1, report=sample)
    begin, busy = time.perf_counter(), time.process_time()
    again = run_batch(inputs, settings, folder / "out", workers=1)
    rerun = {"seconds": round(time.perf_counter() - begin, 2), "processor": round(time.process_time() - busy, 2)}
    spent = [later["seconds"] - earlier["seconds"] for earlier, later in pairwise(samples)]
    manifest = json.loads((folder / "out" / "manifest.json").read_text("utf-8"))
    stages = {name: item["seconds"] for name, item in manifest["speed"]["stages"].items()}
    return {
        "pages": count,
        "failed": first.failed,
        "samples": samples,
        "growth": round(samples[-1]["rss_mb"] / samples[0]["rss_mb"] - 1, 4),
        "time_growth": round(spent[-1] / spent[0] - 1, 4) if len(spent) > 1 else None,
        "main_mb": manifest["memory"]["main"],
        "rerun": rerun | {"made": again.computed, "load_average": os.getloadavg()[0]},
        "stages": {name: round(seconds / sum(stages.values()), 4) for name, seconds in stages.items()},
    }


def _worker_state() -> dict[str, float]:
    """Tell the resident memory in MB and the processor time in seconds of this process's largest child."""
    task = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    states = []
    for pid in task.read_text("utf-8").split():
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        rss = int(status.partition("VmRSS:")[2].split(maxsplit=1)[0]) / 1024
        states.append({"rss_mb": round(rss, 1), "seconds": ticks / os.sysconf("SC_CLK_TCK")})
    return max(states, key=lambda item: item["rss_mb"])


def measure_disk(settings: Settings, folder: Path) -> dict[str, float]:
    """Tell the bytes a page leaves: in its part, and again in the merged files, bare and packed."""
    make_pages(folder / "in", WHOLE, short=False)
    run_batch(inputs_of(folder / "in", settings), settings, folder / "out")
    parts = sum(path.stat().st_size for path in (folder / "out" / "parts").rglob("*.jsonl"))
    source = sum(path.stat().st_size for path in (folder / "in").rglob("*.md"))
    return {"input_kb": round(source / WHOLE / 1000, 1), "output_kb": round(2 * parts / WHOLE / 1000, 1)}


def capacity(seconds_per_page: float, worker_mb: float, output_kb: float) -> list[dict[str, Any]]:
    """Compute hours, memory and disk for batches of a million pages and more, by machines of 16 cores."""
    per_hour = 3600 / seconds_per_page * CORES * USEFUL
    rows = []
    for pages in BATCHES:
        for machines in (1, 10, 100):
            hours = pages / per_hour / machines
            memory = CORES * worker_mb / 1000
            rows.append(
                {
                    "pages": pages,
                    "machines": machines,
                    "hours": round(hours, 1),
                    "memory_gb_each": round(memory, 1),
                    "disk_tb": round(pages * output_kb / 1e9, 2),
                }
            )
    return rows


# ---- the command line ---------------------------------------------------------------------------------------


def _say(text: str) -> None:
    """Tell what is being measured."""
    sys.stderr.write(f"{text}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.bench_batch", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=int, default=10_000, help="short pages of the memory and rerun measurements")
    parser.add_argument("--out", type=Path, default=Path("out/bench-batch.json"))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="scaling,overhead,memory,disk", help="measurements, separated by commas")
    options = parser.parse_args(arguments)
    settings = load(HOME / "news.cfg")
    measures: dict[str, Callable[[Path], dict[str, Any]]] = {
        "scaling": lambda folder: measure_scaling(settings, folder, repeat=options.repeat),
        "overhead": lambda folder: measure_overhead(settings, folder, repeat=options.repeat),
        "memory": lambda folder: measure_memory(settings, folder, options.pages),
        "disk": lambda folder: measure_disk(settings, folder),
    }
    found: dict[str, Any] = {"machine": machine()}
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory(prefix="banmian-bench-") as folder:
            found[name] = measures[name](Path(folder))
    if {"overhead", "memory", "disk"} <= found.keys():
        worker = max(item["rss_mb"] for item in found["memory"]["samples"])
        found["capacity"] = capacity(found["overhead"]["seconds_per_page"], worker, found["disk"]["output_kb"])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"{json.dumps({key: found[key] for key in found if key != 'machine'}, indent=1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
