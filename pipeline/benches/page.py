"""Write the page of the bench from what was measured: tables of systems, stages and growth, and the pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from pipeline.benches.plot import Panel, Point
from pipeline.benches.scaling import FIT_COUNT, FIT_LENGTH, FIT_MEMORY, MAX_EXPONENT
from pipeline.benches.systems import BASELINE, System

Rows = Sequence[Mapping[str, Any]]
PICTURE, GROWTH = "benchmarks.svg", "benchmarks-scaling.svg"

HEAD = """# Benchmarks

Written by `make bench` from `bench/results.json`; edit `pipeline/benches/page.py`, not this page.
"""
SPEED = """\
Each figure is the median of {repeat} repetitions, with the least and the greatest in brackets. Every
measurement is a fresh process with one thread: start-up (`ready`: from asking for the process to the first
text it could take, imports and models included), one warm-up text, one timed pass by the processor's clock.
The systems take turns inside a repetition; the ratio is the median of the ratios to `jieba.cut` within one
repetition. `jieba` starts with its cache file in place. THULAC, SnowNLP and LAC run in environments of
their own with the models they ship, LAC on Python 3.7, the last that it runs on.

The systems do not do the same work: `banmian news` and `banmian fast` read whole pages (cleaning,
splitting, words, tags, names, times, quantities, places, people, keywords, topics, checked records), the
others do one step; the rows `banmian, words` and so on load just the stages of `news` that the step needs.
Accuracy is that of the step on plain text, by one scorer for all, each system with its defaults; how each
stage of ours does on every set is in [evaluation.md](evaluation.md).
"""
ACCURACY = """\
PKU, MSR: F1 of words on the SIGHAN-05 tests. Our model is trained on text by the PKU standard, and so, in
part, are the peers; ours on nothing by that of MSR. January: F1 of words together with the class of their
tag (its first letter: tag sets differ beyond it) on the stretch of the People's Daily of January 1998 that
ours is not trained on; SnowNLP's tagger is trained on that month. MSRA: F1 of names, exact span and label.
Recent names: F1 of names in 56 news texts of 1998 to 2026; keywords: F1 of the first ten there.
"""


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Write a median with the least and the greatest value."""
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), median(values), max(values)))
    return f"{middle} ({low} – {high})"


def ratios(rows: Rows, base: Rows) -> list[float]:
    """Divide speeds by those of another system, repetition by repetition."""
    return [speed(row) / speed(other) for row, other in zip(rows, base, strict=False)]


def speed(row: Mapping[str, Any]) -> float:
    """Give characters a second; a pass too short to be timed counts as a microsecond."""
    return float(row["chars"] / max(row["seconds"], 1e-6))


def systems_table(results: Mapping[str, Any], systems: Sequence[System], accuracy: Mapping[str, Any]) -> list[str]:
    """Lay out one line a system: speed, start-up, memory, and accuracy on every set."""
    tasks = list(accuracy.get("tasks", ()))
    lines = [
        "| system | does | characters/s | × jieba.cut | ready, s | peak memory, MiB |"
        + "".join(f" {t} |" for t in tasks),
        "|---|---|--:|--:|--:|--:|" + "--:|" * len(tasks),
    ]
    base = results["rows"].get(BASELINE, [])
    for system in systems:
        rows = results["rows"].get(system.name)
        if rows is None:
            reason = results["failed"].get(system.name, "not run")
            lines.append(f"| {system.name} | {system.does} | {reason} |" + " |" * (3 + len(tasks)))
            continue
        ratio = f"{median(ratios(rows, base)):.2f}" if base else ""
        ready, peak = [row["ready"] for row in rows], [row["peak_kib"] / 1024 for row in rows]
        have = accuracy.get("figures", {}).get(system.name, {})
        cells = "".join(f" {have[task]:.3f} |" if task in have else " |" for task in tasks)
        lines.append(
            f"| {system.name} | {system.does} | {spread([speed(row) for row in rows])} | {ratio} | {spread(ready, 2)} "
            f"| {spread(peak)} |{cells}"
        )
    lines += [f"\naccuracy of {name}: {reason}" for name, reason in accuracy.get("failed", {}).items()]
    lines += [f"\nnot measured: {name}: {reason}" for name, reason in accuracy.get("absent", {}).items()]
    return lines


def shares_table(results: Mapping[str, Any], name: str) -> list[str]:
    """Lay out one line a stage of a configuration, with its share of a page's time."""
    rows = results["rows"].get(name)
    if not rows:
        return []
    lines = ["", f"Stages of `{name}`:", "", "| stage | characters/s | share of the time |", "|---|--:|--:|"]
    whole = median(row["wall"] for row in rows)
    for stage in rows[0]["stages"]:
        spent = median(row["stages"][stage] for row in rows)
        pace = f"{rows[0]['chars'] / spent:,.0f}" if spent else "–"
        lines.append(f"| {stage} | {pace} | {spent / whole:.1%} |")
    return lines


def stages_table(results: Mapping[str, Any]) -> list[str]:
    """Lay out one line a stage that was loaded alone, with what it requires."""
    lines = [
        "| stage, with what it requires | characters/s of the stage itself | ready, s | peak memory, MiB |",
        "|---|--:|--:|--:|",
    ]
    for name, rows in results["rows"].items():
        ready, peak = [row["ready"] for row in rows], [row["peak_kib"] / 1024 for row in rows]
        lines.append(f"| {name} | {spread([speed(row) for row in rows])} | {spread(ready, 2)} | {spread(peak)} |")
    return lines + [f"\n{name}: {reason}" for name, reason in results["failed"].items()]


def scaling_tables(scaling: Mapping[str, Any]) -> list[str]:
    """Lay out both curves with their exponents."""
    lengths, counts = scaling["lengths"], scaling["counts"]
    lines = [
        f"Composed pages of the examples' text, configuration `{lengths['config']}`, one process a length.",
        f"Exponents are fitted from {FIT_LENGTH:,} characters on, of memory above that of the start",
        f"from {FIT_MEMORY:,} on (shorter pages fit into what loading left free); wanted is at most {MAX_EXPONENT}:",
        f"time {_exponent(lengths['time'])}, memory {_exponent(lengths['memory'])}.",
        "",
        "| characters of one page | seconds | µs a character | MiB above start | peak memory, MiB |",
        "|--:|--:|--:|--:|--:|",
    ]
    for row in lengths["rows"]:
        per = 1e6 * row["seconds"] / row["size"]
        lines.append(f"| {row['size']:,} | {row['seconds']:.3f} | {per:.1f} | {row['mib']:.0f} | {row['peak']:.0f} |")
    lines += [
        "",
        f"Runs of the command over folders of pages of {counts['page']} characters, configuration",
        f"`{counts['config']}`, one worker, seconds of the processor, with reading and merged files.",
        f"Exponents are fitted from {FIT_COUNT} pages on, time less that of one: time {_exponent(counts['time'])},",
        f"memory of the largest process {_exponent(counts['memory'])}.",
        "",
        "| pages | seconds | ms a page | memory of the largest process, MiB |",
        "|--:|--:|--:|--:|",
    ]
    for row in counts["rows"]:
        per = 1e3 * row["seconds"] / row["size"]
        lines.append(f"| {row['size']:,} | {row['seconds']:.1f} | {per:.1f} | {row['peak']:.0f} |")
    return lines


def _exponent(value: float | None) -> str:
    """Write an exponent."""
    return "too few points" if value is None else f"{value:.2f}"


def to_page(results: Mapping[str, Any], systems: Sequence[System]) -> str:
    """Write the page of all parts; a part that was never measured is named."""
    lines = [HEAD]
    part, accuracy = results.get("speed"), results.get("accuracy") or {}
    if part:
        lines += [SPEED.format(repeat=part["repeat"]), *part["machine"], "", f"![Accuracy against speed]({PICTURE})"]
        for title, held in part["texts"].items():
            lines += ["", f"## {title}", "", *systems_table(held, systems, accuracy)]
            for name in ("banmian news", "banmian fast"):
                lines += shares_table(held, name)
        if accuracy.get("tasks"):
            lines += ["", "## The sets", "", ACCURACY, "", "| column | set | cases |", "|---|---|--:|"]
            lines += [
                f"| {name} | {item['set']} `{item['fingerprint'][:8]}` | {item['cases']:,} {item['unit']} |"
                for name, item in accuracy["tasks"].items()
            ]
    stages = results.get("stages")
    if stages:
        lines += ["", "## Each stage alone", "", *stages["machine"], "", *stages_table(stages)]
    scaling = results.get("scaling")
    if scaling:
        lines += ["", "## Growth", "", *scaling["machine"], "", f"![Growth]({GROWTH})", "", *scaling_tables(scaling)]
    missing = [name for name in ("speed", "accuracy", "stages", "scaling") if name not in results]
    lines += [f"\nnot measured: {name} (`make bench ARGS='--only {name}'`)" for name in missing]
    return "\n".join(lines) + "\n"


def accuracy_panels(results: Mapping[str, Any], systems: Sequence[System]) -> Iterator[Panel]:
    """Make the plots of accuracy against speed, one a set, of the systems that do just that step."""
    accuracy, part = results.get("accuracy"), results.get("speed")
    if not accuracy or not part:
        return
    rows = list(part["texts"].values())[-1]["rows"]
    for task, item in accuracy["tasks"].items():
        points = [
            Point(system.name, median(speed(row) for row in rows[system.name]), figure, "banmian" in system.name)
            for system in systems
            if system.spec == system.answers.get(item["task"]) and system.name in rows
            if (figure := accuracy["figures"].get(system.name, {}).get(task)) is not None
        ]
        yield Panel(f"{task}: {item['task']}", "characters a second, one thread", "F1", points)


def growth_panels(results: Mapping[str, Any]) -> Iterator[Panel]:
    """Make the plots of seconds and peak memory against length and number of pages."""
    scaling = results.get("scaling")
    if not scaling:
        return
    for part, label in (("lengths", "characters of one page"), ("counts", "pages of a run")):
        for value, unit in (("seconds", "seconds"), ("peak", "MiB at most")):
            points = [Point("", row["size"], row[value], ours=True) for row in scaling[part]["rows"]]
            title = f"{unit.capitalize()} by {label}" if value == "seconds" else f"Memory by {label}"
            yield Panel(title, label, unit, points, log_y=True, joined=True)
