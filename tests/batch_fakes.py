"""A chain without models for the tests of the batch; as a command: python batch_fakes.py OUT WORKERS INPUT…

One article a line that begins with ``# ``; lines with a word in capitals make the page misbehave.
"""

import ctypes
import faulthandler
import json
import os
import signal
import sys
import time
from pathlib import Path

from pipeline.chain import PageResult
from pipeline.cleaning import CleanerOptions
from pipeline.config import AssetOptions, OutputOptions, ReaderOptions, RunOptions, Settings
from pipeline.errors import PageError
from pipeline.inputs import find_inputs
from pipeline.run import run_batch
from pipeline.splitting.articles import SplitterOptions


class FakeChain:
    """Make a record of every title line; do what the page's capitals say."""

    def __init__(self, delay=0.0):
        self.delay = delay

    def process(self, page):
        misbehave(page)
        time.sleep(self.delay)
        titles = [line[2:] for line in page.text.splitlines() if line.startswith("# ")]
        records = tuple(
            json.dumps({"id": f"{page.id}-i{order:03d}", "page_id": page.id, "text": title}, ensure_ascii=False)
            for order, title in enumerate(titles, 1)
        )
        page_record = json.dumps({"id": page.id, "source": page.source, "flags": page.flags}, ensure_ascii=False)
        return PageResult(records, page_record, {"split": self.delay}, len(page.text), {"kind:news": len(titles)})


def misbehave(page):
    """Fail as the page asks."""
    if "HANG" in page.text:
        time.sleep(60)
    if "CRASH" in page.text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "RAISE" in page.text:
        raise ValueError("a mistake")
    if "REFUSE" in page.text:
        raise PageError("cannot be split", stage="split")
    if "MEMORY" in page.text:
        raise MemoryError
    if "GREEDY" in page.text:
        bytearray(3_000_000_000)
    if "SEGFAULT" in page.text:
        faulthandler.disable()
        ctypes.string_at(0)
    once = next((line[5:] for line in page.text.splitlines() if line.startswith("ONCE ")), None)
    if once and not Path(once).exists():
        Path(once).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def load_fake(settings):
    """Load the fake chain; a delay per page comes from the environment."""
    del settings
    return FakeChain(float(os.environ.get("FAKE_DELAY", "0")))


def make_settings(digest="0" * 64, **run):
    """Make settings that name no model; without a time limit one worker runs in this process."""
    return Settings(
        path=Path("fake.cfg"),
        reader=ReaderOptions(max_bytes=100_000),
        cleaner=CleanerOptions(),
        splitter=SplitterOptions(),
        assets=AssetOptions(charlm="", splitter=""),
        run=RunOptions(**{"page_seconds": 0.0, "page_memory": 0} | run),
        output=OutputOptions(),
        resolved={"nlp": {"pipeline": []}},
        digest=digest,
    )


def batch(out, *arguments, root=None, settings=None, **options):
    """Run a batch with the fake chain."""
    settings = settings or make_settings()
    inputs = find_inputs([str(item) for item in arguments], options=settings.reader, root=root)
    return run_batch(inputs.items, settings, Path(out), load_chain=load_fake, **options)


def outputs(out):
    """Read the merged files."""
    return {name: (Path(out) / f"{name}.jsonl").read_bytes() for name in ("articles", "pages", "errors")}


def lines(out, name):
    """Read the records of a merged file."""
    return [json.loads(line) for line in (Path(out) / f"{name}.jsonl").read_text("utf-8").split("\n") if line]


if __name__ == "__main__":
    REDO = os.environ.get("FAKE_REDO", "changed")
    sys.exit(batch(sys.argv[1], *sys.argv[3:], workers=int(sys.argv[2]), redo=REDO).exit_status)
