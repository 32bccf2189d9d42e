"""What is measured, and how a table of counts becomes figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from spacy.language import Language

from pipeline import config
from pipeline.chain import Chain, PageResult, make_nlp
from pipeline.components import assigned
from pipeline.config import Settings
from pipeline.errors import PipelineError
from pipeline.measures.goldsets import AbsentError, GoldSet, present
from pipeline.measures.metrics import Statistic, estimate
from pipeline.reader import read_page

Better = Literal["higher", "lower", "none"]
# Gap between our figure and that of a set's own scorer (which rounds to four digits) above which we refuse to report.
MAX_DISAGREEMENT = 1e-4


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold one figure; ``low`` and ``high`` end its 95 % interval, ``better`` says which direction the gate guards."""

    name: str
    value: float
    low: float | None
    high: float | None
    cases: int
    unit: str
    set: str
    fingerprint: str
    better: Better = "higher"


class Reckoning(NamedTuple):
    """Name a figure of a table of counts: its statistic, and which direction is better."""

    statistic: Statistic
    better: Better = "higher"


class Subject:
    """Hold what is measured: a configuration, its chain (loaded at first use), and the folder of the sets."""

    def __init__(self, path: Path, shared: Path, overrides: Sequence[str] = ()) -> None:
        self.path = path
        self.shared = shared
        self.overrides = tuple(overrides)

    @cached_property
    def settings(self) -> Settings:
        """Load the configuration."""
        return config.load(self.path, self.overrides)

    @cached_property
    def chain(self) -> Chain:
        """Load the models."""
        return Chain.load(self.settings)

    @cached_property
    def pages(self) -> dict[str, PageResult]:
        """Process the development pages and the real page, once for all sections, by file name."""
        folder, real = present(self.shared, "pages/dev", "pages/real")
        paths = page_files(folder) + page_files(real)
        read = [read_page(path, source_name=path.name, options=self.settings.reader) for path in paths]
        self.chain.process(read[0])  # caches fill, so that the speed measured is that of a batch
        return {page.source: self.chain.process(page) for page in read}

    @cached_property
    def assigned(self) -> set[str]:
        """List what the segmenter and the stages of the configuration assign."""
        return assigned(self.settings.resolved["nlp"]["tokenizer"]["method"], self.settings.stages)

    def need(self, *stages: str) -> None:
        """Raise AbsentError where the configuration lacks a stage that a section measures."""
        for stage in stages:
            if stage not in self.settings.stages:
                raise AbsentError(f"{self.path} has no stage {stage!r}")

    def reduced(self, *overrides: str) -> Language:
        """Build the spaCy pipeline of the configuration with some values changed."""
        return make_nlp(config.load(self.path, [*self.overrides, *overrides]))


def page_files(folder: Path) -> list[Path]:
    """List the page files of a folder, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.suffix in (".md", ".txt") and path.name != "README.md")


def figures_of(
    prefix: str, counts: Sequence[Any], reckonings: dict[str, Reckoning], gold: GoldSet, unit: str
) -> Iterator[Figure]:
    """Compute the figures of one table of counts (one row a case)."""
    for name, (statistic, better) in reckonings.items():
        value, low, high = estimate(counts, statistic)
        yield Figure(f"{prefix}.{name}", value, low, high, len(counts), unit, gold.name, gold.fingerprint, better)


def agree(figures: Iterable[Figure], official: dict[str, float]) -> None:
    """Compare with what a set's own scorer says of the whole; raise PipelineError where we count otherwise."""
    for figure in figures:
        want = official.get(figure.name)
        if want is not None and abs(figure.value - want) > MAX_DISAGREEMENT:
            raise PipelineError(f"{figure.name}: counted {figure.value:.4f}, the set's scorer says {want:.4f}")
