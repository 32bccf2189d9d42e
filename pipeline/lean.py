"""Import spaCy without what it takes along and none of our stages uses."""

from __future__ import annotations

import sys


def import_spacy() -> None:
    """Import spaCy without PyTorch, for a process that is ours alone; do nothing where either is loaded already.

    thinc, which spaCy stands on, imports PyTorch wherever it is installed (for training): 0.8 of the 1.8 seconds
    to be ready and 180 of 435 MiB. Other code can import PyTorch as ever afterwards; only thinc knows nothing of it.
    """
    if "thinc" in sys.modules or "torch" in sys.modules:
        return
    # An entry of None makes the import an ImportError, which thinc takes for "not installed".
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        import spacy  # noqa: F401, PLC0415  # only this function pays for its import
    finally:
        del sys.modules["torch"]
