"""Score split pages against their gold: which articles were found, with the right title and the right paragraphs.

An article is a :class:`Piece`. Pieces are paired by what they share: the common runs of characters of two bodies, in
any order, so that a body with a column in the wrong place still meets its gold. Bodies are compared in compatibility
form (NFKC) without white space; half- and full-width punctuation thus count as equal.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Kinds that a splitter may report or leave out: neither is counted.
OPTIONAL = frozenset({"ad", "filler"})
# Roles of the zones that make up a body.
BODY = frozenset({"paragraph", "caption", "table"})
# Share of common characters, of both bodies together, from which a piece is found; and from which its fields count.
FOUND, PAIRED = 0.8, 0.5
# Shorter common runs are chance; in bodies below SHORT characters a run may be shorter.
RUN, SHORT_RUN, SHORT = 6, 3, 40
_SAME = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "|": ""})


@dataclass(frozen=True, slots=True)
class Piece:
    """Hold what is compared of an article."""

    kind: str
    title: str
    paragraphs: tuple[str, ...]

    @property
    def body(self) -> str:
        """Return the paragraphs as one string."""
        return "".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class Score:
    """Hold the rates of a set of pages, each from 0 to 1."""

    f1: float
    titles: float
    paragraphs: float
    kinds: float


def squeeze(text: str | None) -> str:
    """Return the text as it is compared: NFKC, straight quotes, no white space; "" for None."""
    return "".join(unicodedata.normalize("NFKC", (text or "").translate(_SAME)).split())


def read_gold(path: Path) -> list[Piece]:
    """Read the pieces of a gold file, in reading order."""
    return [
        Piece(article["kind"], squeeze(article["title"]), tuple(map(squeeze, article["paragraphs"])))
        for article in json.loads(path.read_text(encoding="utf-8"))["articles"]
    ]


def piece_of(article: Any) -> Piece:
    """Make a piece of an article that the splitter gave (`pipeline.types.Article`)."""
    zones = [article.text.text[zone.start : zone.end] for zone in article.zones if zone.role in BODY]
    lines = (line for zone in zones for line in zone.split("\n"))
    return Piece(article.kind, squeeze(article.title), tuple(filter(None, map(squeeze, lines))))


def runs(wanted: str, given: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the runs of ``wanted`` that ``given`` holds, each part of ``given`` used once."""
    least = RUN if min(len(wanted), len(given)) >= SHORT else SHORT_RUN
    least = max(1, min(least, len(wanted)))
    start = 0
    while start <= len(wanted) - least:
        end = start + least
        if wanted[start:end] not in given:
            start += 1
            continue
        while end < len(wanted) and wanted[start : end + 1] in given:
            end += 1
        given = given.replace(wanted[start:end], "\0", 1)
        yield start, end
        start = end


def shared(wanted: str, given: str) -> int:
    """Count the characters of ``wanted`` that common runs cover."""
    return sum(end - start for start, end in runs(wanted, given))


def likeness(wanted: str, given: str) -> float:
    """Return the common characters by those of both together, from 0 to 1."""
    common = shared(wanted, given)
    return common / (len(wanted) + len(given) - common) if common else 0.0


def pair(gold: Sequence[Piece], made: Sequence[Piece]) -> dict[int, tuple[int, float]]:
    """Pair pieces, the likeliest first; return gold index → (made index, likeness)."""
    table = ((likeness(a.body, b.body), i, j) for i, a in enumerate(gold) for j, b in enumerate(made))
    pairs: dict[int, tuple[int, float]] = {}
    taken: set[int] = set()
    for value, i, j in sorted((row for row in table if row[0] > 0), reverse=True):
        if i not in pairs and j not in taken:
            pairs[i] = (j, value)
            taken.add(j)
    return pairs


def lost(gold: Sequence[Piece], texts: Iterable[str]) -> list[str]:
    """List the runs of gold bodies that are in none of the texts (whole records, with headlines and credits)."""
    given = "\0".join(map(squeeze, texts))
    gone = []
    for paragraph in (line for piece in gold if piece.kind not in OPTIONAL for line in piece.paragraphs):
        at = 0
        for start, end in (*runs(paragraph, given), (len(paragraph), len(paragraph))):
            if start - at >= RUN:
                gone.append(paragraph[at:start])
            at = end
    return gone


def _is_optional(made: Piece, gold: Sequence[Piece]) -> bool:
    """Tell whether a made piece holds nothing but optional gold."""
    common = sum(shared(piece.body, made.body) for piece in gold if piece.kind in OPTIONAL)
    return bool(made.body) and common >= FOUND * len(made.body)


def score(pages: Iterable[tuple[Sequence[Piece], Sequence[Piece]]]) -> Score:
    """Score pages of (gold, made) pieces together; without any piece the rates are 0."""
    count: Counter[str] = Counter()
    for gold, made in pages:
        pairs = pair(gold, made)
        count["made"] += sum(not _is_optional(piece, gold) for piece in made)
        for i, piece in enumerate(gold):
            if piece.kind in OPTIONAL:
                continue
            j, value = pairs.get(i, (0, 0.0))
            count["gold"] += 1
            count["paragraphs"] += len(piece.paragraphs)
            if value < PAIRED:
                continue
            other = made[j]
            count["found"] += value >= FOUND
            count["titles right"] += piece.title == other.title
            count["kinds right"] += piece.kind == other.kind
            count["paragraphs right"] += (Counter(piece.paragraphs) & Counter(other.paragraphs)).total()
    return Score(
        f1=2 * count["found"] / max(1, count["gold"] + count["made"]),
        titles=count["titles right"] / max(1, count["gold"]),
        paragraphs=count["paragraphs right"] / max(1, count["paragraphs"]),
        kinds=count["kinds right"] / max(1, count["gold"]),
    )
