"""Join the entities of one referent into mentions, and give persons the offices that stand beside their names.

A person's full name gathers the shorter forms that can mean nobody else in the article: a bare surname (王 of
王先生), 老王, the last part of a foreign name. Places are joined by code, everything else by equal surface.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from spacy.language import Language
from spacy.tokens import Doc

from pipeline.components import text_of
from pipeline.components.offices import WINDOW, office_after, offices_before
from pipeline.types import Entity, Mention

COMPOUND_SURNAMES = frozenset(
    (
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "司徒",
        "夏侯",
        "端木",
        "呼延",
        "南宫",
        "长孙",
        "宇文",
    )
)
# 老王, 小李, 阿珍: familiar forms of a surname.
_FAMILIAR = frozenset("老小阿大")
_ANONYMOUS = "某"
# A Japanese surname stands for the whole name (安倍 for 安倍晋三): names of this length and more.
_LONG_NAME = 4


def find_mentions(text: str, entities: Sequence[Entity]) -> list[Mention]:
    """Join entities into mentions, in the order of their first entity; persons get offices and the body they serve."""
    names = {entity.id: _name(entity) for entity in entities}
    persons = _full_names(entity for entity in entities if entity.label == "PER")
    groups: dict[tuple[str, str], list[Entity]] = {}
    for entity in entities:
        groups.setdefault((entity.label, _key(entity, persons)), []).append(entity)
    orgs = sorted((entity.start, entity.end, names[entity.id]) for entity in entities if entity.label == "ORG")
    mentions = []
    for number, ((label, key), members) in enumerate(groups.items(), 1):
        titles, org = _offices(text, members, orgs) if label == "PER" else ((), None)
        name = key if label == "PER" else max((names[entity.id] for entity in members), key=len)
        ids = tuple(entity.id for entity in members)
        mentions.append(Mention(f"m{number}", label, name, ids, len(ids), titles, org))
    return mentions


def _name(entity: Entity) -> str:
    """Give an entity's name without the blanks of wide setting (王　丹)."""
    return "".join(entity.text.split())


def _key(entity: Entity, persons: dict[str, str]) -> str:
    """Give what the entities of one referent share: a person's full name, a place's code, else the name."""
    name = _name(entity)
    if entity.label == "PER":
        return persons.get(name, name)
    return entity.kb_id or name


def _full_names(persons: Iterable[Entity]) -> dict[str, str]:
    """Map every short form to the one full name of the article that it can stand for."""
    names = list(dict.fromkeys(_name(person) for person in persons))
    owners: dict[str, list[str]] = {}
    for name in names:
        for short in _short_forms(name):
            owners.setdefault(short, []).append(name)
    joined = {}
    for name in names:
        forms = [name[1:]] if len(name) > 1 and name[0] in _FAMILIAR and name[1:] in owners else [name]
        full = owners.get(forms[0], [])
        if len(full) == 1 and full[0] != name:
            joined[name] = full[0]
    return joined


def _short_forms(name: str) -> list[str]:
    """List what a full name may be shortened to: surname, last part of a foreign name, surname of a long name."""
    if _ANONYMOUS in name:
        return []
    parts = [part for part in name.replace("•", "·").split("·") if part]
    if len(parts) > 1:
        return [parts[-1]] if len(parts[-1]) > 1 else []
    if len(name) < 2 or (name[0] in _FAMILIAR and len(name) == 2):
        return []
    surname = name[:2] if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else name[:1]
    return [surname, name[:2]] if len(name) >= _LONG_NAME and len(surname) == 1 else [surname]


def _offices(
    text: str, members: Sequence[Entity], orgs: Sequence[tuple[int, int, str]]
) -> tuple[tuple[str, ...], str | None]:
    """Collect a person's offices over all places of the name, each once, and the first body that is named with one."""
    titles: dict[str, None] = {}
    org: str | None = None
    for entity in members:
        near = orgs[bisect_left(orgs, (entity.start - WINDOW,)) : bisect_right(orgs, (entity.start,))]
        for office in offices_before(text, entity.start, list(near)):
            titles[office.title] = None
            org = org or office.org
        after = office_after(text, entity.end)
        if after is not None:
            titles[after] = None
    return tuple(titles), org


class PeopleJoiner:
    """Put the mentions of a Doc on ``doc._.mentions``."""

    def __call__(self, doc: Doc) -> Doc:
        """Join the Doc's entities."""
        doc._.mentions = tuple(find_mentions(text_of(doc), doc._.entities))
        return doc


def make_people(nlp: Language, name: str) -> PeopleJoiner:
    """Make the stage ``people``."""
    del nlp, name
    return PeopleJoiner()
