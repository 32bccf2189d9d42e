"""The report: what it holds, that nothing in it can run, and that the way back to the page's lines is right."""

import json
from html.parser import HTMLParser

import pytest

from pipeline import records, report
from pipeline.config import ReaderOptions
from pipeline.errors import ConfigError
from pipeline.reader import read_page
from pipeline.text import AlignedText, Replacement
from pipeline.types import Article, Block, Byline, Entity, Layout, Person, Remainder, Zone

# Lines: 1 masthead, 3 heading, 5 first half of a paragraph, 7 second half (a column break between them).
PAGE = "并州晚报 2024年10月16日\n\n## 雨停路通<script>alert(1)</script>\n\n记者王 丹 and 李强到城\n\n南看了𠮷家。\n"
TITLE, FIRST, SECOND = "雨停路通<script>alert(1)</script>", "记者王 丹 and 李强到城", "南看了𠮷家。"


def article_of(page):
    cleaned = AlignedText.of(page.text)
    title, first, second = (
        cleaned.slice(at, at + len(part)) for part in (TITLE, FIRST, SECOND) for at in [PAGE.index(part)]
    )
    first = first.replace([Replacement(3, 4, "", "spaced_name", 0.9), Replacement(5, 10, "和", "stray_latin", 0.8)])
    text = AlignedText.join([title, AlignedText.join([first, second])], "\n")
    zones = (Zone("title", 0, len(title)), Zone("paragraph", len(title) + 1, len(text)))
    byline = Byline("记者王丹", (Person("王丹", "记者"),))
    return Article(1, "news", "news", text, zones, title=TITLE, byline=byline, lines=(3, 7))


def entity(number, text, part, label):
    at = text.index(part)
    return Entity(f"e{number}", at, at + len(part), part, label)


@pytest.fixture
def run(tmp_path, make_doc):
    """A finished run over one page, with the page beside it."""
    inputs, out = tmp_path / "pages", tmp_path / "out"
    inputs.mkdir()
    out.mkdir()
    (inputs / "a.md").write_text(PAGE, "utf-8")
    page = read_page(inputs / "a.md", source_name="a.md", options=ReaderOptions())
    article = article_of(page)
    text = article.text.text
    doc = make_doc(list(text))
    names = [("王丹", "PER"), ("李强", "PER"), ("城南", "LOC"), ("𠮷家", "LOC")]
    doc._.entities = tuple(entity(number, text, part, label) for number, (part, label) in enumerate(names, 1))
    block = Block(0, "title", PAGE.index(TITLE), PAGE.index(TITLE) + len(TITLE), (3, 3), article=1)
    body = Block(1, "paragraph", PAGE.index(FIRST), PAGE.index(FIRST) + len(FIRST), (5, 5), article=1)
    layout = Layout(
        AlignedText.of(PAGE), (block, body), (article,), (Remainder(0, 16, "furniture", "masthead"),), ("x",)
    )
    balance = {"in": 50, "in_articles": 40, "in_furniture": 5, "dropped_markup": 5, "residual": 0}
    lines = {
        "articles": [records.to_record(article, doc, page, layers={"split": "x@1"})],
        "pages": [records.to_page_record(page, layout, balance=balance)],
        "errors": [{"source": "坏.md", "stage": "read", "error": "PageError", "message": "<b>no text</b>"}],
    }
    for name, rows in lines.items():
        (out / f"{name}.jsonl").write_text("".join(records.to_line(row) + "\n" for row in rows), "utf-8")
    (out / "manifest.json").write_text(json.dumps({"schema": "manifest/1.0", "inputs": []}), "utf-8")
    return out, [str(inputs)]


class Reader(HTMLParser):
    """Collect the elements of a page and what the scripts hold."""

    VOID = ("meta", "link", "br", "img", "input")

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.scripts, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "script":
            self.scripts.append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data


@pytest.fixture
def parsed(run):
    out, inputs = run
    report.write_report(out, out / "report.html", inputs=inputs)
    reader = Reader()
    reader.feed((out / "report.html").read_text("utf-8"))
    reader.close()
    return reader


def test_report_is_well_formed(parsed):
    assert parsed.open == []


def test_report_holds_the_records_in_an_island(parsed):
    (article,) = json.loads(parsed.scripts[0])["articles"]
    names = [article["text"][item["start"] : item["end"]] for item in article["entities"]]
    assert (article["title"], names) == (TITLE, ["王丹", "李强", "城南", "𠮷家"])


def test_report_lets_no_text_become_markup(parsed):
    assert parsed.tags.count("script") == 2
    assert not {"b", "img", "iframe", "link"} & set(parsed.tags)


def test_report_asks_nothing_of_a_network(parsed):
    assert not [value for name, value in parsed.attributes if name in ("src", "href") or "//" in (value or "")]


def test_report_policy_names_the_hash_of_its_script(parsed):
    policy = next(value for name, value in parsed.attributes if "default-src" in (value or ""))
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{report._digest(parsed.scripts[1])}'" in policy


def test_script_never_writes_markup():
    script = (report.TEMPLATES / "report.js").read_text("utf-8")
    assert not [
        word for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(") if word in script
    ]


def lines_of(data, name):
    """Follow a name from the article to the lines of the page, as the report's script does."""
    (article,), (page,) = data["articles"], data["pages"]
    item = next(item for item in article["entities"] if article["text"][item["start"] : item["end"]] == name)
    found = set()
    for start, end, at, stop in article["runs"]:
        if start < item["end"] and end > item["start"]:
            low, high = at, stop
            if end - start == stop - at:
                low, high = at + max(start, item["start"]) - start, at + min(end, item["end"]) - start
            found |= {row[0] for row in page["rows"] if row[2] < high and row[2] + len(row[3]) > low}
    return sorted(found)


LINES = {
    "before a repair": ("王丹", [5]),
    "after it": ("李强", [5]),
    "across a column break": ("城南", [5, 7]),
    "astral": ("𠮷家", [7]),
}


@pytest.mark.parametrize(("name", "expected"), LINES.values(), ids=LINES.keys())
def test_names_lead_to_their_lines(run, name, expected):
    out, inputs = run
    assert lines_of(report.collect(out, inputs=inputs), name) == expected


@pytest.mark.parametrize(("name", "expected"), [("王丹", [5]), ("李强", [5])])
def test_names_lead_to_their_lines_on_a_rebuilt_page(run, name, expected):
    assert lines_of(report.collect(run[0]), name) == expected


def test_source_runs_place_repairs_between_copies(run):
    (article,) = report.collect(run[0])["articles"]
    held = {tuple(run_) for run_ in article["runs"]}
    space, latin = PAGE.index(" 丹"), PAGE.index(" and ")
    at = len(TITLE) + 1
    assert {(at + 3, at + 3, space, space + 1), (at + 4, at + 5, latin, latin + 5)} <= held


def test_page_is_shown_as_it_is_where_its_file_still_lies(run):
    out, inputs = run
    (page,) = report.collect(out, inputs=inputs)["pages"]
    assert not page["rebuilt"]
    assert [row[3] for row in page["rows"]] == PAGE.split("\n")[:-1]


CHANGED = {
    "changed": lambda path: path.write_text(PAGE.replace("雨", "雪"), "utf-8"),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED.keys())
def test_page_is_rebuilt_where_its_file_is_not_the_same(run, change, tmp_path):
    out, inputs = run
    change(tmp_path / "pages" / "a.md")
    (page,) = report.collect(out, inputs=inputs)["pages"]
    assert page["rebuilt"]
    assert page["rows"] == [[3, 3, PAGE.index(TITLE), TITLE], [5, 5, PAGE.index(FIRST), FIRST]]


def test_report_shows_no_more_than_its_limit_and_counts_all(run):
    data = report.collect(run[0], limit=0)
    assert (data["articles"], data["overview"]["articles"], data["pages"]) == ([], 1, [])


def test_overview_counts_edits_by_rule(run):
    overview = report.collect(run[0])["overview"]
    assert dict(overview["edits"]) == {"spaced_name": 1, "stray_latin": 1}
    assert (overview["error_total"], overview["page_total"]) == (1, 1)


def test_main_writes_beside_the_records_and_says_what_is_rebuilt(run, capsys):
    assert report.main([str(run[0])]) == 0
    assert "1 of 1 articles" in capsys.readouterr().out
    assert (run[0] / "report.html").is_file()


def test_main_refuses_a_folder_without_a_run(tmp_path, capsys):
    assert report.main([str(tmp_path)]) == 2
    assert "finished run" in capsys.readouterr().err


def test_read_jsonl_names_the_line_that_is_none(tmp_path):
    path = tmp_path / "articles.jsonl"
    path.write_text('{}\n{"a":\n')
    with pytest.raises(ConfigError, match="line 2"):
        list(report.read_jsonl(path))
