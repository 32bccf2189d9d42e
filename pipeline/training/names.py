"""Write sentences of recent news with names cut by the PKU standard, for the segmenter's second round.

    python -m pipeline.training.names --shared ../shared --segmenter models/pkuseg-1.0.0 --ner models/tagger_ner-1.0.0 \
        --out names.txt

The text of 1998 does not know the names of today: a segmenter trained on it alone makes one word of the first two
characters of a name. The ner, which looks further, still finds such a name. What it finds again and again is cut here
as surname + given name (places of two or three characters are one word); the rest of the sentence stays as the first
round cut it. Self-training in the sense of Yarowsky 1995. Documents that are only measured on are left out.
"""

from __future__ import annotations

import argparse
import itertools
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from pipeline.components.segmenter import Cutter, pkuseg_cutter
from pipeline.components.tagging import SURNAMES
from pipeline.text import is_han
from pipeline.training import rawtext
from pipeline.training.tagger_ner import load

log = logging.getLogger(__name__)

# A name counts when it was found this often, and in this share of the places where its characters stand together.
MIN_FOUND, MIN_SHARE = 4, 0.8
MAX_SENTENCES = 8_000
# Sentences of one name, so that the most frequent do not fill the file.
MAX_OF_A_NAME = 12
PARAGRAPH_CHARS = range(15, 300)

Name = tuple[int, int, str]


def paragraphs(shared: Path, *, max_chars: int) -> list[str]:
    """List paragraphs of recent prose and broadcast news, ``max_chars`` characters a file, spread over the file."""
    chosen: list[str] = []
    for file in (*rawtext.PROSE, *rawtext.BROADCAST):
        documents = list(rawtext.read_raw(shared, [file], min_chars=60))
        total = sum(len(raw.body) for raw in documents)
        for raw in itertools.islice(documents, 1, None, max(1, round(total / max_chars))):
            chosen += [part for part in raw.body.split("\n") if len(part) in PARAGRAPH_CHARS]
    return chosen


def find_names(nlp: Language, cut: Cutter, texts: Iterable[str]) -> Iterator[tuple[list[str], list[Name]]]:
    """Segment texts and find the names in each that may be re-cut."""
    docs = (Doc(nlp.vocab, words=words, spaces=[False] * len(words)) for words in map(cut, texts))
    for doc in nlp.pipe(docs, disable=["tagger"]):
        names = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents if _may_recut(ent.text, ent.label_)]
        yield [token.text for token in doc], names


def _may_recut(text: str, label: str) -> bool:
    """Say whether a name is a Chinese person's full name or a short place."""
    if not all(map(is_han, text)) or len(text) not in {2, 3}:
        return False
    return label == "LOC" or (label == "PER" and text[0] in SURNAMES)


def trusted(found: list[tuple[list[str], list[Name]]]) -> set[tuple[str, str]]:
    """Choose the names that were found often and mostly wherever they stand."""
    counts: Counter[tuple[str, str]] = Counter()
    for words, names in found:
        text = "".join(words)
        counts.update((text[start:end], label) for start, end, label in names)
    often = {name for (name, _), count in counts.items() if count >= MIN_FOUND}
    standing: Counter[str] = Counter()
    for words, _ in found:
        text = "".join(words)
        standing.update(text[at : at + size] for size in (2, 3) for at in range(len(text) - size + 1))
    return {(name, label) for (name, label), n in counts.items() if name in often and n >= MIN_SHARE * standing[name]}


def recut(words: list[str], names: Iterable[Name]) -> list[str]:
    """Cut words at the edges of names; a person becomes surname and given name, a place one word."""
    text = "".join(words)
    edges = {0}
    for word in words:
        edges.add(max(edges) + len(word))
    for start, end, label in names:
        edges -= set(range(start + 1, end))
        edges |= {start, end} | ({start + 1} if label == "PER" else set())
    return [text[a:b] for a, b in itertools.pairwise(sorted(edges))]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Cut the names of recent news for the segmenter's second round.")
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds rawtext/ and gold/")
    parser.add_argument("--segmenter", type=Path, required=True, help="folder of the first round's model")
    parser.add_argument("--ner", type=Path, required=True, help="folder of the ner model")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    parser.add_argument("--max-chars", type=int, default=1_000_000, help="characters to read of each file")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    texts = paragraphs(options.shared, max_chars=options.max_chars)
    found = list(find_names(load(options.ner), pkuseg_cutter(options.segmenter, []), texts))
    good = trusted(found)
    log.info("%d paragraphs, %d names", len(texts), len(good))
    used: Counter[str] = Counter()
    lines: list[str] = []
    for words, names in found:
        text = "".join(words)
        kept = [item for item in names if (text[item[0] : item[1]], item[2]) in good]
        surfaces = {text[start:end] for start, end, _ in kept}
        if surfaces and len(lines) < MAX_SENTENCES and min(used[name] for name in surfaces) < MAX_OF_A_NAME:
            used.update(surfaces)
            lines.append(" ".join(word for word in recut(words, kept) if not word.isspace()))
    options.out.write_text("\n".join(lines) + "\n", "utf-8")
    log.info("%d lines, %d characters", len(lines), sum(map(len, lines)))


if __name__ == "__main__":
    main()
