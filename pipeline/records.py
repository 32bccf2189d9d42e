"""(Article, Doc) → record, and record ↔ one line of JSON.

A record is a flat dict of plain values whose fields, order and meaning are the published contract
(``pipeline/schemas/*.schema.json``; prose in ``docs/record.md``). Equal input gives equal bytes. Every span is
checked against the text before a record leaves this module.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX, LENGTH, POS, TAG
from spacy.tokens import Doc

from pipeline.components import text_of
from pipeline.errors import PageError
from pipeline.text import IS_HAN, AlignedText, is_blank
from pipeline.types import Article, Layout, Origin, Page, Publication

Record = dict[str, Any]

ARTICLE_SCHEMA = "article/1.1"
PAGE_SCHEMA = "page/1.0"
SCHEMAS = Path(__file__).with_name("schemas")
# Length of the shingles of the reprint fingerprint. Four characters are two to three words, as in the n-gram
# baselines of near-duplicate detection for news (NEWS-COPY); a fingerprint has 64 bits (simhash, Charikar 2002).
SHINGLE = 4
# Digits kept of scores: they are probabilities with two, at most three, honest digits.
SCORE_DIGITS = 4


def page_id(publication: Publication, sha256: str) -> str:
    """Name a page ``<paper>-<YYYY-MM-DD>-p<NN>`` when all three are known, else by its content."""
    if publication.name and publication.date and publication.page_no:
        paper = re.sub(r"[^\w]+", "_", publication.name)
        letters, digits = re.fullmatch(r"(\D*)(\d*)", publication.page_no).groups()  # type: ignore[union-attr]
        return f"{paper}-{publication.date}-p{letters}{digits.zfill(2)}"
    return sha256[:12]


def article_id(page: Page, order: int) -> str:
    """Name an article by its page and its place there."""
    return f"{page.id}-i{order:03d}"


def to_record(article: Article, doc: Doc, page: Page, *, layers: Mapping[str, str], tokens: bool = True) -> Record:
    """Make the record of an article; raise PageError where a span does not slice back to its text."""
    text = article.text.text
    record: Record = {
        "schema": ARTICLE_SCHEMA,
        "id": article_id(page, article.order),
        "page_id": page.id,
        "page": {"source": page.source, "sha256": page.sha256, "publication": _fields(page.publication)},
        "order": article.order,
        "kind": article.kind,
        "form": article.form,
        "title": article.title,
        "kickers": list(article.kickers),
        "subtitle": article.subtitle,
        "subheads": list(article.subheads),
        "column": article.column,
        "byline": {
            "text": article.byline.text,
            "people": [_fields(person) for person in article.byline.people],
            "agency": article.byline.agency,
        },
        "dateline": _fields(article.dateline),
        "continued_from": article.continued_from,
        "continued_to": article.continued_to,
        "text": text,
        "n_chars": len(text),
        "text_sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        "zones": [_fields(zone) for zone in article.zones],
        "source": _source(article, page),
        "edits": _edits(article.text, page.text),
        "split": {
            "confidence": _score(article.confidence),
            "evidence": list(article.evidence),
            "flags": list(article.flags),
        },
        **to_annotations(doc, tokens=tokens),
        "layers": dict(layers),
    }
    check_record(record)
    return record


def to_annotations(doc: Doc, *, tokens: bool = True) -> Record:
    """Give the fields of a record that its Doc holds, ``sentences`` to ``quality``, in the order of the contract."""
    return {
        "sentences": _sentences(doc),
        "tokens": _tokens(doc) if tokens else {"start": [], "end": [], "tag": [], "pos": []},
        "entities": [_with_score(_fields(item)) for item in doc._.entities],
        "mentions": [_lists(_fields(item)) for item in doc._.mentions],
        "times": [_fields(item) for item in doc._.times],
        "quantities": [_fields(item) for item in doc._.quantities],
        "keywords": [_with_score(_lists(_fields(item))) for item in doc._.keywords],
        "topics": [_with_score(_fields(item)) for item in doc._.topics],
        "reuse": {"fingerprint": fingerprint(text_of(doc)), "cluster_id": None},
        "quality": {"ocr": None, "flags": [f"topics: {doc._.topics_note}"] if doc._.topics_note else []},
    }


def _fields(item: Any) -> Record:
    """Lay a flat dataclass out as a dict; dataclasses.asdict copies deeply and took ten times as long."""
    return {name: getattr(item, name) for name in _names(item.__class__)}


@cache
def _names(kind: type) -> tuple[str, ...]:
    """Name the fields of a dataclass."""
    return tuple(item.name for item in fields(kind))


def _score(value: float | None) -> float | None:
    """Round a score to the digits that are kept."""
    return None if value is None else round(float(value), SCORE_DIGITS)


def _with_score(item: Record) -> Record:
    """Round the score of an annotation."""
    return {**item, "score": _score(item["score"])}


def _lists(item: Record) -> Record:
    """Turn tuples into lists, as they come back from JSON."""
    return {
        key: [list(part) if isinstance(part, tuple) else part for part in value] if isinstance(value, tuple) else value
        for key, value in item.items()
    }


def _source(article: Article, page: Page) -> Record:
    """Say where an article stands on its page: lines, stretches, and the map of its copied characters."""
    spans: list[list[int]] = []
    for start, end in article.text.source_spans():
        if spans and not page.text[spans[-1][1] : start].strip():
            spans[-1][1] = end
        else:
            spans.append([start, end])
    copied = [[run.start, run.end, run.source_start] for run in article.text.runs if run.rule is None]
    return {"lines": list(article.lines), "spans": spans, "map": copied, "further": []}


def _edits(text: AlignedText, source: str) -> list[Record]:
    """List the repairs inside an article with what stood on the page."""
    return [
        {
            "start": run.start,
            "end": run.end,
            "original": source[run.source_start : run.source_end],
            "rule": run.rule,
            "confidence": _score(run.confidence),
        }
        for run in text.runs
        if run.rule is not None
    ]


def _sentences(doc: Doc) -> list[list[int]]:
    """List the sentences without the blanks around them."""
    if not doc.has_annotation("SENT_START"):
        return []
    found = []
    text = text_of(doc)
    for sent in doc.sents:
        start, end = sent.start_char, sent.end_char
        while start < end and is_blank(text[start]):
            start += 1
        while end > start and is_blank(text[end - 1]):
            end -= 1
        if start < end:
            found.append([start, end])
    return found


def _tokens(doc: Doc) -> Record:
    """List the tokens that are not white space, as columns."""
    if not len(doc):
        return {"start": [], "end": [], "tag": [], "pos": []}
    table = doc.to_array([IDX, LENGTH, TAG, POS])
    names = {int(key): doc.vocab.strings[int(key)] for key in np.unique(table[:, 2:])}
    text, starts, ends = text_of(doc), table[:, 0].tolist(), (table[:, 0] + table[:, 1]).tolist()
    words = table[[_is_word(text[start:end]) for start, end in zip(starts, ends, strict=True)]]
    return {
        "start": words[:, 0].tolist(),
        "end": (words[:, 0] + words[:, 1]).tolist(),
        "tag": [names[key] for key in words[:, 2].tolist()],
        "pos": [names[key] for key in words[:, 3].tolist()],
    }


def _is_word(text: str) -> bool:
    """Say whether a token is more than white space."""
    return text.isalnum() or not all(map(is_blank, text))


def fingerprint(text: str) -> str | None:
    """Compute a 64-bit simhash over shingles of Han characters, as 16 hex digits; ``None`` for texts shorter than one.

    Reprints differ in few bits however they were punctuated, wrapped or spaced (Charikar 2002).
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    codes = codes[_IS_HAN[codes]].astype(np.uint64)
    if len(codes) < SHINGLE:
        return None
    shingles = np.zeros(len(codes) - SHINGLE + 1, dtype=np.uint64)
    for place in range(SHINGLE):
        shingles = shingles * _BASE + codes[place : len(codes) - SHINGLE + 1 + place]
    hashes = _mix(np.unique(shingles)).astype(">u8")
    bits = np.unpackbits(hashes.view(np.uint8).reshape(len(hashes), 8), axis=1)
    majority = bits.sum(axis=0, dtype=np.int64) * 2 > len(hashes)
    return np.packbits(majority).tobytes().hex()


_IS_HAN = np.frombuffer(IS_HAN, bool)
# Above every code point, so that four characters have one number of 64 bits or, for rare planes, nearly so.
_BASE = np.uint64(0xFFFF + 2)


def _mix(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of numbers evenly: the finaliser of splitmix64 (Steele, Lea and Flood 2014)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def check_record(record: Record) -> None:
    """Check that every span slices back to its text and that zones are in order; raise PageError otherwise."""
    text, wrong = record["text"], []
    for layer in ("entities", "times", "quantities"):
        wrong += [(layer, item) for item in record[layer] if text[item["start"] : item["end"]] != item["text"]]
    for item in record["keywords"]:
        wrong += [("keywords", item) for start, end in item["spans"] if text[start:end] != item["text"]]
    at = 0
    for zone in record["zones"]:
        if not at <= zone["start"] < zone["end"] <= len(text):
            wrong.append(("zones", zone))
        at = zone["end"]
    if wrong:
        layer, item = wrong[0]
        raise PageError(
            f"article {record['id']}: {len(wrong)} spans do not slice back to the text, the first in {layer}: {item!r}",
            stage="records",
        )


def to_page_record(page: Page, layout: Layout, *, balance: Mapping[str, int]) -> Record:
    """Make the record of a page: its blocks, its articles, and what is in none of them."""
    cleaned = layout.cleaned
    flags = [*page.flags, *layout.flags]
    return {
        "schema": PAGE_SCHEMA,
        "id": page.id,
        "source": page.source,
        "sha256": page.sha256,
        "bytes": page.n_bytes,
        "encoding": page.encoding,
        "publication": _fields(page.publication),
        "n_chars": len(page.text),
        "n_lines": page.text.count("\n") + (not page.text.endswith("\n") and page.text != ""),
        "blocks": [
            {
                "id": f"b{block.index + 1}",
                "role": block.role,
                "lines": list(block.lines),
                "start": cleaned.source_at(block.start),
                "end": _source_end(cleaned, block.start, block.end),
                "article": None if block.article is None else article_id(page, block.article),
                "confidence": _score(block.confidence),
                "evidence": list(block.evidence),
            }
            for block in layout.blocks
        ],
        "articles": [article_id(page, article.order) for article in layout.articles],
        "remainders": [
            {
                "where": item.where,
                "reason": item.reason,
                "start": item.start,
                "end": item.end,
                "text": page.text[item.start : item.end],
            }
            for item in layout.remainders
            if item.where != "markup"
        ],
        "balance": dict(balance),
        "quality": {"flags": flags},
        "layout": None if page.origin is None else _layout(page.origin),
        "status": "ok",
    }


def _layout(origin: Origin) -> Record:
    """Lay out what the OCR engine said of a page: its blocks in reading order, with their boxes."""
    return {
        "format": origin.format,
        "unit": origin.unit,
        "size": None if origin.size is None else list(origin.size),
        "regions": [
            {
                "start": item.start,
                "end": item.end,
                "label": item.label,
                "box": None if item.box is None else list(item.box),
            }
            for item in origin.regions
        ],
    }


def _source_end(cleaned: AlignedText, start: int, end: int) -> int:
    """Find the page offset where a stretch of the cleaned page ends."""
    spans = cleaned.slice(start, end).source_spans()
    return spans[-1][1] if spans else cleaned.source_at(start)


def to_line(record: Record) -> str:
    """Write a record as one line of JSON without its line feed; raise PageError for what JSON cannot hold."""
    try:
        line = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        line.encode("utf-8")
    except ValueError as error:
        raise PageError(f"record {record.get('id')}: not writable as UTF-8 JSON: {error}", stage="records") from error
    return line


def from_line(line: str) -> Record:
    """Read a record from its line."""
    record: Record = json.loads(line)
    return record


def load_schema(name: str) -> Record:
    """Read a published schema: ``"article"``, ``"page"`` or ``"error"``."""
    schema: Record = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return schema
