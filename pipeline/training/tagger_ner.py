"""Train and measure the shared vectors, tagger and ner.

    python -m pipeline.training.tagger_ner --corpora ../shared/corpora --rawtext ../shared --out models/tagger_ner-1.0.0
    python -m pipeline.training.tagger_ner --evaluate --corpora ../shared/corpora --out models/tagger_ner-1.0.0

Two partly annotated corpora are mixed in one run: January 1998 has tags and no entities, MSRA entities and no
tags; spaCy leaves what is missing out of the loss. MSRA is segmented by our own model, as pages are at run time.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import resource
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version as version_of
from itertools import pairwise
from pathlib import Path
from typing import Any

import jieba.posseg
import numpy as np
import spacy
from spacy.language import Language
from spacy.strings import StringStore
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_model_from_config
from spacy.vectors import Vectors
from spacy.vocab import Vocab
from thinc.api import Config, fix_random_seed

from pipeline.artefacts import open_model, write_meta
from pipeline.components.entities import CONFIDENCE, evidence_for
from pipeline.components.segmenter import Cutter, pkuseg_cutter
from pipeline.components.tagging import read_vectors as read_word_vectors
from pipeline.components.tagging import use_word_features
from pipeline.training import corpora
from pipeline.training.vectors import read_vectors

log = logging.getLogger(__name__)

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "train" / "tagger_ner.cfg"
SEED = 1998
EPOCHS = 6
DROPOUT = 0.2
THIRDS = 3
SPEED_CHARS = 60_000
# An evidence seen in fewer cases than this takes more than half of its score from its label.
PRIOR_CASES = 10
RATE = 0.002
# Words in a batch: small at first, as spaCy's own recipes do, then as large as the rate of learning allows.
BATCH_WORDS = (400, 3_000)
# No half-width punctuation is mixed in: the model sees words in model view only, where widths make no difference.


def cut_at_spans(words: list[str], spans: Iterable[tuple[int, int, str]]) -> list[str]:
    """Cut the words that a gold entity's edge falls into, so that every entity is made of whole words."""
    edges = {at for start, end, _ in spans for at in (start, end)}
    parts: list[str] = []
    for (start, end), word in zip(corpora.word_spans(words), words, strict=True):
        cuts = [start, *(at for at in range(start + 1, end) if at in edges), end]
        parts += [word[a - start : b - start] for a, b in pairwise(cuts)]
    return parts


def entity_example(vocab: Vocab, item: corpora.Labelled, cut: Cutter) -> Example:
    """Make an example with entities and no tags."""
    words = cut_at_spans(cut(item.text), item.spans)
    starts = {start: number for number, (start, _) in enumerate(corpora.word_spans(words))}
    starts[len(item.text)] = len(words)
    doc = Doc(vocab, words=words, spaces=[False] * len(words))
    gold = Doc(vocab, words=words, spaces=[False] * len(words))
    gold.set_ents([spacy.tokens.Span(gold, starts[a], starts[b], label) for a, b, label in item.spans])
    return Example(doc, gold)


def tag_example(vocab: Vocab, tagged: corpora.Tagged) -> Example:
    """Make an example with tags and no entities."""
    words = [word for word, _ in tagged]
    spaces = [False] * len(words)
    gold = Doc(vocab, words=words, spaces=spaces, tags=[tag for _, tag in tagged])
    return Example(Doc(vocab, words=words, spaces=spaces), gold)


def blank_pipeline(vectors: Path | None) -> Language:
    """Build the untrained pipeline of the configuration."""
    config = Config().from_disk(CONFIG)
    if vectors is None:
        config["components"]["tok2vec"]["model"]["embed"]["include_static_vectors"] = False
    nlp = load_model_from_config(config, auto_fill=True)
    use_word_features(nlp.vocab)
    if vectors is not None:
        nlp.vocab.vectors = load_vectors(vectors, nlp.vocab)
    return nlp


def word_batches(examples: list[Example], sizes: Iterator[float]) -> Iterator[list[Example]]:
    """Group examples by number of words."""
    batch: list[Example] = []
    words, size = 0, next(sizes)
    for example in examples:
        batch.append(example)
        words += len(example.reference)
        if words >= size:
            yield batch
            batch, words, size = [], 0, next(sizes)
    if batch:
        yield batch


def growing(first: float, last: float, factor: float = 1.002) -> Iterator[float]:
    """Give sizes that grow from first to last."""
    size = first
    while True:
        yield size
        size = min(last, size * factor)


def words_in(examples: list[Example]) -> int:
    """Count the words of examples."""
    return sum(len(example.reference) for example in examples)


class Sides:
    """Hold the examples of a run: training, and what it is watched on."""

    def __init__(self, vocab: Vocab, root: Path, cut: Cutter) -> None:
        ner_train, ner_dev, _ = corpora.split_msra(root)
        tag_train, tag_dev, _ = corpora.split_tagged(root)
        self.named = [entity_example(vocab, item, cut) for item in ner_train if item.spans]
        self.nameless = [entity_example(vocab, item, cut) for item in ner_train if not item.spans]
        self.tagged = [tag_example(vocab, item) for item in tag_train]
        self.ner_dev = ner_dev
        self.tag_dev = [tag_example(vocab, item) for item in tag_dev]

    def of_pass(self, number: int) -> list[Example]:
        """List the examples of one pass: all with names, a third of those without and a third of those with tags.

        Tags are learnt sooner than names, and sentences without a name teach the least.
        """
        return self.named + self.nameless[number % THIRDS :: THIRDS] + self.tagged[number % THIRDS :: THIRDS]


def train(nlp: Language, sides: Sides, cut: Cutter, folder: Path, *, epochs: int, seed: int) -> list[dict[str, float]]:
    """Train for some passes, keep the best by tag accuracy plus entity F1 on the development side, return the log."""
    rng = random.Random(seed)  # noqa: S311  # shuffling, not secrets
    for label in sorted({token.tag_ for example in sides.tagged for token in example.reference}):
        nlp.get_pipe("tagger").add_label(label)  # type: ignore[attr-defined]
    optimizer = nlp.initialize(lambda: sides.named[:500] + sides.tagged[:500])
    sizes = growing(*BATCH_WORDS)
    history: list[dict[str, float]] = []
    best = 0.0
    whole = epochs * words_in(sides.of_pass(0))
    seen = 0
    for epoch in range(1, epochs + 1):
        examples = sides.of_pass(epoch)
        rng.shuffle(examples)
        start = time.time()
        losses: dict[str, float] = {}
        for batch in word_batches(examples, sizes):
            # The rate falls in a straight line to a twentieth over the whole run.
            optimizer.learn_rate = RATE * max(0.05, 1 - seen / whole)
            nlp.update(batch, sgd=optimizer, drop=DROPOUT, losses=losses)
            seen += words_in(batch)
        with nlp.use_params(optimizer.averages):
            figures = {"epoch": epoch, **development_scores(nlp, sides, cut)}
            if figures["tag_accuracy"] + figures["entity_f1"] > best:
                best = figures["tag_accuracy"] + figures["entity_f1"]
                save(nlp, folder)
        history.append(figures)
        log.info("pass %d: %s losses %s, %.0f s", epoch, figures, losses, time.time() - start)
    return history


def development_scores(nlp: Language, sides: Sides, cut: Cutter) -> dict[str, float]:
    """Score tags on gold words and entities on our own words."""
    right = total = 0
    found = nlp.pipe((e.predicted.copy() for e in sides.tag_dev), disable=["ner"])
    for doc, example in zip(found, sides.tag_dev, strict=True):
        right += sum(a.tag == b.tag for a, b in zip(doc, example.reference, strict=True))
        total += len(doc)
    return {"tag_accuracy": round(right / total, 4), **_flat(entity_scores(nlp, sides.ner_dev, cut))}


def _flat(scores: dict[str, dict[str, float]]) -> dict[str, float]:
    """Name F1 figures by label."""
    return {f"{'entity' if label == 'all' else label}_f1": row["f1"] for label, row in scores.items()}


def entity_scores(nlp: Language, items: list[corpora.Labelled], cut: Cutter) -> dict[str, dict[str, float]]:
    """Score entities by exact span and type, all and each type, on text segmented by ``cut``."""
    counts = {label: np.zeros(3) for label in ("all", "PER", "LOC", "ORG")}
    docs = (_doc(nlp.vocab, cut(item.text)) for item in items)
    for doc, item in zip(nlp.pipe(docs, disable=["tagger"]), items, strict=True):
        have = {(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents}
        want = set(item.spans)
        for label, count in counts.items():
            a = {span for span in have if label in ("all", span[2])}
            b = {span for span in want if label in ("all", span[2])}
            counts[label] = count + np.array([len(a & b), len(a), len(b)])
    return {label: prf(*count) for label, count in counts.items()}


def prf(right: float, found: float, gold: float) -> dict[str, float]:
    """Compute precision, recall and F1 from counts."""
    figures = {"p": right / max(1, found), "r": right / max(1, gold), "f1": 2 * right / max(1, found + gold)}
    return {name: round(float(figure), 4) for name, figure in figures.items()}


def _doc(vocab: Vocab, words: list[str]) -> Doc:
    """Make a Doc without blanks between words."""
    return Doc(vocab, words=words, spaces=[False] * len(words))


def joint_scores(nlp: Language, held_out: list[corpora.Tagged], cut: Cutter) -> dict[str, dict[str, float]]:
    """Score words and words with tags together on text segmented by ``cut``; tags also on gold words."""
    words = tags = np.zeros(3)
    right = total = 0
    for tagged in held_out:
        gold_words = [word for word, _ in tagged]
        gold = nlp(_doc(nlp.vocab, gold_words))
        right += sum(token.tag_ == tag for token, (_, tag) in zip(gold, tagged, strict=True))
        total += len(tagged)
        doc = nlp(_doc(nlp.vocab, cut("".join(gold_words))))
        spans = corpora.word_spans(gold_words)
        want = {(*span, tag) for span, (_, tag) in zip(spans, tagged, strict=True)}
        have = {(token.idx, token.idx + len(token), token.tag_) for token in doc}
        words = words + np.array([len({w[:2] for w in want} & {h[:2] for h in have}), len(have), len(want)])
        tags = tags + np.array([len(want & have), len(have), len(want)])
    return {
        "words": prf(*words),
        "words_and_tags": prf(*tags),
        "tags_on_gold_words": {"accuracy": round(right / total, 4)},
    }


def load_vectors(path: Path, vocab: Vocab) -> Vectors:
    """Make spaCy's table of vectors, found by NORM."""
    words, data = read_vectors(path)
    keys = [vocab.strings.add(word) for word in words]
    return Vectors(strings=vocab.strings, data=data, keys=keys, name="banmian", attr="NORM")


def save(nlp: Language, folder: Path) -> None:
    """Write the pipeline below ``folder/spacy`` without tokenizer and with no more strings than it needs."""
    labels = [label for name in ("tagger", "ner") for label in nlp.pipe_labels[name]]
    target = folder / "spacy"
    shutil.rmtree(target, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    whole = nlp.vocab.vectors.data
    nlp.vocab.vectors.data = whole.astype("float16")
    nlp.to_disk(target, exclude=["tokenizer"])
    nlp.vocab.vectors.data = whole
    for name in ("lookups.bin", "strings.json"):
        (target / "vocab" / name).unlink(missing_ok=True)
    StringStore(labels).to_disk(target / "vocab" / "strings.json")


def load(folder: Path) -> Language:
    """Load a saved pipeline by itself, for measuring."""
    vocab = Vocab()
    use_word_features(vocab)
    vocab.vectors = read_word_vectors(folder / "spacy" / "vocab", vocab)
    return spacy.load(folder / "spacy", vocab=vocab, exclude=["vocab", "tokenizer"])


def write_confidence(nlp: Language, items: list[corpora.Labelled], cut: Cutter, path: Path) -> None:
    """Write the share of right entities for each evidence, drawn towards the label's own where cases are few."""
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for item in items:
        doc = nlp(_doc(nlp.vocab, cut(item.text)))
        for ent in doc.ents:
            for key in (evidence_for(ent), ent.label_):
                found[key] += 1
                right[key] += (ent.start_char, ent.end_char, ent.label_) in item.spans
    table = {}
    for key, count in sorted(found.items()):
        label = key.split()[0]
        prior = right[label] / found[label]
        table[key] = round((right[key] + PRIOR_CASES * prior) / (count + PRIOR_CASES), 3)
    path.write_text(json.dumps(table, indent=1) + "\n", "utf-8")


def measure(nlp: Language, root: Path, cut: Cutter) -> dict[str, Any]:
    """Score a model on the test sets, each once, and its speed on one core."""
    _, _, msra_test = corpora.split_msra(root)
    _, _, held_out = corpora.split_tagged(root)
    return {
        "msra_test": entity_scores(nlp, msra_test, cut),
        "pd199801_held_out": joint_scores(nlp, held_out, cut),
        "speed": speed(nlp, cut, [item.text for item in msra_test]),
    }


def speed(nlp: Language, cut: Cutter, sentences: list[str]) -> dict[str, int]:
    """Measure characters per second of processor time, beside jieba in the same run, and the peak of memory in MiB.

    The text is SPEED_CHARS characters in articles of about 1,000; every reader has read one article before.
    """
    text = "".join(sentences)[:SPEED_CHARS]
    articles = [text[at : at + 1000] for at in range(0, len(text), 1000)]
    posseg = jieba.posseg.POSTokenizer(jieba.Tokenizer())
    readers: dict[str, Callable[[list[str]], object]] = {
        "pkuseg": lambda texts: [cut(item) for item in texts],
        "pkuseg_vectors_tagger_ner": lambda texts: list(nlp.pipe([_doc(nlp.vocab, cut(item)) for item in texts])),
        "jieba_cut": lambda texts: [jieba.lcut(item) for item in texts],
        "jieba_posseg": lambda texts: [posseg.lcut(item) for item in texts],
    }
    figures = {}
    for name, read in readers.items():
        read(articles[:1])
        start = time.process_time()
        read(articles)
        figures[f"{name}_chars_per_second"] = round(len(text) / (time.process_time() - start))
    figures["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Train the tagger and ner.")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model, models/<name>-<version>")
    parser.add_argument("--segmenter", default="pkuseg-1.0.0", help="name of the segmenter model")
    parser.add_argument("--vectors", type=Path, help="file made by pipeline.training.vectors; none without it")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--evaluate", action="store_true", help="measure the model in --out anew, train nothing")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    corpora.verify(options.corpora)
    cut = pkuseg_cutter(open_model(options.segmenter), [])
    if options.evaluate:
        old = json.loads((options.out / "meta.json").read_text("utf-8"))
        history, command = old["scores"]["development"], old["command"]
    else:
        fix_random_seed(options.seed)
        nlp = blank_pipeline(options.vectors)
        sides = Sides(nlp.vocab, options.corpora, cut)
        history = train(nlp, sides, cut, options.out, epochs=options.epochs, seed=options.seed)
        command = _command(options)
    best = load(options.out)
    write_confidence(best, corpora.split_msra(options.corpora)[1], cut, options.out / CONFIDENCE)
    scores = {"development": history, **measure(best, options.corpora, cut)}
    log.info("scores %s", scores)
    write_meta(options.out, _meta(options, scores, command))


def _command(options: argparse.Namespace) -> str:
    """Write the command that trains the model again."""
    vectors = f" --vectors {options.vectors.name}" if options.vectors else ""
    return (
        f"python -m pipeline.training.tagger_ner --corpora ../shared/corpora --out models/{options.out.name}"
        f" --epochs {options.epochs}{vectors}"
    )


def _meta(options: argparse.Namespace, scores: dict[str, Any], command: str) -> dict[str, Any]:
    """Describe the model for its meta.json."""
    name, _, version = options.out.name.rpartition("-")
    return {
        "name": name,
        "version": version,
        "summary": "shared word vectors, PKU tags, persons, places and organisations, for spaCy",
        "data": {
            "tags": "People's Daily of January 1998 (rebuilt), without the lines of the SIGHAN PKU test",
            "entities": "MSRA (SIGHAN 2006) training part",
            "vectors": "unlabelled news of 2004-2026, without the documents that are only measured on",
            "dev": f"January 1998, lines {corpora.DEV_FROM + 1}-{corpora.HELD_OUT_FROM} of the PKU training text; MSRA "
            f"training sentences {corpora.MSRA_DEV.start + 1}-{corpora.MSRA_DEV.stop}",
            "held_out": f"January 1998 from line {corpora.HELD_OUT_FROM + 1} on; MSRA test",
            "segmenter": options.segmenter,
        },
        "command": command,
        "seed": options.seed,
        "libraries": {name: version_of(name) for name in ("spacy", "thinc", "numpy")},
        "scores": scores,
        "licence": "trained on corpora given for research; see models/README.md",
    }


if __name__ == "__main__":
    main()
