# Each command is one word, and needs only make and Python 3.11 or newer: it sets up .venv by itself.

PYTHON ?= python3
PORT ?= 8000
DOCS_PORT ?= 8001

VENV := .venv
# Quoted, since a directory may have spaces in its name.
VENV_PYTHON := "$(CURDIR)/$(VENV)/bin/python"
# The stamps carry a checksum of the directory, so that a checkout which was moved or copied installs itself again.
STAMP := $(VENV)/installed-$(firstword $(shell pwd | cksum))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run client example test coverage soak check docs docs-serve docs-links release test-versions format bench bench-short bench-growth bench-profiles bench-compared bench-docs clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/bin/python ## install at once what test, check, docs and bench need
	$(VENV_PYTHON) -m pip install --quiet --editable '.[test,lint,docs,bench,redis,types]'
	@touch $(foreach each,run test check docs bench,$(STAMP)-$(each))

run: $(STAMP)-run ## serve the example project on 127.0.0.1 (PORT=8000)
	@cd example_project && $(VENV_PYTHON) manage.py migrate --verbosity 0
	@echo "The example is on http://127.0.0.1:$(PORT)/ (stop it with Ctrl-C)"
	@cd example_project && exec $(VENV_PYTHON) -m daphne -b 127.0.0.1 -p $(PORT) project.asgi:application

client: $(VENV)/bin/python ## make the browser client's scripts from their sources (npm)
	$(VENV_PYTHON) .ci/browser_client.py
	$(VENV_PYTHON) .ci/minify.py

example: $(STAMP)-run ## write what the example's WebSockets say of themselves, for its pages and docs/
	$(VENV_PYTHON) docs/contributing/example.py

# What measures how long others wait, or what is left behind, has the machine to itself; the rest runs with all tests.
ALONE := tests/endurance/siege $(patsubst %,tests/endurance/test_%.py,\
	bodies churn failing_handlers floods pings redis_frozen redis_restart slow_readers)

# Files in their own order: by the number of their tests, those of few and slow ones would come last.
SUITE := pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

test: $(STAMP)-test ## run the tests
	$(VENV_PYTHON) -m $(SUITE) $(ALONE:%=--ignore=%)
	$(VENV_PYTHON) -X dev -m pytest $(ALONE)

test-versions: $(STAMP)-versions ## the same on the oldest and newest of everything (TEST_VERSIONS="floor 3.13 --servers")
	$(VENV_PYTHON) .ci/versions.py $(TEST_VERSIONS)

coverage: $(STAMP)-test ## measure what the tests cover (half as slow again)
	$(VENV_PYTHON) -m coverage erase
	$(VENV_PYTHON) -m coverage run -m $(SUITE) --ignore=tests/endurance
	$(VENV_PYTHON) -m coverage combine --quiet
	$(VENV_PYTHON) -m coverage report

soak: $(STAMP)-test ## the long form of the tests of endurance (an hour and more)
	SOAK=1 FUZZ_FRAMES=100000 $(VENV_PYTHON) -m pytest tests/endurance tests/test_fuzz.py

check: $(STAMP)-check ## lint, formatting, types, layering, version, scripts
	$(VENV_PYTHON) -m ruff check
	$(VENV_PYTHON) -m ruff format --check
	$(VENV_PYTHON) -m mypy
	$(VENV_PYTHON) -X dev -m pytest --quiet tests/test_layering.py
	$(VENV_PYTHON) .ci/check_version.py
	$(VENV_PYTHON) .ci/browser_client.py --check

# Warnings are errors; a link or an anchor that leads nowhere is one.
SPHINX := sphinx -W --keep-going --quiet

docs: $(STAMP)-docs ## make the site of docs/, in docs/_build
	$(VENV_PYTHON) -m $(SPHINX) -b html docs docs/_build

docs-serve: docs ## make the site and serve it on 127.0.0.1 (DOCS_PORT=8001)
	@echo "The documentation is on http://127.0.0.1:$(DOCS_PORT)/ (stop it with Ctrl-C)"
	@exec $(VENV_PYTHON) -m http.server --bind 127.0.0.1 --directory docs/_build $(DOCS_PORT)

docs-links: $(STAMP)-docs ## ask every address of another site that the pages link to
	$(VENV_PYTHON) -m $(SPHINX) -b linkcheck docs docs/_build/links

release: $(STAMP)-release ## build what would be uploaded, of what is committed, and check it
	$(VENV_PYTHON) .ci/release.py

format: $(STAMP)-check ## let ruff mend and format the code
	$(VENV_PYTHON) -m ruff check --fix
	$(VENV_PYTHON) -m ruff format

bench: $(STAMP)-bench ## measure beside the peers (half an hour)
	$(VENV_PYTHON) -m benchmarks

bench-short: $(STAMP)-bench ## the ratios that matter most, for CI (a minute)
	$(VENV_PYTHON) -m benchmarks --short

bench-growth: $(STAMP)-bench ## measure with more clients, processes, paths
	$(VENV_PYTHON) -m benchmarks.growth

bench-profiles: $(STAMP)-bench ## see in which layer of a server its time goes (a minute)
	$(VENV_PYTHON) -m benchmarks.profiles

bench-compared: $(STAMP)-bench ## try what happens with others when something goes wrong (a quarter of an hour)
	$(VENV_PYTHON) -m benchmarks.compared --docs docs

bench-docs: $(STAMP)-bench ## measure all, and write the pages (an hour and a quarter)
	$(VENV_PYTHON) -m benchmarks.growth --docs docs
	$(VENV_PYTHON) -m benchmarks.capacity --docs docs
	$(VENV_PYTHON) -m benchmarks --docs docs
	$(VENV_PYTHON) -m benchmarks.profiles --docs docs
	$(VENV_PYTHON) -m benchmarks.profiles.segments --docs docs

clean: ## remove what the other commands made
	rm -rf $(VENV) .venvs build dist docs/_build .coverage .coverage.* htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache
	rm -f example_project/db.sqlite3*
	find . -name __pycache__ -prune -exec rm -rf {} +

$(STAMP)-run: EXTRAS = redis,types
$(STAMP)-test: EXTRAS = test
$(STAMP)-check: EXTRAS = test,lint
$(STAMP)-docs: EXTRAS = docs
$(STAMP)-release: EXTRAS = release
$(STAMP)-versions: EXTRAS = versions
$(STAMP)-bench: EXTRAS = bench

$(STAMP)-run $(STAMP)-test $(STAMP)-check $(STAMP)-docs $(STAMP)-release $(STAMP)-versions $(STAMP)-bench: pyproject.toml $(VENV)/bin/python
	@echo "Installing into $(VENV), this once ..."
	@$(VENV_PYTHON) -m pip install --quiet --editable '.[$(EXTRAS)]'
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Python 3.11 or newer is needed; name yours: make $(MAKECMDGOALS) PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }
