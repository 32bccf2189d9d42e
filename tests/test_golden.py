"""The example pages' whole output, pinned: a changed rule shows its effect as a diff of tests/golden/."""

import json
from pathlib import Path

import pytest

from pipeline.chain import Chain
from pipeline.config import HOME, load
from pipeline.reader import read_page

EXAMPLES = Path(__file__).parent.parent / "examples" / "pages"
GOLDEN = Path(__file__).parent / "golden"
PAGES = sorted(path for path in EXAMPLES.iterdir() if path.suffix in {".md", ".txt"})
# Scores depend on the last bits of floating-point sums, which differ between processors; they are pinned to two digits.
DIGITS = 2


@pytest.fixture(scope="module")
def chain():
    return Chain.load(load(HOME / "news.cfg"))


def rounded(value):
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


def readable(result):
    """Lay a page's records out one field a line, tokens as words, so that a diff can be read."""
    lines = ["# page", *fields(json.loads(result.page_record))]
    for line in result.records:
        record = json.loads(line)
        text, tokens = record["text"], record.pop("tokens")
        words = zip(tokens["start"], tokens["end"], tokens["tag"], strict=True)
        record["tokens"] = " ".join(f"{text[start:end]}/{tag}" for start, end, tag in words)
        record.pop("layers")
        lines += ["", f"# {record['id']}", *fields(record)]
    return "\n".join(lines) + "\n"


def fields(record):
    for key, value in record.items():
        dumped = json.dumps(rounded(value), ensure_ascii=False)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{key}:"
            yield from (f"  {json.dumps(rounded(item), ensure_ascii=False)}" for item in value)
        else:
            yield f"{key}: {dumped}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_golden_output_of_the_example_page(chain, path, request):
    page = read_page(path, source_name=path.name, options=chain.settings.reader)
    found = readable(chain.process(page))
    golden = GOLDEN / f"{path.name}.golden"
    if request.config.getoption("--golden"):
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(found, "utf-8")
    assert golden.is_file(), f"no {golden.name}: make golden"
    assert found == golden.read_text("utf-8")


def test_golden_files_belong_to_pages():
    assert {path.name for path in GOLDEN.iterdir()} == {f"{path.name}.golden" for path in PAGES}
