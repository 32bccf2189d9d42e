"""Turn OCR'd Chinese newspaper pages into clean, traceable article records.

Importing this package reads no file, loads no model and prints nothing; the work starts in
:mod:`pipeline.cli` (``python -m pipeline --help``) or with :func:`pipeline.config.load`.
"""

__version__ = "0.2.0"
