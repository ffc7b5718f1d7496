.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
VENV ?= .venv
BIN ?= $(VENV)/bin
PYTHON ?= python3
DATA ?= data
export PYTHONPATH := .

help:                ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

run: setup           ## a city comes alive: engine, gateway, console and simulated clients
	@$(BIN)/o2o demo --data $(DATA)

test: setup          ## everything that proves it, in minutes
	$(BIN)/pytest -q -n 2 --dist loadfile

explore: setup       ## the property tests with examples nobody has seen yet
	$(BIN)/pytest -q -n 2 --dist loadfile -m hypothesis --hypothesis-profile exploring

setup: $(VENV)/.installed   ## the environment, with pinned dependencies

$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "setting up $(VENV) (once, about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --disable-pip-version-check --progress-bar on -c constraints.txt -e '.[dev]' \
		| grep -E --line-buffered '^(Collecting|Downloading|Installing|Successfully)' | cut -c1-100
	@test -x $(BIN)/o2o && touch $@

format: setup        ## format and fix what can be fixed
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: setup          ## style, types, and who may import whom
	$(BIN)/ruff format --check . && $(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test     ## what must be green before a commit

mutants: setup       ## plant each bug of tests/mutants.toml; every one must be caught (10 min)
	$(BIN)/python tests/mutants.py

soak: setup          ## fuzzing, simulated days and kills, with new seeds, until interrupted (SEED=N: that one again)
	$(BIN)/python tests/soak.py $(if $(SEED),--seed $(SEED))

golden: setup        ## record a journal of this version for all later ones to read (NAME=2026-12-05)
	@$(BIN)/python -m tests.golden.recording $(or $(NAME),$(error say NAME=, such as the date))

day: setup           ## one simulated day and its scorecard (SCENARIO=lunch_rush)
	@$(BIN)/o2o simulate $(or $(SCENARIO),lunch_rush)

bench: setup         ## pytest-benchmark: engine, journal, loop, solvers, gateway
	$(BIN)/pytest -q benchmarks --benchmark-columns=min,median,rounds --benchmark-sort=name

bench-peers: setup   ## ours beside VROOM, PyVRP, OR-Tools and vrp-cli (30 min of CPU); writes benchmarks/README.md
	$(BIN)/python benchmarks/bench_peers.py $(ARGS)
	$(BIN)/python benchmarks/bench_warm.py

clean:               ## forget the environment and the demo's data
	rm -rf $(VENV) $(DATA) .peers *.egg-info

.PHONY: help run test explore setup format lint check mutants soak golden day bench bench-peers clean
