"""The gate: what passes, what fails, and when a floor may be lowered. No corpora are needed."""

import json

import pytest

from pipeline import gate
from pipeline.errors import ConfigError


def figure(value, *, fingerprint="f" * 64, better="higher"):
    return {"value": value, "fingerprint": fingerprint, "better": better}


def floor(value, *, margin=0.005, fingerprint="f" * 64, **more):
    return {"floor": value, "margin": margin, "fingerprint": fingerprint, "measured": value, **more}


def status(measured, pinned, name="pages.f1"):
    figures = {} if measured is None else {name: measured}
    (verdict,) = gate.check({"figures": figures | {"pages.other": figure(1.0)}}, {name: pinned})
    return verdict.status


VERDICTS = {
    "equal": (figure(0.9), floor(0.9), "ok"),
    "better": (figure(0.95), floor(0.9), "ok"),
    "inside the margin": (figure(0.896), floor(0.9), "ok"),
    "below the margin": (figure(0.894), floor(0.9), "fail"),
    "exact figure a hair below": (figure(0.9999), floor(1.0, margin=0.0), "fail"),
    "error grew beyond the margin": (figure(0.11, better="lower"), floor(0.1), "fail"),
    "error inside the margin": (figure(0.104, better="lower"), floor(0.1), "ok"),
    "error shrank": (figure(0.01, better="lower"), floor(0.1), "ok"),
    "other set, better value": (figure(0.99, fingerprint="e" * 64), floor(0.9), "fail"),
    "gone from a measured section": (None, floor(0.9), "fail"),
}


@pytest.mark.parametrize(("measured", "pinned", "expected"), VERDICTS.values(), ids=VERDICTS.keys())
def test_check_judges(measured, pinned, expected):
    assert status(measured, pinned) == expected


def test_check_tells_an_unmeasured_section_from_a_lost_figure():
    assert status(None, floor(0.9), name="topics.accuracy") == "not measured"


def test_check_fails_a_section_that_was_measured_and_gave_nothing():
    (verdict,) = gate.check({"figures": {}, "seconds": {"topics": 1.0}}, {"topics.accuracy": floor(0.9)})
    assert verdict.status == "fail"


def test_repin_raises_a_floor_without_a_word():
    pinned = gate.repin({"figures": {"a.f1": figure(0.95)}}, {"a.f1": floor(0.9)})
    assert pinned["a.f1"]["floor"] == 0.95


WORSE = {
    "lower value": (figure(0.89), floor(0.9)),
    "higher error": (figure(0.2, better="lower"), floor(0.1)),
    "another set": (figure(0.95, fingerprint="e" * 64), floor(0.9)),
}


@pytest.mark.parametrize("reason", [None, "", "  "])
@pytest.mark.parametrize(("measured", "pinned"), WORSE.values(), ids=WORSE.keys())
def test_repin_refuses_to_ask_less_without_a_reason(measured, pinned, reason):
    with pytest.raises(ConfigError, match=r"a\.f1; .*--reason"):
        gate.repin({"figures": {"a.f1": measured}}, {"a.f1": pinned}, reason=reason)


@pytest.mark.parametrize(("measured", "pinned"), WORSE.values(), ids=WORSE.keys())
def test_repin_stores_the_reason(measured, pinned):
    new = gate.repin({"figures": {"a.f1": measured}}, {"a.f1": pinned}, reason="the gold was mended")
    assert (new["a.f1"]["reason"], new["a.f1"]["floor"]) == ("the gold was mended", measured["value"])


def test_repin_keeps_margins_and_floors_it_did_not_measure():
    old = {"a.f1": floor(0.9, margin=0.02), "b.f1": floor(0.5)}
    new = gate.repin({"figures": {"a.f1": figure(0.91)}}, old)
    assert (new["a.f1"]["margin"], new["b.f1"]) == (0.02, old["b.f1"])


def test_repin_does_not_change_its_arguments():
    old = {"a.f1": floor(0.9)}
    gate.repin({"figures": {"a.f1": figure(0.95)}}, old)
    assert old == {"a.f1": floor(0.9)}


def test_repin_leaves_out_figures_that_nothing_guards():
    assert gate.repin({"figures": {"speed.all": figure(9000.0, better="none")}}, {}) == {}


def test_repin_pins_the_balance_exactly():
    new = gate.repin({"figures": {"pages.all.balance_closed": figure(1.0)}}, {})
    assert new["pages.all.balance_closed"]["margin"] == 0.0


@pytest.fixture
def files(tmp_path):
    evaluation, floors = tmp_path / "evaluation.json", tmp_path / "floors.json"
    gate.write_floors(floors, {"a.f1": floor(0.9)}, config="news.cfg")

    def run(value, *more, config="news.cfg"):
        evaluation.write_text(json.dumps({"config": {"name": config}, "figures": {"a.f1": figure(value)}}))
        return gate.main(["--evaluation", str(evaluation), "--floors", str(floors), *more])

    run.floors = floors
    return run


@pytest.mark.parametrize(("value", "code"), [(0.9, 0), (0.5, 1)])
def test_gate_exit_status(files, value, code, capsys):
    assert files(value) == code
    assert f"1 floors: {code} failed, 0 not measured" in capsys.readouterr().out


def test_gate_repin_writes_what_the_gate_then_accepts(files):
    assert files(0.8, "--repin") == 2
    assert files(0.8, "--repin", "--reason", "smaller model") == 0
    assert gate.read_floors(files.floors)["a.f1"]["reason"] == "smaller model"
    assert files(0.8) == 0


def test_gate_refuses_the_evaluation_of_another_configuration(files, capsys):
    assert files(0.9, config="fast.cfg") == 2
    assert "the floors are those of news.cfg" in capsys.readouterr().err


def test_gate_without_an_evaluation_says_how_to_make_one(tmp_path, capsys):
    assert gate.main(["--evaluation", str(tmp_path / "none.json")]) == 2
    assert "make evaluate" in capsys.readouterr().err


def test_read_floors_refuses_another_schema(tmp_path):
    path = tmp_path / "floors.json"
    path.write_text('{"schema": "floors/9", "figures": {}}')
    with pytest.raises(ConfigError, match=r"floors/1\.0"):
        gate.read_floors(path)


def test_gate_says_what_was_not_measured_and_why(files, tmp_path, capsys):
    path = tmp_path / "partial.json"
    content = {"config": {"name": "news.cfg"}, "figures": {}, "not_measured": {"a": "no folder nowhere"}}
    path.write_text(json.dumps(content))
    given = ["--evaluation", str(path), "--floors", str(files.floors)]
    assert gate.main(given) == 0
    out = capsys.readouterr().out
    assert "1 floors: 0 failed, 1 not measured" in out
    assert "not measured: a: no folder nowhere" in out
    assert gate.main([*given, "--complete"]) == 1


def test_gate_names_figures_without_a_floor(files, tmp_path, capsys):
    path = tmp_path / "more.json"
    figures = {"a.f1": figure(0.9), "b.f1": figure(0.9), "speed.all": figure(9.0, better="none")}
    path.write_text(json.dumps({"config": {"name": "news.cfg"}, "figures": figures}))
    assert gate.main(["--evaluation", str(path), "--floors", str(files.floors)]) == 0
    assert "without a floor (--repin pins them): b.f1\n" in capsys.readouterr().out


def test_repin_of_a_changed_set_forgets_nothing_else():
    old = {"a.f1": floor(0.9, margin=0.02, reason="once"), "b.f1": floor(0.5)}
    new = gate.repin({"figures": {"a.f1": figure(0.95, fingerprint="e" * 64)}}, old, reason="more pages")
    assert new["a.f1"] == floor(0.95, margin=0.02, fingerprint="e" * 64, reason="more pages")
    assert new["b.f1"] == old["b.f1"]


def test_repin_with_a_reason_raises_the_other_floors_without_one():
    old = {"a.f1": floor(0.9), "b.f1": floor(0.5)}
    new = gate.repin({"figures": {"a.f1": figure(0.8), "b.f1": figure(0.6)}}, old, reason="smaller model")
    assert new["a.f1"]["reason"] == "smaller model"
    assert "reason" not in new["b.f1"]


def test_floors_of_the_repository_are_complete_and_readable():
    """Every floor has its five parts, and each figure that the repository's own sets give has a floor."""
    floors = gate.read_floors(gate.FLOORS, config="news.cfg")
    assert all({"floor", "margin", "fingerprint", "measured"} <= entry.keys() for entry in floors.values())
    assert {"times.own.time_value_f1", "examples.own.article_f1"} <= floors.keys()
