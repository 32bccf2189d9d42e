"""Hold the measured figures to their pinned floors.

A floor names the figure, the least value (for an error: the largest), a margin below it that is not yet a
loss, and the fingerprint of the set it was measured on. Floors rise freely; one is lowered or moved to another set
only with a reason, which is written beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import ConfigError, PipelineError

FLOORS = Path(__file__).resolve().parent.parent / "tests" / "gate" / "floors.json"
SCHEMA = "floors/1.0"
# Figures are deterministic on one machine; another processor's sums of 32-bit numbers moved single decisions, never
# half a point on any of these sets.
MARGIN = 0.005
# Values that must hold exactly.
EXACT = ("balance_closed",)

Floors = dict[str, dict[str, Any]]


class Verdict(NamedTuple):
    """Hold what the gate says of one floor: ``"ok"``, ``"fail"`` or ``"not measured"``, and why."""

    name: str
    status: str
    message: str


def check(evaluation: Mapping[str, Any], floors: Floors) -> list[Verdict]:
    """Compare an evaluation with all floors, in order of name.

    A figure whose section was not measured at all (its set is absent, or it was not asked for) is ``not measured``;
    a figure missing from a section that was measured fails.
    """
    figures = evaluation["figures"]
    sections = {name.partition(".")[0] for name in figures} | set(evaluation.get("seconds", ()))
    return [_verdict(name, floor, figures.get(name), sections) for name, floor in sorted(floors.items())]


def _verdict(name: str, floor: Mapping[str, Any], figure: Mapping[str, Any] | None, sections: set[str]) -> Verdict:
    """Judge one floor."""
    if figure is None:
        if name.partition(".")[0] not in sections:
            return Verdict(name, "not measured", "its section was not measured")
        return Verdict(name, "fail", "the evaluation measured its section but not this figure")
    if figure["fingerprint"] != floor["fingerprint"]:
        message = f"measured on set {figure['fingerprint'][:12]}…, pinned on {floor['fingerprint'][:12]}…; see --repin"
        return Verdict(name, "fail", message)
    value, limit, margin = figure["value"], floor["floor"], floor["margin"]
    lower = figure["better"] == "lower"
    lost = value - limit if lower else limit - value
    told = f"{value:.4f} against {'at most' if lower else 'at least'} {limit:.4f} (margin {margin})"
    return Verdict(name, "fail" if lost > margin else "ok", told)


def repin(evaluation: Mapping[str, Any], floors: Floors, *, reason: str | None = None) -> Floors:
    """Pin the evaluation's figures as the new floors; floors that it did not measure stay as they are.

    Raises ConfigError when a floor would be lowered, or would move to another set, without a reason.
    """
    new = {name: dict(floor) for name, floor in floors.items()}
    needs_reason = []
    for name, figure in evaluation["figures"].items():
        if figure["better"] == "none":
            continue
        old = floors.get(name)
        pinned = _pin(name, figure, old)
        if old is not None and _is_worse(pinned, old, figure["better"]):
            needs_reason.append(name)
            pinned["reason"] = reason
        new[name] = pinned
    if needs_reason and not (reason and reason.strip()):
        raise ConfigError(
            f"these floors would be lowered or moved to another set: {', '.join(sorted(needs_reason))}; "
            'mend the cause, or say why with --reason "…"'
        )
    return dict(sorted(new.items()))


def _pin(name: str, figure: Mapping[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """Make a floor from a figure; the margin and the reason of an older floor stay."""
    value = round(figure["value"], 4)
    margin = old["margin"] if old else 0.0 if name.endswith(EXACT) else MARGIN
    pinned = {"floor": value, "margin": margin, "fingerprint": figure["fingerprint"], "measured": value}
    if old and old.get("reason"):
        pinned["reason"] = old["reason"]
    return pinned


def _is_worse(new: Mapping[str, Any], old: Mapping[str, Any], better: str) -> bool:
    """Say whether a floor asks less than before, or of other text."""
    fell = new["floor"] > old["floor"] if better == "lower" else new["floor"] < old["floor"]
    return bool(fell or new["fingerprint"] != old["fingerprint"])


def read_floors(path: Path, *, config: str | None = None) -> Floors:
    """Read the pinned floors; none when there is no file yet.

    Raises ConfigError where they were pinned on another configuration than ``config``.
    """
    if not path.is_file():
        return {}
    content = json.loads(path.read_text("utf-8"))
    if content.get("schema") != SCHEMA:
        raise ConfigError(f"{path}: schema {content.get('schema')!r}, {SCHEMA!r} is needed")
    if config is not None and content["config"] != config:
        raise ConfigError(
            f"{path}: the floors are those of {content['config']}, the evaluation measured {config}; "
            "measure that configuration, or keep floors of its own with --floors FILE"
        )
    floors: Floors = content["figures"]
    return floors


def write_floors(path: Path, floors: Floors, *, config: str) -> None:
    """Write the pinned floors of a configuration."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"schema": SCHEMA, "config": config, "figures": floors}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


def read_evaluation(path: Path) -> dict[str, Any]:
    """Read an evaluation; raise ConfigError that says how to make one."""
    try:
        evaluation: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: no evaluation to read ({error}); make one with `make evaluate`") from error
    return evaluation


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.evaluate gate", description=__doc__.split("\n")[0])
    parser.add_argument("--evaluation", type=Path, default=Path("out/evaluation.json"))
    parser.add_argument("--floors", type=Path, default=FLOORS)
    parser.add_argument("--repin", action="store_true", help="pin the measured figures as the new floors")
    parser.add_argument("--complete", action="store_true", help="also fail where a floor's figure was not measured")
    parser.add_argument("--reason", help="why a floor is lowered or moves to another set; stored beside it")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 1 when a figure fell below its floor, 2 for what it cannot work with.

    With ``--complete`` a floor whose figure was not measured counts as fallen: nothing passes by being left out.
    """
    options = _parser().parse_args(arguments)
    try:
        evaluation = read_evaluation(options.evaluation)
        config = evaluation["config"]["name"]
        floors = read_floors(options.floors, config=config)
        if options.repin:
            pinned = repin(evaluation, floors, reason=options.reason)
            write_floors(options.floors, pinned, config=config)
            sys.stdout.write(f"{options.floors}: {len(pinned)} floors\n")
            return 0
    except PipelineError as error:
        sys.stderr.write(f"gate: {error}\n")
        return 2
    verdicts = check(evaluation, floors)
    for verdict in verdicts:
        sys.stdout.write(f"{verdict.status:12} {verdict.name:44} {verdict.message}\n")
    failed = sum(verdict.status == "fail" for verdict in verdicts)
    unmeasured = sum(verdict.status == "not measured" for verdict in verdicts)
    sys.stdout.write(f"{len(verdicts)} floors: {failed} failed, {unmeasured} not measured\n")
    for section, why in evaluation.get("not_measured", {}).items():
        sys.stdout.write(f"not measured: {section}: {why}\n")
    unpinned = sorted(
        name for name, figure in evaluation["figures"].items() if figure["better"] != "none" and name not in floors
    )
    if unpinned:
        sys.stdout.write(f"without a floor (--repin pins them): {', '.join(unpinned)}\n")
    return 1 if failed or (options.complete and unmeasured) else 0
