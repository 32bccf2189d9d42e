"""Check a finished run's output against the published schemas: python tests/check_output.py OUT"""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

from pipeline.records import load_schema


def read_lines(path: Path) -> list[str]:
    """Read the lines of a file; only a line feed ends one (a record may hold U+2028)."""
    return path.read_text("utf-8").split("\n")[:-1]


def check(folder: Path) -> str:
    """Validate every line of a run's output; return a summary, raise on the first fault."""
    counts = {}
    for name in ("articles", "pages", "errors"):
        validator = Draft202012Validator(load_schema(name[:-1]))
        lines = read_lines(folder / f"{name}.jsonl")
        for line in lines:
            validator.validate(json.loads(line))
        counts[name] = len(lines)
    if not counts["articles"] or counts["errors"]:
        raise SystemExit(f"{folder}: expected articles and no errors, found {counts}")
    for line in read_lines(folder / "pages.jsonl"):
        account = json.loads(line)["balance"]
        if account["in"] != sum(value for key, value in account.items() if key != "in"):
            raise SystemExit(f"{folder}: the balance of a page does not close: {account}")
    return ", ".join(f"{count} {name}" for name, count in counts.items())


if __name__ == "__main__":
    sys.stdout.write(f"{sys.argv[1]}: valid by the schemas: {check(Path(sys.argv[1]))}\n")
