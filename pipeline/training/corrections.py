"""Take corrections of records into a store of labelled articles, from which the next training learns.

    python -m pipeline.training.corrections --corrections mine.jsonl --records out/articles.jsonl --store s.jsonl

A correction is one line of JSON: ``{"id": "…", "topics": ["体育", "足球"], "keywords": ["市运会"]}``. ``id`` is
that of a record; ``topics`` and ``keywords`` are the whole right answer, best first, and what is in neither list is
wrong; one of the two may be left out where there is nothing to correct, and ``[]`` says that none is right. Topics
are given by code or label. The text is taken from the record, so that the store needs nothing else.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.candidates import MAX_CHARS
from pipeline.components.topics import Label, TopicModel
from pipeline.errors import ConfigError, PipelineError

SCHEMA = "correction/1.0"
FIELDS = ("id", "topics", "keywords")
MIN_KEYWORD = 2  # characters; a keyword of one says nothing to a catalogue
SHOWN_ERRORS = 20
TITLE_ROLES = frozenset({"kicker", "title", "subtitle"})


@dataclass(frozen=True, slots=True)
class Correction:
    """Hold a corrected article: its headline and text, the codes of its topics and its keywords.

    ``None`` means that nothing was said about them, an empty tuple that there are none.
    """

    id: str
    text_sha256: str
    title: str
    text: str
    topics: tuple[str, ...] | None
    keywords: tuple[str, ...] | None


class Problems(list[str]):
    """Gather what is wrong with a file, by line."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def add(self, number: int, text: str) -> None:
        """Note a problem of a line; lines count from 1."""
        self.append(f"{self.path}, line {number}: {text}")

    def raise_any(self) -> None:
        """Raise ConfigError that names all problems, the first SHOWN_ERRORS in full."""
        if self:
            more = [f"and {len(self) - SHOWN_ERRORS} more"] if len(self) > SHOWN_ERRORS else []
            raise ConfigError("\n".join([*self[:SHOWN_ERRORS], *more]))


def read_lines(path: Path, problems: Problems) -> Iterable[tuple[int, dict[str, Any]]]:
    """Yield the number and the object of each line of a JSONL file that is not blank; raise ConfigError without it."""
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as UTF-8 text: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            problems.add(number, f"not JSON: {error}")
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            problems.add(number, f"expected an object {{…}}, found {type(row).__name__}")


def topic_names(labels: Sequence[Label]) -> dict[str, str]:
    """Map every way to name a topic to its code: code, code without its prefix, Chinese label, English label."""
    names: dict[str, str] = {}
    for label in labels:
        for name in (label.code, label.code.rpartition(":")[2], label.label_zh, label.label_en):
            names.setdefault(name, label.code)
    return names


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest known names that look like one, as an addition to a message."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {', '.join(close)}?" if close else ""


def _strings(row: Mapping[str, Any], field: str, number: int, problems: Problems) -> list[str] | None:
    """Read a list of different strings from a row; ``None`` where the field is missing or wrong."""
    value = row.get(field)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        problems.add(number, f"{field}: expected a list of strings, found {json.dumps(value, ensure_ascii=False)}")
        return None
    names = [item.strip() for item in value]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        problems.add(number, f"{field}: {', '.join(double)} stands there twice")
    return names


def read_topics(names: Sequence[str], labels: Sequence[Label], number: int, problems: Problems) -> tuple[str, ...]:
    """Turn names of topics into codes, with the broader topic of each narrower one before the others."""
    known = topic_names(labels)
    broader = {label.code: label.broader for label in labels}
    codes: list[str] = []
    for name in names:
        code = known.get(name)
        if code is None:
            problems.add(number, f"topics: {name!r} is neither a code nor a label of the scheme{nearest(name, known)}")
            continue
        codes += [one for one in (broader[code], code) if one and one not in codes]
    return tuple(codes)


def _check_keywords(names: Sequence[str], text: str, number: int, problems: Problems) -> tuple[str, ...]:
    """Check that keywords stand in the text and are not too short or too long."""
    for name in names:
        if name not in text:
            problems.add(number, f"keywords: {name!r} does not stand in the article's text")
        elif not MIN_KEYWORD <= len(name) <= MAX_CHARS:
            problems.add(
                number, f"keywords: {name!r} has {len(name)} characters; {MIN_KEYWORD} to {MAX_CHARS} are allowed"
            )
    return tuple(names)


def find_records(paths: Sequence[Path], ids: Iterable[str]) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """Find records by id in JSONL files of records; give them and all ids that are there."""
    wanted, found, seen = set(ids), {}, set()
    for path in paths:
        problems = Problems(path)
        for number, row in read_lines(path, problems):
            name = row.get("id")
            if not isinstance(name, str) or not isinstance(row.get("text"), str):
                problems.add(number, "no article record: id or text is missing; give articles.jsonl of a finished run")
                continue
            seen.add(name)
            if name in wanted:
                found[name] = row
        problems.raise_any()
    return found, seen


def headline_of(record: Mapping[str, Any]) -> str:
    """Join the headline parts of a record as the topics stage does."""
    parts = [*record.get("kickers", ()), record.get("title"), record.get("subtitle")]
    return " ".join(part for part in parts if part)


def read_corrections(path: Path, records: Sequence[Path], labels: Sequence[Label]) -> list[Correction]:
    """Read and check a file of corrections; raise ConfigError that names every wrong line and what to do."""
    problems = Problems(path)
    rows = []
    lines: dict[str, int] = {}
    for number, row in read_lines(path, problems):
        unknown = sorted(set(row) - set(FIELDS))
        name = row.get("id")
        if unknown:
            problems.add(number, f"unknown fields {', '.join(unknown)}; allowed are {', '.join(FIELDS)}")
        if not isinstance(name, str) or not name:
            problems.add(number, 'no id; give the id of the record, such as "id": "…-p01-i002"')
        elif name in lines:
            problems.add(number, f"{name} was corrected in line {lines[name]} already; join the two lines")
        elif row.get("topics") is None and row.get("keywords") is None:
            problems.add(number, "neither topics nor keywords; give at least one of them")
        else:
            lines[name] = number
            rows.append((number, name, row))
    found, seen = find_records(records, lines)
    corrections = []
    for number, name, row in rows:
        record = found.get(name)
        if record is None:
            problems.add(number, f"no record {name!r} in {', '.join(map(str, records))}{nearest(name, seen)}")
            continue
        topics, keywords = (_strings(row, field, number, problems) for field in FIELDS[1:])
        corrections.append(
            Correction(
                id=name,
                text_sha256=str(record.get("text_sha256", "")),
                title=headline_of(record),
                text=record["text"],
                topics=None if topics is None else read_topics(topics, labels, number, problems),
                keywords=None if keywords is None else _check_keywords(keywords, record["text"], number, problems),
            )
        )
    if not corrections and not problems:
        raise ConfigError(f'{path}: no corrections in it; a line looks like {{"id": "…", "topics": ["体育"]}}')
    problems.raise_any()
    return corrections


def read_store(path: Path) -> list[Correction]:
    """Read the stored corrections, none where there is no store; raise ConfigError for a damaged one."""
    if not path.is_file():
        return []
    problems = Problems(path)
    stored = []
    for number, row in read_lines(path, problems):
        if row.get("schema") != SCHEMA:
            problems.add(
                number, f"schema {row.get('schema')!r}, expected {SCHEMA!r}; the store is written by `make correct`"
            )
            continue
        topics, keywords = (None if row[name] is None else tuple(row[name]) for name in FIELDS[1:])
        stored.append(Correction(row["id"], row["text_sha256"], row["title"], row["text"], topics, keywords))
    problems.raise_any()
    return stored


def merge(stored: Sequence[Correction], new: Sequence[Correction]) -> list[Correction]:
    """Put new corrections among the stored ones: what they name replaces what was said of the same text."""
    merged = {one.id: one for one in stored}
    for one in new:
        before = merged.get(one.id)
        if before is not None and before.text == one.text:
            topics = before.topics if one.topics is None else one.topics
            keywords = before.keywords if one.keywords is None else one.keywords
            merged[one.id] = replace(one, topics=topics, keywords=keywords)
        else:
            merged[one.id] = one
    return list(merged.values())


def write_store(path: Path, corrections: Sequence[Correction]) -> None:
    """Write the store, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"schema": SCHEMA, **asdict(one)}, ensure_ascii=False) + "\n" for one in corrections)
    draft = path.with_name(f"{path.name}.tmp")
    draft.write_text("".join(lines), "utf-8")
    draft.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 2 for what it cannot work with: then nothing is stored."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corrections", type=Path, required=True, help="JSONL file with id, topics, keywords")
    parser.add_argument("--records", type=Path, nargs="+", required=True, help="articles.jsonl of the runs corrected")
    parser.add_argument("--store", type=Path, required=True, help="where corrections are kept with their texts")
    parser.add_argument("--topics", default="topics-1.1.0", help="model whose scheme names the topics")
    options = parser.parse_args(arguments)
    try:
        labels = TopicModel.load(options.topics).labels
        new = read_corrections(options.corrections, options.records, labels)
        merged = merge(read_store(options.store), new)
        write_store(options.store, merged)
    except PipelineError as error:
        sys.stderr.write(f"correct: {error}\n")
        return 2
    with_topics, with_keywords = (
        sum(part is not None for part in parts)
        for parts in zip(*((one.topics, one.keywords) for one in new), strict=True)
    )
    sys.stdout.write(
        f"{len(new)} corrections taken ({with_topics} of topics, {with_keywords} of keywords); "
        f"{options.store} holds {len(merged)}. `make adapt` and `make train` learn from them\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
