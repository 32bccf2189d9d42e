"""Layout files of OCR engines → the Markdown that the rest of the pipeline reads. Pure: text in, text out.

THE TABLE lists the formats, each known by its content. A page becomes blocks in reading order, a blank line between
them: headings with ``#`` signs, pictures as image links, tables as the HTML they came as, everything else as it was
printed. What the engine called a block and where it saw it goes beside the text (:class:`~pipeline.types.Origin`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from pipeline.formats.common import Format, Piece
from pipeline.formats.engines import DOCUMENT, MARKER, PADDLE
from pipeline.formats.mineru import CONTENT_LIST, CONTENT_LIST_2, MIDDLE
from pipeline.formats.xml import ALTO, PAGE, read_xml
from pipeline.types import Origin, Region

# File names that may hold one of the formats; anything else is text as it stands.
SUFFIXES = (".json", ".jsonl", ".xml")
# Endings of the names that the engines give their files; a folder without Markdown is likely to hold one of them.
KNOWN_SUFFIXES = ("_content_list.json", "_content_list_v2.json", "_middle.json", "_res.json", *SUFFIXES)
TABLE = (CONTENT_LIST, CONTENT_LIST_2, MIDDLE, PADDLE, MARKER, DOCUMENT, ALTO, PAGE)
_HALF = re.compile(r"[\ud800-\udfff]")
_GAP = "\n\n"


class Converted(NamedTuple):
    """Hold a page as Markdown, and what the engine said of it."""

    text: str
    origin: Origin


def to_markdown(text: str) -> Converted:
    """Convert a layout file; half characters (lone surrogates, which JSON can hold) become U+FFFD.

    Raises ValueError that says what is wrong with a file that is damaged, unknown, or of several pages.
    """
    known, data = _read(text)
    pages = _checked(known, lambda: known.pages(data))
    if len(pages) > 1:
        raise ValueError(f"holds {len(pages)} pages where one was expected")
    page = next(iter(pages.values()), None)
    pieces = _checked(known, lambda: list(known.pieces(page))) if pages else []
    unit, size = _checked(known, lambda: known.sheet(page)) if pages else (None, None)
    return _joined(known.name, pieces, unit, size)


def split_pages(text: str) -> dict[int, str]:
    """Cut a layout file of several pages into files of one page each, by page number; a file of one page is ``{}``.

    The lines of a JSONL file are pages of their own. Raises ValueError for a file that is damaged or unknown.
    """
    lines = _documents(text)
    if lines:
        return dict(enumerate(lines, 1))
    known, data = _read(text)
    pages = _checked(known, lambda: known.pages(data))
    return {number: _write(page) for number, page in pages.items()} if len(pages) > 1 else {}


def _documents(text: str) -> list[str]:
    """List the documents of a JSONL file of several."""
    lines = [line for line in text.split("\n") if line.strip()]
    several = len(lines) > 1 and all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in lines)
    return lines if several else []


def _read(text: str) -> tuple[Format, Any]:
    """Parse a file and find its format."""
    data = read_xml(text) if text.lstrip("\ufeff \t\r\n").startswith("<") else _read_json(text)
    for known in TABLE:
        if _checked(known, lambda known=known: known.fits(data)):  # type: ignore[misc]
            return known, data
    raise ValueError(f"holds none of the layouts that are known: {', '.join(known.name for known in TABLE)}")


def _checked(known: Format, step: Callable[[], Any]) -> Any:
    """Take a step; raise ValueError where a field has another form than its format says."""
    try:
        return step()
    except (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError) as error:
        raise ValueError(f"is damaged {known.name}: {error}") from error


def _read_json(text: str) -> Any:
    """Read JSON."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("is JSON nested too deeply") from None
    except ValueError as error:
        documents = _documents(text)
        if documents:
            raise ValueError(f"holds {len(documents)} documents where one was expected") from None
        raise ValueError(f"is damaged JSON: {error}") from None


def _write(page: Any) -> str:
    """Write a page as a file of its own; equal pages give equal text."""
    if isinstance(page, ET.Element):
        return ET.tostring(page, encoding="unicode")
    return json.dumps(page, ensure_ascii=False, separators=(",", ":"))


def _joined(name: str, pieces: list[Piece], unit: str | None, size: tuple[float, float] | None) -> Converted:
    """Join the blocks of a page, and note where each of them went."""
    texts: list[str] = []
    regions, at = [], 0
    for piece in pieces:
        if not piece.text.strip():
            continue
        texts.append(piece.text)
        regions.append(Region(at, at + len(piece.text), _HALF.sub("\ufffd", piece.label), piece.box))
        at += len(piece.text) + len(_GAP)
    text = _HALF.sub("\ufffd", f"{_GAP.join(texts)}\n")
    return Converted(text, Origin(name, unit and _HALF.sub("\ufffd", unit), size, tuple(regions)))
