# Banmian: OCR'd newspaper pages in, article records out. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON  ?= python3
VENV    ?= .venv
SHARED  ?= ../shared
CORPORA ?= $(SHARED)/corpora
PAGES   ?= examples/pages
OUT     ?= out
CONFIG  ?= configs/news.cfg
WORKERS ?= 1
ARGS    ?=

PY := $(VENV)/bin/python
CHECKED := pipeline tests

.PHONY: help setup run test lint types check golden train evaluate gate bench report clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@printf '\nVariables: PAGES=%s OUT=%s CONFIG=%s WORKERS=%s SHARED=%s ARGS=%s\n' \
	  '$(PAGES)' '$(OUT)' '$(CONFIG)' '$(WORKERS)' '$(SHARED)' '$(ARGS)'

$(VENV)/.run: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.run
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev,train]'
	touch $@

setup: $(VENV)/.run ## Build .venv with what the pipeline needs

run: $(VENV)/.run ## Turn pages into records: make run PAGES=folder OUT=out [CONFIG=… WORKERS=… ARGS=…]
	$(PY) -m pipeline run --config $(CONFIG) --out $(OUT) --workers $(WORKERS) $(ARGS) $(PAGES)

test: $(VENV)/.dev ## Run the tests
	$(PY) -m pytest $(ARGS)

lint: $(VENV)/.dev ## Check style
	$(VENV)/bin/ruff check $(CHECKED)
	$(VENV)/bin/ruff format --check $(CHECKED)

types: $(VENV)/.dev ## Check types
	$(VENV)/bin/mypy

check: lint types test ## lint, types and test together

golden: $(VENV)/.dev ## Rewrite the golden outputs of the example pages; look at the diff before you commit
	$(PY) -m pytest tests/test_golden.py --golden

train: $(VENV)/.dev ## Train all models from the corpora, an hour and a half on one core: make train SHARED=../shared
	mkdir -p out/train
	$(PY) -m pipeline.training.segmenter --corpora $(CORPORA) --out models/pkuseg-1.0.0
	$(PY) -m pipeline.training.vectors --shared $(SHARED) --segmenter models/pkuseg-1.0.0 --out out/train/vectors.npz --max-chars 3500000
	$(PY) -m pipeline.training.tagger_ner --corpora $(CORPORA) --vectors out/train/vectors.npz --out models/tagger_ner-1.0.0
	$(PY) -m pipeline.training.names --shared $(SHARED) --segmenter models/pkuseg-1.0.0 --ner models/tagger_ner-1.0.0 \
	  --max-chars 200000 --out out/train/names.txt
	$(PY) -m pipeline.training.segmenter --corpora $(CORPORA) --names out/train/names.txt --out models/pkuseg-1.0.0
	$(PY) -m pipeline.training.charlm --shared $(SHARED) --pages $(SHARED)/pages/dev --out models/charlm-1.0.0
	$(PY) -m pipeline.training.affinity --shared $(SHARED) --pages $(SHARED)/pages/dev --out models/splitter-1.0.0
	$(PY) -m pipeline.training.headforms --shared $(SHARED) --out models/splitter-1.0.0
	$(PY) -m pipeline.training.places --corpora $(CORPORA) --models models
	$(PY) -m pipeline.training.frequencies --shared $(SHARED) --out models/keywords-1.0.0
	$(PY) -m pipeline.training.keywords --shared $(SHARED) --out models/keywords-1.0.0
	$(PY) -m pipeline.training.topics --shared $(SHARED) --out models/topics-1.0.0

evaluate: $(VENV)/.dev ## Measure everything against SHARED: out/evaluation.json
	$(PY) -m pipeline.evaluate --shared $(SHARED) --config $(CONFIG) --out out/evaluation.json $(ARGS)

gate: $(VENV)/.dev ## Compare the last evaluation with the pinned floors
	$(PY) -m pipeline.evaluate gate --evaluation out/evaluation.json $(ARGS)

bench: $(VENV)/.dev ## Measure speed, memory and start-up beside the peers: docs/benchmarks.md
	$(PY) -m pipeline.bench --shared $(SHARED) --out docs/benchmarks.md $(ARGS)

report: $(VENV)/.run ## Make one HTML page to look at from a finished run: OUT/report.html
	$(PY) -m pipeline.report $(OUT) --inputs $(PAGES)

clean: ## Remove .venv, outputs and caches
	rm -rf $(VENV) out build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
