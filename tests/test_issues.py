"""Joining in a batch: which pages make an issue, and that order, workers and interruptions change nothing."""

import json
import shutil
from pathlib import Path

import pytest
from batch_fakes import lines, outputs
from jsonschema import Draft202012Validator

from pipeline import issues, report
from pipeline.chain import Chain
from pipeline.config import HOME, load
from pipeline.continuations import Link
from pipeline.inputs import find_inputs
from pipeline.issues import AMBIGUOUS, chains_of, plan_issues
from pipeline.joining import JOINED
from pipeline.output import Part
from pipeline.records import load_schema
from pipeline.run import run_batch

ISSUE = Path(__file__).parent / "issue"
RULES_ONLY = [
    'nlp.pipeline=["sentences","entities"]',
    "nlp.tokenizer.method=char",
    "run.page_seconds=0",
    "run.page_memory=0",
]
SHIP = ["云溪日报-2023-05-08-p03-i002", "云溪日报-2023-05-08-p04-i001"]


@pytest.fixture(scope="module")
def settings():
    return load(HOME / "news.cfg", RULES_ONLY)


@pytest.fixture
def pages(tmp_path):
    return Path(shutil.copytree(ISSUE, tmp_path / "pages"))


@pytest.fixture
def run(settings, tmp_path):
    chain = Chain.load(settings)

    def start(*paths, out="out", settings=settings, root=None, **options):
        inputs = find_inputs([str(path) for path in paths], options=settings.reader, root=root)
        return run_batch(inputs.items, settings, tmp_path / out, load_chain=lambda _: chain, **options)

    return start


def joined(out):
    return {
        r["id"]: [f["id"] for f in r["source"]["further"]] for r in lines(out, "articles") if r["source"]["further"]
    }


def test_run_joins_articles_across_pages(run, pages, tmp_path):
    summary = run(pages)
    assert joined(tmp_path / "out") == {
        "云溪日报-2023-05-08-p01-i001": SHIP,
        "云溪日报-2023-05-08-p01-i002": ["云溪日报-2023-05-08-p03-i001"],
    }
    assert summary.articles == len(lines(tmp_path / "out", "articles")) == 6
    labels = json.loads((tmp_path / "out" / "manifest.json").read_text())["labels"]
    assert (labels["kind:news"], labels[f"flag:{JOINED}"]) == (6, 2)


def test_run_names_the_whole_article_on_every_page_it_stands_on(run, pages, tmp_path):
    run(pages)
    known = {record["id"] for record in lines(tmp_path / "out", "articles")}
    for page in lines(tmp_path / "out", "pages"):
        assert set(page["articles"]) <= known
        assert {block["article"] for block in page["blocks"]} - {None} <= known
        account = page["balance"]
        assert account["in"] == sum(value for key, value in account.items() if key != "in")


def test_run_keeps_to_the_schemas(run, pages, tmp_path):
    run(pages)
    for name in ("article", "page"):
        validator = Draft202012Validator(load_schema(name))
        for record in lines(tmp_path / "out", f"{name}s"):
            validator.validate(record)


def test_run_gives_the_same_bytes_whatever_the_order_the_workers_and_the_stops(run, pages, tmp_path):
    run(pages)
    files = sorted(pages.iterdir())
    run(*reversed(files), out="reversed", root=pages)
    run(pages, out="two", workers=2)
    for number in range(len(files)):
        run(*files[: number + 1], out="steps", root=pages)
    for name in ("reversed", "two", "steps"):
        assert outputs(tmp_path / name) == outputs(tmp_path / "out")


def test_run_makes_an_issue_again_only_when_a_page_has_changed(run, pages, tmp_path, monkeypatch):
    run(pages)
    made = []
    make = issues.IssueWorker._make
    monkeypatch.setattr(issues.IssueWorker, "_make", lambda self, task: made.append(task.name) or make(self, task))
    run(pages)
    assert made == []
    last = pages / "云溪日报_2023-05-08_04.md"
    last.write_text(last.read_text("utf-8").replace("请回船厂", "请回了船厂"), "utf-8")
    run(pages)
    assert len(made) == 1
    assert "请回了船厂" in lines(tmp_path / "out", "articles")[0]["text"]


def test_run_takes_a_page_away_again(run, pages, tmp_path):
    run(pages)
    (pages / "云溪日报_2023-05-08_04.md").unlink()
    run(pages)
    assert joined(tmp_path / "out")["云溪日报-2023-05-08-p01-i001"] == SHIP[:1]
    assert lines(tmp_path / "out", "articles")[0]["continued_to"] == "4"


def test_run_leaves_articles_apart_when_told(run, pages, tmp_path):
    run(pages, settings=load(HOME / "news.cfg", [*RULES_ONLY, "assembly.join=false"]))
    assert joined(tmp_path / "out") == {}
    assert len(lines(tmp_path / "out", "articles")) == 9


def test_run_flags_what_it_cannot_tell_apart(run, pages, tmp_path):
    path = pages / "云溪日报_2023-05-08_01.md"
    text = path.read_text("utf-8")
    tea = text[text.index("# 茶山") : text.index("# 云溪江")]
    path.write_text(f"{text}\n\n{tea}", "utf-8")
    run(pages)
    flagged = [r["id"] for r in lines(tmp_path / "out", "articles") if AMBIGUOUS in r["split"]["flags"]]
    assert len(flagged) == 3
    assert list(joined(tmp_path / "out")) == ["云溪日报-2023-05-08-p01-i001"]


def test_run_does_not_join_the_second_file_of_a_page(run, pages, tmp_path):
    shutil.copy(pages / "云溪日报_2023-05-08_03.md", pages / "云溪日报_2023-05-08_03.txt")
    run(pages)
    assert len(joined(tmp_path / "out")) == 2
    assert sum("~" in record["id"] for record in lines(tmp_path / "out", "articles")) == 4


def test_report_shows_a_part_on_its_own_page(run, pages, tmp_path):
    run(pages)
    third = next(page for page in report.collect(tmp_path / "out")["pages"] if page["source"].endswith("03.md"))
    known = "".join(row[3] for row in third["rows"])
    assert "电子围栏装上以后" in known


def test_run_reports_an_issue_that_cannot_be_joined(settings, pages, tmp_path):
    class Broken:
        def __init__(self):
            self.chain = Chain.load(settings)
            self.lm = None

        def process(self, page):
            return self.chain.process(page)

        def join(self, *_, **__):
            raise ValueError("a mistake")

    inputs = find_inputs([str(pages)], options=settings.reader)
    summary = run_batch(inputs.items, settings, tmp_path / "out", load_chain=lambda _: Broken())
    (error,) = lines(tmp_path / "out", "errors")
    Draft202012Validator(load_schema("error")).validate(error)
    assert (error["stage"], error["error"]) == ("assembly", "ValueError")
    assert (summary.exit_status, summary.ok, summary.failed) == (3, 3, 0)
    assert len(lines(tmp_path / "out", "articles")) == 9


def part(source, issue, *, status="ok", page_id="p", base_id="p"):
    return Part(source, f"key of {source}", status, page_id, base_id, None, 0, issue=issue)


GROUPS = {
    "one paper": (["2023-05-08 甲报 jia-1", "2023-05-08 甲报 yi-3"], [["jia-1", "yi-3"]]),
    "two papers": (["2023-05-08 甲报 jia-1", "2023-05-08 乙报 yi-3"], []),
    "two days": (["2023-05-08 甲报 jia-1", "2023-05-09 甲报 jia-3"], []),
    "named by the front page only": (
        ["2023-05-08 甲报 jia-1", "2023-05-08 jia jia-3", "2023-05-08 甲报 bing-4"],
        [["bing-4", "jia-1", "jia-3"]],
    ),
    "without a name": (["2023-05-08  jia-1", "2023-05-08  jia-3"], [["jia-1", "jia-3"]]),
    "joined late": (
        ["2023-05-08 甲报 jia-1", "2023-05-08 jia yi-3", "2023-05-08 甲报 yi-4"],
        [["jia-1", "yi-3", "yi-4"]],
    ),
}


@pytest.mark.parametrize(("pages", "expected"), GROUPS.values(), ids=GROUPS.keys())
def test_plan_issues_groups_pages(pages, expected):
    parts = [part(text.split(" ")[2], " ".join(text.split(" ")[:2]).strip()) for text in pages]
    assert [list(task.sources) for task in plan_issues(parts, "stamp")] == expected
    assert {task.key for task in plan_issues(parts, "stamp")} == {t.key for t in plan_issues(parts[::-1], "stamp")}


def test_plan_issues_leaves_failed_pages_and_twins_out():
    twin, failed = part("b", "2023-05-08 甲报", page_id="p~1"), part("c", "2023-05-08 甲报", status="failed")
    assert plan_issues([part("a", "2023-05-08 甲报"), twin, failed, part("d", None)], "stamp") == []


def test_chains_of_follows_links_and_leaves_circles():
    found = [Link("a", "b", 0.9, ("x",)), Link("b", "c", 0.9, ("y",)), Link("d", "e", 1.0, ()), Link("e", "d", 1.0, ())]
    ((ids, probability, evidence),) = chains_of(found)
    assert (ids, round(probability, 2), evidence) == (("a", "b", "c"), 0.81, ("x", "y"))
