"""Throw bytes at the readers and at the page function: python tests/fuzz.py TARGET -runs=100000 [libFuzzer options]

Coverage-guided (atheris), beside the property tests of the ordinary run. Targets:

    decode    bytes as Markdown, text, gzip, zstd → a page or a PageError
    layout    bytes as JSON, JSONL, XML, mutated from files of every known format → pages or ValueError
    archive   bytes as ZIP, TAR, TAR.GZ, TAR.ZST, JSONL on the disk → inputs, each a page or a PageError
    page      lines such as newspapers have, and noise → records: balance closes, spans slice back, schemas hold

A crash, a hang over 20 seconds, and every broken promise end the run with the bytes that did it.
"""

# ruff: noqa: PT017  # libFuzzer wants the exception, pytest is not here

import gzip
import io
import json
import os
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import atheris
import zstandard

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

with atheris.instrument_imports(include=["pipeline"]):
    from pipeline.chain import Chain
    from pipeline.config import HOME, ReaderOptions, load
    from pipeline.errors import ConfigError, PageError
    from pipeline.formats import split_pages, to_markdown
    from pipeline.inputs import find_inputs
    from pipeline.reader import Input, make_page, read_bytes
    from pipeline.types import Page

import strategies  # noqa: E402
import test_formats  # noqa: E402
from jsonschema import Draft202012Validator  # noqa: E402

from pipeline.records import load_schema  # noqa: E402

OPTIONS = ReaderOptions(max_bytes=200_000, max_members=50)
SNIPPETS = [
    *strategies.HEADS,
    *strategies.NEWS,
    *strategies.CREDITS,
    *strategies.OTHER,
    "\n",
    "\n\n",
    " ",
    "\u3000",
    "**",
]
RULES = ['nlp.pipeline=["sentences","entities","times","quantities","people"]', "nlp.tokenizer.method=char"]
TEXT_NAMES = ("a.md", "a.txt", "a.md.gz", "a.md.zst", "a.json.gz")
LAYOUT_NAMES = ("a.json", "a.jsonl", "a.xml")
ARCHIVE_NAMES = ("a.zip", "a.tar", "a.tar.gz", "a.tar.zst", "a.jsonl", "a.jsonl.gz")


def check_page(page):
    """Hold a page to what every page promises."""
    page.text.encode()
    json.dumps(page.source).encode()
    for item in page.origin.regions if page.origin else ():
        assert 0 <= item.start < item.end <= len(page.text)


def decode(data):
    """Read bytes as a file of text."""
    name = TEXT_NAMES[data[0] % len(TEXT_NAMES)] if data else "a.md"
    try:
        check_page(make_page(Input(name, name), data[1:], options=OPTIONS))
    except PageError as error:
        assert error.stage == "read"


def layout(data):
    """Read bytes as a layout file, whole and cut into pages."""
    name = LAYOUT_NAMES[data[0] % len(LAYOUT_NAMES)] if data else "a.json"
    try:
        check_page(make_page(Input(name, name), data[1:], options=OPTIONS))
    except PageError as error:
        assert error.stage == "read"
    text = data[1:].decode("utf-8", "replace")
    try:
        pages = split_pages(text)
    except ValueError:
        return
    for page in pages.values():
        try:
            to_markdown(page)
        except ValueError as error:
            assert "where one was expected" not in str(error), error


FOLDER = Path(tempfile.mkdtemp(prefix="banmian-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def archive(data):
    """Read bytes as an archive on the disk."""
    path = FOLDER / (ARCHIVE_NAMES[data[0] % len(ARCHIVE_NAMES)] if data else "a.zip")
    path.write_bytes(data[1:])
    try:
        items = find_inputs([str(path)], options=OPTIONS).items
    except ConfigError:
        return
    finally:
        os.utime(path)
    assert len({item.source for item in items}) == len(items)
    for item in items:
        item.source.encode()
        try:
            check_page(make_page(item, read_bytes(item, options=OPTIONS), options=OPTIONS))
        except PageError as error:
            assert error.stage == "read"


def text_of(data):
    """Turn bytes into a page: a low byte stands for a line of a newspaper, the others for themselves."""
    parts, raw = [], bytearray()
    for byte in data[:400]:
        if byte < len(SNIPPETS):
            parts += [raw.decode("utf-8", "ignore"), SNIPPETS[byte], "\n" * (byte % 3)]
            raw.clear()
        else:
            raw.append(byte)
    return "".join([*parts, raw.decode("utf-8", "ignore")])


class PageTarget:
    """Process pages with the rules alone, and hold the records to their promises."""

    def __init__(self):
        self.chain = Chain.load(load(HOME / "news.cfg", RULES))
        self.article, self.page = (Draft202012Validator(load_schema(name)) for name in ("article", "page"))

    def __call__(self, data):
        """Process one page; any error is a finding."""
        text = text_of(data)
        page = Page(id="p", source="p.md", text=text, sha256="0" * 64, n_bytes=len(data), encoding="utf-8")
        result = self.chain.process(page)
        account = json.loads(result.page_record)
        self.page.validate(account)
        assert account["balance"]["in"] == sum(value for key, value in account["balance"].items() if key != "in")
        for record in map(json.loads, result.records):
            for start, end, source in record["source"]["map"]:
                assert record["text"][start:end] == text[source : source + end - start]
            # The schema is slow: on short pages every record, on longer ones the first.
            if len(text) < 200 or record["order"] == 1:
                self.article.validate(record)


def seeds(target):
    """Give files to begin with."""
    page = "# 市图书馆夜间开放\n\n**本报讯** 记者昨日获悉，自习室即日起开放。\n".encode()
    if target == "decode":
        yield from (bytes([0]) + page.decode().encode(name) for name in ("utf-8", "gb18030", "utf-16", "utf-16-le"))
        yield bytes([2]) + gzip.compress(page)
        yield bytes([3]) + zstandard.compress(page)
    elif target == "layout":
        for text, *_ in [*test_formats.CASES, *test_formats.SEVERAL, *test_formats.BAD, (test_formats.ALTO_ORDERED,)]:
            yield bytes([2 if text.startswith("<") else 0]) + text.encode()[:20_000]
    elif target == "archive":
        yield from archive_seeds(page)
    else:
        yield bytes(range(len(SNIPPETS)))
        yield bytes(range(0, len(SNIPPETS), 3)) * 3


def archive_seeds(page):
    """Give small archives."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as zipped:
        for name in ("a.md", "b/c.txt", "../d.md", "e.md.gz"):
            zipped.writestr(name, page)
    yield bytes([0]) + raw.getvalue()
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tarred:
        for name in ("a.md", "b/c.txt", "../d.md"):
            info = tarfile.TarInfo(name)
            info.size = len(page)
            tarred.addfile(info, io.BytesIO(page))
    data = raw.getvalue()
    yield from (bytes([1]) + data, bytes([2]) + gzip.compress(data), bytes([3]) + zstandard.compress(data))
    lines = b'{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n'
    yield from (bytes([4]) + lines, bytes([5]) + gzip.compress(lines))


def main():
    """Run libFuzzer over a target."""
    targets = {"decode": decode, "layout": layout, "archive": archive, "page": PageTarget}
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in targets:
        sys.exit(f"fuzz: {name!r} is no target; one of {', '.join(targets)}")
    target = targets[name]() if name == "page" else targets[name]
    corpus = Path(tempfile.mkdtemp(prefix=f"banmian-{name}-"))
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed{number}").write_bytes(seed)
    limits = [
        "-timeout=20",
        "-rss_limit_mb=4000",
        "-max_len=4096",
        "-print_final_stats=1",
        "-artifact_prefix=out/fuzz/",
    ]
    Path("out/fuzz").mkdir(parents=True, exist_ok=True)
    atheris.Setup([sys.argv[0], str(corpus), *limits, *sys.argv[2:]], target, enable_python_coverage=True)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
