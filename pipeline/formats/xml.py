"""ALTO and PAGE, read without document types: their entities could unfold without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any
from xml.etree import ElementTree as ET

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pipeline.formats.common import PICTURE, Format, Piece, heading, numbered, to_box, to_size, unwrap

_HEADINGS = frozenset({"heading", "headline", "title", "header1"})


def read_xml(text: str) -> Any:
    """Parse XML; raise ValueError for a damaged file or one with a document type."""
    try:
        return fromstring(text, forbid_dtd=True)
    except DefusedXmlException:
        raise ValueError("is XML with a document type, which is not read; take it out") from None
    except (ET.ParseError, ValueError) as error:
        raise ValueError(f"is damaged XML: {error}") from None


def _name(element: Any) -> str:
    """Name an XML element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _all(element: Any, *names: str) -> list[Any]:
    """List the elements of some names below an element, in the order of the file."""
    return [item for item in element.iter() if _name(item) in names]


def _is(name: str) -> Callable[[Any], bool]:
    """Know a format by the name of its root."""
    return lambda data: isinstance(data, ET.Element) and _name(data) == name


def _pages(data: Any) -> dict[int, Any]:
    """Cut a file into pages: the same file, each time with one of its ``Page`` elements."""
    found = _all(data, "Page")
    return {1: data} if len(found) < 2 else numbered(_with_one_page(data, page) for page in found)


def _with_one_page(element: Any, page: Any) -> Any:
    """Copy the tree above the pages with one page of them."""
    if _name(element) == "Page":
        return element
    same = copy(element)
    for child in list(same):
        if _name(child) == "Page" and child is not page:
            same.remove(child)
        elif _name(child) == "Layout":
            same[list(same).index(child)] = _with_one_page(child, page)
    return same


# ---- ALTO ---------------------------------------------------------------------------------------------------


def _alto_pieces(data: Any) -> Iterator[Piece]:
    """List the blocks of an ALTO page; words that a line break cut are taken whole (``SUBS_CONTENT``)."""
    labels = {item.get("ID"): item.get("LABEL") or "" for item in _all(data, "LayoutTag", "StructureTag")}
    for block in _alto_order(data):
        box = _alto_box(block)
        if _name(block) != "TextBlock":
            yield Piece(PICTURE, _name(block), box)
            continue
        tags = [labels[tag] for tag in block.get("TAGREFS", "").split() if labels.get(tag)]
        label = tags[0] if tags else "TextBlock"
        text = unwrap("\n".join(_alto_line(line) for line in _all(block, "TextLine")))
        yield Piece(heading(text) if label.lower() in _HEADINGS else text, label, box)


def _alto_order(data: Any) -> list[Any]:
    """List the blocks by the file's reading order, by ``IDNEXT``, or as they stand; none is left out."""
    blocks = _all(data, "TextBlock", "Illustration", "GraphicalElement")
    by_id = {block.get("ID", str(place)): block for place, block in enumerate(blocks)}
    listed = [item.get("REF") for item in _all(data, "ElementRef")]
    following = {name: block.get("IDNEXT") for name, block in by_id.items()}
    pointed = set(following.values())
    for start in by_id:
        name: str | None = start if start not in pointed and following[start] else None
        while name in by_id and name not in listed:
            listed.append(name)
            name = following.get(name)
    if len(set(listed) & by_id.keys()) < 2:
        return blocks
    # What the order does not name stays behind the block that it follows in the file.
    ordered = [name for name in dict.fromkeys(listed) if name in by_id]
    known = set(ordered)
    before: str | None = None
    for name in by_id:
        if name not in known:
            ordered.insert(0 if before is None else ordered.index(before) + 1, name)
        before = name
    return [by_id[name] for name in ordered]


def _alto_line(line: Any) -> str:
    """Join the words of an ALTO line; an ``SP`` is a blank."""
    parts = []
    for item in line:
        if _name(item) == "String":
            cut = item.get("SUBS_TYPE")
            parts.append("" if cut == "HypPart2" else item.get("SUBS_CONTENT" if cut == "HypPart1" else "CONTENT", ""))
        elif _name(item) == "SP":
            parts.append(" ")
    return "".join(parts).strip()


def _alto_box(block: Any) -> Any:
    """Read the place of an ALTO block."""
    try:
        x, y, width, height = (float(block.get(key, "")) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    except ValueError:
        return None
    return to_box([x, y, x + width, y + height])


def _alto_sheet(data: Any) -> tuple[str | None, tuple[float, float] | None]:
    """Tell the unit (pixel, mm10, inch1200) and the size of the page."""
    unit = next((item.text for item in _all(data, "MeasurementUnit")), None)
    return (unit or "").strip() or None, _size(data, "WIDTH", "HEIGHT")


def _size(data: Any, width: str, height: str) -> tuple[float, float] | None:
    """Read the size of the page from its attributes."""
    try:
        return next(to_size([float(page.get(width, "")), float(page.get(height, ""))]) for page in _all(data, "Page"))
    except (ValueError, StopIteration):
        return None


# ---- PAGE ---------------------------------------------------------------------------------------------------


def _page_pieces(data: Any) -> Iterator[Piece]:
    """List the regions of a PAGE file by its reading order; regions that it does not name come after."""
    regions = {item.get("id", str(place)): item for place, item in enumerate(_all(data, "TextRegion", "ImageRegion"))}
    references = _all(data, "RegionRefIndexed", "RegionRef")
    ordered = [item.get("regionRef", "") for item in sorted(references, key=lambda item: int(item.get("index", 0)))]
    names = dict.fromkeys([*(name for name in ordered if name in regions), *regions])
    for region in map(regions.__getitem__, names):
        label, box = region.get("type") or _name(region), _page_box(region)
        if _name(region) == "ImageRegion":
            yield Piece(PICTURE, label, box)
            continue
        text = _page_text(region)
        yield Piece(heading(text) if label == "heading" else unwrap(text), label, box)


def _page_text(region: Any) -> str:
    """Read a region's lines, or its own text where it has no lines."""
    lines = [_unicode(line) for line in region if _name(line) == "TextLine"]
    return "\n".join(lines) if lines else _unicode(region)


def _unicode(element: Any) -> str:
    """Read the first text that PAGE gives for an element."""
    for item in element:
        if _name(item) == "TextEquiv":
            return next((part.text or "" for part in item if _name(part) == "Unicode"), "")
    return ""


def _page_box(region: Any) -> Any:
    """Read the box around a region's outline (``Coords points="x,y x,y …"``)."""
    points = next((item.get("points") or "" for item in region if _name(item) == "Coords"), "")
    try:
        return to_box([[float(number) for number in point.split(",")] for point in points.split()])
    except ValueError:
        return None


ALTO = Format("alto", _is("alto"), _pages, _alto_pieces, _alto_sheet)
PAGE = Format(
    "page-xml", _is("PcGts"), _pages, _page_pieces, lambda data: ("pixel", _size(data, "imageWidth", "imageHeight"))
)
