"""Write the joint model for onnxruntime: 8-bit weights, tables of characters and words, calibrated entities, figures.

python -m pipeline.training.joint.export --corpora ../shared/corpora --stream out/train/stream \
        --weights out/train/joint.npz --teacher models/joint-1.0.0 --out models/joint-1.2.0
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import jieba
import jieba.posseg
import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from torch.nn import functional

from pipeline.artefacts import sha256_of, write_meta
from pipeline.components.joint import CALIBRATION, LABELS, MIN_PROBABILITY, NETWORK, JointModel, Network
from pipeline.components.joint_decoder import ENTITY_LABELS, ENTITY_TYPES, WORD_LABELS
from pipeline.components.joint_features import SLOTS, Features
from pipeline.training import corpora
from pipeline.training.joint import selftrain, tune
from pipeline.training.joint.net import Encoder, Shape
from pipeline.training.tagger_ner import SPEED_CHARS, prf

log = logging.getLogger(__name__)

OPSET = 17
# Rows of a table are kept in 8 bits with a scale of their own.
_STEPS = 127


class Table(nn.Module):
    """Look rows up in a table of 8-bit numbers."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        scale = weight.abs().amax(1, keepdim=True).clamp(min=1e-8) / _STEPS
        self.codes = nn.Buffer((weight / scale).round().to(torch.int8))
        self.scale = nn.Buffer(scale)

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids of any shape to rows: one axis more."""
        return self.codes[ids].to(torch.float32) * self.scale[ids]


class Exported(nn.Module):
    """Compute log-probabilities of words, tags and entities, as the exported graph does."""

    def __init__(self, net: tune.JointNet) -> None:
        super().__init__()
        encoder = net.encoder
        encoder.characters = Table(encoder.characters.weight.detach())
        encoder.words = Table(encoder.words.weight.detach())
        self.net = net

    def forward(self, chars: Tensor, lexicon: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map a batch to log-probabilities, (sentences, characters, labels) each."""
        vectors = self.net.encoder(chars, lexicon)
        words, tags, entities = (
            functional.log_softmax(self.net.heads[task](vectors), -1) for task in ("words", "tags", "entities")
        )
        return words, tags, entities


def load_net(weights: Path, features: Features, tags: int) -> tune.JointNet:
    """Read trained weights."""
    net = tune.JointNet(Encoder(Shape(characters=features.size, words=len(features.words))), tags)
    with np.load(weights) as arrays:
        net.load_state_dict({name: torch.from_numpy(arrays[name]) for name in arrays})
    return net.eval()


def export(net: tune.JointNet, path: Path) -> None:
    """Write the network as ONNX with 8-bit weights.

    Weights have seven bits (``reduce_range``): on processors without VNNI sums of eight-bit products overflow, and
    figures would differ from machine to machine.
    """
    chars = torch.ones((2, 5), dtype=torch.int32)
    lexicon = torch.zeros((2, 5, SLOTS), dtype=torch.int32)
    axes = {0: "sentences", 1: "characters"}
    names = ["words", "tags", "entities"]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            Exported(net),
            (chars, lexicon),
            str(whole),
            input_names=["chars", "lexicon"],
            output_names=names,
            dynamic_axes=dict.fromkeys(("chars", "lexicon", *names), axes),
            opset_version=OPSET,
            dynamo=False,
        )
        quantize_dynamic(
            whole,
            path,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
    model = onnx.load(path)
    model.producer_name, model.producer_version, model.doc_string = "banmian", "", ""
    onnx.save(model, path)


def calibrate(model: JointModel, items: list[corpora.Labelled]) -> dict[str, tuple[float, float]]:
    """Fit, by type, slope and shift of the log-odds of an entity's score (Platt 1999), on sentences not trained on."""
    pairs: dict[str, list[tuple[float, bool]]] = {label: [] for label in ENTITY_TYPES}
    for item in items:
        spans = set(item.spans)
        for named in model(item.text).entities:
            pairs[named.label].append((named.score, named[:3] in spans))
    found = {}
    for label, scored in pairs.items():
        scores = np.clip([score for score, _ in scored], 1e-4, 1 - 1e-4)
        odds = torch.tensor(np.log(scores / (1 - scores)))
        right = torch.tensor([float(good) for _, good in scored], dtype=torch.float64)
        line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
        solver = torch.optim.LBFGS([line], max_iter=100)

        def loss(line: Tensor = line, odds: Tensor = odds, right: Tensor = right, solver: Any = solver) -> Tensor:
            solver.zero_grad()
            value = functional.binary_cross_entropy_with_logits(line[0] * odds + line[1], right)
            value.backward()
            return value

        solver.step(loss)
        slope, shift = line.detach().tolist()
        found[label] = (round(slope, 4), round(shift, 4))
    return found


def span_scores(model: JointModel, items: list[corpora.Labelled]) -> dict[str, dict[str, float]]:
    """Score entities by exact span and type, all and each type."""
    counts = {label: np.zeros(3) for label in ("all", *ENTITY_TYPES)}
    for item in items:
        have = {named[:3] for named in model(item.text).entities}
        want = set(item.spans)
        for label, count in counts.items():
            a = {span for span in have if label in ("all", span[2])}
            b = {span for span in want if label in ("all", span[2])}
            counts[label] = count + np.array([len(a & b), len(a), len(b)])
    return {label: prf(*count) for label, count in counts.items()}


def calibration_error(model: JointModel, items: list[corpora.Labelled], bins: int = 10) -> float:
    """Compute the expected calibration error of entities' probabilities."""
    pairs = [(named.score, named[:3] in item.spans) for item in items for named in model(item.text).entities]
    scores, right = np.array([score for score, _ in pairs]), np.array([good for _, good in pairs])
    where = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = [abs(scores[where == b].mean() - right[where == b].mean()) * (where == b).mean() for b in set(where)]
    return round(float(sum(gaps)), 4)


def word_scores(model: JointModel, lines: list[corpora.Words], known: set[str] | None = None) -> dict[str, float]:
    """Score words; with ``known``, the training list, also the recall of words outside it."""
    total = np.zeros(3)
    new, new_found = 0, 0
    for words in lines:
        want = corpora.word_spans(words)
        have = set(corpora.word_spans(model("".join(words)).words))
        total = total + np.array([len(have & set(want)), len(have), len(want)])
        for word, span in zip(words, want, strict=True):
            if known is not None and word not in known:
                new, new_found = new + 1, new_found + (span in have)
    return prf(*total) | ({} if known is None else {"oov_recall": round(new_found / max(1, new), 4)})


def joint_scores(model: JointModel, held_out: list[corpora.Tagged]) -> dict[str, dict[str, float]]:
    """Score words, and words with tags together."""
    words = tags = np.zeros(3)
    for paragraph in held_out:
        spans = corpora.word_spans(word for word, _ in paragraph)
        want = {(*span, tag) for span, (_, tag) in zip(spans, paragraph, strict=True)}
        found = model("".join(word for word, _ in paragraph))
        have = {(*span, tag) for span, tag in zip(corpora.word_spans(found.words), found.tags, strict=True)}
        words = words + np.array([len({w[:2] for w in want} & {h[:2] for h in have}), len(have), len(want)])
        tags = tags + np.array([len(want & have), len(have), len(want)])
    return {"words": prf(*words), "words_and_tags": prf(*tags)}


def measure(model: JointModel, root: Path) -> dict[str, Any]:
    """Score a model on the test sets, each once, and its speed on one core."""
    _, _, msra_test = corpora.split_msra(root)
    _, _, held_out = corpora.split_tagged(root)
    known = set(corpora.read_lines(root, corpora.PKU_TRAIN_WORDS))
    return {
        "msra_test": span_scores(model, msra_test),
        "msra_test_calibration_error": calibration_error(model, msra_test),
        "pd199801_held_out": joint_scores(model, held_out),
        "pku_test": word_scores(model, corpora.read_segmented(root, corpora.PKU_TEST), known),
        "msr_test": word_scores(model, corpora.read_segmented(root, corpora.MSR_TEST)),
        "speed": speed(model, [item.text for item in msra_test]),
    }


def speed(model: JointModel, sentences: list[str]) -> dict[str, int]:
    """Measure characters per second of processor time, beside jieba in the same run, and the peak of memory in MiB."""
    text = "".join(sentences)[:SPEED_CHARS]
    articles = [text[at : at + 1000] for at in range(0, len(text), 1000)]
    posseg = jieba.posseg.POSTokenizer(jieba.Tokenizer())
    readers: dict[str, Callable[[str], object]] = {
        "joint": model,
        "jieba_cut": jieba.lcut,
        "jieba_posseg": posseg.lcut,
    }
    figures = {}
    for name, read in readers.items():
        read(articles[0])
        start = time.process_time()
        for article in articles:
            read(article)
        figures[f"{name}_chars_per_second"] = round(len(text) / (time.process_time() - start))
    figures["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Write the joint model for onnxruntime and measure it.")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("--stream", type=Path, required=True, help="folder made by pipeline.training.joint.lexicon")
    parser.add_argument("--weights", type=Path, required=True, help="file made by pipeline.training.joint.tune")
    parser.add_argument("--teacher", type=Path, required=True, help="folder of the model that labelled, for meta.json")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model, models/<name>-<version>")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    corpora.verify(options.corpora)
    features = Features.load(options.stream)
    trained = json.loads(options.weights.with_suffix(".json").read_text("utf-8"))
    options.out.mkdir(parents=True, exist_ok=True)
    features.save(options.out)
    (options.out / LABELS).write_text(json.dumps({"tags": trained["tags"]}) + "\n", "utf-8")
    export(load_net(options.weights, features, len(trained["tags"])), options.out / NETWORK)
    _, dev, _ = corpora.split_msra(options.corpora)
    lines = calibrate(JointModel(features, Network(options.out), trained["tags"]), dev)
    (options.out / CALIBRATION).write_text(json.dumps(lines, indent=1) + "\n", "utf-8")
    model = JointModel(
        features, Network(options.out), trained["tags"], calibration=lines, min_probability=MIN_PROBABILITY
    )
    _, tagged_dev, _ = corpora.split_tagged(options.corpora)
    development = {"entities": span_scores(model, dev), **joint_scores(model, tagged_dev)}
    scores = {"training": trained["history"], "development": development, **measure(model, options.corpora)}
    log.info("scores %s", scores)
    write_meta(options.out, _meta(options, scores))


def _meta(options: argparse.Namespace, scores: dict[str, Any]) -> dict[str, Any]:
    """Describe the model for its meta.json."""
    name, _, version = options.out.name.rpartition("-")
    dev = f"January 1998, lines {corpora.DEV_FROM + 1}-{corpora.HELD_OUT_FROM} of the PKU training text; MSRA training "
    return {
        "name": name,
        "version": version,
        "summary": "words, PKU tags, persons, places and organisations in one pass over characters",
        "data": {
            "encoder": "unlabelled news of 2004-2026, without the documents that are only measured on",
            "words": "SIGHAN 2005 PKU training text (rebuilt) and People's Daily of February 1998",
            "tags": "People's Daily of January 1998 (rebuilt), without the lines of the SIGHAN PKU test",
            "entities": "MSRA (SIGHAN 2006) training part; CLUENER 2020 training part for a head that is left out",
            "labels": f"{options.teacher.name} and {selftrain.SEGMENTER}: words, tags and entities of recent news "
            f"(at most {selftrain.MAX_CHARS} characters of each file), and what each corpus leaves open",
            "dev": f"{dev}sentences {corpora.MSRA_DEV.start + 1}-{corpora.MSRA_DEV.stop}",
            "held_out": f"January 1998 from line {corpora.HELD_OUT_FROM + 1} on; MSRA, PKU and MSR tests",
            "corpora_list_sha256": sha256_of(corpora.LIST),
        },
        "command": f"make train-joint TEACHER={options.teacher} JOINT={options.out}",
        "seed": tune.SEED,
        "libraries": {name: version_of(name) for name in ("torch", "onnx", "onnxruntime", "numpy")},
        "scores": scores,
        "labels": list(ENTITY_LABELS),
        "word_labels": WORD_LABELS,
        "licence": "trained on corpora given for research; see models/README.md",
    }


if __name__ == "__main__":
    main()
