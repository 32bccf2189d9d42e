"""THE TABLE: every stage that a configuration may name, with what it requires and what it assigns.

To add a stage: (1) a module here with pure functions and a class with ``__call__(doc) -> doc``, made by
``make_<stage>(nlp, name, *, typed options)``; (2) one row below; (3) a ``[components.<stage>]`` section and
one word in ``[nlp] pipeline``; (4) ``tests/test_<stage>.py``. The contract battery finds it by itself.

``assigns`` and ``requires`` use spaCy's notation (``token.tag``, ``doc._.times``). What stages put on a Doc:

    doc._.context      Context | None          set before the first stage: article and publication
    doc._.ent_scores   tuple[float, ...]       of doc.ents, where the model that found them gives probabilities
    doc._.entities     tuple[Entity, ...]      persons, places, organisations
    doc._.mentions     tuple[Mention, ...]     entities of one referent
    doc._.times        tuple[Time, ...]
    doc._.quantities   tuple[Quantity, ...]
    doc._.keywords     tuple[Keyword, ...]
    doc._.topics       tuple[Topic, ...]
    doc._.topics_note  str | None              why no topic was given
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, NamedTuple

from spacy.tokens import Doc


class Stage(NamedTuple):
    """Describe a stage: the function that makes it and its place among the others."""

    factory: str  # "module:function", imported when a configuration names the stage
    assigns: tuple[str, ...]
    requires: tuple[str, ...]
    defaults: dict[str, Any]
    summary: str


SEGMENTERS: dict[str, str] = {
    "joint": "our joint model of characters: words, tags and entities in one pass",
    "pkuseg": "our model for spacy-pkuseg, trained on People's Daily text by the PKU standard",
    "jieba": "jieba with a Tokenizer of its own and its dictionary; fast, coarser names",
    "char": "one token a character; no model",
}

# Segmenters that read a model under models/.
MODEL_SEGMENTERS = ("joint", "pkuseg")
# What a segmenter gives beside words.
SEGMENTER_ASSIGNS: dict[str, tuple[str, ...]] = {
    "joint": ("token.tag", "token.pos", "doc.ents", "doc._.ent_scores"),
}

# What each extension of the Doc holds before its stage has run.
EXTENSIONS: dict[str, Any] = {
    "context": None,
    "ent_scores": (),
    "entities": (),
    "mentions": (),
    "times": (),
    "quantities": (),
    "keywords": (),
    "topics": (),
    "topics_note": None,
}

TABLE: dict[str, Stage] = {
    "sentences": Stage(
        factory="pipeline.components.sentences:make_sentences",
        assigns=("token.is_sent_start", "doc.sents"),
        requires=(),
        defaults={"max_chars": 400},
        summary="sentence ends by punctuation and zones",
    ),
    "tok2vec": Stage(
        factory="pipeline.components.tagging:make_tok2vec",
        assigns=("doc.tensor",),
        requires=(),
        defaults={"model": "tagger_ner-1.0.0"},
        summary="shared word vectors in context for tagger and ner",
    ),
    "tagger": Stage(
        factory="pipeline.components.tagging:make_tagger",
        assigns=("token.tag", "token.pos"),
        requires=("doc.tensor",),
        defaults={"model": "tagger_ner-1.0.0"},
        summary="PKU tags by a neural tagger, with UPOS",
    ),
    "jieba_tagger": Stage(
        factory="pipeline.components.tagging:make_jieba_tagger",
        assigns=("token.tag", "token.pos"),
        requires=(),
        defaults={},
        summary="PKU-like tags from jieba's dictionary, with UPOS; no model, no context",
    ),
    "ner": Stage(
        factory="pipeline.components.entities:make_ner",
        assigns=("doc.ents",),
        requires=("doc.tensor",),
        defaults={"model": "tagger_ner-1.0.0"},
        summary="spaCy ner: PER, LOC, ORG",
    ),
    "entities": Stage(
        factory="pipeline.components.entities:make_entities",
        assigns=("doc._.entities",),
        requires=(),
        defaults={"bylines": True},
        summary="entities with exact offsets, from the model where it ran, and the people of the byline",
    ),
    "times": Stage(
        factory="pipeline.components.times:make_times",
        assigns=("doc._.times",),
        requires=(),
        defaults={},
        summary="time expressions as TIMEX3, anchored to the issue's date",
    ),
    "quantities": Stage(
        factory="pipeline.components.quantities:make_quantities",
        assigns=("doc._.quantities",),
        requires=("doc._.times",),
        defaults={},
        summary="money, percentages, measures, counts, ordinals",
    ),
    "places": Stage(
        factory="pipeline.components.places:make_places",
        assigns=("doc._.entities",),
        requires=("doc._.entities",),
        defaults={"gazetteer": "places-1.0.0", "home": ""},
        summary="GB/T 2260 codes and full names for the places among the entities",
    ),
    "people": Stage(
        factory="pipeline.components.people:make_people",
        assigns=("doc._.mentions",),
        requires=("doc._.entities",),
        defaults={},
        summary="mentions of one person joined, with offices and the bodies they are held in",
    ),
    "keywords": Stage(
        factory="pipeline.components.keywords:make_keywords",
        assigns=("doc._.keywords",),
        requires=("token.tag",),
        defaults={"method": "ranker", "top_n": 10, "min_score": 0.0, "diversity": 0.0, "model": "keywords-1.0.0"},
        summary="keywords and phrases, ranked",
    ),
    "topics": Stage(
        factory="pipeline.components.topics:make_topics",
        assigns=("doc._.topics", "doc._.topics_note"),
        requires=(),
        defaults={"model": "topics-1.1.0", "min_score": 0.5, "max_topics": 3, "max_narrower": 3},
        summary="IPTC Media Topics, broad and narrow, or none when unsure",
    ),
}


def assigned(segmenter: str, stages: Iterable[str]) -> set[str]:
    """List what a segmenter and stages of THE TABLE assign."""
    return {*SEGMENTER_ASSIGNS.get(segmenter, ()), *(item for name in stages for item in TABLE[name].assigns)}


def resolve(factory: str) -> Any:
    """Import the function that a row of THE TABLE names as ``module:function``."""
    module, _, function = factory.partition(":")
    return getattr(import_module(module), function)


def text_of(doc: Doc) -> str:
    """Give the text of a Doc; spaCy puts ``doc.text`` together anew at every asking, here it is done once."""
    known: str | None = doc.user_data.get("text")
    # A Doc made of another's words may have come with its user data.
    if known is None or len(known) != (doc[-1].idx + len(doc[-1]) + bool(doc[-1].whitespace_) if len(doc) else 0):
        known = doc.user_data["text"] = doc.text
    return known


def register_extensions() -> None:
    """Register the Doc extensions of all stages; calling it again changes nothing."""
    for name, default in EXTENSIONS.items():
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=default)
