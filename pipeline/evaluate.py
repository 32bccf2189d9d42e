"""Measure a configuration against the gold sets: one table, one JSON file, every figure with its interval.

    python -m pipeline.evaluate --shared ../shared --config configs/news.cfg --out out/evaluation.json [--only pages,…]
    python -m pipeline.evaluate gate --evaluation out/evaluation.json [--repin [--reason "…"]]
    python -m pipeline.evaluate errors --shared ../shared --out out/errors.md [--only entities,…] [--limit 40]

Each figure carries the number of cases, a bootstrap interval over them, and the fingerprint of its set. A set that
is not there is named with ``not measured: …``; nothing is estimated in its place.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline import __version__, artefacts, gate
from pipeline.errors import ConfigError, PipelineError
from pipeline.measures import mistakes, pages, robustness, texts, words
from pipeline.measures.goldsets import AbsentError
from pipeline.measures.subject import Figure, Subject

SCHEMA = "evaluation/1.0"
SECTIONS: dict[str, Callable[[Subject], Iterator[Figure]]] = {
    "pages": pages.measure_pages,
    "robustness": robustness.measure_robustness,
    "entities": texts.measure_entities,
    "msra": texts.measure_msra,
    "keywords": texts.measure_keywords,
    "topics": texts.measure_topics,
    "narrower": texts.measure_narrower,
    "segmentation": words.measure_segmentation,
    "tags": words.measure_tags,
    "times": texts.measure_times,
    "examples": pages.measure_examples,
    "speed": pages.measure_speed,
}
# Between these lines of a Markdown page the figures are put.
MARKS = ("<!-- figures -->", "<!-- end of figures -->")
_LIBRARIES = ("spacy", "spacy-pkuseg", "jieba", "scikit-learn", "numpy")


def evaluate(subject: Subject, sections: Sequence[str]) -> dict[str, Any]:
    """Measure some sections; a section whose set or stage is not there is listed under ``not_measured``."""
    figures: dict[str, dict[str, Any]] = {}
    absent: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for section in sections:
        start = time.perf_counter()
        try:
            measured = list(SECTIONS[section](subject))
        except AbsentError as error:
            absent[section] = str(error)
            continue
        seconds[section] = round(time.perf_counter() - start, 1)
        figures |= {figure.name: _row(figure) for figure in measured}
    return {
        "schema": SCHEMA,
        **_identity(subject),
        "figures": figures,
        "not_measured": absent,
        "seconds": seconds,
    }


def _row(figure: Figure) -> dict[str, Any]:
    """Turn a figure into plain values without its name."""
    row = asdict(figure)
    del row["name"]
    return row


def _identity(subject: Subject) -> dict[str, Any]:
    """Name what was measured: code, configuration, models, libraries."""
    settings = subject.settings
    return {
        "banmian": __version__,
        "config": {"name": settings.path.name, "digest": settings.digest},
        "models": {name: artefacts.fingerprint(name) for name in settings.models},
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def to_table(evaluation: dict[str, Any]) -> str:
    """Write an evaluation as a table of fixed columns, one figure a line."""
    head = f"{'figure':44} {'value':>10}  {'95 % interval':>21}  {'cases':>17}  set"
    lines = [head, "-" * len(head)]
    for name, row in evaluation["figures"].items():
        interval = "" if row["low"] is None else f"{_number(row['low'])} … {_number(row['high'])}"
        cases = f"{row['cases']:,} {row['unit']}"
        lines.append(
            f"{name:44} {_number(row['value']):>10}  {interval:>21}  {cases:>17}  {row['set']} {row['fingerprint'][:8]}"
        )
    lines += [f"not measured: {section}: {reason}" for section, reason in evaluation["not_measured"].items()]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    """Write a rate with four digits and anything large as a whole number."""
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.0f}"


def to_markdown(evaluation: dict[str, Any]) -> str:
    """Write an evaluation as a Markdown table."""
    lines = ["| figure | value | 95 % interval | cases | set |", "|---|--:|--:|--:|---|"]
    for name, row in evaluation["figures"].items():
        interval = "" if row["low"] is None else f"{_number(row['low'])} – {_number(row['high'])}"
        cases = f"{row['cases']:,} {row['unit']}"
        lines.append(
            f"| {name} | {_number(row['value'])} | {interval} | {cases} | {row['set']} `{row['fingerprint'][:8]}` |"
        )
    lines += [f"\nnot measured: {section}: {reason}" for section, reason in evaluation["not_measured"].items()]
    return "\n".join(lines)


def put_figures(page: str, evaluation: dict[str, Any]) -> str:
    """Put the table of figures between the two marks of a Markdown page; raise ConfigError where a mark is missing."""
    head, begin, rest = page.partition(MARKS[0])
    _, end, tail = rest.partition(MARKS[1])
    if not (begin and end):
        raise ConfigError(f"the page lacks the lines {MARKS[0]} and {MARKS[1]}, between which the figures are put")
    return f"{head}{begin}\n{to_markdown(evaluation)}\n{end}{tail}"


def choose_sections(text: str | None, allowed: Iterable[str] = SECTIONS) -> list[str]:
    """Read ``--only``: names of sections separated by commas; raise ConfigError for a name that is none."""
    if text is None:
        return list(allowed)
    chosen = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in chosen if name not in allowed]
    if unknown or not chosen:
        raise ConfigError(f"--only {text!r}: allowed are {', '.join(allowed)}, separated by commas")
    return [name for name in allowed if name in chosen]


def _list_errors(arguments: Sequence[str]) -> int:
    """Write the list of mistakes; return the exit status."""
    parser = _parser("errors", "out/errors.md", mistakes.LISTS)
    parser.add_argument("--limit", type=int, default=40, help="most cases of one kind")
    options = parser.parse_args(arguments)
    try:
        sections = choose_sections(options.only, mistakes.LISTS)
        found, absent = mistakes.gather(Subject(options.config, options.shared), sections)
    except PipelineError as error:
        sys.stderr.write(f"errors: {error}\n")
        return 2
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(mistakes.to_markdown(found, absent, limit=options.limit), "utf-8")
    kinds = Counter((item.section, item.kind) for item in found)
    sys.stdout.write("".join(f"{count:5}  {section}: {kind}\n" for (section, kind), count in kinds.most_common(25)))
    sys.stdout.write("".join(f"not listed: {section}: {reason}\n" for section, reason in absent.items()))
    sys.stdout.write(f"{options.out}: {len(found)} mistakes\n")
    return 0


def _parser(command: str, out: str, sections: Iterable[str]) -> argparse.ArgumentParser:
    """Describe the command line that all commands of this module share."""
    name = f"python -m pipeline.evaluate {command}".strip()
    parser = argparse.ArgumentParser(prog=name, description=__doc__.split("\n")[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder of the gold sets and corpora")
    parser.add_argument("--config", type=Path, default=Path("configs/news.cfg"), help="configuration to measure")
    parser.add_argument("--out", type=Path, default=Path(out), help="where the result is written")
    parser.add_argument("--only", help=f"sections, separated by commas: {', '.join(sections)}")
    return parser


def _own_parser() -> argparse.ArgumentParser:
    """Describe the command line of the evaluation itself."""
    parser = _parser("", "out/evaluation.json", SECTIONS)
    parser.add_argument("--into", type=Path, help="also put the figures into this Markdown page, between its marks")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, or 2 for what it cannot work with."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["gate"]:
        return gate.main(given[1:])
    if given[:1] == ["errors"]:
        return _list_errors(given[1:])
    options = _own_parser().parse_args(given)
    try:
        evaluation = evaluate(Subject(options.config, options.shared), choose_sections(options.only))
        if options.into:
            options.into.write_text(put_figures(options.into.read_text("utf-8"), evaluation), "utf-8")
    except PipelineError as error:
        sys.stderr.write(f"evaluate: {error}\n")
        return 2
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(evaluation, ensure_ascii=False, indent=1) + "\n", "utf-8")
    sys.stdout.write(to_table(evaluation))
    return 0


if __name__ == "__main__":
    sys.exit(main())
