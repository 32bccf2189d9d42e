"""Gather labelled texts for the topic model: corpora with labels, seeds on unlabelled news, and items that were read.

Every example carries codes, codes that say nothing about it, a weight and the source it came from.
"""

from __future__ import annotations

import lzma
import random
import re
import tarfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.training.rawtext import BRIEFS, BROADCAST, PROSE, Raw, read_blocks, read_raw, topic_items

# Ceilings per label, so that a large corpus does not drown the others.
FULL_TEXTS_PER_LABEL = 400
HEADLINES_PER_LABEL = 700
SEEDED_PER_TOPIC = 700
# A seeded text must name at least this many different seeds of its topic in headline and opening, and this
# many more than of any other topic.
MIN_SEEDS = 3
SEED_MARGIN = 2
SEED_WINDOW = 600  # characters of the body in which seeds are sought
WEIGHTS = {"read": 6.0, "seeded": 1.0, "full text": 0.6, "headline": 0.4}


@dataclass(frozen=True, slots=True)
class Example:
    """Hold a labelled text: codes by their first two digits, the main one first.

    Nothing is learned about the ``ambiguous`` codes from it, neither for nor against.
    """

    title: str
    text: str
    codes: tuple[str, ...]
    source: str
    ambiguous: tuple[str, ...] = ()
    item: int | None = None

    @property
    def weight(self) -> float:
        """Give the weight of examples of this source."""
        return WEIGHTS[self.source]


def read_scheme(path: Path) -> dict[str, Any]:
    """Read ``configs/topics.toml``."""
    return tomllib.loads(path.read_text("utf-8"))


def _label(mapping: dict[str, list[str]], label: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Map a corpus label to codes and ambiguous codes; ``None`` where it is not used."""
    codes = mapping.get(label)
    if codes is None:
        return None
    return tuple(codes[:1]), tuple(codes[1:])


def _decode(data: bytes) -> str:
    """Decode a corpus file and strip HTML tags, carriage returns and indents."""
    text = re.sub(r"<[^>]{0,200}>", "", data.decode("utf-8", "replace"))
    lines = (line.strip() for line in text.replace("\r", "\n").split("\n"))
    return "\n".join(line for line in lines if line)


def read_archive(path: Path, mapping: dict[str, list[str]], rng: random.Random) -> Iterator[Example]:
    """Read full texts from ``<…>/<label>/<file>`` members of an archive."""
    with tarfile.open(path) as archive:
        members: dict[str, list[tarfile.TarInfo]] = {}
        for member in archive.getmembers():
            if member.isfile() and member.name.count("/"):
                members.setdefault(member.name.split("/")[-2], []).append(member)
        for label, files in sorted(members.items()):
            mapped = _label(mapping, label)
            if mapped is None:
                continue
            for member in sorted(rng.sample(files, min(FULL_TEXTS_PER_LABEL, len(files))), key=lambda one: one.offset):
                stream = archive.extractfile(member)
                text = _decode(stream.read()) if stream else ""
                if len(text) >= 100:
                    yield Example("", text[:1500], mapped[0], "full text", mapped[1])


def read_headlines(shared: Path, mapping: dict[str, Any], rng: random.Random) -> Iterator[Example]:
    """Read the headline sets: THUCNews titles, chinanews 2023, Toutiao titles."""
    folder = shared / "corpora" / "topic"
    rows: dict[tuple[str, str], list[str]] = {}
    with tarfile.open(folder / "thucnews_titles_10of14" / "thucnews_titles.tar.xz") as archive:
        for member in archive.getmembers():
            packed = archive.extractfile(member) if member.isfile() else None
            for line in packed.read().decode("utf-8").splitlines() if packed else ():
                label, _, title = line.partition("\t")
                rows.setdefault(("thucnews", label), []).append(title)
    for path in sorted((folder / "chinanews_titles_2023").glob("*.txt")):
        rows["chinanews", path.stem] = path.read_text("utf-8").splitlines()
    with lzma.open(folder / "toutiao_titles" / "toutiao_cat_data.dev.txt.xz", "rt", encoding="utf-8") as stream:
        for line in stream:
            parts = line.rstrip("\n").split("_!_")
            rows.setdefault(("toutiao_titles", parts[2]), []).append(parts[3])
    for (corpus, label), titles in sorted(rows.items()):
        mapped = _label(mapping.get(corpus, {}), label)
        if mapped is None:
            continue
        kept = sorted({title.strip() for title in titles if len(title.strip()) >= 8})
        for title in rng.sample(kept, min(HEADLINES_PER_LABEL, len(kept))):
            yield Example(title, title, mapped[0], "headline", mapped[1])


def read_labelled_corpora(shared: Path, mapping: dict[str, dict[str, str]], *, seed: int) -> list[Example]:
    """Read the labels of the corpora that mean one narrower topic each; no other label is read."""
    return read_corpora(
        shared, {corpus: {label: [code] for label, code in own.items()} for corpus, own in mapping.items()}, seed=seed
    )


def read_corpora(shared: Path, mapping: dict[str, Any], *, seed: int) -> list[Example]:
    """Read every labelled corpus that the mapping names."""
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    folder = shared / "corpora" / "topic"
    archives = {
        "fudan": folder / "fudan_20class" / "fudan_sample.tar.xz",
        "six_class": folder / "news_6class_fulltext" / "news_6class_9000.tar.xz",
        "sogou": folder / "sogou_health_finance" / "sogou_health_finance.tar.xz",
        "toutiao": folder / "toutiao_17class_fulltext" / "toutiao_17class.tar.xz",
    }
    examples = [
        one for name, path in archives.items() if name in mapping for one in read_archive(path, mapping[name], rng)
    ]
    return [*examples, *read_headlines(shared, mapping, rng)]


def seed_counts(raw: Raw, topics: Sequence[dict[str, Any]]) -> npt.NDArray[np.int64]:
    """Count the different seeds of each topic in the opening of a text, those of the headline twice."""
    opening = raw.body[:SEED_WINDOW]
    return np.array([sum((term in opening) + (term in raw.title) for term in topic["seeds"]) for topic in topics])


def find_seeded(documents: Sequence[Raw], topics: Sequence[dict[str, Any]]) -> list[Example]:
    """Take unlabelled texts in which the seeds of one topic stand out, the clearest of each topic first."""
    found: dict[int, list[tuple[int, int]]] = {}
    for number, raw in enumerate(documents):
        counts = seed_counts(raw, topics)
        order = np.argsort(-counts, kind="stable")
        first, second = int(counts[order[0]]), int(counts[order[1]])
        if first >= MIN_SEEDS and first - second >= SEED_MARGIN:
            found.setdefault(int(order[0]), []).append((second - first, number))
    examples = []
    for at, hits in sorted(found.items()):
        code = topics[at]["code"][7:9]
        for _, number in sorted(hits)[:SEEDED_PER_TOPIC]:
            raw = documents[number]
            examples.append(Example(raw.title, raw.text[:1500], (code,), "seeded"))
    return examples


def read_labels(path: Path) -> list[tuple[str, int, tuple[str, ...]]]:
    """Read ``configs/topics_labels.tsv``: file, block and codes, none where the text is no single article."""
    rows = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        file, block, codes = line.split("\t")
        rows.append((f"{file}.txt.xz", int(block), () if codes == "-" else tuple(codes.split())))
    return rows


def first_level(scheme: dict[str, Any]) -> list[dict[str, Any]]:
    """List the topics of the first level of a scheme."""
    return [topic for topic in scheme["topic"] if "broader" not in topic]


def read_items(shared: Path, labels: Path, topics: Sequence[dict[str, Any]], *, split: str) -> list[Example]:
    """Read the items that were labelled by reading: the given half of the topic items and, for training, our own."""
    codes = {topic["label_en"]: topic["code"][7:9] for topic in topics}
    wanted: list[tuple[str, int, tuple[str, ...], int | None]] = []
    for item in topic_items(shared):
        if item["split"] == split:
            named = [item["topic"], *item["also"]] if item["topic"] else []
            wanted.append((item["file"], item["block"], tuple(codes[name] for name in named), item["id"]))
    if split == "train":
        wanted += [(file, block, own, None) for file, block, own in read_labels(labels)]
    blocks = {file: read_blocks(shared, file) for file in sorted({row[0] for row in wanted})}
    examples = []
    for file, block, own, number in wanted:
        raw = blocks[file][block]
        examples.append(Example(raw.title, raw.text, own, "read", (), number))
    return examples


def sample_news(shared: Path, *, seed: int, limits: dict[str, int]) -> list[Raw]:
    """Draw unlabelled documents, at most ``limits[file]`` of a file (all where it names none)."""
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    drawn: list[Raw] = []
    by_file: dict[str, list[Raw]] = {}
    for raw in read_raw(shared, (*PROSE, *BROADCAST, *BRIEFS), min_chars=60):
        by_file.setdefault(raw.file, []).append(raw)
    for file, documents in sorted(by_file.items()):
        limit = limits.get(file, len(documents))
        drawn += rng.sample(documents, min(limit, len(documents)))
    rng.shuffle(drawn)
    return drawn
