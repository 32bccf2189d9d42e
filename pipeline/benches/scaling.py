"""How time and memory of our chain grow with the length of a page and the number of pages.

The pages are composed from the project's own examples, every digit changed by a seeded draw, so that no two are equal.
The exponent b is that of the power law a·x^b through the points, by least squares over logarithms: 1 is linear.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.benches.systems import ROOT, THREADS, Spec, run_worker
from pipeline.errors import ConfigError

LENGTHS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 5_000_000)
COUNTS = (1, 10, 100, 1_000, 10_000, 100_000)
# Short pages are repeated up to this many characters, so that the clock's step does not show.
LEAST_CHARS = 60_000
# The curve is fitted from here on: below, what a page costs by itself shows, and would flatten the slope.
FIT_LENGTH, FIT_COUNT = 10_000, 100
# Memory above that of the start grows from here on: shorter pages fit into what loading the models left free.
FIT_MEMORY = 1_000_000
# A page of the batch: long enough for an article or two, so that 100,000 of them pass in an hour.
BATCH_PAGE = 400
MAX_EXPONENT = 1.05
# Seconds between two looks at the memory of a run.
LOOK = 0.1


def compose(texts: Sequence[str], chars: int, seed: int) -> str:
    """Compose a page of a number of characters from texts in turn, with other digits and another first text by seed."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    parts: list[str] = []
    size, at = 0, seed
    while size < chars:
        text = re.sub(r"\d", lambda _: str(draw.randrange(10)), texts[at % len(texts)])
        parts.append(text)
        size += len(text) + 2
        at += 1
    return "\n\n".join(parts)[:chars]


def page_lengths(texts: Sequence[str], config: str, lengths: Sequence[int] = LENGTHS) -> list[dict[str, float]]:
    """Measure seconds of processor time and MiB a page of each length, each in a process of its own."""
    spec: Spec = ("banmian", config)
    rows = []
    for length in lengths:
        sys.stderr.write(f"scaling {config}: a page of {length:,} characters\n")
        repeats = max(1, LEAST_CHARS // length)
        pages = [compose(texts, length, seed) for seed in range(1, repeats + 1)]
        row = run_worker(spec, Path(sys.executable), pages, warm=compose(texts, 2_000, 0))
        used = (row["peak_kib"] - row["warm_kib"]) / 1024
        rows.append({"size": length, "seconds": row["seconds"] / repeats, "mib": used, "peak": row["peak_kib"] / 1024})
    return rows


def page_counts(texts: Sequence[str], config: str, counts: Sequence[int]) -> list[dict[str, float]]:
    """Measure seconds of processor time and MiB of a whole run over folders of each number of pages.

    The run is the command itself: reading, records, parts and merged files included.
    """
    rows = []
    for count in counts:
        sys.stderr.write(f"scaling {config}: {count:,} pages\n")
        with tempfile.TemporaryDirectory() as name:
            folder, out = Path(name) / "pages", Path(name) / "out"
            folder.mkdir()
            for number in range(count):
                page = compose(texts, BATCH_PAGE, number)
                (folder / f"page-{number:06d}.md").write_text(page, "utf-8")
            seconds, wall, peak = _run(config, folder, out)
            shutil.rmtree(out, ignore_errors=True)
        rows.append({"size": count, "seconds": seconds, "wall": wall, "peak": peak})
    return rows


def _run(config: str, folder: Path, out: Path) -> tuple[float, float, float]:
    """Run the pipeline over a folder; return its processor seconds, seconds of the clock, and peak MiB of a process."""
    command = [sys.executable, "-m", "pipeline", "run", "--config", str(ROOT / "configs" / f"{config}.cfg")]
    command += ["--workers", "1", "--out", str(out), str(folder)]
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    start = time.perf_counter()
    log = folder.parent / "log.txt"
    peak, status = 0, 0
    with log.open("wb") as stream:
        child = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment, cwd=ROOT)  # noqa: S603
        while True:
            done, status, usage = os.wait4(child.pid, os.WNOHANG)
            if done:
                break
            peak = max([peak, *map(_peak_kib, family(child.pid))])
            time.sleep(LOOK)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise ConfigError(f"the run over {folder} ended with {child.returncode}: {log.read_text('utf-8')[-300:]}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - start, peak / 1024


def family(pid: int) -> list[int]:
    """List a process and all that it has started, as far as they still run."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(OSError):
                found += map(int, task.read_text("ascii").split())
    return found


def _peak_kib(pid: int) -> int:
    """Read the most memory that a process has had since it became the program that it is; 0 when it is over.

    The maximum that wait4 gives begins with that of the process that forked it.
    """
    with suppress(OSError), Path(f"/proc/{pid}/status").open(encoding="ascii", errors="replace") as status:
        return next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)
    return 0


def exponent(rows: Sequence[dict[str, float]], value: str, *, start: float, base: float = 0.0) -> float | None:
    """Fit the exponent of the growth of a value over the sizes from ``start`` on, less a constant ``base``.

    ``None`` with fewer than two points above the base.
    """
    points = [(row["size"], row[value] - base) for row in rows if row["size"] >= start and row[value] > base]
    if len(points) < 2:
        return None
    sizes, values = np.log(np.array(points)).T
    return float(np.polyfit(sizes, values, 1)[0])


def measure(texts: Sequence[str], *, config: str, batch_config: str, counts: int, lengths: int) -> dict[str, Any]:
    """Measure both curves, up to a greatest length and count, and fit their exponents."""
    by_length = page_lengths(texts, config, [size for size in LENGTHS if size <= lengths])
    by_count = page_counts(texts, batch_config, [size for size in COUNTS if size <= counts])
    start_up = by_count[0]["seconds"]
    return {
        "lengths": {
            "config": config,
            "rows": by_length,
            "time": exponent(by_length, "seconds", start=FIT_LENGTH),
            "memory": exponent(by_length, "mib", start=FIT_MEMORY),
        },
        "counts": {
            "config": batch_config,
            "page": BATCH_PAGE,
            "rows": by_count,
            "time": exponent(by_count, "seconds", start=FIT_COUNT, base=start_up),
            "memory": exponent(by_count, "peak", start=FIT_COUNT),
        },
    }
