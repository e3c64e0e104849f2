# Two commands are all that a fresh machine needs: `make demo` and `make test`. Python 3.11 or newer, pip, venv, make.
PYTHON ?= python3
BIN := .venv/bin
# Tests make thousands of small databases: in memory, where the system has 8 GB of it to spare for files.
SCRATCH := $(shell [ "$$(df --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt 8000000 ] 2>/dev/null && echo /dev/shm || echo "$${TMPDIR:-/tmp}")
# One worker more than there are cores, as tests also wait: for processes, servers, and times that have to pass.
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
PYTEST := PYTEST_DEBUG_TEMPROOT=$(SCRATCH) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo browser test faults soak check bench format languages wheel clean

help:
	@echo "make demo    run the whole main job on a sample publication; nothing leaves this machine"
	@echo "make test    run all tests, on SQLite and PostgreSQL, and in a browser, which it finds or installs"
	@echo "make faults  try every fault of the list with twenty seeds, and print the table; takes a while"
	@echo "make soak    deliver 100,000 messages while everything goes wrong; fewer: make soak MESSAGES=10000;"
	@echo "             by several workers at once: make soak ON=postgresql"
	@echo "make check   format, lint, types, floors, tests, wheel: what has to be clean before a commit"
	@echo "make bench   measure gathering, filing, rendering, publishing and delivery; takes some minutes"
	@echo "make format  put the code into its format"
	@echo "make languages  gather the sentences of letters and pages into the catalogues, for whoever translates them"
	@echo "make clean   remove what these commands have made"

setup: .venv/ready

# `ready` is younger than what it was made from, so a change of dependencies installs them anew.
.venv/ready: pyproject.toml constraints.txt
	@echo "Setting up .venv; the first time this takes a minute or two."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch .venv/ready

demo: setup
	@$(BIN)/digest demo demo-site

# Chromium and the fonts that pictures of letters were taken with; where it can be neither found nor installed, tests skip.
browser: setup
	@.ci/browser

test: setup browser
	$(PYTEST)

# Each fault again and again, at other moments and for other readers each time.
SEEDS ?= 20
faults: setup
	DIGEST_FAULTS_SEEDS=$(SEEDS) DIGEST_FAULTS_TABLE=1 PYTEST_DEBUG_TEMPROOT=$(SCRATCH) $(BIN)/python -m pytest -n auto tests/faults

MESSAGES ?= 100000
MINUTES ?= 60
ON ?= sqlite
soak: setup
	TMPDIR=$(SCRATCH) $(BIN)/python -m tests.support.soak --messages $(MESSAGES) --minutes $(MINUTES) --on $(ON)

check: setup browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST)
	$(MAKE) wheel

bench: setup
	$(BIN)/python benchmarks/gather.py
	$(BIN)/python benchmarks/filing.py
	$(BIN)/python benchmarks/render.py
	$(BIN)/python benchmarks/deliver.py --readers 30000 --rounds 2
	$(BIN)/python benchmarks/deliver.py --readers 30000 --rounds 2 --connections 96
	$(BIN)/python benchmarks/deliver.py --readers 15000 --rounds 2 --connections 8
	$(BIN)/python benchmarks/deliver.py --readers 20000 --rounds 2 --on postgresql --workers 2
	$(BIN)/python benchmarks/deliver.py --readers 30000 --rounds 2 --dkim rsa
	$(BIN)/python benchmarks/sizes.py --readers 10000 100000 --rounds 5
	$(BIN)/python benchmarks/publish.py --readers 100000 --issues 3 --rounds 2
	$(BIN)/python benchmarks/latency.py
	$(BIN)/python benchmarks/web.py
	$(BIN)/python benchmarks/web.py --on postgresql
	@if command -v valgrind >/dev/null; then $(BIN)/python benchmarks/instructions.py; \
	    else echo "instructions.py was left out: it needs valgrind."; fi

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

languages: setup
	$(BIN)/pybabel --quiet extract --mapping-file templates/languages/babel.cfg --no-location --sort-output --width 100 \
		--keywords say --keywords plural:1,2 --keywords marked --project topic-digest --output .venv/messages.pot digest templates
	for catalogue in templates/languages/*.po; do \
		$(BIN)/pybabel --quiet update --input-file .venv/messages.pot --output-file $$catalogue \
			--locale $$(basename $$catalogue .po) --width 100 --no-fuzzy-matching --ignore-obsolete; done

wheel: setup
	rm -rf dist
	$(BIN)/python -m hatchling build --target wheel

clean:
	rm -rf .venv demo-site dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
