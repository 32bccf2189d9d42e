"""Build ``models/places-1.0.0`` from public tables of administrative divisions.

Read are, under ``<corpora>/gazetteer/``: the current and former county codes of mumuy/data_location (MIT) and
the townships of modood/Administrative-divisions-of-China (WTFPL). Both restate public notices of
the Ministry of Civil Affairs and the National Bureau of Statistics. Written are three tables, tab-separated, sorted by
code:

    divisions.tsv   code (6 digits), name            provinces, prefectures, counties in force
    towns.tsv       code (9 digits), name            townships and subdistricts of those counties
    former.tsv      code (6 digits), name, successors  codes no longer in force; successors joined by commas
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import platform
import re
from collections.abc import Iterable
from pathlib import Path

from pipeline.artefacts import ROOT, sha256_of, write_meta

NAME, VERSION = "places", "1.0.0"
DIVISIONS = Path("divisions_mumuy_2026/list.json")
HISTORY = Path("divisions_mumuy_2026/history.json")
SUCCESSORS = Path("divisions_mumuy_2026/diff.json")
TOWNS = Path("divisions_modood_2023/streets.csv.xz")
# Codes from here on are Taiwan, Hong Kong and Macao, for which GB/T 2260 has the province level only.
FIRST_SPECIAL = "710000"
STANDARD_CODES = {"830000": "710000"}
# Names of codes that stand for no place of their own.
_NO_PLACE = re.compile(r"市辖区|县|市|省直辖.*|自治区直辖.*|.*直辖县级.*|.*办事处|.*管理委员会")
# The statistical table lists zones, farms and offices beside townships; only names of townships are kept.
_TOWNSHIP = re.compile(r"[\u4e00-\u9fff]{2,}(?:街道|镇|乡|苏木)")


def read_divisions(path: Path) -> dict[str, str]:
    """Read the codes in force; of Taiwan, Hong Kong and Macao only the province level."""
    table: dict[str, str] = json.loads(path.read_text("utf-8"))
    kept = {code: name for code, name in table.items() if code < FIRST_SPECIAL or code.endswith("0000")}
    # The source follows the numbers of residence permits for Taiwan (830000); the standard has 710000.
    return {STANDARD_CODES.get(code, code): name for code, name in kept.items()}


def read_former(history: Path, successors: Path, current: dict[str, str]) -> list[tuple[str, str, str]]:
    """Read codes no longer in force whose name is not in force under another code of the same prefecture."""
    names: dict[str, str] = json.loads(history.read_text("utf-8"))
    after: dict[str, list[str]] = json.loads(successors.read_text("utf-8"))
    in_force = {(code[:4], name) for code, name in current.items()}
    rows = []
    for code, name in names.items():
        known = code in current or (code[:4], name) in in_force
        if known or code >= FIRST_SPECIAL or _NO_PLACE.fullmatch(name):
            continue
        rows.append((code, name, ",".join(item for item in after.get(code, []) if item in current)))
    return sorted(rows)


def read_towns(path: Path, current: dict[str, str]) -> list[tuple[str, str]]:
    """Read townships and subdistricts of counties in force."""
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [(row["code"], row["name"]) for row in csv.DictReader(file)]
    return sorted((code, name) for code, name in rows if code[:6] in current and _TOWNSHIP.fullmatch(name))


def write_table(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    """Write rows as tab-separated UTF-8 lines."""
    path.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")


def build(corpora: Path, root: Path = ROOT) -> Path:
    """Build the gazetteer from the tables under ``corpora`` and return its folder."""
    source = corpora / "gazetteer"
    folder = root / f"{NAME}-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    divisions = read_divisions(source / DIVISIONS)
    former = read_former(source / HISTORY, source / SUCCESSORS, divisions)
    towns = read_towns(source / TOWNS, divisions)
    write_table(folder / "divisions.tsv", sorted(divisions.items()))
    write_table(folder / "former.tsv", former)
    write_table(folder / "towns.tsv", towns)
    counts = {"divisions": len(divisions), "former": len(former), "towns": len(towns)}
    write_meta(folder, describe(source, counts))
    return folder


def describe(source: Path, counts: dict[str, int]) -> dict[str, object]:
    """Make the meta.json of a gazetteer: sources with fingerprints and licences, and what was counted."""
    mumuy = {"repository": "mumuy/data_location", "licence": "MIT", "terms": "notices of the Ministry of Civil Affairs"}
    modood = {
        "repository": "modood/Administrative-divisions-of-China",
        "licence": "WTFPL",
        "terms": "National Bureau of Statistics, codes of 2023-06-30",
    }
    files = {**dict.fromkeys((DIVISIONS, HISTORY, SUCCESSORS), mumuy), TOWNS: modood}
    data = [{"file": path.as_posix(), "sha256": sha256_of(source / path), **origin} for path, origin in files.items()]
    return {
        "name": NAME,
        "version": VERSION,
        "summary": "Administrative divisions of China by GB/T 2260 code: in force, townships, former",
        "data": data,
        "command": "python -m pipeline.training.places --corpora ../shared/corpora",
        "seed": None,
        "libraries": {"python": platform.python_version()},
        "scores": {},
        "counts": counts,
        "licence": "MIT (divisions, former), WTFPL (towns)",
    }


def main(arguments: list[str] | None = None) -> int:
    """Build the gazetteer from the command line."""
    parser = argparse.ArgumentParser(description="Build the gazetteer models/places-1.0.0")
    parser.add_argument("--corpora", type=Path, required=True, help="folder that holds gazetteer/")
    parser.add_argument("--models", type=Path, default=ROOT, help="folder to write the model folder into")
    options = parser.parse_args(arguments)
    build(options.corpora, options.models)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
