"""Layout files of OCR engines → the Markdown that the rest of the pipeline reads. Pure: text in, text out.

THE TABLE at the end lists the formats, each known by its content. A page becomes blocks in reading order, a blank line
between them: headings with ``#`` signs, pictures as image links, tables as the HTML they came as, everything else as it
was printed. Boxes, scores and styles are left behind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

# File names that may hold one of the formats; anything else is text as it stands.
SUFFIXES = (".json", ".jsonl", ".xml")
# The two deepest heading levels are enough: depth is weak evidence on newspaper pages.
_PADDLE_HEADINGS = {"doc_title": "#", "title": "#", "paragraph_title": "##", "figure_title": "", "abstract_title": "##"}
_PADDLE_PICTURES = frozenset({"image", "figure", "chart", "seal", "header_image", "footer_image"})
_HALF = re.compile(r"[\ud800-\udfff]")
_TAG = re.compile(r"<[^>]*>")
# Lines of one block are one text in Chinese; between two words in Latin letters a blank is needed.
_WRAP = re.compile(r"(?<=[A-Za-z0-9,.;:])\n(?=[A-Za-z0-9])")


class Converted(NamedTuple):
    """Hold a page as Markdown and the name of the format it came in."""

    text: str
    format: str


def to_markdown(text: str) -> Converted:
    """Convert a layout file; half characters (lone surrogates, which JSON can hold) become U+FFFD.

    Raises ValueError that says what is wrong with a file that is damaged, unknown, or of several pages.
    """
    data = _read_xml(text) if text.lstrip("\ufeff \t\r\n").startswith("<") else _read_json(text)
    for known in TABLE:
        if known.fits(data):
            blocks = "\n\n".join(block for block in _listed(known, data) if block.strip())
            return Converted(_HALF.sub("\ufffd", f"{blocks}\n"), known.name)
    raise ValueError(f"holds none of the layouts that are known: {', '.join(known.name for known in TABLE)}")


def _listed(known: Format, data: Any) -> list[str]:
    """List the blocks of a page; raise ValueError where a field has another form than its format says."""
    try:
        return list(known.blocks(data))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"is damaged {known.name}: {error}") from error


def _read_json(text: str) -> Any:
    """Read JSON, or a JSONL file of one line."""
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("is JSON nested too deeply") from None
    except ValueError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines):
            raise ValueError(f"holds {len(lines)} documents; give one page a file") from None
        raise ValueError(f"is damaged JSON: {error}") from None
    return data


def _read_xml(text: str) -> Any:
    """Read XML without a document type: its entities could unfold without end."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("is XML with a document type, which is not read; take it out")
    try:
        return ET.fromstring(text)  # noqa: S314  # without a document type there is nothing to unfold
    except ET.ParseError as error:
        raise ValueError(f"is damaged XML: {error}") from None


def _heading(text: str, signs: str = "##") -> str:
    """Write a heading, each of its lines."""
    lines = [line.strip().lstrip("#").strip() for line in text.splitlines()]
    return "\n".join(f"{signs} {line}".strip() for line in lines if line)


def _unwrap(text: str) -> str:
    """Join the printed lines of a block."""
    return _WRAP.sub(" ", text).replace("\n", "")


def _strings(value: Any) -> Iterator[str]:
    """List a text or the texts of a list."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and item.strip():
            yield item.strip()


def _one_page(pages: Iterable[Any]) -> None:
    """Raise ValueError unless there is one page at most."""
    found = set(pages)
    if len(found) > 1:
        raise ValueError(f"holds {len(found)} pages; give one page a file")


# ---- MinerU: *_content_list.json ----------------------------------------------------------------------------


def _is_mineru(data: Any) -> bool:
    """Know a flat list of typed blocks with page indices."""
    return isinstance(data, list) and bool(data) and all(isinstance(item, dict) and "type" in item for item in data)


def _mineru(data: list[dict[str, Any]]) -> Iterator[str]:
    """List the blocks of a MinerU content list (headings have a ``text_level``)."""
    _one_page(item.get("page_idx", 0) for item in data)
    for item in data:
        level = item.get("text_level") or 0
        if item.get("img_path"):
            yield f"![]({item['img_path']})"
        for key in ("image_caption", "img_caption", "table_caption"):
            yield from _strings(item.get(key))
        if item["type"] == "text" and level:
            yield _heading(item.get("text") or "", "#" * min(int(level), 6))
        else:
            yield from _strings(item.get("text"))
        for key in ("list_items", "table_body", "table_footnote", "image_footnote", "img_footnote"):
            yield from _strings(item.get(key))


# ---- PaddleOCR: PP-StructureV3 and PaddleOCR-VL *_res.json ----------------------------------------------------


def _paddle_page(data: Any) -> Any:
    """Find the result of one page, bare or in the wrappings of the command line and the service."""
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("parsing_res_list"), list):
        return data
    results = data.get("layoutParsingResults")
    if isinstance(results, list) and results:
        _one_page(range(len(results)))
        return _paddle_page(results[0])
    inner = next((data[key] for key in ("res", "prunedResult", "result") if isinstance(data.get(key), dict)), None)
    return _paddle_page(inner)


def _is_paddle(data: Any) -> bool:
    """Know a result with a list of parsed blocks."""
    return _paddle_page(data) is not None


def _paddle(data: Any) -> Iterator[str]:
    """List the blocks of a PaddleOCR result by ``block_order``; those without one (furniture) stay where they stand."""
    blocks = [item for item in _paddle_page(data)["parsing_res_list"] if isinstance(item, dict)]
    ordered = iter(sorted((b for b in blocks if _order(b) is not None), key=lambda b: _order(b) or 0))
    for block in (item if _order(item) is None else next(ordered) for item in blocks):
        label, text = str(block.get("block_label", "text")), str(block.get("block_content") or "").strip()
        if label in _PADDLE_PICTURES:
            yield "![](image)"
            yield _TAG.sub(" ", text).strip()
        elif label in _PADDLE_HEADINGS:
            yield _heading(text, _PADDLE_HEADINGS[label])
        else:
            yield text


def _order(block: dict[str, Any]) -> int | None:
    """Tell a block's place in the reading order."""
    order = block.get("block_order")
    return order if isinstance(order, int) else None


# ---- olmOCR and Dolma: one document with its text ---------------------------------------------------------------


def _is_dolma(data: Any) -> bool:
    """Know a document with an id and a text."""
    return isinstance(data, dict) and isinstance(data.get("text"), str) and "id" in data


def _dolma(data: dict[str, Any]) -> Iterator[str]:
    """Take the text of a document of one page."""
    attributes = data.get("attributes")
    spans = attributes.get("pdf_page_numbers") if isinstance(attributes, dict) else None
    _one_page(span[-1] for span in spans or [] if isinstance(span, list) and span)
    yield data["text"]


# ---- ALTO -----------------------------------------------------------------------------------------------------


def _name(element: Any) -> str:
    """Name an XML element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _all(element: Any, name: str) -> list[Any]:
    """List the elements of a name below an element, in the order of the file."""
    return [item for item in element.iter() if _name(item) == name]


def _is_alto(data: Any) -> bool:
    """Know ALTO by its root."""
    return isinstance(data, ET.Element) and _name(data) == "alto"


def _alto(data: Any) -> Iterator[str]:
    """List the text blocks of an ALTO page; words that a line break cut are taken whole (``SUBS_CONTENT``)."""
    _one_page(range(len(_all(data, "Page"))))
    for block in data.iter():
        if _name(block) == "TextBlock":
            yield _unwrap("\n".join(_alto_line(line) for line in _all(block, "TextLine")))
        elif _name(block) in ("Illustration", "GraphicalElement"):
            yield "![](image)"


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


# ---- PAGE -----------------------------------------------------------------------------------------------------


def _is_page_xml(data: Any) -> bool:
    """Know PAGE by its root."""
    return isinstance(data, ET.Element) and _name(data) == "PcGts"


def _page_xml(data: Any) -> Iterator[str]:
    """List the regions of a PAGE file by its reading order; regions that it does not name come after."""
    _one_page(range(len(_all(data, "Page"))))
    regions = {item.get("id", ""): item for item in data.iter() if _name(item) in ("TextRegion", "ImageRegion")}
    references = [item for item in data.iter() if _name(item) in ("RegionRefIndexed", "RegionRef")]
    ordered = [item.get("regionRef", "") for item in sorted(references, key=lambda item: int(item.get("index", 0)))]
    for name in [
        *(name for name in ordered if name in regions),
        *(name for name in regions if name not in set(ordered)),
    ]:
        region = regions[name]
        if _name(region) == "ImageRegion":
            yield "![](image)"
            continue
        text = _page_text(region)
        yield _heading(text) if region.get("type") == "heading" else _unwrap(text)


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


class Format(NamedTuple):
    """Describe a format: its name, how it is known, and how its blocks are listed."""

    name: str
    fits: Callable[[Any], bool]
    blocks: Callable[[Any], Iterator[str]]


TABLE = (
    Format("mineru", _is_mineru, _mineru),
    Format("paddleocr", _is_paddle, _paddle),
    Format("dolma", _is_dolma, _dolma),
    Format("alto", _is_alto, _alto),
    Format("page-xml", _is_page_xml, _page_xml),
)
