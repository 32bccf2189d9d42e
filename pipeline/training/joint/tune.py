"""Train the joint model on labelled text: words and tags, entities, and CLUENER's finer types beside them.

    python -m pipeline.training.joint.tune --corpora ../shared/corpora --stream out/train/stream \
        --start out/train/encoder.npz --labels out/train/labels.jsonl --out out/train/joint.npz

One encoder, one linear head a task; a task that a corpus does not speak of is labelled by an earlier model
(``--labels``) or adds nothing to the loss. The finer types only teach the encoder what names of today look like; their
head is not exported. After each pass the weights are scored on the development sides, after the last one also their
running mean; the best by words and tags together, and entities, are kept.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.components import joint_decoder as decoder
from pipeline.components.joint import pieces
from pipeline.components.joint_features import Features, Ints
from pipeline.components.model_view import model_view
from pipeline.training import corpora
from pipeline.training.joint import data, selftrain
from pipeline.training.joint.data import ABSENT, TASKS, Arrays, Corpus, Example, Names
from pipeline.training.joint.net import LENGTH, Encoder, Shape
from pipeline.training.joint.pretrain import MasterWeights, lexicon, rate_at, write_weights
from pipeline.training.tagger_ner import prf

log = logging.getLogger(__name__)

SEED = 1998
RATE, MUON_RATE = 6e-4, 2.0
WARM_UP = 200
DROPOUT = 0.1
BATCH_CHARS = 4_096
PASSES = 5
# Weight of each task's loss.
WEIGHTS = {"words": 1.0, "tags": 1.0, "entities": 1.5, "fine": 0.5}
# How often a pass reads the tagged, the segmented and the self-labelled text; a fraction is read by turns. Sentences
# with entities are read once.
TIMES = (1.0, 0.5, 0.25)
JOIN_SHARE = 0.5
# Share of the lexicon words of a batch that are hidden in it: a name outside the lexicon has to be found too.
HIDDEN_SHARE = 0.1
# Share of the surfaces of a sentence's entities that another name of the same type stands in for.
SWAP_SHARE = 0.15
# The mean of the weights takes this much of the present ones, once in so many steps.
MEAN_SHARE, MEAN_STEPS = 0.05, 10


class JointNet(nn.Module):
    """Give each character the scores of every task's labels."""

    def __init__(self, encoder: Encoder, tags: int) -> None:
        super().__init__()
        sizes = {
            "words": len(decoder.WORD_LABELS),
            "tags": tags,
            "entities": len(decoder.ENTITY_LABELS),
            "fine": len(data.FINE_LABELS),
        }
        self.encoder = encoder
        self.heads = nn.ModuleDict({task: nn.Linear(encoder.shape.width, sizes[task]) for task in TASKS})

    def forward(self, chars: Tensor, words: Tensor) -> dict[str, Tensor]:
        """Map a batch to scores of shape (sentences, characters, labels) by task."""
        vectors = self.encoder(chars, words)
        return {task: head(vectors) for task, head in self.heads.items()}


def hide(words: Ints, share: float, rng: np.random.Generator) -> Ints:
    """Take a share of the lexicon words out of a batch, each at all of its places."""
    hidden = rng.random(words.max() + 1) < share
    return np.where(hidden[words], 0, words)


def loss_of(net: JointNet, arrays: Arrays, features: Features, rng: np.random.Generator) -> Tensor:
    """Add up the weighted mean cross-entropies of the tasks that a batch has labels for."""
    chars = torch.from_numpy(arrays.chars).long()
    scores = net(chars, torch.from_numpy(hide(lexicon(arrays.chars, features), HIDDEN_SHARE, rng)).long())
    total = torch.zeros(())
    for task, labels in arrays.labels.items():
        known = labels != ABSENT
        if known.any():
            share = float(known.sum()) / known.size
            flat = scores[task].flatten(0, 1).float()
            loss = functional.cross_entropy(flat, torch.from_numpy(labels.reshape(-1)), ignore_index=ABSENT)
            total = total + WEIGHTS[task] * share * loss
    return total


def of_pass(
    corpus: Corpus, number: int, rng: np.random.Generator, times: Sequence[float], names: Names | None = None
) -> list[Example]:
    """List the examples of one pass; with ``names``, these stand in for some of the entities."""
    entities = data.join(corpus.entities, LENGTH, rng, JOIN_SHARE)
    if names is not None:
        entities = [names.swap(example, SWAP_SHARE, rng) for example in entities]
    fine = data.join(corpus.fine, LENGTH, rng, JOIN_SHARE)
    others = zip((corpus.tagged, corpus.segmented, corpus.news), times, strict=True)
    return entities + fine + [example for examples, share in others for example in portion(examples, share, number)]


def portion(examples: Sequence[Example], times: float, number: int) -> list[Example]:
    """List examples as often as a pass reads them; of a fraction, the part whose turn it is."""
    whole, rest = divmod(times, 1)
    step = round(1 / rest) if rest else 0
    return [*examples] * int(whole) + ([*examples[number % step :: step]] if step else [])


def predict(
    net: JointNet, texts: Sequence[str], features: Features, tags: Sequence[str]
) -> list[tuple[list[tuple[int, int, str]], list[decoder.Named]]]:
    """Find words with tags and entities of texts, as (start, end, tag) and spans, with the network as it is."""
    found: list[tuple[list[tuple[int, int, str]], list[decoder.Named]]] = [([], []) for _ in texts]
    cut = [(number, start, view[start:end]) for number, text in enumerate(texts) for view in (model_view(text),)
           for start, end in pieces(view)]  # fmt: skip
    cut.sort(key=lambda item: len(item[2]))
    at = 0
    while at < len(cut):
        size = max(1, BATCH_CHARS // len(cut[min(at + 40, len(cut) - 1)][2]))
        group = cut[at : at + size]
        at += size
        arrays = data.pad([Example(text) for _, _, text in group], features)
        with torch.no_grad():
            words = torch.from_numpy(lexicon(arrays.chars, features)).long()
            scores = net(torch.from_numpy(arrays.chars).long(), words)
        logs = {task: functional.log_softmax(value.float(), -1).numpy() for task, value in scores.items()}
        lengths = np.array([len(text) for _, _, text in group])
        entity_paths = decoder.entity_paths(logs["entities"], lengths)
        word_paths = decoder.word_paths(logs["words"], lengths, entity_paths)
        for row, (number, start, text) in enumerate(group):
            ends = np.flatnonzero(word_paths[row, : len(text)] >= decoder.E)
            low = 0
            for end in ends:
                tag = int(logs["tags"][row, low : end + 1].sum(0).argmax())
                found[number][0].append((start + low, start + int(end) + 1, tags[tag]))
                low = int(end) + 1
            for item in decoder.spans_of(entity_paths[row, : len(text)], logs["entities"][row]):
                found[number][1].append(item._replace(start=item.start + start, end=item.end + start))
    return found


def scores_of(net: JointNet, corpus: Corpus, features: Features) -> dict[str, float]:
    """Score words, words with tags, and entities on the development sides."""
    net.eval()
    words = tags = names = np.zeros(3)
    texts = ["".join(word for word, _ in paragraph) for paragraph in corpus.tagged_dev]
    for paragraph, (have, _) in zip(corpus.tagged_dev, predict(net, texts, features, corpus.tags), strict=True):
        spans = corpora.word_spans(word for word, _ in paragraph)
        want = {(*span, tag) for span, (_, tag) in zip(spans, paragraph, strict=True)}
        cuts = {item[:2] for item in want}
        words = words + np.array([len(cuts & {item[:2] for item in have}), len(have), len(want)])
        tags = tags + np.array([len(want & set(have)), len(have), len(want)])
    texts = [item.text for item in corpus.entities_dev]
    for item, (_, found) in zip(corpus.entities_dev, predict(net, texts, features, corpus.tags), strict=True):
        have_names = {named[:3] for named in found}
        names = names + np.array([len(have_names & set(item.spans)), len(have_names), len(item.spans)])
    net.train()
    return {
        "words_f1": prf(*words)["f1"], "words_and_tags_f1": prf(*tags)["f1"], "entities_f1": prf(*names)["f1"],
    }  # fmt: skip


def make_net(corpus: Corpus, features: Features, start: Path | None) -> JointNet:
    """Make a network from nothing, from an encoder's weights, or from those of an earlier round."""
    net = JointNet(Encoder(Shape(characters=features.size, words=len(features.words)), DROPOUT), len(corpus.tags))
    if start is not None:
        with np.load(start) as arrays:
            state = {name: torch.from_numpy(arrays[name]) for name in arrays}
        whole = any(name.startswith("heads.") for name in state)
        (net if whole else net.encoder).load_state_dict(state)
    return net


def train(
    corpus: Corpus,
    features: Features,
    start: Path | None,
    out: Path,
    *,
    passes: int,
    seed: int,
    peak: float = RATE,
    times: Sequence[float] = TIMES,
) -> None:
    """Train for some passes, write the best weights to ``out`` (npz) and the figures of each pass beside them."""
    torch.manual_seed(seed)
    net = make_net(corpus, features, start).bfloat16()
    weights = MasterWeights(net.named_parameters(), muon_rate=MUON_RATE)
    names = Names([*corpus.entities, *corpus.news])
    mean = [master.clone() for master in weights.masters]
    rng = np.random.default_rng(seed)
    steps = passes * sum(1 for _ in data.batches(of_pass(corpus, 0, rng, times), BATCH_CHARS))
    step, best, history = 0, 0.0, []
    for number in range(passes):
        began, total, count = time.time(), 0.0, 0
        for group in data.batches(of_pass(corpus, number, rng, times, names), BATCH_CHARS, rng):
            loss = loss_of(net, data.pad(group, features), features, rng)
            loss.backward()
            weights.step(rate_at(step, steps, peak=peak, warm_up=WARM_UP))
            total, count, step = total + loss.item(), count + 1, step + 1
            if step % MEAN_STEPS == 0:
                torch._foreach_lerp_(mean, weights.masters, MEAN_SHARE)
            if count % 200 == 0:
                log.info("step %d of %d: loss %.4f, %.0f s", step, steps, total / count, time.time() - began)
        candidates = [("last", weights.masters)] + ([("mean", mean)] if number + 1 == passes else [])
        for kind, masters in candidates:
            weights.load(masters)
            figures = scores_of(net, corpus, features)
            history.append({"pass": number + 1, "weights": kind, "loss": round(total / count, 4), **figures})
            log.info("%s, %.0f s", history[-1], time.time() - began)
            if figures["words_and_tags_f1"] + figures["entities_f1"] > best:
                best = figures["words_and_tags_f1"] + figures["entities_f1"]
                write_weights(net, dict(zip(net.parameters(), masters, strict=True)), out)
        out.with_suffix(".json").write_text(json.dumps({"tags": corpus.tags, "history": history}, indent=1), "utf-8")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Train the joint model on labelled text.")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("--stream", type=Path, required=True, help="folder made by pipeline.training.joint.lexicon")
    parser.add_argument("--start", type=Path, help="weights of pipeline.training.joint.pretrain or of an earlier round")
    parser.add_argument("--labels", type=Path, help="file made by pipeline.training.joint.selftrain")
    parser.add_argument("--rate", type=float, default=RATE, help="greatest learning rate")
    parser.add_argument("--out", type=Path, required=True, help="file to write, .npz")
    parser.add_argument("--passes", type=int, default=PASSES)
    parser.add_argument(
        "--times", type=float, nargs=3, default=TIMES, metavar="N", help="read tagged, segmented, news so often a pass"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    corpora.verify(options.corpora)
    corpus = data.read(options.corpora)
    if options.labels:
        corpus = selftrain.read(options.labels, corpus.tags).complete(corpus)
    features = Features.load(options.stream)
    train(
        corpus,
        features,
        options.start,
        options.out,
        passes=options.passes,
        seed=options.seed,
        peak=options.rate,
        times=options.times,
    )


if __name__ == "__main__":
    main()
