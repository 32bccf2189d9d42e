"""Give the places among the entities their full names and GB/T 2260 codes; countries get ISO 3166-1 codes.

Precision first. A name is sure by itself when it is a compound (山西省太原市小店区), a province, a prefecture, or the
full name of one county only. Everything else (小店, 朝阳区, 黄陵街道) needs support: a sure place of the same article
that it lies in, a place that an organisation's name begins with, the dateline, or the home of the newspaper. What
stays ambiguous or unsupported stays ``None``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from spacy.language import Language
from spacy.tokens import Doc

from pipeline.artefacts import open_model
from pipeline.components.countries import COUNTRIES, COUNTRY_LETTERS
from pipeline.components.gazetteer import (
    CAREFUL_PREFECTURES,
    CITY_PROVINCES,
    PROVINCE_LETTERS,
    Gazetteer,
    is_inside,
    level,
)
from pipeline.errors import ConfigError
from pipeline.types import Context, Entity

# Short county names that end so are rivers, lakes and mountains more often than counties (庐山, 洪湖).
_LANDSCAPE = frozenset("山湖江河海岛泉峡")
# Support counts by how near it is: a place named before it without a break, the same place by a fuller name, its
# county, prefecture, province; support from the article goes before support from the newspaper's home.
_BY_ADJACENCY, _BY_ITSELF, _BY_COUNTY, _BY_PREFECTURE = 7.0, 6.0, 5.0, 4.0
_BY_HOME_PREFECTURE, _BY_PROVINCE, _BY_HOME_PROVINCE = 3.0, 2.0, 1.0
# Each pass lets what was resolved support more (city → district → street); three levels need three passes.
_PASSES = 3
TAIWAN = "710000"


@dataclass(frozen=True, slots=True)
class _Support:
    """Hold the divisions that an article is known to speak of, and its newspaper's home."""

    article: frozenset[str]
    home: frozenset[str]


def resolve_places(
    entities: Sequence[Entity], gazetteer: Gazetteer, *, home: Iterable[str] = (), dateline: str | None = None
) -> list[Entity]:
    """Return the entities with ``norm`` and ``kb_id`` where a place is certain; ``home`` are division codes."""
    places = [index for index, entity in enumerate(entities) if entity.label == "LOC"]
    codes: dict[int, str] = {}
    evidence = {
        code for entity in entities if entity.label == "ORG" and (code := gazetteer.leading(_bare(entity.text)))
    }
    if dateline and (code := sure_code(_bare(dateline), gazetteer)):
        evidence.add(code)
    surfaces = {index: _bare(entities[index].text) for index in places}
    sure = {surface: sure_code(surface, gazetteer) for surface in set(surfaces.values())}
    codes |= {index: code for index, surface in surfaces.items() if (code := sure[surface]) is not None}
    if TAIWAN in evidence | set(codes.values()):
        # Its districts bear names of the mainland's (新兴区) and are not in the standard; one name is not enough there.
        codes = {
            index: code
            for index, code in codes.items()
            if level(code) < 3 or code in gazetteer.compounds(surfaces[index])
        }
    for _ in range(_PASSES):
        support = _Support(frozenset(evidence | set(codes.values())), frozenset(home))
        found = _supported(entities, surfaces, codes, gazetteer, support)
        if not found:
            break
        codes |= found
    resolved = list(entities)
    for index in places:
        resolved[index] = _named(entities, index, surfaces[index], codes.get(index), gazetteer)
    return resolved


def _supported(
    entities: Sequence[Entity], surfaces: dict[int, str], codes: dict[int, str], gazetteer: Gazetteer, support: _Support
) -> dict[int, str]:
    """Resolve what the article supports by now; equal surfaces are worked out once."""
    found: dict[int, str] = {}
    seen: dict[tuple[str, str | None], str | None] = {}
    for index, surface in surfaces.items():
        if index in codes:
            continue
        touches = index > 0 and entities[index - 1].end == entities[index].start
        outer = codes.get(index - 1) if touches else None
        if (surface, outer) not in seen:
            seen[surface, outer] = supported_code(surface, gazetteer, support.article, support.home, outer)
        code = seen[surface, outer]
        if code is not None:
            found[index] = code
    return found


def sure_code(name: str, gazetteer: Gazetteer) -> str | None:
    """Give the code of a name that needs no support, or ``None``."""
    ends = gazetteer.compounds(name)
    if ends:
        return next(iter(ends)) if len(ends) == 1 else None
    full = [code for code in gazetteer.by_full_name(name) if level(code) < 4]
    if full:
        return full[0] if len(full) == 1 else None
    short = [code for code in gazetteer.short.get(name, ()) if level(code) <= 2]
    provinces = [code for code in short if level(code) == 1]
    if provinces:
        return provinces[0]
    return short[0] if len(short) == 1 and name not in CAREFUL_PREFECTURES else None


def supported_code(
    name: str, gazetteer: Gazetteer, article: Iterable[str], home: Iterable[str], outer: str | None = None
) -> str | None:
    """Give the code of an ambiguous or small place that exactly one reading has the best support for, or ``None``."""
    candidates = list(gazetteer.by_full_name(name)) or list(gazetteer.short.get(name, ()))
    if name not in gazetteer.full and name[-1:] in _LANDSCAPE:
        candidates = [code for code in candidates if level(code) < 3 or gazetteer.names[code].endswith("区")]
    candidates = candidates or gazetteer.former.get(name, [])
    if not candidates and outer is not None:
        candidates = [code for code in gazetteer.towns_short.get(name, ()) if is_inside(code, outer)]
    article, home = tuple(article), tuple(home)
    scores = {code: _score(code, article, home, outer) for code in candidates}
    best = max(scores.values(), default=0.0)
    if best == 0.0:
        return None
    winners = [code for code, score in scores.items() if score == best]
    highest = min(level(code) for code in winners)
    winners = [code for code in winners if level(code) == highest]
    return winners[0] if len(winners) == 1 else None


def _score(code: str, article: Sequence[str], home: Sequence[str], outer: str | None) -> float:
    """Measure the support for one reading of a name."""
    grounds = (
        (_BY_ADJACENCY, outer is not None and is_inside(code, outer)),
        (_BY_ITSELF, code in article),
        (_BY_COUNTY, level(code) == 4 and code[:6] in article),
        (_BY_PREFECTURE, any(_same_city(code, other) for other in article)),
        (_BY_HOME_PREFECTURE, any(_same_city(code, other) for other in home)),
        (_BY_PROVINCE, any(other[:2] == code[:2] for other in article)),
        (_BY_HOME_PROVINCE, any(other[:2] == code[:2] for other in home)),
    )
    return next((score for score, holds in grounds if holds), 0.0)


def _same_city(code: str, other: str) -> bool:
    """Say whether a division lies in the same prefecture as another one, or in the same city province (北京)."""
    if other[:2] in CITY_PROVINCES:
        return other[:2] == code[:2]
    return other[:4] == code[:4] and level(other) > 1


def _named(entities: Sequence[Entity], index: int, surface: str, code: str | None, gazetteer: Gazetteer) -> Entity:
    """Write what was found into an entity."""
    entity = entities[index]
    if code is not None:
        return replace(entity, norm=gazetteer.full_name(code), kb_id=f"gb2260:{code}")
    if surface in COUNTRIES:
        iso, usual = COUNTRIES[surface]
        return replace(entity, norm=usual, kb_id=f"iso3166:{iso}")
    if len(surface) == 1 and _in_listing(entities, index):
        if surface in COUNTRY_LETTERS and not _beside_province(entities, index):
            iso, usual = COUNTRY_LETTERS[surface]
            return replace(entity, norm=usual, kb_id=f"iso3166:{iso}")
        if surface in PROVINCE_LETTERS:
            letter_code = PROVINCE_LETTERS[surface]
            return replace(entity, norm=gazetteer.full_name(letter_code), kb_id=f"gb2260:{letter_code}")
    return entity


def _neighbours(entities: Sequence[Entity], index: int) -> list[Entity]:
    """List the places that touch a place and are one character long, too (京 in 京津冀)."""
    entity = entities[index]
    near = [entities[i] for i in (index - 1, index + 1) if 0 <= i < len(entities)]
    return [
        other
        for other in near
        if other.label == "LOC" and len(other.text) == 1 and (other.end == entity.start or entity.end == other.start)
    ]


def _in_listing(entities: Sequence[Entity], index: int) -> bool:
    return bool(_neighbours(entities, index))


def _beside_province(entities: Sequence[Entity], index: int) -> bool:
    """Say whether a letter stands beside a province's, not a country's (澳 in 港澳 against 澳 in 中澳)."""
    return any(
        other.text in PROVINCE_LETTERS and other.text not in COUNTRY_LETTERS for other in _neighbours(entities, index)
    )


def _bare(text: str) -> str:
    """Drop the blanks that OCR leaves inside names."""
    return "".join(text.split())


def home_of(name: str | None, gazetteer: Gazetteer) -> str | None:
    """Give the province or city that a newspaper's name begins with (太原日报, 山西晚报), or ``None``."""
    return gazetteer.leading(_bare(name)) if name else None


class PlaceResolver:
    """Write full names and codes into the places of ``doc._.entities``."""

    def __init__(self, gazetteer: Gazetteer, home: tuple[str, ...] = ()) -> None:
        self.gazetteer = gazetteer
        self.home = home

    def __call__(self, doc: Doc) -> Doc:
        """Resolve places; the newspaper's name and the dateline come from the Doc's context."""
        context: Context | None = doc._.context
        home = set(self.home)
        dateline = None
        if context is not None:
            dateline = context.article.dateline.place
            if not home and (own := home_of(context.publication.name, self.gazetteer)):
                home.add(own)
        doc._.entities = tuple(resolve_places(doc._.entities, self.gazetteer, home=home, dateline=dateline))
        return doc


def make_places(nlp: Language, name: str, *, gazetteer: str = "places-1.0.0", home: str = "") -> PlaceResolver:
    """Make the stage ``places``.

    ``home`` names where the newspaper is at home, by code (``140100``) or name (太原市), for papers whose name does
    not say so.
    Raises ConfigError for a home that the gazetteer does not know, ModelError for a missing gazetteer.
    """
    del nlp
    table = Gazetteer(open_model(gazetteer))
    code = home if home in table.names else sure_code(home, table) if home else None
    if home and code is None:
        raise ConfigError(
            f"components.{name}.home is {home!r}, which names no division; "
            "give a GB/T 2260 code such as 140100 or a full name such as 太原市, or leave it empty"
        )
    return PlaceResolver(table, () if code is None else (code,))
