"""Find, check and describe the trained models under ``models/<name>-<version>/``.

A model directory holds plain data files (msgpack, npz, safetensors, ONNX, JSON, text) and a ``meta.json`` that lists
every file with its SHA-256, the data it was trained on, the command, the seed and the measured scores. Nothing
is unpickled and nothing is downloaded: a directory that does not match its meta.json is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import ModelError

ROOT = Path(__file__).resolve().parent.parent / "models"

# Fields that every meta.json must have; the model card and `explain` print them.
REQUIRED = ("name", "version", "summary", "files", "data", "command", "seed", "libraries", "scores", "licence")
FORBIDDEN_SUFFIXES = (".pkl", ".pickle", ".joblib", ".pt")


def sha256_of(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def available(root: Path = ROOT) -> list[str]:
    """List the names of the models that lie in a folder."""
    return sorted(path.parent.name for path in root.glob("*/meta.json"))


def read_meta(name: str, root: Path = ROOT) -> dict[str, Any]:
    """Read a model's meta.json; raise ModelError where it is missing or incomplete."""
    path = root / name / "meta.json"
    try:
        meta: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(
            f"model {name!r} is not there: no {path}. Models there: {', '.join(available(root)) or 'none'}. "
            "Take one of these, check the repository out again, or train it with `make train`"
        ) from None
    except ValueError as error:
        raise ModelError(f"model {name!r}: {path} is not JSON ({error}); check the repository out again") from error
    missing = [key for key in REQUIRED if key not in meta]
    if missing:
        raise ModelError(f"model {name!r}: {path} lacks {', '.join(missing)}; train it again with `make train`")
    return meta


def open_model(name: str, root: Path = ROOT) -> Path:
    """Check a model's files against its meta.json and return its folder.

    Raises ModelError that names the file, what was expected and how to mend it.
    """
    meta = read_meta(name, root)
    folder = root / name
    for relative, want in meta["files"].items():
        path = folder / relative
        if path.suffix in FORBIDDEN_SUFFIXES:
            raise ModelError(f"model {name!r}: {relative} is a pickle; models are read without pickle only")
        if not path.is_file():
            raise ModelError(
                f"model {name!r}: {path} is missing ({want['bytes']} bytes expected); "
                "check the repository out again or train it with `make train`"
            )
        found = sha256_of(path)
        if found != want["sha256"]:
            raise ModelError(
                f"model {name!r}: {path} has SHA-256 {found[:12]}…, meta.json says {want['sha256'][:12]}…; "
                "the file is damaged or was changed: check the repository out again or train it with `make train`"
            )
    return folder


def fingerprint(name: str, root: Path = ROOT) -> str:
    """Name a model by name, version and content, for cache keys and for the record's ``layers``."""
    meta = read_meta(name, root)
    digest = hashlib.sha256(json.dumps(meta["files"], sort_keys=True).encode()).hexdigest()
    return f"{name}:sha256:{digest[:12]}"


def write_meta(folder: Path, meta: Mapping[str, object]) -> None:
    """Write a model's meta.json, listing every file of the folder with its size and SHA-256."""
    files = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in _data_files(folder)
    }
    whole: dict[str, object] = {
        **meta,
        "files": files,
        "bytes": sum(path.stat().st_size for path in _data_files(folder)),
    }
    missing = [key for key in REQUIRED if key not in whole]
    if missing:
        raise ModelError(f"meta.json for {folder} would lack {', '.join(missing)}")
    (folder / "meta.json").write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _data_files(folder: Path) -> list[Path]:
    """List a model's files other than meta.json, sorted."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "meta.json")
