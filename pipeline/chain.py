"""One page → its records: the function that every engine runs.

A :class:`Chain` is a checked configuration with its models loaded, once a process. ``process`` is a function of the
page alone: nothing is kept from one page to the next, so neither the order nor the number of workers changes a byte.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import spacy
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from threadpoolctl import threadpool_limits

from pipeline import __version__, artefacts
from pipeline.charlm import CharLM
from pipeline.cleaning import clean
from pipeline.components import MODEL_SEGMENTERS, SEGMENTER_ASSIGNS, TABLE, register_extensions, resolve
from pipeline.components.segmenter import JointSegmenter, Segmenter
from pipeline.components.segmenter import register as register_segmenter
from pipeline.config import Settings
from pipeline.errors import ModelError, PageError
from pipeline.joining import join_records
from pipeline.records import Record, check_record, to_annotations, to_line, to_page_record, to_record
from pipeline.splitting.articles import balance, split_page
from pipeline.splitting.assembly import LOW_CONFIDENCE
from pipeline.splitting.grammar import Grammar, load_grammar
from pipeline.splitting.learned import Learned
from pipeline.text import AlignedText
from pipeline.types import Context, Layout, Page

# The names of our factories among spaCy's.
PREFIX = "banmian_"


@dataclass(frozen=True, slots=True)
class PageResult:
    """Hold what one page gave: JSON lines without line feeds, seconds by stage, and counts for the manifest.

    ``labels`` counts ``kind:news``, ``entity:PER``, ``topic:medtop:…``, ``flag:…``; ``chars`` are the characters of
    the page. ``issue`` is date and paper where an article of the page goes on on another page or comes from
    one, else ``None``.
    """

    records: tuple[str, ...]
    page_record: str
    seconds: dict[str, float]
    chars: int
    labels: dict[str, int]
    issue: str | None = None


class Chain:
    """Run the stages of a configuration over pages, one at a time."""

    def __init__(
        self, settings: Settings, nlp: Language, grammar: Grammar, lm: CharLM | None, learned: Learned | None
    ) -> None:
        self.settings = settings
        self.nlp = nlp
        self.grammar = grammar
        self.lm = lm
        self.learned = learned
        self.layers = _layers(settings)

    @classmethod
    def load(cls, settings: Settings) -> Chain:
        """Load the models that a configuration names; raise ModelError for one that is missing or damaged.

        Limits the process to one thread for matrix products: batches run in processes, and threads would fight
        over their cores and change the last bits of sums with their number.
        """
        threadpool_limits(1, user_api="blas")
        name = settings.assets.charlm
        lm = CharLM.load(artefacts.open_model(name)) if name else None
        return cls(settings, make_nlp(settings), load_grammar(settings.splitter.grammar), lm, load_learned(settings))

    def split(self, page: Page) -> Layout:
        """Clean and split a page, without the stages after it."""
        cleaned = clean(page.text, options=self.settings.cleaner, lm=self.lm)
        return self._split(page, cleaned)

    def _split(self, page: Page, cleaned: AlignedText) -> Layout:
        """Split a cleaned page."""
        options = self.settings.splitter
        return split_page(
            page, cleaned=cleaned, options=options, grammar=self.grammar, lm=self.lm, learned=self.learned
        )

    def process(self, page: Page) -> PageResult:
        """Turn a page into its records; raise PageError, with the stage, when it cannot be done."""
        seconds: dict[str, float] = {}
        with _stage("clean", seconds):
            cleaned = clean(page.text, options=self.settings.cleaner, lm=self.lm)
        with _stage("split", seconds):
            layout = self._split(page, cleaned)
            accounts = balance(page, layout)
        with self.nlp.memory_zone():
            contexts = [Context(article, page.publication, page.flags) for article in layout.articles]
            docs = self._annotate(contexts, seconds)
            with _stage("records", seconds):
                options = self.settings.output
                records = [
                    to_record(article, doc, page, layers=self.layers, tokens=options.tokens)
                    for article, doc in zip(layout.articles, docs, strict=True)
                ]
                lines = tuple(map(to_line, records))
                page_line = to_line(to_page_record(page, layout, balance=accounts))
        jumps = any(record["continued_to"] or record["continued_from"] for record in records)
        date, paper = page.publication.date, page.publication.name
        issue = f"{date} {paper or ''}".rstrip() if jumps and date else None
        return PageResult(lines, page_line, seconds, len(page.text), count_labels(records), issue)

    def join(self, parts: Sequence[Record], *, probability: float, evidence: Iterable[str] = ()) -> Record:
        """Make the record of an article from those of its parts on several pages: the stages read the whole anew."""
        record, context = join_records(parts, probability=probability, evidence=evidence, lm=self.lm)
        if record["split"]["confidence"] < self.settings.splitter.min_confidence:
            record["split"]["flags"] = sorted({*record["split"]["flags"], LOW_CONFIDENCE})
        with self.nlp.memory_zone():
            (doc,) = self._annotate([context], {})
            record |= to_annotations(doc, tokens=self.settings.output.tokens)
        record["layers"] = {**self.layers, "assembly": self.layers["split"]}
        check_record(record)
        return record

    def annotate(self, page: Page) -> tuple[Layout, list[Doc]]:
        """Turn a page into its layout and the annotated document of each article, without records."""
        layout = self.split(page)
        contexts = [Context(article, page.publication, page.flags) for article in layout.articles]
        return layout, self._annotate(contexts, {})

    def _annotate(self, contexts: Sequence[Context], seconds: dict[str, float]) -> list[Doc]:
        """Run segmentation and the stages over articles."""
        with _stage("segment", seconds):
            tokenizer: Segmenter | JointSegmenter = self.nlp.tokenizer  # type: ignore[assignment]
            docs = list(tokenizer.pipe(context.article.text.text for context in contexts))
            for context, doc in zip(contexts, docs, strict=True):
                doc._.context = context
        for name, component in self.nlp.pipeline:
            with _stage(name, seconds):
                docs = _run(component, docs, self.settings.resolved["nlp"]["batch_words"])
        return docs


def load_learned(settings: Settings) -> Learned | None:
    """Load what the splitter has learned, if the configuration names it."""
    name = settings.assets.splitter
    return Learned.load(artefacts.open_model(name)) if name else None


def _run(component: Any, docs: list[Doc], batch_words: int) -> list[Doc]:
    """Send Docs through one stage: a neural one takes them in batches, and an overlong Doc in pieces."""
    if not isinstance(component, TrainablePipe):
        return [component(doc) for doc in docs]
    pieces = [_pieces(doc, batch_words) for doc in docs]
    done = [
        doc
        for batch in _batches([part for parts in pieces for part in parts], batch_words)
        for doc in component.pipe(batch)
    ]
    at, whole = 0, []
    for doc, parts in zip(docs, pieces, strict=True):
        whole.append(_merge(doc, done[at : at + len(parts)]))
        at += len(parts)
    return whole


def _batches(docs: list[Doc], batch_words: int) -> Iterator[list[Doc]]:
    """Group Docs so that no group of several has more than ``batch_words`` words: memory stays flat."""
    batch: list[Doc] = []
    size = 0
    for doc in docs:
        if batch and size + len(doc) > batch_words:
            yield batch
            batch, size = [], 0
        batch.append(doc)
        size += len(doc)
    if batch:
        yield batch


def _pieces(doc: Doc, batch_words: int) -> list[Doc]:
    """Cut a Doc of more than ``batch_words`` words at sentence ends, where sentences are known and short enough."""
    if len(doc) <= batch_words or not doc.has_annotation("SENT_START"):
        return [doc]
    cuts, start, end = [0], 0, 0
    for sent in doc.sents:
        if sent.end - start > batch_words and end > start:
            cuts.append(end)
            start = end
        end = sent.end
    cuts.append(len(doc))
    return [doc[low:high].as_doc() for low, high in pairwise(cuts)]


def _merge(doc: Doc, parts: list[Doc]) -> Doc:
    """Put the annotated pieces of a Doc together again."""
    if len(parts) == 1:
        return parts[0]
    whole = Doc.from_docs(parts, ensure_whitespace=False)
    if whole is None:
        raise ValueError("a Doc of no pieces cannot be put together")
    whole.user_data = doc.user_data
    return whole


@contextmanager
def _stage(name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Time a stage; give its name to whatever goes wrong in it."""
    start = time.perf_counter()
    try:
        yield
    except PageError:
        raise
    except MemoryError as error:
        # Not the page's alone: the engine ends a process that has run out of memory, and tries the page once more.
        raise MemoryError(f"out of memory in stage {name!r}") from error
    except Exception as error:
        raise PageError(f"{type(error).__name__} in stage {name!r}: {error}", stage=name) from error
    finally:
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start


def make_nlp(settings: Settings) -> Language:
    """Build the spaCy pipeline of a configuration from THE TABLE."""
    register_extensions()
    register_segmenter()
    for name, stage in TABLE.items():
        # The prefix keeps spaCy's own factories "tok2vec", "tagger" and "ner", which our model is made of.
        if name in settings.stages and not Language.has_factory(f"{PREFIX}{name}"):
            Language.factory(
                f"{PREFIX}{name}",
                default_config=stage.defaults,
                assigns=list(stage.assigns),
                requires=list(stage.requires),
                func=resolve(stage.factory),
            )
    resolved = settings.resolved
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": resolved["nlp"]["tokenizer"]}})
    for name in settings.stages:
        nlp.add_pipe(f"{PREFIX}{name}", name=name, config=resolved["components"][name])
    analysis = nlp.analyze_pipes() or {}
    given = SEGMENTER_ASSIGNS.get(resolved["nlp"]["tokenizer"]["method"], ())
    problems = {name: set(needs).difference(given) for name, needs in analysis.get("problems", {}).items()}
    unmet = {name: sorted(needs) for name, needs in problems.items() if needs}
    if unmet:
        raise ModelError(f"stages with unmet needs: {unmet}; mend [nlp] pipeline in {settings.path}")
    return nlp


def _layers(settings: Settings) -> dict[str, str]:
    """Say for the records which stages ran, with which version of code and model."""
    code = f"banmian@{__version__}"
    tokenizer = settings.resolved["nlp"]["tokenizer"]
    lm = settings.assets.charlm
    layers = {"clean": code, "split": code, "segment": f"{tokenizer['method']}@{code}"}
    if lm:
        layers["clean"] = f"{code}+{artefacts.fingerprint(lm)}"
    if settings.assets.splitter:
        layers["split"] = f"{code}+{artefacts.fingerprint(settings.assets.splitter)}"
    if tokenizer["method"] in MODEL_SEGMENTERS:
        layers["segment"] = f"{tokenizer['method']}@{artefacts.fingerprint(tokenizer['model'])}"
    for name in settings.stages:
        options = settings.resolved["components"][name]
        model = options.get("model") or options.get("gazetteer")
        layers[name] = f"{name}@{artefacts.fingerprint(model)}" if model else code
    return layers


def count_labels(records: Iterable[Record]) -> dict[str, int]:
    """Count kinds, entity labels, topics and flags over records."""
    counts: Counter[str] = Counter()
    for record in records:
        counts[f"kind:{record['kind']}"] += 1
        counts.update(f"entity:{item['label']}" for item in record["entities"])
        counts.update(f"topic:{item['code']}" for item in record["topics"])
        counts.update(f"flag:{flag}" for flag in record["split"]["flags"])
        counts["edits"] += len(record["edits"])
    return dict(sorted(counts.items()))
