"""The plain values that travel through the pipeline: frozen, slotted, comparable.

All offsets are zero-based, half-open and count Unicode code points. An offset refers to
the text named in its docstring: a page's ``text`` (as decoded from the file), the cleaned page,
or an article's ``text``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pipeline.text import AlignedText

Role = Literal[
    "kicker",
    "title",
    "subtitle",
    "subhead",
    "column",
    "byline",
    "dateline",
    "paragraph",
    "caption",
    "credit",
    "notice",
    "ad",
    "table",
    "masthead",
    "footer",
    "jump",
    "slogan",
    "image",
    "unknown",
]
Kind = Literal["news", "photo", "notice", "ad", "filler"]
Form = Literal[
    "news",
    "brief",
    "roundup",
    "qa",
    "poem",
    "editorial",
    "photo",
    "notice",
    "weather",
    "table",
    "ad",
    "filler",
]


@dataclass(frozen=True, slots=True)
class Publication:
    """Name the issue a page belongs to; ``None`` where nothing says it.

    ``date`` is ``YYYY-MM-DD``; ``date_source`` says where it was found: ``"front_matter"``,
    ``"path"`` or ``"masthead"``; ``page_no`` is as printed without zeros in front (``"4"``, ``"A3"``).
    """

    name: str | None = None
    date: str | None = None
    date_source: str | None = None
    edition: str | None = None
    page_no: str | None = None
    page_name: str | None = None


# Left, top, right, bottom, in the unit that comes with it.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Region:
    """Hold a block as an OCR engine saw it: offsets in the page's text, the engine's label, and its box."""

    start: int
    end: int
    label: str
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Hold what an OCR engine's layout file said of a page: its blocks in reading order, and where they stood.

    ``format`` names the file's format; ``unit`` is that of the boxes (``"pixel"``, ``"point"``, ``"permille"``,
    ``"mm10"``, …) and ``size`` the page's width and height in it, each ``None`` where the file does not say.
    """

    format: str
    unit: str | None = None
    size: tuple[float, float] | None = None
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Hold one page as it was read: ``text`` is the decoded file, without a byte-order mark.

    ``source`` is the file's name as given by the user; ``sha256`` and ``n_bytes`` describe the bytes of the file;
    ``body_start`` is the offset in ``text`` where the page begins after its front matter (0 without); ``origin`` is
    what the layout file of an OCR engine said, ``None`` for text.
    """

    id: str
    source: str
    text: str
    sha256: str
    n_bytes: int
    encoding: str
    publication: Publication = Publication()
    body_start: int = 0
    flags: tuple[str, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Give one run of lines a role; ``start`` and ``end`` are offsets in the cleaned page, without markup.

    ``lines`` are the first and last line of the page file, 1-based and inclusive; ``level`` is the
    heading depth that the Markdown claims (0 = none), which is weak evidence; ``bold`` says that
    the whole line stood between ``**``; ``article`` is the order of the article that took the block, or ``None``.
    """

    index: int
    role: Role
    start: int
    end: int
    lines: tuple[int, int]
    level: int = 0
    bold: bool = False
    confidence: float = 1.0
    evidence: tuple[str, ...] = ()
    article: int | None = None


@dataclass(frozen=True, slots=True)
class Remainder:
    """Account for page characters that are in no article; offsets are in ``page.text``.

    ``where`` is ``"furniture"`` (mastheads, footers, page numbers), ``"markup"`` (``##``, ``**``, image links,
    comments, front matter) or ``"residual"`` (text that no article took, with the reason).
    """

    start: int
    end: int
    where: Literal["furniture", "markup", "residual"]
    reason: str


@dataclass(frozen=True, slots=True)
class Zone:
    """Give a stretch of an article's text its role; zones are in order and do not overlap."""

    role: Role
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Person:
    """Name a person of the byline, without inner spaces; ``role`` is 记者, 通讯员, 摄影, 编辑, 作者 or ``None``."""

    name: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Byline:
    """Hold the byline as printed, its people, and the agency that is credited (新华社)."""

    text: str | None = None
    people: tuple[Person, ...] = ()
    agency: str | None = None


@dataclass(frozen=True, slots=True)
class Dateline:
    """Hold an article's opening formula: 新华社北京10月15日电 has marker 新华社, place 北京 and date ``10月15日``."""

    marker: str | None = None
    place: str | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """Hold one article of a page: its text, aligned to the page, and what its parts are.

    ``text`` joins headline, body and credit with line feeds, one zone a line or less;
    ``lines`` are the first and last line of the page file. ``flags`` are those of the record's ``split.flags``.
    """

    order: int
    kind: Kind
    form: Form
    text: AlignedText
    zones: tuple[Zone, ...]
    title: str | None = None
    kickers: tuple[str, ...] = ()
    subtitle: str | None = None
    subheads: tuple[str, ...] = ()
    column: str | None = None
    byline: Byline = Byline()
    dateline: Dateline = Dateline()
    continued_from: str | None = None
    continued_to: str | None = None
    lines: tuple[int, int] = (1, 1)
    confidence: float = 1.0
    evidence: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold a page after splitting: the cleaned page, its blocks, its articles, and what is in no article."""

    cleaned: AlignedText
    blocks: tuple[Block, ...]
    articles: tuple[Article, ...]
    remainders: tuple[Remainder, ...]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entity:
    """Name an entity of an article; offsets in its text.

    ``label`` is PER, LOC or ORG; ``norm`` the full form (a place's full name), ``kb_id`` a code such as
    ``gb2260:140105``; ``score`` a probability or ``None``; ``source`` the stage or model that found it.
    """

    id: str
    start: int
    end: int
    text: str
    label: str
    norm: str | None = None
    kb_id: str | None = None
    score: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """Join the entities of one referent; ``titles`` are offices held (厅长), ``org`` the body they are held in."""

    id: str
    label: str
    name: str
    entity_ids: tuple[str, ...]
    count: int
    titles: tuple[str, ...] = ()
    org: str | None = None


@dataclass(frozen=True, slots=True)
class Time:
    """Hold a time expression by TIMEX3: ``type`` is DATE, TIME, DURATION or SET, ``value`` an ISO 8601 value.

    Unknown parts of a value are ``X`` (``XXXX-10-15``); ``mod`` is a TIMEX3 modifier (APPROX, START, …);
    ``anchor`` is what a relative expression was counted from: ``"publication"`` or the id of another time.
    """

    id: str
    start: int
    end: int
    text: str
    type: Literal["DATE", "TIME", "DURATION", "SET"]
    value: str | None
    mod: str | None = None
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """Hold a quantity: ``value`` as a plain number (80 % is 80), ``unit`` in UCUM or ISO 4217 where one exists."""

    start: int
    end: int
    text: str
    kind: Literal["money", "percent", "measure", "count", "ordinal"]
    value: float | None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Keyword:
    """Hold a keyword with its score and every place where it stands."""

    text: str
    score: float
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """Hold a topic of a scheme: code, labels, the broader topic that a narrower one belongs to, probability."""

    scheme: str
    code: str
    label_zh: str
    label_en: str
    broader: str | None
    score: float


@dataclass(frozen=True, slots=True)
class Context:
    """Tell the stages where a text comes from: its article and the page's publication.

    Travels on the spaCy Doc as ``doc._.context``; ``None`` there means plain text with neither.
    """

    article: Article
    publication: Publication = Publication()
    page_flags: tuple[str, ...] = field(default=())
