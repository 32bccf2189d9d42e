"""Read the corpora that the models are trained and measured on, and cut them into stretches.

A corpus is found below a root folder given by the caller. Sentences that belong to a test set never reach the
training side: they are compared by :func:`fold`, which ignores width and white space. Development and held-out
parts are stretches of a file, never single sentences drawn at random, so that one article stays on one side.
"""

from __future__ import annotations

import lzma
import tomllib
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from pipeline.artefacts import sha256_of
from pipeline.errors import ConfigError

LIST = Path(__file__).resolve().parents[2] / "configs" / "corpora.toml"
PKU_TRAIN = "segmentation/sighan2005_pku_train/pku_train_reconstructed.utf8.xz"
PKU_TEST = "segmentation/sighan2005/pku_test_gold.utf8"
PKU_TRAIN_WORDS = "segmentation/sighan2005/pku_training_words.utf8"
MSR_TEST = "segmentation/sighan2005/msr_test_gold.utf8"
PD1998 = "segmentation/pd1998_jan_feb/cv-{}-filter_test.txt.xz"
PD1998_FOLDS = 5
JANUARY_RAW = "pos/pd199801_ingredients/199801_sent.txt.xz"
JANUARY_TAGGED = "pos/pd199801_reconstructed/pd199801_pos.txt.xz"
MSRA = "ner/msra/msra_bio_50658.zip"
# The archive calls the MSRA test "dev".
MSRA_PARTS = {"train": "train.txt", "test": "dev.txt"}

# Stretches of January 1998, by line of PKU_TRAIN. From line 16,840 on it is the text that the widely used
# "199801-test" set was cut from, so that figures on the held-out part can be set beside published ones.
DEV_FROM, HELD_OUT_FROM = 15_900, 16_840

# Two releases of the People's Daily corpus cut some words differently (不能 | 不 能). A word of the later release
# is re-cut where the January text both share does so in this share of at least MIN_SEEN cases.
MIN_RECUT_SHARE, MIN_SEEN = 0.7, 3

# A stretch of the MSRA training file, by sentence, that models are chosen on.
MSRA_DEV = slice(44_000, 47_000)

Words = list[str]
Tagged = list[tuple[str, str]]


class Labelled(NamedTuple):
    """Hold a sentence with entity spans ``(start, end, label)`` in characters."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


class Split(NamedTuple):
    """Hold the three sides of a corpus."""

    train: list[Words]
    dev: list[Words]
    held_out: list[Words]


def verify(root: Path) -> None:
    """Check that the corpora below a folder are those that the figures were measured on.

    Raises ConfigError that names the first file that is missing or another one.
    """
    for name, item in tomllib.loads(LIST.read_text("utf-8")).items():
        path = root / item["path"]
        if not path.is_file():
            raise ConfigError(f"corpus {name}: {path} is not there; name the folder of the corpora with --corpora")
        if sha256_of(path) != item["sha256"]:
            raise ConfigError(f"corpus {name}: {path} is not the file that {LIST.name} names (SHA-256 differs)")


def read_lines(root: Path, name: str) -> list[str]:
    """Read a text file of a corpus, packed by xz or not, without line ends.

    Raises ConfigError when it is not there.
    """
    path = root / name
    if not path.is_file():
        raise ConfigError(f"corpus file {path} is not there; name the folder of the corpora with --corpora")
    raw = path.read_bytes()
    text = (lzma.decompress(raw) if path.suffix == ".xz" else raw).decode("utf-8-sig")
    return [line.rstrip("\r") for line in text.split("\n")]


def fold(text: str) -> str:
    """Bring a sentence to the form in which two sentences are compared: no width, no white space."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def folded(sentences: Iterable[Words]) -> set[str]:
    """Fold segmented sentences."""
    return {fold("".join(words)) for words in sentences}


def read_segmented(root: Path, name: str) -> list[Words]:
    """Read lines of words separated by blanks; lines without a word are left out."""
    return [words for line in read_lines(root, name) if (words := line.split())]


def read_pd1998(root: Path) -> list[Words]:
    """Read the words of January and February 1998, without the brackets around compound names."""
    return [
        [_unbracket(word) for word in words]
        for number in range(1, PD1998_FOLDS + 1)
        for words in read_segmented(root, PD1998.format(number))
    ]


def _unbracket(word: str) -> str:
    """Take the brackets off that open or close a compound name."""
    if len(word) > 1 and word[0] == "[":
        word = word[1:]
    return word[:-1] if len(word) > 1 and word[-1] == "]" else word


def split_segmentation(root: Path) -> Split:
    """Make the sides for word segmentation: January by the PKU standard, and February brought to it.

    No line of the SIGHAN PKU test is on any side; February lines that also stand in January are left out.
    """
    january = read_segmented(root, PKU_TRAIN)
    test = folded(read_segmented(root, PKU_TEST))
    both = read_pd1998(root)
    february = recut(both, january)
    in_january = folded(january) | {fold(line) for line in read_lines(root, JANUARY_RAW)}
    dev = january[DEV_FROM:HELD_OUT_FROM]
    held_out = january[HELD_OUT_FROM:]
    other_sides = test | folded(dev) | folded(held_out)
    train = [words for words in january[:DEV_FROM] if fold("".join(words)) not in other_sides]
    train += [words for words in february if fold("".join(words)) not in in_january | test]
    return Split(train, dev, [words for words in held_out if fold("".join(words)) not in test])


def recut(sentences: list[Words], standard: list[Words]) -> list[Words]:
    """Cut the words of ``sentences`` as the sentences shared with ``standard`` show."""
    rules = recut_rules(sentences, standard)
    return [[part for word in words for part in rules.get(word, (word,))] for words in sentences]


def recut_rules(sentences: list[Words], standard: list[Words]) -> dict[str, tuple[str, ...]]:
    """Learn which words of one release the other cuts, from the sentences that both hold."""
    by_text = {"".join(words): words for words in standard}
    seen: Counter[str] = Counter()
    cuts: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for words in sentences:
        other = by_text.get("".join(words))
        if other is None:
            continue
        seen.update(words)
        for word, parts in _cut_words(words, other):
            cuts[word][parts] += 1
    rules: dict[str, tuple[str, ...]] = {}
    for word, patterns in cuts.items():
        parts, count = patterns.most_common(1)[0]
        if seen[word] >= MIN_SEEN and count >= MIN_RECUT_SHARE * seen[word]:
            rules[word] = parts
    return rules


def _cut_words(words: Words, other: Words) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Find the words that ``other`` cuts into several, with no cut across their ends."""
    ends = {end for _, end in word_spans(other)}
    text = "".join(words)
    for start, end in word_spans(words):
        if (start == 0 or start in ends) and end in ends:
            inner = [start, *(at for at in range(start + 1, end) if at in ends), end]
            if len(inner) > 2:
                yield text[start:end], tuple(text[a:b] for a, b in pairwise(inner))


def word_spans(words: Iterable[str]) -> list[tuple[int, int]]:
    """List where each word stands in their concatenation."""
    spans: list[tuple[int, int]] = []
    at = 0
    for word in words:
        spans.append((at, at + len(word)))
        at += len(word)
    return spans


def read_tagged_january(root: Path) -> list[Tagged]:
    """Read the paragraphs of January 1998 with their PKU tags, without the brackets around compound names."""
    return [
        [
            (_unbracket(word), tag.removesuffix("]"))
            for item in line.partition("\t")[2].split()
            for word, _, tag in (item.rpartition("/"),)
        ]
        for line in read_lines(root, JANUARY_TAGGED)
        if line
    ]


def split_tagged(root: Path) -> tuple[list[Tagged], list[Tagged], list[Tagged]]:
    """Make train, dev and held-out paragraphs with tags, by the stretches of the segmentation split."""
    january = read_segmented(root, PKU_TRAIN)
    dev, held_out = folded(january[DEV_FROM:HELD_OUT_FROM]), folded(january[HELD_OUT_FROM:])
    test = folded(read_segmented(root, PKU_TEST))
    sides: tuple[list[Tagged], list[Tagged], list[Tagged]] = ([], [], [])
    for paragraph in read_tagged_january(root):
        key = fold("".join(word for word, _ in paragraph))
        if key in test:
            continue
        sides[2 if key in held_out else 1 if key in dev else 0].append(paragraph)
    return sides


def read_msra(root: Path, part: str) -> list[Labelled]:
    """Read the ``"train"`` or ``"test"`` part of MSRA: characters with BIO labels, a blank line after a sentence."""
    with zipfile.ZipFile(root / MSRA) as archive:
        text = archive.read(MSRA_PARTS[part]).decode("utf-8")
    sentences = []
    for block in text.replace("\r", "").split("\n\n"):
        pairs = [line.rsplit(" ", 1) for line in block.split("\n") if line.strip()]
        if pairs:
            sentences.append(Labelled("".join(char for char, _ in pairs), bio_spans([label for _, label in pairs])))
    return sentences


def bio_spans(labels: list[str]) -> tuple[tuple[int, int, str], ...]:
    """Turn BIO labels into spans; an I- that continues nothing begins a span."""
    spans: list[tuple[int, int, str]] = []
    for at, label in enumerate(labels):
        kind = label[2:]
        if label[0] == "I" and spans and spans[-1][1] == at and spans[-1][2] == kind:
            spans[-1] = (spans[-1][0], at + 1, kind)
        elif label != "O":
            spans.append((at, at + 1, kind))
    return tuple(spans)


def split_msra(root: Path) -> tuple[list[Labelled], list[Labelled], list[Labelled]]:
    """Make train, dev and test sentences with entities; no training sentence stands in dev or test."""
    whole, test = read_msra(root, "train"), read_msra(root, "test")
    dev = whole[MSRA_DEV]
    others = {fold(item.text) for item in (*dev, *test)}
    return [item for item in whole if fold(item.text) not in others], dev, test
