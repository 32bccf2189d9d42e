"""What decides the output beside the pages, and what a manifest says of the machine that made it."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import sys
from datetime import datetime
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from pipeline import artefacts
from pipeline.config import Settings

# Raised whenever the form of a part changes, so that old parts are made again.
PART_FORM = 2
# Libraries whose version may decide a byte of the output.
LIBRARIES = ("spacy", "spacy-pkuseg", "jieba", "scikit-learn", "numpy", "thinc")
PACKAGE = Path(__file__).resolve().parent


def make_stamp(settings: Settings) -> str:
    """Hash what decides the output beside the pages: configuration, models, code, libraries.

    Raises ModelError where a model is missing.
    """
    models = [artefacts.fingerprint(name) for name in settings.models]
    found = environment()
    decisive = [PART_FORM, settings.digest, models, code_version(), found["python"], found["libraries"]]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


@functools.cache
def code_version() -> str:
    """Hash the files of the package, by their names and bytes."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0{artefacts.sha256_of(path)}\n".encode())
    return digest.hexdigest()


def environment() -> dict[str, Any]:
    """Name the interpreter, the system and the libraries that may decide a byte."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
    }


def peak_memory() -> dict[str, float] | None:
    """Tell the peak memory in MB of this process and of the largest worker; ``None`` where the system does not say."""
    try:
        resource = import_module("resource")
    except ImportError:  # Windows
        return None
    # macOS counts bytes, Linux kibibytes (getrusage(2)).
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    who = {"main": resource.RUSAGE_SELF, "worker": resource.RUSAGE_CHILDREN}
    return {name: round(resource.getrusage(item).ru_maxrss / unit, 1) for name, item in who.items()}


def write_time(time: datetime) -> str:
    """Write a time as ``YYYY-MM-DDTHH:MM:SSZ``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
