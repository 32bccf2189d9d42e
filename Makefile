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
CASES   ?= 1000000
BATCH   ?= 10000
ARGS    ?=
# Corrections of records: the file, the records it speaks of, and where corrected articles are kept with their texts.
CORRECTIONS ?= corrections.jsonl
RECORDS ?= $(OUT)/articles.jsonl
STORE   ?= corrections/store.jsonl
# A topic scheme of your own, articles labelled by it, and the model to make.
SCHEME  ?=
LABELED ?=
MODEL   ?= models/topics-mine-1.0.0
# The joint model that labels text for the training of the next one, and this one.
TEACHER ?= models/joint-1.2.0
JOINT   ?= models/joint-1.2.0

PY := $(VENV)/bin/python
# Training learns from stored corrections where there are any.
LEARN = $(if $(wildcard $(STORE)),--corrections $(STORE))
CHECKED := pipeline tests

.PHONY: help setup run test lint types check golden train train-joint evaluate gate bench report clean evaluate-models errors test-ray fuzz bench-batch evaluate-pages correct adapt train-topics peers

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18
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

$(VENV)/.ray: pyproject.toml $(VENV)/.dev
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev,train,ray]'
	touch $@

test-ray: $(VENV)/.ray ## Run the tests of the Ray engine on a local Ray
	TEST_RAY=1 $(PY) -m pytest tests/test_ray.py $(ARGS)

$(VENV)/.fuzz: pyproject.toml $(VENV)/.dev
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev,train,fuzz]'
	touch $@

fuzz: $(VENV)/.fuzz ## Throw a million random inputs at readers and page function, hours: make fuzz [CASES=…]
	$(PY) tests/fuzz.py layout -runs=$$(($(CASES) * 45 / 100))
	$(PY) tests/fuzz.py decode -runs=$$(($(CASES) * 50 / 100))
	$(PY) tests/fuzz.py archive -runs=$$(($(CASES) * 4 / 100))
	$(PY) tests/fuzz.py page -runs=$$(($(CASES) * 1 / 100))

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
	$(PY) -m pipeline.training.affinity --shared $(SHARED) --pages $(SHARED)/pages/dev --out models/splitter-1.1.0
	$(PY) -m pipeline.training.headforms --shared $(SHARED) --out models/splitter-1.1.0
	$(PY) -m pipeline.training.splitter --shared $(SHARED) --out out/train/weights.txt --model models/splitter-1.1.0
	$(PY) -m pipeline.training.places --corpora $(CORPORA) --models models
	$(PY) -m pipeline.training.frequencies --shared $(SHARED) --out models/keywords-1.0.0
	$(PY) -m pipeline.training.keywords --shared $(SHARED) --out models/keywords-1.0.0 $(LEARN)
	$(PY) -m pipeline.training.topics --shared $(SHARED) --out models/topics-1.1.0 $(LEARN)

correct: $(VENV)/.dev ## Keep corrections of topics and keywords for the next training: make correct CORRECTIONS=mine.jsonl [RECORDS=… STORE=…]
	$(PY) -m pipeline.training.corrections --corrections $(CORRECTIONS) --records $(RECORDS) --store $(STORE)

adapt: $(VENV)/.dev ## Train the shipped topics and keywords further on what was corrected: models/topics-own, models/keywords-own
	$(PY) -m pipeline.training.adapt --store $(STORE) --config $(CONFIG) $(ARGS)

train-topics: $(VENV)/.dev ## Train topics of your own: make train-topics SCHEME=mine.toml LABELED=mine.jsonl [MODEL=models/mine-1.0.0]
	$(PY) -m pipeline.training.labelled --scheme $(SCHEME) --labeled $(LABELED) --out $(MODEL)

train-joint: $(VENV)/.dev ## Train the joint model of words, tags and entities, three hours on one core: make train-joint [TEACHER=… JOINT=…]
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[joint]'
	mkdir -p out/train
	$(PY) -m pipeline.training.joint.lexicon --shared $(SHARED) --out out/train/stream
	$(PY) -m pipeline.training.joint.pretrain --stream out/train/stream --out out/train/encoder.npz
	$(PY) -m pipeline.training.joint.pretrain --stream out/train/stream --out out/train/encoder.npz --steps 28000
	$(PY) -m pipeline.training.joint.selftrain --shared $(SHARED) --corpora $(CORPORA) --model $(TEACHER) --out out/train/labels.jsonl
	$(PY) -m pipeline.training.joint.tune --corpora $(CORPORA) --stream out/train/stream --start out/train/encoder.npz \
	  --labels out/train/labels.jsonl --out out/train/joint.npz
	$(PY) -m pipeline.training.joint.export --corpora $(CORPORA) --stream out/train/stream --weights out/train/joint.npz \
	  --teacher $(TEACHER) --out $(JOINT)

evaluate: $(VENV)/.dev ## Measure everything against SHARED: out/evaluation.json
	$(PY) -m pipeline.evaluate --shared $(SHARED) --config $(CONFIG) --out out/evaluation.json $(ARGS)

evaluate-models: $(VENV)/.dev ## Measure words, tags and names alone, two minutes: out/models.json
	$(PY) -m pipeline.evaluate --shared $(SHARED) --config $(CONFIG) --out out/models.json \
	  --only segmentation,tags,entities,msra $(ARGS)

errors: $(VENV)/.dev ## List what the evaluation found wrong, by kind, gold against ours: out/errors.md
	$(PY) -m pipeline.evaluate errors --shared $(SHARED) --config $(CONFIG) --out out/errors.md $(ARGS)

evaluate-pages: $(VENV)/.dev ## Measure splitting alone: the section pages, printed and in out/evaluation-pages.json
	$(PY) -m pipeline.evaluate --shared $(SHARED) --config $(CONFIG) --out out/evaluation-pages.json --only pages $(ARGS)

gate: $(VENV)/.dev ## Compare the last evaluation with the pinned floors
	$(PY) -m pipeline.evaluate gate --evaluation out/evaluation.json $(ARGS)

bench: $(VENV)/.dev ## Measure speed, memory, accuracy and growth beside the peers: docs/benchmarks.md
	$(PY) -m pipeline.bench --shared $(SHARED) --out docs/benchmarks.md $(ARGS)

bench-batch: $(VENV)/.dev ## Measure the batch: scaling, memory, rerun, overhead, capacity: out/bench-batch.json [BATCH=10000]
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m pipeline.bench_batch --pages $(BATCH) --out out/bench-batch.json $(ARGS)

peers: $(VENV)/.dev ## Measure keywords beside jieba, YAKE and JioNLP, in one run
	$(PY) -m pipeline.peers --shared $(SHARED) --config $(CONFIG)

report: $(VENV)/.run ## Make one HTML page to look at from a finished run: OUT/report.html
	$(PY) -m pipeline.report $(OUT) --inputs $(PAGES)

clean: ## Remove .venv, outputs and caches
	rm -rf $(VENV) out build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
