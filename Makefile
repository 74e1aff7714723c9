# Targets for people and for the checks. `make` alone lists them.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
LINT := .venv-lint# pkilint's own: it depends on a package named as a room of ours
# What is set up depends on these files alone: the same key means that nothing has to be done.
KEY := $(shell cat requirements.lock requirements-lint.lock pyproject.toml scripts/system-packages | sha256sum | cut -c1-16)
READY := $(VENV)/.ready-$(KEY)
WORKERS ?= 2
# One thread for each process: the processes are as many as the processors already.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint bench soak samples lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## system packages, .venv and .venv-lint with the pinned packages, the yinjian command

$(READY):
	PYTHON=$(PYTHON) scripts/system-packages
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	$(LINT)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(LINT)
	$(LINT)/bin/python -m pip install --disable-pip-version-check --quiet --no-deps -r requirements-lint.lock
	@rm -f $(VENV)/.ready-*
	@touch $@
	@echo "Ready: $(BIN)/yinjian --help"

demo: $(READY) ## from paper to certificate: the samples through the whole path, into var/demo
	$(ONE_THREAD) scripts/demo

test: $(READY) ## the whole suite, real OCR included
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(WORKERS)

lint: $(READY) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY) ## speed and accuracy beside a stock full-page run (BENCH="--count 2 --seed 7" for options)
	$(BIN)/python -m bench $(BENCH)
	$(ONE_THREAD) $(BIN)/python -m bench.overhead
	$(ONE_THREAD) $(BIN)/python -m bench.reuse
	$(ONE_THREAD) $(BIN)/python -m bench.issuing

soak: $(READY) ## kill reading and issuing again and again; nothing is lost or doubled (about half an hour)
	$(ONE_THREAD) $(BIN)/python -m bench.soak $(SOAK)
	$(ONE_THREAD) $(BIN)/python -m bench.issuesoak

samples: $(READY) ## make samples/applications and what is expected of them again
	$(BIN)/python -m samples ready

lock: $(READY) ## pin requirements.in again (needs uv)
	@command -v uv >/dev/null || { echo "uv is missing. Run: $(PYTHON) -m pip install uv"; exit 1; }
	uv pip compile requirements.in --override overrides.txt --python-version 3.11 --no-emit-index-url --upgrade -o requirements.lock
	uv pip compile requirements-lint.in --python-version 3.11 --no-emit-index-url --upgrade -o requirements-lint.lock

clean: ## remove .venv, var and caches
	rm -rf $(VENV) $(LINT) var build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
