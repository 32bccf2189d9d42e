"""A finished run → one HTML page to look at: articles beside the page lines that they came from.

    python -m pipeline.report OUT [--out OUT/report.html] [--inputs PAGES …]

The page is self-contained: it asks no network, loads nothing, and holds the records as JSON that its script reads. All
text reaches the screen as text nodes; a content security policy allows the one script by its hash and nothing else.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.config import ReaderOptions
from pipeline.errors import ConfigError, PageError, PipelineError
from pipeline.inputs import find_inputs
from pipeline.reader import read_page

TEMPLATES = Path(__file__).with_name("templates")
# Articles in one report. With their pages they are some 16 MB of HTML, which a browser opens in two seconds.
MAX_ARTICLES = 2_000
# Failed pages that are listed; the rest are counted.
MAX_ERRORS = 500
# What an article keeps as it is; tokens and sentences, two thirds of a record, are not shown.
_KEPT = (
    "id",
    "page_id",
    "order",
    "kind",
    "form",
    "title",
    "kickers",
    "subtitle",
    "column",
    "byline",
    "dateline",
    "continued_from",
    "continued_to",
    "text",
    "zones",
    "mentions",
    "keywords",
    "topics",
    "split",
)
# Annotations whose text the report's script cuts out again.
_SPANS = ("entities", "times", "quantities")
# Stands for a page character that no record holds.
UNKNOWN = "·"

Record = dict[str, Any]
Run = tuple[int, int, int, int]


def read_jsonl(path: Path) -> Iterator[Record]:
    """Yield the records of a JSON lines file; raise ConfigError with the line where one is none."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                yield _parse(line, path, number)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name the output folder of a finished run") from error


def _parse(line: str, path: Path, number: int) -> Record:
    """Parse one line."""
    try:
        record: Record = json.loads(line)
    except ValueError as error:
        raise ConfigError(f"{path}, line {number}: not JSON ({error}); run the batch again") from error
    return record


def source_runs(record: Record, place: Record | None = None) -> list[Run]:
    """Tie an article's text to its page: (start, end, source start, source end), copied and repaired stretches alike.

    ``place`` is the item of ``source.further`` for another page that the article stands on. A repair has no place of
    its own in the record: it stands after the copied stretch before it, or else before the one after it, as many
    characters as the original has.
    """
    copied = [(start, end, at, at + end - start) for start, end, at in (place or record["source"])["map"]]
    ends = {run[1]: run[3] for run in copied}
    starts = {run[0]: run[2] for run in copied}
    runs = list(copied)
    for edit in record["edits"]:
        start, end, size = edit["start"], edit["end"], len(edit["original"])
        if start in ends:
            at = ends[start]
        elif end in starts:
            at = starts[end] - size
        else:
            continue
        runs.append((start, end, at, at + size))
        ends.setdefault(end, at + size)
    return sorted(runs)


def slim(record: Record) -> Record:
    """Keep of a record what the report shows."""
    spans = {name: [_compact(item) for item in record[name]] for name in _SPANS}
    return {
        **{key: record[key] for key in _KEPT},
        **spans,
        "lines": record["source"]["lines"],
        "runs": source_runs(record),
        "edits": record["edits"],
        "notes": record["quality"]["flags"],
    }


def _compact(item: Record) -> Record:
    """Leave out of an annotation its text, which its place gives, and what is unknown."""
    return {key: value for key, value in item.items() if key not in ("text", "source") and value is not None}


def find_page_text(page: Record, roots: Sequence[Path]) -> str | None:
    """Read a page's text again from the first root where its very bytes still lie; ``None`` where they do not."""
    for root in roots:
        path = root / page["source"]
        if not path.is_file():
            continue
        try:
            found = read_page(path, source_name=page["source"], options=ReaderOptions())
        except PageError:
            continue
        if found.sha256 == page["sha256"] and len(found.text) == page["n_chars"]:
            return found.text
    return None


def text_rows(text: str) -> list[list[Any]]:
    """Cut a page into rows (first line, last line, offset, text), one a line; lines are counted by line feeds."""
    rows, at = [], 0
    for number, line in enumerate(text.split("\n"), 1):
        rows.append([number, number, at, line.rstrip("\r")])
        at += len(line) + 1
    if rows and not rows[-1][3] and len(rows) > 1:
        rows.pop()
    return rows


def rebuilt_rows(page: Record, articles: Sequence[Record]) -> list[list[Any]]:
    """Rebuild a page from its records as far as they go: one row a block, unknown characters as ``·``.

    Known are the copied and repaired stretches of the articles and the texts of the remainders; markup is not.
    """
    chars = [UNKNOWN] * page["n_chars"]
    for record in articles:
        originals = {(edit["start"], edit["end"]): edit["original"] for edit in record["edits"]}
        place = next((item for item in record["source"]["further"] if item["page_id"] == page["id"]), None)
        for start, end, at, stop in source_runs(record, place):
            text = originals.get((start, end), record["text"][start:end])
            if len(text) == stop - at and at >= 0 and stop <= len(chars):
                chars[at:stop] = text
    for item in page["remainders"]:
        chars[item["start"] : item["end"]] = item["text"]
    known = "".join(chars)
    blocks = sorted(page["blocks"], key=lambda block: (block["lines"], block["start"]))
    return [
        [block["lines"][0], block["lines"][1], block["start"], known[block["start"] : block["end"]]] for block in blocks
    ]


def show_page(page: Record, articles: Sequence[Record], roots: Sequence[Path]) -> Record:
    """Make what the report shows of a page: its rows, the roles of its lines, its balance."""
    text = find_page_text(page, roots)
    return {
        "id": page["id"],
        "source": page["source"],
        "publication": page["publication"],
        "flags": page["quality"]["flags"],
        "balance": page["balance"],
        "rebuilt": text is None,
        "rows": rebuilt_rows(page, articles) if text is None else text_rows(text),
        "roles": [[*block["lines"], block["role"]] for block in page["blocks"]],
        "rest": [[item["start"], item["end"], item["where"], item["reason"]] for item in page["remainders"]],
    }


class Overview:
    """Count over all articles and pages of a run, those that are not shown included."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {
            name: Counter() for name in ("kinds", "forms", "flags", "edits", "labels", "topics", "balance", "pages")
        }
        self.articles = 0
        self.characters = 0

    def add_article(self, record: Record) -> None:
        """Count one article."""
        self.articles += 1
        self.characters += record["n_chars"]
        counts = self.counts
        counts["kinds"][record["kind"]] += 1
        counts["forms"][record["form"]] += 1
        counts["flags"].update(record["split"]["flags"])
        counts["edits"].update(edit["rule"] for edit in record["edits"])
        counts["labels"].update(entity["label"] for entity in record["entities"])
        counts["topics"].update(f"{topic['label_zh']} {topic['label_en']}" for topic in record["topics"][:1])

    def add_page(self, page: Record) -> None:
        """Count one page."""
        self.counts["pages"].update(page["quality"]["flags"])
        self.counts["balance"].update(page["balance"])

    def to_plain(self) -> Record:
        """Give all counts, the most frequent first."""
        counts = {name: counter.most_common() for name, counter in self.counts.items()}
        return {"articles": self.articles, "characters": self.characters, **counts}


def collect(folder: Path, *, inputs: Sequence[str] = (), limit: int = MAX_ARTICLES) -> Record:
    """Read a finished run into what the report shows; at most ``limit`` articles, counts over all of them.

    ``inputs`` are the files, folders or globs that the run was given.
    """
    manifest = _read_manifest(folder)
    roots = find_roots(inputs)
    overview = Overview()
    by_page: dict[str, list[Record]] = {}
    on_page: dict[str, list[Record]] = {}
    layers: dict[str, str] = {}
    for record in read_jsonl(folder / "articles.jsonl"):
        overview.add_article(record)
        layers |= record["layers"]
        if overview.articles <= limit:
            by_page.setdefault(record["page_id"], []).append(record)
            for page_id in {record["page_id"], *(item["page_id"] for item in record["source"]["further"])}:
                on_page.setdefault(page_id, []).append(record)
    pages, total = [], 0
    for page in read_jsonl(folder / "pages.jsonl"):
        overview.add_page(page)
        total += 1
        if page["id"] in on_page or (not page["articles"] and overview.articles <= limit):
            pages.append(show_page(page, on_page.get(page["id"], []), roots))
    errors = list(read_jsonl(folder / "errors.jsonl"))
    return {
        "manifest": {key: value for key, value in manifest.items() if key != "inputs"},
        "overview": {**overview.to_plain(), "page_total": total, "error_total": len(errors), "limit": limit},
        "layers": layers,
        "errors": errors[:MAX_ERRORS],
        "pages": pages,
        "articles": [slim(record) for records in by_page.values() for record in records],
    }


def _read_manifest(folder: Path) -> Record:
    """Read the manifest; raise ConfigError where the folder has none."""
    path = folder / "manifest.json"
    try:
        manifest: Record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}; the report needs the output folder of a finished run") from error
    return manifest


def find_roots(inputs: Sequence[str]) -> list[Path]:
    """Find the folder that pages are named from, for the same arguments as a run; none where they lead nowhere."""
    try:
        return [Path(find_inputs(list(inputs), options=ReaderOptions()).root)] if inputs else []
    except PipelineError:
        return []


def to_html(data: Record) -> str:
    """Write the report: template, style, script and the records as a JSON island.

    ``<``, ``>`` and ``&`` of the JSON are escaped, so that no text can end the island; the policy names the hashes
    of style and script.
    """
    style, script = (_template(name) for name in ("report.css", "report.js"))
    island = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        island = island.replace(char, f"\\u{ord(char):04x}")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'"
    )
    parts = {"POLICY": policy, "STYLE": style, "SCRIPT": script, "DATA": island}
    pieces = _template("report.html").split("@@")
    return "".join(parts[piece] if place % 2 else piece for place, piece in enumerate(pieces))


def _template(name: str) -> str:
    """Read a part of the page."""
    return (TEMPLATES / name).read_text("utf-8")


def _digest(text: str) -> str:
    """Hash a style or script as a content security policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def write_report(folder: Path, out: Path, *, inputs: Sequence[str] = ()) -> Record:
    """Write the report of a finished run; return what it shows."""
    data = collect(folder, inputs=inputs)
    temporary = out.with_name(f".{out.name}.tmp")
    temporary.write_text(to_html(data), "utf-8", errors="replace")
    os.replace(temporary, out)  # noqa: PTH105 - one word for one atomic step, as in pipeline.output
    return data


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.report", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="output folder of a finished run")
    parser.add_argument("--out", type=Path, help="the HTML file (default: report.html in the folder)")
    parser.add_argument(
        "--inputs",
        nargs="*",
        default=[],
        help="the page files, folders or globs of the run, to show the pages themselves",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 2 for what it cannot work with."""
    options = _parser().parse_args(arguments)
    out = options.out or options.folder / "report.html"
    try:
        data = write_report(options.folder, out, inputs=options.inputs)
    except PipelineError as error:
        sys.stderr.write(f"report: {error}\n")
        return 2
    shown, total = len(data["articles"]), data["overview"]["articles"]
    rebuilt = sum(page["rebuilt"] for page in data["pages"])
    sys.stdout.write(f"{out}: {shown} of {total} articles, {len(data['pages'])} pages\n")
    if shown < total:
        sys.stdout.write(f"only the first {MAX_ARTICLES} articles are shown; the counts are over all\n")
    if rebuilt:
        sys.stdout.write(f"{rebuilt} pages are rebuilt from their records: name the page files with --inputs\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
