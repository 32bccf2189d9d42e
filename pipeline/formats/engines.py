"""PaddleOCR (PP-StructureV3, PaddleOCR-VL), marker, and olmOCR with its kin (Dolma, datatrove)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.formats.common import (
    PICTURE,
    Format,
    Piece,
    by_index,
    heading,
    numbered,
    to_box,
    to_size,
    untag,
    unwrap,
)

# ---- PaddleOCR: *_res.json ----------------------------------------------------------------------------------

# The two deepest heading levels are enough: depth is weak evidence on newspaper pages.
_PADDLE_HEADINGS = {"doc_title": 1, "title": 1, "paragraph_title": 2, "abstract_title": 2, "content_title": 2}
_PADDLE_PICTURES = frozenset({"image", "figure", "chart", "seal", "header_image", "footer_image"})


def _paddle_results(data: Any) -> list[Any]:
    """Find the results of the pages, bare or in the wrappings of the command line and the service."""
    if not isinstance(data, dict):
        return []
    if isinstance(data.get("parsing_res_list"), list):
        return [data]
    results = data.get("layoutParsingResults")
    if isinstance(results, list):
        return [page for result in results for page in _paddle_results(result)]
    inner = next((data[key] for key in ("res", "prunedResult", "result") if isinstance(data.get(key), dict)), None)
    return _paddle_results(inner)


def _paddle_pieces(data: Any) -> Iterator[Piece]:
    """List the blocks of a result by ``block_order``; those without one (furniture) stay where they stand."""
    blocks = [item for item in _paddle_results(data)[0]["parsing_res_list"] if isinstance(item, dict)]
    ordered = iter(sorted((b for b in blocks if _order(b) is not None), key=lambda b: _order(b) or 0))
    for block in (item if _order(item) is None else next(ordered) for item in blocks):
        label, text = str(block.get("block_label", "text")), str(block.get("block_content") or "").strip()
        box = to_box(block.get("block_bbox"))
        if label in _PADDLE_PICTURES:
            yield Piece(PICTURE, label, box)
            yield Piece(untag(text), label, box)
        elif label in _PADDLE_HEADINGS:
            yield Piece(heading(text, _PADDLE_HEADINGS[label]), label, box)
        else:
            yield Piece(text, label, box)


def _order(block: dict[str, Any]) -> int | None:
    """Tell a block's place in the reading order."""
    order = block.get("block_order")
    return order if isinstance(order, int) else None


def _paddle_sheet(data: Any) -> tuple[str, tuple[float, float] | None]:
    """Tell the size of the image, where the result says it."""
    page = _paddle_results(data)[0]
    return "pixel", to_size([page.get("width"), page.get("height")])


PADDLE = Format(
    "paddleocr",
    lambda data: bool(_paddle_results(data)),
    lambda data: numbered(_paddle_results(data)),
    _paddle_pieces,
    _paddle_sheet,
)


# ---- marker: JSON and chunks --------------------------------------------------------------------------------

_MARKER_PICTURES = frozenset({"Picture", "Figure"})
_MARKER_WHOLE = frozenset({"Table", "Form", "TableOfContents"})
_LEVEL = re.compile(r"<h([1-6])")


def _marker_pages(data: Any) -> dict[int, Any]:
    """Find a document's pages: its tree's, a bare list of them, or the pages that its chunks name."""
    if isinstance(data, dict) and isinstance(data.get("blocks"), list):
        pages = by_index((block.get("page"), block) for block in data["blocks"] if isinstance(block, dict))
        return {number: [{"block_type": "Page", "children": blocks}] for number, blocks in pages.items()}
    found = data.get("children") if isinstance(data, dict) and data.get("block_type") == "Document" else data
    return numbered([page] for page in found) if isinstance(found, list) else {}


def _is_marker(data: Any) -> bool:
    """Know pages made of blocks with a ``block_type``."""
    pages = _marker_pages(data)
    return bool(pages) and all(
        isinstance(page, dict) and page.get("block_type") == "Page" for held in pages.values() for page in held
    )


def _marker_pieces(data: Any) -> Iterator[Piece]:
    """List the leaves of the tree; a table is a leaf."""
    for page in data:
        for block in page.get("children") or []:
            yield from _marker_block(block)


def _marker_block(block: dict[str, Any]) -> Iterator[Piece]:
    """List a block's own text, or the blocks inside it."""
    label, text = str(block["block_type"]), str(block.get("html") or "")
    box = to_box(block.get("bbox")) or to_box(block.get("polygon"))
    if label in _MARKER_PICTURES:
        yield Piece(PICTURE, label, box)
    if label in _MARKER_WHOLE:
        yield Piece(text, label, box)
    elif block.get("children"):
        for child in block["children"]:
            yield from _marker_block(child)
    elif label == "SectionHeader":
        level = _LEVEL.search(text)
        yield Piece(heading(unwrap(untag(text)), int(level[1]) if level else 2), label, box)
    else:
        yield Piece(unwrap(untag(text)), label, box)


def _marker_sheet(data: Any) -> tuple[str, tuple[float, float] | None]:
    """Tell the size of the page from its own outline."""
    box = to_box(data[0].get("bbox")) or to_box(data[0].get("polygon"))
    return "point", (box[2], box[3]) if box else None


MARKER = Format("marker", _is_marker, _marker_pages, _marker_pieces, _marker_sheet)


# ---- olmOCR, Dolma, datatrove: one document with its text ---------------------------------------------------


def _is_document(data: Any) -> bool:
    """Know a document with a text and an id."""
    return isinstance(data, dict) and isinstance(data.get("text"), str) and ("id" in data or "metadata" in data)


def _document_pages(data: dict[str, Any]) -> dict[int, Any]:
    """Cut a document where its attributes say that pages begin; every character stays on a page."""
    attributes = data.get("attributes")
    spans = attributes.get("pdf_page_numbers") if isinstance(attributes, dict) else None
    found = sorted(span for span in spans or [] if isinstance(span, list) and len(span) == 3)
    if len({span[2] for span in found}) < 2:
        return {1: data}
    text: str = data["text"]
    pages: dict[int, str] = {}
    starts = [0, *(start for start, _, _ in found[1:]), len(text)]
    for place, (_, _, number) in enumerate(found):
        pages[number] = pages.get(number, "") + text[starts[place] : starts[place + 1]]
    return {int(number): {"id": data.get("id"), "text": held} for number, held in sorted(pages.items())}


DOCUMENT = Format(
    "dolma",
    _is_document,
    _document_pages,
    lambda data: iter([Piece(data["text"], "document")]),
    lambda _: (None, None),
)
