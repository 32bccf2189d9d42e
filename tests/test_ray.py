"""The Ray engine on a local Ray: the bytes of the local engine. Runs where Ray is installed: make test-ray."""

import importlib.util
import os
import random
import sys
from pathlib import Path

import pytest
from batch_fakes import batch, lines, make_settings, outputs

from pipeline.config import HOME, load
from pipeline.engines.ray import RayEngine
from pipeline.errors import ConfigError, OutputError
from pipeline.inputs import find_inputs
from pipeline.run import run_batch

EXAMPLES = Path(__file__).parent.parent / "examples" / "pages"
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None or not os.environ.get("TEST_RAY"), reason="make test-ray runs these"
)


def make_pages(folder, count, **others):
    folder.mkdir()
    for number in range(count):
        (folder / f"汾河日报_2024-10-01_{number:02}.md").write_text(f"# 标题{number}\n正文\n" * (number % 4), "utf-8")
    for name, text in others.items():
        (folder / f"{name}.md").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def cluster():
    import ray  # noqa: PLC0415

    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parent.parent)])
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": paths}})
    yield
    ray.shutdown()


def test_ray_that_is_not_installed_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(ConfigError, match=r"needs Ray Data: pip install '\.\[ray\]'"):
        batch(tmp_path / "out", make_pages(tmp_path / "in", 1), engine=RayEngine())


@needs_ray
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("cluster")
class TestRay:
    def test_run_batch_gives_the_bytes_of_the_local_engine(self, tmp_path):
        pages = make_pages(tmp_path / "in", 100, bad="RAISE", large="x" * 100_001)
        batch(tmp_path / "local", pages, workers=2)
        files = sorted(pages.iterdir())
        random.Random(5).shuffle(files)
        summary = batch(tmp_path / "ray", *files, workers=2, engine=RayEngine())
        assert outputs(tmp_path / "ray") == outputs(tmp_path / "local")
        assert (summary.computed, summary.failed) == (102, 2)
        assert batch(tmp_path / "ray", pages, engine=RayEngine()).cached == 100

    def test_run_batch_keeps_the_limits(self, tmp_path):
        pages = make_pages(tmp_path / "in", 12, hang="HANG", crash="CRASH", greedy="GREEDY")
        settings = make_settings(page_seconds=1.0, page_memory=500, max_failed_rate=0.5)
        local = batch(tmp_path / "local", pages, settings=settings, workers=2)
        summary = batch(tmp_path / "ray", pages, settings=settings, workers=2, engine=RayEngine())
        assert outputs(tmp_path / "ray") == outputs(tmp_path / "local")
        assert (summary.ok, summary.failed) == (local.ok, local.failed) == (12, 3)
        assert {item["attempt"] for item in lines(tmp_path / "ray", "errors")} == {2}

    def test_run_batch_stops_when_a_part_cannot_be_written(self, tmp_path):
        pages = make_pages(tmp_path / "in", 4)
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "parts").touch()
        with pytest.raises(OutputError, match="cannot be written"):
            batch(tmp_path / "out", pages, workers=2, engine=RayEngine())

    def test_run_batch_with_the_real_chain(self, tmp_path):
        settings = load(HOME / "fast.cfg")
        inputs = find_inputs([str(EXAMPLES)], options=settings.reader).items
        run_batch(inputs, settings, tmp_path / "local")
        summary = run_batch(inputs, settings, tmp_path / "ray", workers=2, engine=RayEngine())
        assert outputs(tmp_path / "ray") == outputs(tmp_path / "local")
        assert (summary.exit_status, summary.ok) == (0, len(inputs))
