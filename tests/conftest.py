"""What several tests share: hand-made Docs and articles, and the switch that rewrites golden outputs."""

import pytest
import spacy
from hypothesis import settings
from spacy.tokens import Doc

from pipeline.components import register_extensions
from pipeline.text import AlignedText
from pipeline.types import Article, Byline, Context, Person, Publication, Zone

# The machines that run these tests are slow and shared: a deadline per example would fail by chance.
settings.register_profile("shared-machine", deadline=None, derandomize=True)
settings.load_profile("shared-machine")


def pytest_addoption(parser):
    parser.addoption("--golden", action="store_true", help="rewrite the golden outputs")


@pytest.fixture(scope="session")
def vocab():
    register_extensions()
    return spacy.blank("zh").vocab


@pytest.fixture
def make_doc(vocab):
    """Make a Doc from words that concatenate to the text, with tags and a context if given."""

    def make(words, *, tags=None, context=None):
        doc = Doc(vocab, words=list(words), spaces=[False] * len(words))
        for token, tag in zip(doc, tags or (), strict=False):
            token.tag_ = tag
        doc._.context = context
        return doc

    return make


@pytest.fixture
def make_context():
    """Make the context of an article from (role, text) lines, one zone a line."""

    def make(*lines, date=None, people=(), **fields):
        zones, parts, at = [], [], 0
        for role, text in lines:
            zones.append(Zone(role, at, at + len(text)))
            parts.append(text)
            at += len(text) + 1
        text = "\n".join(parts)
        title = next((text for role, text in lines if role == "title"), None)
        article = Article(
            order=1,
            kind="news",
            form="news",
            text=AlignedText.of(text),
            zones=tuple(zones),
            title=title,
            byline=Byline(people=tuple(Person(*item) for item in people)),
            **fields,
        )
        return Context(article, Publication(date=date))

    return make
