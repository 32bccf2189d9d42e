"""Count in how many documents words and phrases stand: the background that keywords are weighed against.

    python -m pipeline.training.frequencies --shared ../shared --out models/keywords-1.0.0

A phrase is a run of up to four content words, so that a candidate of two words has a frequency of its own. Rates are
averaged over three genres with equal weight: one source is two months of one summer, and its events would otherwise
look common.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import jieba
import jieba.posseg
import numpy as np

from pipeline.text import is_han
from pipeline.training.rawtext import BROADCAST, PROSE, Raw, read_raw

# Genres whose rates are averaged. The opening of the summer-2023 source shows why it stands alone.
GENRES = {"prose": (PROSE[0], PROSE[2]), "portals": (PROSE[1],), "broadcast": BROADCAST}
MAX_WORDS = 4
MAX_CHARS = 10
MIN_DOCUMENTS = 4  # in all genres together; rarer strings are treated alike as rare
KEPT = 260_000  # strings kept, the most frequent; 2.5 MB on disk
PRUNE_AT = 6_000_000  # entries of a counter at which those seen once are dropped, about 0.8 GB of memory
CONTENT = tuple("navbijls")  # first letters of the tags of content words in jieba's dictionary
STEPS_PER_OCTAVE = 8  # a rate is stored as a rounded logarithm to base 2, in one byte


def words_of(text: str, tokenizer: jieba.Tokenizer) -> Iterator[list[str]]:
    """Split a text into words, line by line."""
    for line in text.split("\n"):
        yield tokenizer.lcut(line)


def is_word(word: str) -> bool:
    """Say whether a token is made of ideographs and letters, with at least one of them no digit."""
    return word.isalnum() and not word.isnumeric() and (is_han(word[0]) or word[0].isascii())


def strings_of(words: list[str], tags: dict[str, str]) -> set[str]:
    """Collect the words of a line, and the runs of two to four content words in it."""
    found: set[str] = set()
    run: list[str] = []
    for word in words:
        if not is_word(word):
            run.clear()
            continue
        found.add(word)
        if tags.get(word, "n")[0] not in CONTENT:
            run.clear()
            continue
        run.append(word)
        phrase = word
        for before in reversed(run[-MAX_WORDS:-1]):
            phrase = before + phrase
            if len(phrase) > MAX_CHARS:
                break
            found.add(phrase)
    return found


def count_documents(
    documents: Iterable[Raw], tokenizer: jieba.Tokenizer, tags: dict[str, str]
) -> tuple[Counter[str], int]:
    """Count the documents that hold each string; strings seen once are dropped whenever the counter grows too large."""
    counts: Counter[str] = Counter()
    total = 0
    for raw in documents:
        total += 1
        found: set[str] = set()
        for words in words_of(raw.text, tokenizer):
            found |= strings_of(words, tags)
        counts.update(found)
        if len(counts) > PRUNE_AT:
            counts = Counter({key: count for key, count in counts.items() if count > 1})
    return counts, total


def is_document(raw: Raw) -> bool:
    """Leave out blocks that are shuffled paragraphs: the untitled ones of people-daily."""
    return bool(raw.title) or not raw.file.startswith("people-daily")


def average_rates(counted: list[tuple[Counter[str], int]]) -> dict[str, float]:
    """Average the document rates of the genres for every string with enough documents in all."""
    totals: Counter[str] = Counter()
    for counts, _ in counted:
        totals.update({key: count for key, count in counts.items() if count > 1})
    kept = [key for key, count in totals.most_common(KEPT) if count >= MIN_DOCUMENTS]
    return {key: sum(counts.get(key, 0) / total for counts, total in counted) / len(counted) for key in kept}


def pack(rates: dict[str, float]) -> dict[str, np.ndarray]:
    """Pack rates as two arrays: strings joined by LF in UTF-8 (sorted), and minus log2 of the rates in eighths."""
    keys = sorted(rates)
    steps = [min(255, max(0, round(-STEPS_PER_OCTAVE * float(np.log2(rates[key]))))) for key in keys]
    return {
        "strings": np.frombuffer("\n".join(keys).encode(), dtype=np.uint8),
        "steps": np.array(steps, dtype=np.uint8),
    }


def train(shared: Path, out: Path, *, limit: int | None = None) -> dict[str, object]:
    """Count, pack and write ``frequencies.npz``; give the counts that the model card names."""
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    jieba.posseg.dt.initialize()
    tags: dict[str, str] = dict(jieba.posseg.dt.word_tag_tab)
    counted = []
    for files in GENRES.values():
        documents = (raw for raw in read_raw(shared, files, min_chars=50) if is_document(raw))
        if limit is not None:
            documents = (raw for raw, _ in zip(documents, range(limit), strict=False))
        counted.append(count_documents(documents, tokenizer, tags))
    rates = average_rates(counted)
    out.mkdir(parents=True, exist_ok=True)
    packed = pack(rates)
    np.savez_compressed(out / "frequencies.npz", strings=packed["strings"], steps=packed["steps"])
    figures = {"strings": len(rates), "documents": dict(zip(GENRES, (total for _, total in counted), strict=True))}
    (out / "frequencies.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return figures


def main() -> None:
    """Read the command line and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("models/keywords-1.0.0"))
    parser.add_argument("--limit", type=int, help="documents per genre, for a trial run")
    arguments = parser.parse_args()
    train(arguments.shared, arguments.out, limit=arguments.limit)


if __name__ == "__main__":
    main()
