# The first use of any target makes .venv. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup train sweep test test-long test-gpu lint docs report dashboard sync bench gallery clean

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready$(EXTRAS)
S ?= activations
ARGS ?=
EXTRAS ?=

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: $(READY) ## makes .venv and installs everything at the tested versions

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "unrolled needs Python 3.11 or later; give one: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet -c constraints.txt -e '.[data,gallery,dev$(EXTRAS)]'
	$(PY) -m pip install --quiet -c constraints.txt --no-deps sweeps  # for the schema of W&B's sweeps; its code wants an old numpy
	@touch $@

train: $(READY) ## one run; ARGS="activation=relu model.hidden=8"
	@$(PY) src/train.py $(ARGS)

sweep: $(READY) $(if $(filter reach,$(S)),gallery/cartpole.npz) ## the sweep sweeps/$(S).yaml and its page; S=name, ARGS="seed=0,1,2"
	@$(PY) src/train.py --config-dir sweeps --config-name $(S) $(ARGS)

gallery: $(READY) ## writes the data sets of docs/own_data.md into gallery/
	@$(PY) -m unrolled.cli gallery --all

gallery/cartpole.npz: | $(READY)
	@$(PY) -m unrolled.cli gallery cartpole

test: $(READY) ## the tests (under 5 minutes on 2 cores)
	$(PY) -m pytest -n auto $(ARGS)

test-long: $(READY) ## the slow tests: whole sweeps, kills at every moment, a Slurm cluster
	$(PY) -m pytest -m long -n auto $(ARGS)
	$(if $(ARGS),,PYTHON=$(PYTHON) tests/lowest.sh)

test-gpu: ## what needs a GPU; installs nothing: PY=python3 takes a Python that has torch
	@PYTHONPATH=src $(PY) tests/gpu

lint: $(READY) ## style (ruff) and types (pyright)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pyright

docs: $(READY) ## writes docs/reference.md and the pictures docs/chain*.svg, and executes the notebooks
	@$(PY) -m unrolled.config.reference > docs/reference.md
	@$(PY) -m unrolled.lecture.chains docs
	@$(PY) docs/execute.py docs/*.ipynb

report: $(READY) ## rebuilds a sweep's table and page from disk: DIR=outputs/sweeps/...
	@$(if $(DIR),,$(error give the sweep's folder: make report DIR=outputs/sweeps/NAME/TIME))
	@$(PY) -m unrolled.cli report $(DIR)

dashboard: $(READY) ## opens the newest runs in W&B's own terminal viewer, offline; DIR=a run's or a sweep's folder
	@$(PY) -m unrolled.cli dashboard $(DIR)

sync: $(READY) ## uploads the W&B runs that are not uploaded yet; DIR=a run's or a sweep's folder, ARGS=--dry-run
	@$(PY) -m unrolled.cli sync $(DIR) $(ARGS)

bench: $(READY) ## the speed table, as ratios measured side by side
	@$(PY) -m unrolled.cli bench $(ARGS)

clean: ## removes .venv and caches; results in outputs/ stay
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -prune -exec rm -rf {} +
