# Lineal's developer commands. `make` alone prints the menu.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 5000
DATA ?= ./.lineal
JOBS ?= 2
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

# Two depths of one environment: what it takes to run Lineal, and what it takes to work on it.
RUN := $(VENV)/.ready-to-run
DEV := $(VENV)/.ready-to-develop
PACKAGE := pyproject.toml hatch_build.py
UI := $(if $(LINEAL_SKIP_UI),,$(shell find ui -type f -not -path '*/node_modules/*' 2>/dev/null))

.PHONY: help setup run test test-ui lint format bench docs ui screenshots clients clients-all chromium hooks clean

help: ## Print this menu
	@printf 'Lineal: make TARGET\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\nVariables: PYTHON=%s HOST=%s PORT=%s DATA=%s JOBS=%s ARGS="…" LINEAL_SKIP_UI=1\n' \
	  '$(PYTHON)' '$(HOST)' '$(PORT)' '$(DATA)' '$(JOBS)'

setup: $(DEV) ## Make .venv with the `lineal` command, the web UI and every tool of development

run: $(if $(wildcard $(DEV)),setup ui,$(RUN)) ## Start Lineal on PORT; an empty store is filled with a real example
	@$(BIN)/python scripts/client_env.py mlflow >/dev/null
	@echo "Lineal is starting on http://$(HOST):$(PORT), with its data in $(DATA). Ctrl-C stops it."
	@LINEAL_EXAMPLE_PYTHON="$(CURDIR)/.venv-clients/mlflow/bin/python" \
	  $(BIN)/lineal serve --data "$(DATA)" --host "$(HOST)" --port "$(PORT)" --example $(ARGS)

test: setup ui clients chromium ## Run every test (ARGS="-k word" for some of them)
	@$(BIN)/pytest -n $(JOBS) $(ARGS)
	@$(MAKE) test-ui

test-ui: setup ## Run the web UI's own unit tests
	@$(if $(LINEAL_SKIP_UI),echo "LINEAL_SKIP_UI is set: no UI tests",$(BIN)/python hatch_build.py test)

lint: setup ## Check style, formatting, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/docs.py --check

format: setup ## Mend what style and formatting can be mended
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

bench: setup clients ## Run the benchmarks: a JSON line each, our figure beside the peer's (ARGS="--list")
	@$(BIN)/python -m benchmarks $(ARGS)

docs: setup ## Write the generated reference pages anew
	@$(BIN)/python scripts/docs.py

ui: setup ## Build the web UI, if its sources changed
	@$(BIN)/python hatch_build.py

screenshots: setup ui chromium ## Take the pictures of the web UI for the documentation
	@$(BIN)/python scripts/screenshots.py

clients: setup ## Make the environments of the vendor clients that tests and benchmarks drive
	@$(BIN)/python scripts/client_env.py $(CLIENTS) >/dev/null

clients-all: ## The same with the big ones (PyTorch, Spark), which tests go without
	@$(MAKE) clients CLIENTS=--all

chromium: ## Install Chromium for the browser tests, where root and apt can
	@scripts/chromium.sh

hooks: setup ## Install the git hooks that check a commit
	@$(BIN)/pre-commit install

clean: ## Remove all that was built or installed here, but no data
	rm -rf $(VENV) .venv-clients ui/node_modules src/lineal/server/static build dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Lineal needs Python 3.11 or newer, and $(PYTHON) is not: try make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUN): $(PACKAGE) $(UI) | $(BIN)/python
	@echo "Installing Lineal into $(VENV) …"
	@$(PIP) install -e .
	@touch $@

$(DEV): $(PACKAGE) | $(BIN)/python
	@echo "Installing Lineal and the tools of development into $(VENV) (about a minute, once) …"
	@$(PIP) install -e '.[test]'
	@touch $@ $(RUN)
