# Every target sets up what it needs. Once that is there, nothing here asks for the network.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
CHROMIUM := $(shell command -v chromium || command -v chromium-browser)
JAVA := $(shell command -v java)
PYTEST := $(BIN)/python -m pytest -q
FREE_PORT := 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
ANNOUNCEMENTS := @jupyterlab/apputils-extension:announcements # which ask for the network, and whether they may
PACKAGES := 'import sysconfig; print(sysconfig.get_path("purelib"))'
FRONT := package.json yarn.lock tsconfig.json $(shell find src style schema -type f 2>/dev/null)

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1
export YARN_ENABLE_TELEMETRY := 0
export MLFLOW_DISABLE_TELEMETRY := true
export BENTOML_DO_NOT_TRACK := true

.PHONY: help setup demo lab test quick integration jest lint format ui-test neighbours bench docs lock clean distclean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: .venv/.front ## .venv with e2e-lab in editable mode, the front end built

demo: setup ## the whole path on real data: from a DataFrame to a served prediction
	$(BIN)/python examples/flights/demo.py

lab: setup .demo/flights/flights.ipynb ## JupyterLab on the demo project
	cd .demo/flights && exec ../../$(BIN)/jupyter lab \
	  --ServerApp.ip=127.0.0.1 --LabApp.extension_manager=readonly $$([ "$$(id -u)" -ne 0 ] || echo --allow-root)

test: lint jest quick integration ui-test-where-possible ## everything that CI checks

quick: setup ## the quick Python tests and doctests
	$(PYTEST) -n 2 -m "not integration"

integration: setup $(if $(JAVA),.venv/.spark/.made) ## the tests that start servers, kernels and other long things
	@$(if $(JAVA),true,echo "Without Java, what asks Spark is left out: apt-get install default-jre-headless")
	$(PYTEST) -n 2 --dist loadfile -m integration $(if $(JAVA),,-k "not spark")

jest: setup ## the front end's unit tests
	jlpm test

lint: setup ## ruff, mypy, the layers, eslint, prettier, stylelint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	jlpm lint:check

format: setup ## put everything into its one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	jlpm lint

ui-test: setup ui-tests/node_modules/.installed ## the sidebar in a real JupyterLab and browser
	@[ -n "$(CHROMIUM)" ] || { echo "chromium is missing: apt-get install chromium"; exit 1; }
	cd ui-tests && E2E_CHROMIUM="$(CHROMIUM)" E2E_PORT="$$(python -c $(FREE_PORT))" jlpm test
	$(MAKE) --no-print-directory neighbours

neighbours: setup ui-tests/node_modules/.installed .venv/.neighbours/.made ## the same beside jupyterlab-git, jupyter-collaboration and in Notebook 7
	@[ -n "$(CHROMIUM)" ] || { echo "chromium is missing: apt-get install chromium"; exit 1; }
	cd ui-tests && PATH="$(CURDIR)/.venv/.neighbours/bin:$$PATH" JUPYTER_PATH="$(CURDIR)/.venv/share/jupyter" \
	  JUPYTER_CONFIG_PATH="$(CURDIR)/.venv/etc/jupyter" E2E_CHROMIUM="$(CHROMIUM)" jlpm test:neighbours

.PHONY: ui-test-where-possible
ui-test-where-possible:
	@if [ -n "$(CHROMIUM)" ]; then $(MAKE) --no-print-directory ui-test; \
	else echo "ui-test left out: chromium is missing (apt-get install chromium)"; fi

bench: setup ## the table in docs/benchmarks.md
	$(BIN)/python -m benchmarks

docs: setup ## the documentation, in site/
	$(BIN)/mkdocs build --strict

lock: ## write down the versions that are installed now
	$(BIN)/python -m pip freeze --exclude-editable --exclude e2e-lab > requirements/lock.txt

clean: ## builds and caches
	rm -rf lib tsconfig.tsbuildinfo coverage dist site e2e_lab/labextension .venv/.front .demo .bench \
	  ui-tests/test-results ui-tests/playwright-report .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find e2e_lab tests -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## also the environments
	rm -rf .venv node_modules ui-tests/node_modules

# ---- stamps: each is newer than what it was made from ----

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is missing: apt-get install python3 (or: make PYTHON=python3.12)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@[ "$$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 20 ] || \
	  { echo "Node 20 or newer is missing: apt-get install nodejs (Debian 13, Ubuntu 25.04 or newer)"; exit 1; }
	@command -v git >/dev/null || { echo "git is missing: apt-get install git"; exit 1; }
	$(PYTHON) -m venv .venv
	touch $@

.venv/.python: .venv/.made pyproject.toml requirements/lock.txt
	SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install -q -c requirements/lock.txt -e ".[dev]"
	touch $@

# Spark reads what we export. It is far heavier than all the rest, so it has an environment of its own.
.venv/.spark/.made: .venv/.made requirements/spark.txt
	$(PYTHON) -m venv .venv/.spark
	.venv/.spark/bin/python -m pip install -q -r requirements/spark.txt
	touch $@

# These change every page that they are installed for, so they too have an environment of their own, which sees all of ours.
.venv/.neighbours/.made: .venv/.python requirements/neighbours.txt
	$(PYTHON) -m venv .venv/.neighbours
	printf 'import site; site.addsitedir("%s")\n' "$$($(BIN)/python -c $(PACKAGES))" \
	  > "$$(.venv/.neighbours/bin/python -c $(PACKAGES))/ours.pth"
	.venv/.neighbours/bin/python -m pip install -q -r requirements/neighbours.txt
	cp -R .venv/share/jupyter/lab .venv/.neighbours/share/jupyter
	touch $@

node_modules/.installed: .venv/.python package.json yarn.lock .yarnrc.yml
	jlpm install --immutable | { grep -vE 'YN0013|YN0004' || true; }
	touch $@

.venv/.front: node_modules/.installed $(FRONT)
	jlpm build:prod
	jupyter-builder develop . --overwrite
	jupyter labextension disable --level=sys_prefix $(ANNOUNCEMENTS)
	touch $@

ui-tests/node_modules/.installed: .venv/.python ui-tests/package.json ui-tests/yarn.lock ui-tests/.yarnrc.yml
	cd ui-tests && jlpm install --immutable | { grep -vE 'YN0013|YN0004' || true; }
	touch $@

.demo/flights/flights.ipynb: | setup
	cd examples/flights && ../../$(BIN)/python -c 'import demo; demo.prepare(demo.ROOT / ".demo" / "flights")'
