"""The systems that are measured side by side, and the processes and environments they run in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent.parent
WORKER = ROOT / "bench" / "worker.py"
ENVIRONMENTS = ROOT / "out" / "bench"
# A system that needs longer than this for one pass is recorded as such.
TIME_LIMIT = 1800
BASELINE = "jieba.cut"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Spec = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class System:
    """Name what is measured: what the worker loads, what it answers, and the environment of its own (or none).

    ``answers`` gives the worker's spec by task: ``words``, ``tags``, ``entities``, ``keywords``; ``python`` is the
    version that an environment needs where ours will not do.
    """

    name: str
    spec: Spec
    does: str
    answers: Mapping[str, Spec] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()
    python: str | None = None


def _alike(spec: Spec, *tasks: str) -> dict[str, Spec]:
    """Answer several tasks by the same spec."""
    return dict.fromkeys(tasks, spec)


def _ours(config: str, *tasks: str) -> dict[str, Spec]:
    """Answer each task by the stages of a configuration that it needs."""
    return {task: ("task", config, task) for task in tasks or ("words", "tags", "entities", "keywords")}


_THULAC, _SNOWNLP = ("thulac==0.2.2",), ("snownlp==0.12.3",)
# LAC 2.1.2 calls paddle.fluid, which paddlepaddle took out after the last version for Python 3.7.
_LAC = ("lac==2.1.2", "paddlepaddle==1.8.5", "protobuf<3.21")
SYSTEMS = (
    System("banmian news", ("banmian", "news"), "whole pages to records: all stages, neural", _ours("news")),
    System("banmian fast", ("banmian", "fast"), "whole pages to records: all stages, no neural model", _ours("fast")),
    System("banmian, words", ("task", "news", "words"), "words", _ours("news", "words")),
    System("banmian, words and tags", ("task", "news", "tags"), "words and tags", _ours("news", "tags")),
    System("banmian, names", ("task", "news", "entities"), "words, tags, names", _ours("news", "entities")),
    System("banmian, keywords", ("task", "news", "keywords"), "ten keywords, ranked", _ours("news", "keywords")),
    System(
        "spacy-pkuseg, our model",
        ("pkuseg", "pkuseg-1.0.0"),
        "words, the library alone",
        _alike(("pkuseg", "pkuseg-1.0.0"), "words"),
    ),
    System("jieba.cut", ("jieba", "cut"), "words", _alike(("jieba", "cut"), "words")),
    System(
        "jieba.posseg", ("jieba", "posseg"), "words and tags", _alike(("jieba", "posseg"), "words", "tags", "entities")
    ),
    System("jieba.analyse", ("jieba", "tfidf"), "ten keywords by TF-IDF", _alike(("jieba", "tfidf"), "keywords")),
    System("THULAC, words", ("thulac", False), "words", _alike(("thulac", False), "words"), _THULAC),
    System(
        "THULAC, words and tags",
        ("thulac", True),
        "words and tags",
        _alike(("thulac", True), "words", "tags", "entities"),
        _THULAC,
    ),
    System("SnowNLP, words", ("snownlp", "words"), "words", _alike(("snownlp", "words"), "words"), _SNOWNLP),
    System(
        "SnowNLP, words and tags",
        ("snownlp", "tags"),
        "words and tags",
        _alike(("snownlp", "tags"), "words", "tags", "entities"),
        _SNOWNLP,
    ),
    System("LAC, words", ("lac", "seg"), "words", _alike(("lac", "seg"), "words"), _LAC, "3.7"),
    System(
        "LAC, words, tags, names",
        ("lac", "lac"),
        "words, tags, names",
        _alike(("lac", "lac"), "words", "tags", "entities"),
        _LAC,
        "3.7",
    ),
)


def stage_systems(config: str, stages: Sequence[str]) -> list[System]:
    """Name each stage of a configuration as a system: it is loaded with what it requires and timed alone."""
    return [System(f"{config}: {stage}", ("stage", config, stage), "one stage") for stage in stages]


def make_environment(system: System, root: Path = ENVIRONMENTS) -> Path:
    """Make the environment of a system, or take the one that is there; return its Python, ours where it needs none.

    Raises ConfigError with the installer's last words where it cannot be installed.
    """
    if not system.requirements:
        return Path(sys.executable)
    folder = root / "-".join([system.requirements[0].replace("==", "-"), *([system.python] if system.python else [])])
    python = folder / "bin" / "python"
    if (folder / "ready").is_file():
        return python
    maker = find_python(system.python) if system.python else Path(sys.executable)
    shutil.rmtree(folder, ignore_errors=True)
    _run([str(maker), "-m", "venv", str(folder)], "no environment could be made")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *system.requirements]
    _run(install, "could not be installed")
    (folder / "ready").touch()
    return python


def find_python(wanted: str) -> Path:
    """Find a Python of a version (``"3.7"``) on the path or among those of pyenv; raise ConfigError without one."""
    on_path = shutil.which(f"python{wanted}")
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for path in [*sorted(versions.glob(f"{wanted}.*/bin/python")), *([Path(on_path)] if on_path else [])]:
        command = [str(path), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a Python that was found
        if done.stdout.strip() == wanted:
            return path
    raise ConfigError(f"could not be installed: needs Python {wanted}, which is not here")


def _run(command: list[str], failure: str) -> None:
    """Run an installer; raise ConfigError with its last words where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIME_LIMIT)  # noqa: S603
    if done.returncode:
        raise ConfigError(f"{failure}: {last_line(done.stderr)}")


def last_line(text: str) -> str:
    """Take the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def run_worker(
    spec: Spec, python: Path, texts: Sequence[str], *, warm: str | None = None, task: str | None = None
) -> dict[str, Any]:
    """Run the worker over texts in a fresh process; with ``task`` also get its ``answers``.

    Raises ConfigError with the worker's last words where it fails or takes too long.
    """
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    with tempfile.TemporaryDirectory() as folder:
        given, answers = Path(folder) / "texts.json", Path(folder) / "answers.json"
        given.write_text(json.dumps({"warm": warm or texts[0], "texts": list(texts)}), "utf-8")
        command = [str(python), str(WORKER), json.dumps(spec), str(given), repr(time.monotonic())]
        command += [task, str(answers)] if task else []
        try:
            done = subprocess.run(  # noqa: S603 - our own worker
                command, capture_output=True, text=True, check=False, timeout=TIME_LIMIT, env=environment, cwd=ROOT
            )
        except subprocess.TimeoutExpired:
            raise ConfigError(f"took more than {TIME_LIMIT} s") from None
        if done.returncode:
            raise ConfigError(f"could not run: {last_line(done.stderr)}")
        row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if task:
            row["answers"] = json.loads(answers.read_text("utf-8"))
    return row
