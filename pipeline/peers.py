"""Measure keywords beside other systems on the same texts, in one run.

    python -m pipeline.peers --shared ../shared [--config configs/news.cfg]

Exact F1 and nDCG of the first ten keywords on the development documents: our three methods, jieba's TF-IDF and
TextRank, YAKE on our words, JioNLP's key phrases. YAKE and JioNLP live in environments of their own under
``out/bench``, made at the first run; one that cannot be installed is reported with the reason.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.benches.systems import ROOT, System, make_environment
from pipeline.components.keywords import METHODS
from pipeline.errors import ConfigError, PipelineError
from pipeline.measures import metrics
from pipeline.measures.subject import Subject
from pipeline.measures.texts import TOP_KEYWORDS, GoldDoc, keyword_counts, keyword_ndcg, read_gold_docs

WORKER = ROOT / "bench" / "keywords_worker.py"
# What the worker loads for a peer, and its requirement; jionlp's keyphrases come with its own frequencies.
INSTALLED = {
    name: System(name, (spec,), "keywords", requirements=(requirement,))
    for name, spec, requirement in (("YAKE", "yake", "yake==0.7.3"), ("JioNLP", "jionlp", "jionlp==1.5.31"))
}
TIME_LIMIT = 900
Found = list[list[str]]


def ours(subject: Subject, texts: Sequence[str], method: str) -> Found:
    """Find keywords by one of our methods."""
    nlp = subject.reduced(f"components.keywords.method={method}")
    return [[one.text for one in doc._.keywords] for doc in nlp.pipe(texts)]


def by_jieba(texts: Sequence[str]) -> Mapping[str, Found]:
    """Find keywords by the two methods of jieba."""
    import jieba  # noqa: PLC0415 - loads a dictionary; only here
    import jieba.analyse  # noqa: PLC0415

    jieba.setLogLevel(60)
    return {
        "jieba TF-IDF": [jieba.analyse.extract_tags(text, TOP_KEYWORDS) for text in texts],
        "jieba TextRank": [jieba.analyse.textrank(text, TOP_KEYWORDS) for text in texts],
    }


def by_peer(name: str, pairs: Sequence[tuple[str, str]]) -> Found:
    """Find keywords by a system that is installed for this; raise ConfigError with the reason where that fails."""
    system = INSTALLED[name]
    python = make_environment(system)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_text(json.dumps(list(pairs), ensure_ascii=False), "utf-8")
        done = subprocess.run(  # noqa: S603 - our own worker
            [str(python), str(WORKER), *map(str, system.spec), str(path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIME_LIMIT,
        )
    if done.returncode:
        raise ConfigError(f"could not run: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def rows_of(docs: Sequence[GoldDoc], found: Found) -> tuple[str, str]:
    """Give F1 and nDCG of what a system found, each with its interval."""
    held = [doc._replace(keywords=keywords) for doc, keywords in zip(docs, found, strict=True)]
    figures = []
    for rows, statistic in (
        ([keyword_counts(doc) for doc in held], metrics.f1),
        ([(keyword_ndcg(doc), 1.0) for doc in held], metrics.rate),
    ):
        value, low, high = metrics.estimate(rows, statistic)
        figures.append(f"{value:.3f}" if low is None else f"{value:.3f} ({low:.3f} – {high:.3f})")
    return figures[0], figures[1]


def compare(subject: Subject) -> list[str]:
    """Measure all systems; give a Markdown table."""
    subject.need("keywords")
    docs, _, gold = read_gold_docs(subject)
    texts = [doc.text for doc in docs]
    words = subject.reduced("nlp.pipeline=[]")
    pairs = [(text, " ".join(token.text for token in words.make_doc(text))) for text in texts]
    systems: dict[str, Callable[[], Found]] = {
        f"banmian {method}": lambda method=method: ours(subject, texts, method)  # type: ignore[misc]
        for method in METHODS
    }
    found_by_jieba = by_jieba(texts)
    systems |= {name: lambda name=name: found_by_jieba[name] for name in found_by_jieba}  # type: ignore[misc]
    systems |= {name: lambda name=name: by_peer(name, pairs) for name in INSTALLED}  # type: ignore[misc]
    lines = [
        f"{len(docs)} documents, set `{gold.fingerprint[:8]}`, configuration {subject.path.name}",
        "",
        "| system | F1 at 10 | nDCG at 10 |",
        "|---|--:|--:|",
    ]
    for name, find in systems.items():
        try:
            figures = rows_of(docs, find())
        except ConfigError as error:
            figures = (f"not measured: {error}", "")
        lines.append(f"| {name} | {figures[0]} | {figures[1]} |")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 2 for what it cannot work with."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.peers", description=__doc__.split("\n")[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder of the gold sets")
    parser.add_argument("--config", type=Path, default=Path("configs/news.cfg"), help="configuration to measure")
    options = parser.parse_args(arguments)
    try:
        lines = compare(Subject(options.config, options.shared))
    except PipelineError as error:
        sys.stderr.write(f"peers: {error}\n")
        return 2
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
