"""The house has floors: a module imports the package's own modules from lower floors only."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pipeline"

# Floors from the ground up, as docs/architecture.md draws them; "components.*" stands for all modules of that folder.
FLOORS: list[set[str]] = [
    {"", "errors", "lean", "text"},
    {"types", "splitting", "hashtable", "lookalikes", "spans", "substrings", "wrapping"},
    {
        "artefacts",
        "ngrams",
        "plaintext",
        "candidates",
        "charlm",
        "splitting.grammar",
        "splitting.weights",
        "splitting.affinity",
        "splitting.cohesion",
        "splitting.headforms",
        "publication",
        "numerals",
        "formats.*",
    },
    {"formats", "packing", "decoding"},
    {"cleaning", "splitting.bylines", "keyness", "splitting.lines", "splitting.furniture"},
    {"splitting.blocks"},
    {"splitting.seams", "splitting.pictures"},
    {"splitting.clues"},
    {"splitting.readings", "splitting.labeller"},
    {"splitting.learned"},
    {"splitting.notices", "splitting.sequence"},
    {"splitting.assembly", "splitting.regrouping", "splitting.signatures", "splitting.standing"},
    {"splitting.mending"},
    {"splitting.articles", "continuations"},
    {"components"},
    {"components.*"},
    {"config", "records"},
    {"reader", "output", "progress", "provenance", "joining"},
    {"inputs", "chain"},
    {"engines", "work"},
    {"engines.*", "issues"},
    {"training", "training.*"},
    {"measures", "measures.*", "gate"},
    {"benches", "benches.*"},
    {"run", "show", "evaluate", "report", "bench"},
    {"bench_batch", "peers"},
    {"cli"},
    {"__main__"},
]


def floor_of(module):
    for names in (module, module.partition(".")[0] + ".*"):
        for number, floor in enumerate(FLOORS):
            if names in floor:
                return number
    return None


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def own_imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pipeline":
            base = node.module.partition(".")[2]
            for alias in node.names:
                inner = f"{base}.{alias.name}".strip(".")
                is_module = (PACKAGE / (inner.replace(".", "/") + ".py")).exists() or (
                    PACKAGE / inner.replace(".", "/")
                ).is_dir()
                yield inner if is_module else base
        elif isinstance(node, ast.Import):
            yield from (a.name.partition(".")[2] for a in node.names if a.name.split(".")[0] == "pipeline")


@pytest.mark.parametrize(("module", "path"), list(modules()), ids=lambda item: str(item) if item else "pipeline")
def test_layers_module_imports_from_lower_floors(module, path):
    own = floor_of(module)
    assert own is not None, f"pipeline/{module}: give it a floor in tests/test_layers.py and docs/architecture.md"
    same_folder = module.partition(".")[0] if "." in module else None
    for other in own_imports(path):
        sideways = same_folder is not None and other.startswith(f"{same_folder}.") and floor_of(other) == own
        assert sideways or floor_of(other) < own or other == module, f"{module or 'pipeline'} imports {other}"
