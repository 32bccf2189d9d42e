"""What the splitter has learned from raw text and lists of headings, in one folder of models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.splitting.affinity import Affinity
from pipeline.splitting.headforms import HeadForms
from pipeline.splitting.labeller import FILE, Labeller


@dataclass(frozen=True, slots=True)
class Learned:
    """Hold which texts belong together, and what the wording of a heading says."""

    affinity: Affinity
    forms: HeadForms
    labeller: Labeller | None = None

    @classmethod
    def load(cls, folder: Path, *, trees: bool = True) -> Learned:
        """Read the folder of a model, without the trees if not wanted; raise ModelError for another format."""
        labeller = Labeller.load(folder) if trees and (folder / FILE).is_file() else None
        return cls(Affinity.load(folder), HeadForms.load(folder), labeller)
