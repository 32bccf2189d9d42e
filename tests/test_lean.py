"""spaCy is imported without PyTorch, and PyTorch can be imported all the same."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
WITHOUT = """
import sys
from pipeline.lean import import_spacy
import_spacy()
assert "spacy" in sys.modules and "torch" not in sys.modules
import torch
assert torch.loaded
import_spacy()
assert torch is sys.modules["torch"]
"""


def run(tmp_path, code, *arguments):
    """Run Python where a package named torch is installed, which notes that it was imported."""
    package = tmp_path / "torch"
    package.mkdir(exist_ok=True)
    note = f"open({str(tmp_path / 'imported')!r}, 'w').close()\nloaded = True\n"
    # What thinc asks of it, so that it takes it for the real one.
    asked = "from types import SimpleNamespace as S\n__version__ = '2.9'\ncuda, backends = S(device_count=int), S()\n"
    (package / "__init__.py").write_text(note + asked, "utf-8")
    (package / "utils").mkdir(exist_ok=True)
    (package / "utils" / "__init__.py").write_text("", "utf-8")
    (package / "utils" / "dlpack.py").write_text("", "utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, *(["-c", code] if code else []), *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)


def test_spacy_comes_without_torch_and_torch_can_come_later(tmp_path):
    done = run(tmp_path, WITHOUT)
    assert done.returncode == 0, done.stderr


def test_the_command_line_does_not_import_torch(tmp_path):
    done = run(tmp_path, None, "-m", "pipeline", "explain", "--json")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "imported").exists()
