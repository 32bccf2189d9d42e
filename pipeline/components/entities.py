"""Persons, places and organisations with exact offsets, from the trained ner or from tags, and the byline's people.

The model sees one stretch of words at a time; this stage sees the article. It trims what the model took along,
keeps entities inside lines and zones, joins what stands together, finds the byline's people however widely their
names are set (王　丹), and gives a name found in one place to the same name left blank in another.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping

from spacy.attrs import IDX, LENGTH
from spacy.language import Language
from spacy.tokens import Doc, Span

from pipeline.components import text_of
from pipeline.components.bodies import with_bodies
from pipeline.components.conventions import Found, apply_conventions
from pipeline.components.tagging import SURNAMES, trained_folder, trained_pipe
from pipeline.components.user_words import WordMatcher
from pipeline.text import is_blank, is_han, is_punctuation
from pipeline.types import Context, Entity

# Tags of the PKU set that name an entity by themselves, with jieba's finer ones.
TAG_LABELS = {"nr": "PER", "nrt": "PER", "ns": "LOC", "nt": "ORG"}
# Offices before a name and words after one: between them, a surname and a word that was cut off it are one name.
_OFFICES = frozenset(
    re.split(
        r"\s+",
        "记者 通讯员 书记 主任 局长 厅长 部长 省长 市长 县长 区长 镇长 乡长 村长 院长 校长 所长 处长 科长 队长 会长 "
        "行长 董事长 总经理 经理 主席 总理 总统 教授 专家 院士 医生 教师 老师 队员 居民 村民 市民 党委书记 负责人",
    )
)
_SAYING = frozenset(["说", "介绍", "表示", "告诉", "认为", "指出", "强调", "坦言", "回忆", "摄", "报道"])
# A word that ends so, after a place or a name, closes an organisation.
_ORG_END = re.compile(
    r".*?(?:公司|集团|大学|学院|中学|小学|学校|医院|银行|委员会|党委|政府|法院|检察院|公安局|[一-龥]{1,4}局|[一-龥]{1,3}厅"
    r"|研究院|研究所|协会|联合会|基金会|出版社|通讯社|电视台|日报|晚报|合作社|中心)"
)
# Words of an organisation's name before its last word, at most.
_ORG_WORDS = 8
_ORG_TAGS = frozenset(("ns", "nz", "n", "j", "nt", "vn", "b", "nr", "s", "f"))
# Persons' names of this length and more are carried to places where they were left blank; 马 is another word there. On
# articles made of 20 MSRA development sentences this took PER from F1 0.845 to 0.847; carrying LOC (0.827 to 0.824)
# and ORG (0.785 to 0.765) made them worse.
MIN_CARRIED = 2
# File of a model with the share of its entities that were right on the development part.
CONFIDENCE = "confidence.json"
MAX_LENGTH_KEY = 8
_ORG_LAST = frozenset(("nt", "n", "j", "nz"))
# What may stand at the edge of a name although it is punctuation.
_EDGE_MARKS = frozenset("·）)")
_BLANK_SOME = r"[ \t\u3000\u00a0\u2002-\u200b]+"
_BLANK = r"[ \t\u3000\u00a0\u2002-\u200b]*"


def make_ner(nlp: Language, name: str, *, model: str) -> Callable[[Doc], Doc]:  # noqa: ARG001
    """Give the trained ner of a model; its entities lie in ``doc.ents``."""
    pipe: Callable[[Doc], Doc] = trained_pipe(nlp, model, "ner")
    return pipe


def make_entities(nlp: Language, name: str, *, bylines: bool = True) -> Entities:  # noqa: ARG001
    """Make the stage that gathers entities; ``bylines`` adds the people of the article's byline.

    Their scores are those that the ner's model was measured to have, where a ner stands before this stage.
    """
    return Entities(bylines=bylines, confidence=read_confidence(nlp))


class Entities:
    """Gather the entities of a Doc into ``doc._.entities``."""

    def __init__(self, *, bylines: bool, confidence: Mapping[str, float] | None = None) -> None:
        self.bylines = bylines
        self.confidence = confidence or {}

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.entities``, in order, without overlap."""
        text = text_of(doc)
        context: Context | None = doc._.context
        found = from_ents(doc, self.confidence) if doc.has_annotation("ENT_IOB") else from_tags(doc)
        edges = borders(text, context)
        found = [piece for item in found for piece in split_at(item, edges)]
        found = [item for item in (trim(item, text) for item in found) if item is not None]
        found = apply_conventions(with_bodies(found, doc), text)
        if self.bylines and context is not None:
            names = [person.name for person in context.article.byline.people]
            found = with_people(found, people_at(text, names))
        found = without_overlap([*found, *carried(found, doc)])
        doc._.entities = tuple(
            Entity(
                id=f"e{number}",
                start=item.start,
                end=item.end,
                text=text[item.start : item.end],
                label=item.label,
                norm=item.norm or _closed_up(text[item.start : item.end]),
                score=item.score,
                source=item.source,
            )
            for number, item in enumerate(found, start=1)
        )
        return doc


def from_ents(doc: Doc, confidence: Mapping[str, float]) -> list[Found]:
    """Read the entities that a model found, with its own probability or the precision measured for their like."""
    scores = doc._.ent_scores or (confidence.get(evidence_for(ent)) for ent in doc.ents)
    return [
        Found(ent.start_char, ent.end_char, ent.label_, "ner", score)
        for ent, score in zip(doc.ents, scores, strict=True)
    ]


def evidence_for(ent: Span) -> str:
    """Say what speaks for an entity: its label, whether the tagger agrees, its length (``"PER agreed 3"``).

    Tagger and ner were trained on different corpora, so that their agreement tells much. The share of right
    entities for each such key was measured on the development part (``confidence.json`` of the model).
    """
    tags = [token.tag_ for token in ent]
    agreed = {"PER": tags[0] == "nr", "LOC": "ns" in tags, "ORG": tags[-1] in _ORG_LAST}
    return f"{ent.label_} {'agreed' if agreed.get(ent.label_) else 'alone'} {min(len(ent.text), MAX_LENGTH_KEY)}"


def read_confidence(nlp: Language) -> dict[str, float]:
    """Read the measured precision of the ner that ``nlp`` has, by :func:`evidence_for`; empty without a ner."""
    folder = trained_folder(nlp)
    if folder is None:
        return {}
    table: dict[str, float] = json.loads((folder / CONFIDENCE).read_text("utf-8"))
    return table


def from_tags(doc: Doc) -> list[Found]:
    """Read entities off the tags, where no ner ran: names and places by tag, organisations by their last word."""
    found: list[Found] = []
    run = 0  # tokens before this one that an organisation may begin with
    for token in doc:
        label = TAG_LABELS.get(token.tag_)
        end = token.idx + len(token.text)
        if label == "PER" and not _is_name(token.text):
            label = None
        if run and _ORG_END.fullmatch(token.text):
            start = _org_start(doc, token.i, run)
            if start is not None:
                found = [item for item in found if item.end <= start]
                found.append(Found(start, end, "ORG", "tags"))
                label = None
        if label is not None:
            found.append(Found(token.idx, end, label, "tags"))
        run = min(run + 1, _ORG_WORDS) if token.tag_ in _ORG_TAGS else 0
    return without_overlap([*names_cut_apart(doc), *found])


def names_cut_apart(doc: Doc) -> Iterator[Found]:
    """Find people whose surname and given name are two words, by the office before or the verb after."""
    for token in doc[:-1] if len(doc) else ():
        given = token.nbor()
        if token.text not in SURNAMES or not (1 <= len(given.text) <= 2 and all(map(is_han, given.text))):
            continue
        before = doc[token.i - 1].text if token.i else ""
        after = doc[given.i + 1].text if given.i + 1 < len(doc) else ""
        if before in _OFFICES or after in _SAYING:
            yield Found(token.idx, given.idx + len(given.text), "PER", "tags")


def _is_name(word: str) -> bool:
    """Say whether a word that a dictionary calls a person looks like a person's full name."""
    return "·" in word or (2 <= len(word) <= 4 and word[0] in SURNAMES)


def _org_start(doc: Doc, last: int, run: int) -> int | None:
    """Find where an organisation begins: at the first place or name among the words before its last one."""
    for token in doc[last - run : last]:
        if token.tag_ in ("ns", "nz", "nt", "nr"):
            return int(token.idx)
    return None


def borders(text: str, context: Context | None) -> list[int]:
    """List the offsets that no entity may span: line feeds and the ends of zones."""
    at = {match.start() for match in re.finditer("\n", text)}
    if context is not None:
        at |= {edge for zone in context.article.zones for edge in (zone.start, zone.end)}
    return sorted(at)


def split_at(item: Found, edges: list[int]) -> Iterator[Found]:
    """Cut an entity at the borders inside it."""
    start = item.start
    for edge in edges[bisect_right(edges, item.start) : bisect_left(edges, item.end)]:
        yield item._replace(start=start, end=edge)
        start = edge
    yield item._replace(start=start)


def trim(item: Found, text: str) -> Found | None:
    """Take blanks and punctuation off both ends; give ``None`` where nothing is left that could be a name."""
    start, end = item.start, item.end
    while start < end and _is_edge(text[start]):
        start += 1
    while end > start and _is_edge(text[end - 1]):
        end -= 1
    inner = text[start:end]
    if inner and inner[-1] in "）)" and not any(mark in inner for mark in "（("):
        end -= 1
    name = text[start:end]
    return item._replace(start=start, end=end) if any(char.isalpha() or is_han(char) for char in name) else None


def _is_edge(char: str) -> bool:
    """Say whether a character can't be the first or last of a name."""
    return is_blank(char) or (is_punctuation(char) and char not in _EDGE_MARKS)


def people_at(text: str, names: Iterable[str]) -> list[Found]:
    """Find people wherever their names stand, also printed with blanks between the characters."""
    wanted = sorted({name for name in names if len(name) > 1}, key=len, reverse=True)
    if not wanted:
        return []
    printed = "|".join(_BLANK.join(map(re.escape, name)) for name in wanted)
    return [
        Found(match.start(), match.end(), "PER", "byline", norm=re.sub(_BLANK, "", match.group()))
        for match in re.finditer(printed, text)
    ]


def with_people(found: list[Found], people: list[Found]) -> list[Found]:
    """Put the byline's people among the entities: they win over what they touch, but not over a longer ORG or LOC."""
    kept: list[Found] = []
    for item in merged_by_place(found, people):
        last = kept[-1] if kept else None
        if last is None or last.end <= item.start:
            kept.append(item)
        elif item.source == "byline" and not _holds(last, item):
            while kept and kept[-1].end > item.start:
                kept.pop()
            kept.append(item)
        elif last.source == "byline" and _holds(item, last):
            kept[-1] = item
    return kept


def merged_by_place(*lists: list[Found]) -> list[Found]:
    """Put lists together in the order of the text."""
    return sorted((item for items in lists for item in items), key=lambda item: (item.start, item.end))


def _holds(outer: Found, inner: Found) -> bool:
    """Say whether an organisation or place holds a person's name and more (鲁迅 in 鲁迅文学院)."""
    longer = outer.end - outer.start > inner.end - inner.start
    return outer.label != "PER" and outer.start <= inner.start and outer.end >= inner.end and longer


def carried(found: list[Found], doc: Doc) -> list[Found]:
    """Find the names of the article's persons where they were left blank, at the edges of words."""
    text = text_of(doc)
    names = {text[item.start : item.end] for item in found if item.label == "PER"}
    names = {name for name in names if len(name) >= MIN_CARRIED}
    if not names:
        return []
    places = doc.to_array([IDX, LENGTH])
    starts, ends = set(places[:, 0].tolist()), set(places.sum(axis=1).tolist())
    added: list[Found] = []
    at = 0
    for piece, is_name in WordMatcher(sorted(names)).split(text):
        if is_name and at in starts and at + len(piece) in ends:
            added.append(Found(at, at + len(piece), "PER", "carried"))
        at += len(piece)
    return added


def without_overlap(found: list[Found]) -> list[Found]:
    """Order entities and drop a carried one that touches another."""
    kept: list[Found] = []
    for item in sorted(found, key=lambda item: (item.start, item.source == "carried", -item.end)):
        if not kept or kept[-1].end <= item.start:
            kept.append(item)
        elif kept[-1].source == "carried" and item.source != "carried":
            kept[-1] = item
    return kept


def _closed_up(text: str) -> str | None:
    """Give a name without blanks between Chinese characters, or ``None`` where it has none."""
    closed = re.sub(rf"(?<=[^\x00-\x7f]){_BLANK_SOME}(?=[^\x00-\x7f])", "", text)
    return closed if closed != text else None
