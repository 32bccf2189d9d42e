"""Measure words and tags on segmented test sets, through whatever stages the configuration names.

A test sentence goes in as text; its words and tags are read off the Doc that comes out. So it does not matter
whether a tokenizer, a tagger or one stage for all makes them.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from spacy.tokens import Doc

from pipeline.components import TABLE
from pipeline.measures import goldsets, metrics
from pipeline.measures.goldsets import AbsentError, GoldSet, present
from pipeline.measures.metrics import match_counts, segmentation_counts, word_spans
from pipeline.measures.subject import Figure, Reckoning, Subject, figures_of
from pipeline.training import corpora

CORPORA = "corpora"
MSR_TEST = "segmentation/sighan2005/msr_test_gold.utf8"
SXU_TEST = "segmentation/sxu/test.txt"
GSDSIMP_TEST = "dependency/ud_chinese_gsdsimp/zh_gsdsimp-ud-test.conllu.xz"
# What the words of the January stretch depend on: it leaves out what stands in the PKU test.
JANUARY = (corpora.PKU_TRAIN, corpora.JANUARY_TAGGED, corpora.PKU_TEST)

Words = Sequence[str]


def measure_segmentation(subject: Subject) -> Iterator[Figure]:
    """Measure words: the PKU test by the standard of training; MSR, SXU and UD GSDSimp as they come, by theirs."""
    lines, known, gold = goldsets.read_pku(subject.shared)
    yield from word_figures(subject, "pku", lines, gold, known=known)
    for part, read in OTHER_STANDARDS.items():
        lines, gold = read(subject.shared)
        yield from word_figures(subject, part, lines, gold)


def word_figures(
    subject: Subject, part: str, lines: Sequence[Words], gold: GoldSet, *, known: frozenset[str] | None = None
) -> Iterator[Figure]:
    """Score the words of some sentences; with ``known``, the words of the training list, also recall outside it."""
    docs = analyse(subject, map("".join, lines), "token.")
    rows = [
        segmentation_counts((word for word, _ in tokens(doc)), words, known or frozenset())
        for doc, words in zip(docs, lines, strict=True)
    ]
    reckonings = {
        "f1": Reckoning(lambda sums: metrics.f1(sums[..., :3])),
        "precision": Reckoning(lambda sums: metrics.precision(sums[..., :3])),
        "recall": Reckoning(lambda sums: metrics.recall(sums[..., :3])),
    }
    if known is not None:
        reckonings["oov_recall"] = Reckoning(lambda sums: metrics.rate(sums[..., 3:]))
    yield from figures_of(f"segmentation.{part}", rows, reckonings, gold, "lines")


def measure_tags(subject: Subject) -> Iterator[Figure]:
    """Measure words with their PKU tags on the stretch of January 1998 that nothing is trained on, by our own words.

    ``joint_f1`` wants a word's span and tag, ``words_f1`` its span; ``accuracy`` is the share of right tags among the
    words whose span is right.
    """
    if "token.tag" not in subject.assigned:
        raise AbsentError(f"{subject.path} has neither segmenter nor stage that assigns token.tag")
    held_out, gold = read_january(subject.shared)
    docs = analyse(subject, ("".join(word for word, _ in tagged) for tagged in held_out), "token.")
    rows = [tag_counts(tokens(doc), tagged) for doc, tagged in zip(docs, held_out, strict=True)]
    reckonings = {
        "joint_f1": Reckoning(lambda sums: metrics.f1(sums[..., 0, :])),
        "joint_precision": Reckoning(lambda sums: metrics.precision(sums[..., 0, :])),
        "joint_recall": Reckoning(lambda sums: metrics.recall(sums[..., 0, :])),
        "words_f1": Reckoning(lambda sums: metrics.f1(sums[..., 1, :])),
        "accuracy": Reckoning(lambda sums: metrics.rate(sums[..., :, 0])),
    }
    yield from figures_of("tags.january", rows, reckonings, gold, "paragraphs")


def tag_counts(found: Sequence[tuple[str, str]], gold: Sequence[tuple[str, str]]) -> list[tuple[int, int, int]]:
    """Count (right, predicted, gold) of one paragraph: words with tags, then words alone.

    Both sides are ``(word, tag)`` pairs of the same text.
    """
    have, want = (
        [(*span, tag) for span, (_, tag) in zip(word_spans(word for word, _ in pairs), pairs, strict=True)]
        for pairs in (found, gold)
    )
    return [match_counts(have, want), match_counts((item[:2] for item in have), (item[:2] for item in want))]


def analyse(subject: Subject, texts: Iterable[str], wanted: str) -> Iterator[Doc]:
    """Run texts through the stages up to the last one that assigns ``wanted`` (or what begins so)."""
    stages = subject.settings.stages
    places = [
        number
        for number, name in enumerate(stages, start=1)
        if any(attribute.startswith(wanted) for attribute in TABLE[name].assigns)
    ]
    yield from subject.chain.nlp.pipe(texts, disable=list(stages[max(places, default=0) :]))


def tokens(doc: Doc) -> list[tuple[str, str]]:
    """List the words of a Doc with their tags, without white space, which the test sets do not have."""
    pairs = (("".join(token.text.split()), token.tag_) for token in doc)
    return [pair for pair in pairs if pair[0]]


def read_january(shared: Path) -> tuple[list[corpora.Tagged], GoldSet]:
    """Read the paragraphs of January 1998 that nothing is trained on, as words with PKU tags."""
    present(shared, *(f"{CORPORA}/{name}" for name in JANUARY))
    root = shared / CORPORA
    *_, held_out = corpora.split_tagged(root)
    return held_out, goldsets.describe("January 1998 held out", [root / name for name in JANUARY], shared)


def read_msr(shared: Path) -> tuple[list[list[str]], GoldSet]:
    """Read the SIGHAN-05 MSR test: lines of words."""
    return _read_lines(shared, MSR_TEST, "SIGHAN-05 MSR test")


def read_sxu(shared: Path) -> tuple[list[list[str]], GoldSet]:
    """Read the test of Shanxi University's corpus: lines of words."""
    return _read_lines(shared, SXU_TEST, "SXU test")


def _read_lines(shared: Path, name: str, title: str) -> tuple[list[list[str]], GoldSet]:
    """Read lines of words separated by blanks."""
    (path,) = present(shared, f"{CORPORA}/{name}")
    return corpora.read_segmented(shared / CORPORA, name), goldsets.describe(title, (path,), shared)


def read_gsdsimp(shared: Path) -> tuple[list[list[str]], GoldSet]:
    """Read the test of UD Chinese GSDSimp: sentences of words."""
    (path,) = present(shared, f"{CORPORA}/{GSDSIMP_TEST}")
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        return list(parse_conllu(stream)), goldsets.describe("UD GSDSimp test", (path,), shared)


def parse_conllu(lines: Iterable[str]) -> Iterator[list[str]]:
    """Parse CoNLL-U into the words of each sentence, without white space; ranges and empty nodes are passed over."""
    words: list[str] = []
    for line in [*lines, "\n"]:
        number, _, rest = line.partition("\t")
        if number.isdigit():
            words.append("".join(rest.partition("\t")[0].split()))
        elif not line.strip() and words:
            yield words
            words = []


OTHER_STANDARDS: dict[str, Callable[[Path], tuple[list[list[str]], GoldSet]]] = {
    "msr": read_msr,
    "sxu": read_sxu,
    "gsdsimp": read_gsdsimp,
}
