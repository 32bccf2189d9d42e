"""Read the unlabelled news text that frequencies, keywords and topics are trained on.

The files hold one block per document: a title line (empty where a source has none), then one paragraph per line, then
a blank line. Blocks that belong to a development or test set are left out, and so are their reprints.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

# Genres: prose of newspapers and agencies, television news read aloud, items of one sentence.
PROSE = ("people-daily.txt.xz", "crud-news-2023.txt.xz", "web-news-2006-2020.txt.xz")
BROADCAST = ("xwlb-2012-2026.txt.xz",)
BRIEFS = ("briefs-2023-2026.txt.xz",)
# The first characters of a text without spaces; two texts that share them are taken for one text reprinted.
# Shorter heads join different items that open with one formula (中新网北京4月1日电).
HEAD_CHARS = 60


class Raw(NamedTuple):
    """Hold a document: the file and number of its block, its title (or ``""``) and its body, lines joined by LF."""

    file: str
    block: int
    title: str
    body: str

    @property
    def text(self) -> str:
        """Join title and body."""
        return f"{self.title}\n{self.body}" if self.title else self.body


def head_of(text: str) -> str:
    """Give the first characters of a text without white space, to tell reprints by."""
    return "".join(text[: HEAD_CHARS * 2].split())[:HEAD_CHARS]


def read_blocks(shared: Path, file: str) -> list[Raw]:
    """Read every document of one file of ``rawtext``, empty blocks included, so that positions stay block numbers."""
    with lzma.open(shared / "rawtext" / file, "rt", encoding="utf-8") as stream:
        blocks = stream.read().split("\n\n")
    documents = []
    for number, block in enumerate(blocks):
        title, _, body = block.partition("\n")
        documents.append(Raw(file, number, title.strip(), body.strip()))
    return documents


def held_out(shared: Path) -> set[tuple[str, int]]:
    """List the blocks that only measure: the development documents and the ``dev`` half of the topic items."""
    gold = shared / "gold"
    blocks = {(item["file"], item["block"]) for item in json.loads((gold / "docs" / "sources.json").read_text("utf-8"))}
    return blocks | {(item["file"], item["block"]) for item in topic_items(shared) if item["split"] == "dev"}


def topic_items(shared: Path) -> list[dict[str, Any]]:
    """Read the topic items: id, file, block, title, topic, also, split."""
    lines = (shared / "gold" / "topics" / "dev.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def read_raw(shared: Path, files: Collection[str], *, min_chars: int = 1) -> Iterator[Raw]:
    """Yield the documents of some files, once each, without those that are held out and their reprints."""
    forbidden = held_out(shared)
    by_file = {file: read_blocks(shared, file) for file in sorted({file for file, _ in forbidden} | set(files))}
    seen = {head_of(by_file[file][block].body) for file, block in forbidden}
    for file in files:
        for raw in by_file[file]:
            head = head_of(raw.body)
            if len(raw.body) < min_chars or (raw.file, raw.block) in forbidden or head in seen:
                continue
            seen.add(head)
            yield raw
