"""Configurations: what is taken, and what is refused with which words."""

import json
import re

import pytest

from pipeline import config
from pipeline.errors import ConfigError

NEWS = config.HOME / "news.cfg"

REFUSED = {
    "unknown section": ("[reading]\nx = 1\n", r"unknown section \[reading\]; did you mean 'reader'\?"),
    "mistyped key": ("[reader]\nsufixes = []\n", r"\[reader\]: unknown key 'sufixes'; did you mean 'suffixes'\?"),
    "text for a number": ('[run]\nworkers = "two"\n', r"\[run\] workers = 'two': a whole number is needed, got str"),
    "number for a flag": ("[output]\ntokens = 1\n", r"\[output\] tokens = 1: true or false is needed, got int"),
    "text for a list": ('[reader]\nsuffixes = ".md"\n', r"\[reader\] suffixes = '.md': a list is needed"),
    "number out of bounds": ("[run]\nmax_failed_rate = 1.5\n", r"\[run\] max_failed_rate = 1.5: must be 0.0 to 1.0"),
    "value not allowed": ('[run]\non_error = "stop"\n', r"allowed are 'skip', 'abort'"),
    "no pipeline": ("", r"\[nlp\] with a key pipeline is needed"),
    "unknown stage": ('[nlp]\npipeline = ["keyword"]\n', r"unknown stage 'keyword'; did you mean 'keywords'\?"),
    "stage twice": ('[nlp]\npipeline = ["times", "times"]\n', r"stage 'times' is named twice"),
    "wrong order": (
        '[nlp]\npipeline = ["keywords", "jieba_tagger"]\n',
        r"stage 'keywords' needs token.tag, which nothing before it assigns; put 'tagger' or 'jieba_tagger' before",
    ),
    "unknown key of nlp": ("[nlp]\npipelines = []\npipeline = []\n", r"\[nlp\]: unknown key 'pipelines'"),
    "other language": ('[nlp]\nlang = "de"\npipeline = []\n', r'only "zh" is allowed'),
    "unknown segmenter": (
        '[nlp]\npipeline = []\n[nlp.tokenizer]\nmethod = "hanlp"\n',
        r"allowed: joint, pkuseg, jieba",
    ),
    "unknown option of a stage": (
        "[nlp]\npipeline = []\n[components.keywords]\ntopn = 5\n",
        r"\[components.keywords\]: unknown key 'topn'; did you mean 'top_n'\?",
    ),
    "wrong type of a stage's option": (
        '[nlp]\npipeline = []\n[components.keywords]\ntop_n = "ten"\n',
        r"\[components.keywords\] top_n = 'ten': a whole number is needed",
    ),
    "unknown stage section": ("[nlp]\npipeline = []\n[components.keyword]\nx = 1\n", r"unknown stage 'keyword'"),
    "not a configuration": ("[nlp\npipeline = []\n", r"not a configuration"),
    "missing grammar": ('[nlp]\npipeline = []\n[splitter]\ngrammar = "none.toml"\n', r"'none.toml': no such file"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_load_refuses_with_file_key_and_what_is_allowed(tmp_path, text, message):
    path = tmp_path / "mine.cfg"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        config.load(path)
    assert str(path) in str(caught.value)


def test_load_refuses_a_missing_file_and_names_the_shipped_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"no such configuration file; shipped in .*fast\.cfg, news\.cfg"):
        config.load(tmp_path / "none.cfg")


@pytest.mark.parametrize("name", ["news.cfg", "fast.cfg"])
def test_shipped_configuration_comments_every_key(name):
    lines = (config.HOME / name).read_text("utf-8").splitlines()
    keys = [i for i, line in enumerate(lines) if re.match(r"[\w@]+ *=", line) and not line.startswith(("lang", "@"))]
    bare = [lines[i] for i in keys if not any(line.startswith("#") for line in _paragraph_before(lines, i))]
    assert bare == []


def _paragraph_before(lines, i):
    """Lines above i up to an empty line or a section head."""
    for line in reversed(lines[:i]):
        if not line or line.startswith("["):
            return
        yield line


def test_news_spells_out_every_option_with_its_default():
    given = config._parse(NEWS)
    settings = config.load(NEWS)
    for name, kind in config.SECTIONS.items():
        assert list(given[name]) == list(config._plain(kind())), name
        assert config._plain(config._section(kind, given[name], name)) == config._plain(kind()), name
    for name in settings.stages:
        shown = {key: value for key, value in given["components"].get(name, {}).items() if key != "factory"}
        assert shown == {k: v for k, v in settings.resolved["components"][name].items() if k in shown}
        assert set(shown) == set(settings.resolved["components"][name]), name


OVERRIDES = {
    "number": ("components.keywords.top_n=20", ("components", "keywords", "top_n"), 20),
    "text": ("components.places.home=太原市", ("components", "places", "home"), "太原市"),
    "flag": ("output.tokens=false", ("output", "tokens"), False),
    "list": ('reader.suffixes=[".text"]', ("reader", "suffixes"), [".text"]),
}


@pytest.mark.parametrize(("override", "keys", "value"), OVERRIDES.values(), ids=OVERRIDES.keys())
def test_load_takes_overrides(override, keys, value):
    found = config.load(NEWS, [override]).resolved
    for key in keys:
        found = found[key]
    assert found == value


@pytest.mark.parametrize(
    "override", ["", "x", "top_n=3", "run.=3", ".workers=3", "run.workers.more=3", "runs.workers=3"]
)
def test_load_refuses_overrides_that_name_nothing(override):
    with pytest.raises(ConfigError):
        config.load(NEWS, [override])


def test_digest_ignores_how_a_batch_is_run_and_where_files_lie(tmp_path):
    plain = config.load(NEWS)
    copied = tmp_path / "copy.cfg"
    copied.write_bytes(NEWS.read_bytes())
    (tmp_path / "grammar.toml").write_bytes((config.HOME / "grammar.toml").read_bytes())
    assert config.load(copied, ["run.workers=2"]).digest == plain.digest
    assert config.load(NEWS, ["components.keywords.top_n=3"]).digest != plain.digest


def test_resolved_configuration_is_plain_json():
    resolved = config.load(NEWS).resolved
    assert json.loads(json.dumps(resolved)) == resolved


def test_options_of_a_stage_outside_the_pipeline_are_checked_and_left_out(tmp_path):
    path = tmp_path / "mine.cfg"
    path.write_text("[nlp]\npipeline = []\n[components.keywords]\ntop_n = 5\n", "utf-8")
    assert config.load(path).resolved["components"] == {}
