"""The command line: options, messages, exit statuses; the batch behind it with a small configuration without models."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import __version__
from pipeline.cli import DEFAULT_CONFIG, main, make_parser
from pipeline.progress import Progress, bar, duration, line
from pipeline.run import Shard

ROOT = Path(__file__).parent.parent
PAGE = "汾河日报 2024年10月16日 星期三\n\n## 市图书馆夜间开放\n\n**本报讯** 自习室即日起开放到二十二时。\n\n（王 丹）\n"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "small.cfg"
    path.write_text(
        '[assets]\ncharlm = ""\n[run]\npage_seconds = 0\n[nlp]\npipeline = ["sentences"]\n'
        '[nlp.tokenizer]\nmethod = "char"\n'
    )
    return str(path)


@pytest.fixture
def pages(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(1, 11):
        (folder / f"{number:02}.md").write_text(PAGE, "utf-8")
    return folder


def run(config, out, *arguments):
    return main(["run", "--config", config, "--out", str(out), *map(str, arguments)])


def test_main_runs_a_batch_and_says_so(config, pages, tmp_path, capsys):
    assert run(config, tmp_path / "out", pages) == 0
    said = capsys.readouterr()
    assert (said.out, "10 of 10 pages (10 made in" in said.err) == ("", True)
    assert len((tmp_path / "out" / "articles.jsonl").read_text("utf-8").splitlines()) == 10


def test_main_says_how_many_pages_failed_and_why(config, pages, tmp_path, capsys):
    (pages / "bad.md").write_bytes(b"\xff\xff")
    assert run(config, tmp_path / "out", pages) == 3
    assert "1 pages failed (1 read/UnicodeDecodeError): see" in capsys.readouterr().err


def test_main_exits_1_when_too_many_pages_failed(config, pages, tmp_path):
    (pages / "bad.md").write_bytes(b"\xff\xff")
    assert run(config, tmp_path / "out", "--set", "run.max_failed_rate=0.05", pages) == 1


def test_main_reads_paths_from_standard_input(config, pages, tmp_path, monkeypatch):
    names = "\n".join(str(pages / f"{number:02}.md") for number in (1, 2)) + "\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(names.encode())))
    assert run(config, tmp_path / "out", "-") == 0
    assert [item["source"] for item in json.loads((tmp_path / "out/manifest.json").read_text())["inputs"]] == [
        "01.md",
        "02.md",
    ]


def test_main_goes_on_with_the_rest(config, pages, tmp_path, capsys):
    run(config, tmp_path / "out", pages / "01.md", "--root", pages)
    run(config, tmp_path / "out", pages, "--workers", "2")
    assert "9 made in" in capsys.readouterr().err


USAGE = [
    ([], "the following arguments are required: COMMAND"),
    (["runn"], "invalid choice: 'runn'"),
    (["run", "x"], "the following arguments are required: --out"),
    (["run", "--out", "o"], "the following arguments are required: INPUT"),
    (["run", "--out", "o", "--workers", "0", "x"], "'0' is no whole number of at least 1"),
    (["run", "--out", "o", "--shard", "3/2", "x"], "expected I/N with 1 <= I <= N"),
    (["run", "--out", "o", "--force", "--only-failed", "x"], "not allowed with argument"),
    (["run", "--out", "o", "--wrong", "x"], "unrecognized arguments: --wrong"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE)
def test_main_reports_a_usage_error_in_one_line(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    said = capsys.readouterr().err
    assert (caught.value.code, message in said, said.count("\n")) == (2, True, 1)


CONFIG_ERRORS = [
    (["--config", "nowhere.cfg"], "nowhere.cfg: no such configuration file"),
    (["--set", "run.workrs=2"], "unknown key 'workrs'; did you mean 'workers'?"),
    (["--set", "run.workers=none"], "a whole number is needed"),
    (["--set", "nonsense"], "expected section.key=value"),
]


@pytest.mark.parametrize(("options", "message"), CONFIG_ERRORS)
def test_main_exits_2_for_a_configuration_error(config, pages, tmp_path, options, message, capsys):
    assert run(config, tmp_path / "out", *options, pages) == 2
    said = capsys.readouterr().err
    assert (message in said, said.startswith("banmian: "), "Traceback" in said) == (True, True, False)


def test_main_exits_2_where_there_are_no_pages(config, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert run(config, tmp_path / "out", tmp_path / "empty") == 2
    assert "no pages in" in capsys.readouterr().err


def test_main_exits_1_where_a_model_is_missing(config, pages, tmp_path, capsys):
    assert run(config, tmp_path / "out", "--set", "assets.charlm=gone-1.0.0", pages) == 1
    assert "banmian: model 'gone-1.0.0' is not there" in capsys.readouterr().err


def test_main_exits_1_where_the_output_folder_is_a_file(config, pages, tmp_path, capsys):
    (tmp_path / "out").touch()
    assert run(config, tmp_path / "out", pages) == 1
    assert "is a file; --out needs a folder" in capsys.readouterr().err


def test_main_says_what_is_kept_after_an_interrupt(config, pages, tmp_path, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.cli._Screen.show", interrupt)
    assert run(config, tmp_path / "out", pages) == 1
    assert "interrupted: 0 of 10 pages are done and kept" in capsys.readouterr().err


def test_split_shows_the_articles(config, pages, capsys):
    assert main(["split", "--config", config, str(pages / "01.md")]) == 0
    said = capsys.readouterr().out
    assert ("── 1 news" in said, "title  市图书馆夜间开放" in said, "\x1b" in said) == (True, True, False)


def test_split_why_shows_the_blocks(config, pages, capsys):
    assert main(["split", "--why", "--config", config, str(pages / "01.md")]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("masthead", "title", "本报讯"))


TERMINALS = {
    "a terminal": (True, {"TERM": "xterm"}, True),
    "no terminal": (False, {"TERM": "xterm"}, False),
    "NO_COLOR": (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
    "an empty NO_COLOR": (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
    "a dumb terminal": (True, {"TERM": "dumb"}, False),
}


@pytest.mark.parametrize(("terminal", "environment", "coloured"), TERMINALS.values(), ids=TERMINALS.keys())
def test_split_why_is_coloured_on_a_terminal(config, pages, capsys, monkeypatch, terminal, environment, coloured):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    assert main(["split", "--why", "--config", config, str(pages / "01.md")]) == 0
    assert ("\x1b[1;36m" in capsys.readouterr().out) is coloured


def test_split_reports_a_page_that_cannot_be_read(config, tmp_path, capsys):
    assert main(["split", "--config", config, str(tmp_path / "gone.md")]) == 1
    assert capsys.readouterr().err == "banmian: gone.md: there is no such file\n"


def test_explain_shows_the_resolved_configuration(config, capsys):
    assert main(["explain", "--config", config, "--set", "run.workers=3"]) == 0
    said = capsys.readouterr().out
    assert all(text in said for text in ("[run]\nworkers = 3\n", "sentences: tokens → token.is_sent_start, doc.sents"))


def test_explain_json_is_the_resolved_configuration(config, capsys):
    assert main(["explain", "--json", "--config", config]) == 0
    assert json.loads(capsys.readouterr().out)["nlp"]["pipeline"] == ["sentences"]


def test_explain_names_the_terms_behind_the_topics_of_a_page(tmp_path, capsys):
    page = tmp_path / "晨报-2024-05-01-p02.md"
    page.write_text(
        "# 区法院宣判诈骗案\n\n本报讯 区人民法院昨天开庭审理一起诈骗案，被告人王某被判处有期徒刑三年。\n", "utf-8"
    )
    stages = 'nlp.pipeline=["sentences", "topics"]'
    config = str(ROOT / "configs" / "fast.cfg")
    assert main(["explain", "--config", config, "--set", stages, str(page), "--article", "1"]) == 0
    said = capsys.readouterr().out
    (line,) = [line for line in said.splitlines() if line.startswith("   topic 犯罪、法律和司法")]
    assert "法院+" in line
    assert "   not given: " in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--article", "1"], "--article needs a page"),
        (["--json", "page.md"], "--json shows the configuration alone"),
        (["page.md"], "has neither keywords nor topics among its stages"),
    ],
)
def test_explain_says_what_does_not_go_together(config, capsys, arguments, message):
    assert main(["explain", "--config", config, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_default_configuration_is_shipped():
    assert (DEFAULT_CONFIG.is_file(), make_parser().parse_args(["explain"]).config) == (True, str(DEFAULT_CONFIG))


def test_shard_is_read():
    assert make_parser().parse_args(["run", "--out", "o", "--shard", "2/8", "x"]).shard == Shard(2, 8)


def test_version_without_loading_the_libraries():
    code = "import sys; from pipeline.cli import main\ntry: main(['--version'])\nfinally: print('spacy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (0, f"banmian {__version__}\nFalse\n")


def test_module_is_the_command_line_in_any_locale(config, pages):
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "pipeline", "split", "--config", config, str(pages / "01.md")]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, env=environment, check=False)
    assert (done.returncode, done.stderr, b"\\u5e02\\u56fe" in done.stdout) == (0, b"", True)


# ---- progress -----------------------------------------------------------------------------------------------

STATES = [
    (Progress(10), "0/10 pages"),
    (Progress(10, 5, 0, 20_000, 60, 2.0), "5/10 pages, 2.5 pages/s, 10,000 characters/s, 2 s left"),
    (Progress(1000, 5, 1, 20_000, 60, 10.0), "5/1000 pages, 2.0 s/page, 2,000 characters/s, 33:10 left, 1 failed"),
    (Progress(2, 2, 2, 0, 0, 0.0), "2/2 pages, 2 failed"),
]


@pytest.mark.parametrize(("state", "expected"), STATES)
def test_line_says_how_far_the_batch_is(state, expected):
    assert line(state) == expected


@pytest.mark.parametrize("width", [0, 1, 20, 60, 100, 300])
def test_bar_fits_the_terminal(width):
    assert len(bar(Progress(10, 5, 1, 20_000, 60, 2.0), width)) <= max(0, width - 1)


def test_bar_is_half_full_at_half_time():
    assert bar(Progress(10, 5), 100) == "[############............] 5/10 pages"


@pytest.mark.parametrize(("seconds", "expected"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (3661, "1:01:01")])
def test_duration(seconds, expected):
    assert duration(seconds) == expected
