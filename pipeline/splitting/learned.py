"""What the splitter has learned from raw text and lists of headings, in one folder of models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.splitting.affinity import Affinity
from pipeline.splitting.headforms import HeadForms


@dataclass(frozen=True, slots=True)
class Learned:
    """Hold which texts belong together, and what the wording of a heading says."""

    affinity: Affinity
    forms: HeadForms

    @classmethod
    def load(cls, folder: Path) -> Learned:
        """Read the folder of a model; raise ModelError when a part has another format."""
        return cls(Affinity.load(folder), HeadForms.load(folder))
