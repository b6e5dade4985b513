# Two commands on a fresh machine: `make demo` and `make test`.  Both make .venv and install what they need.
PYTHON ?= python3
VENV   := .venv
ifeq ($(OS),Windows_NT)
BIN    := $(VENV)/Scripts
else
BIN    := $(VENV)/bin
endif
# Markers of what is installed: for a run, and for the tests besides.
READY  := $(VENV)/.ready
TESTED := $(VENV)/.ready-for-tests

.PHONY: demo test checked tested laws docs lint hooks bench mutation mutation-core faults differential fuzz fuzz-blocks coverage digests pages audit notebooks system clean

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# A marker is newer than what it was made from, so that a changed dependency list installs again.
$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --constraint constraints.txt --editable .
	touch $@

$(TESTED): $(READY)
	$(PIP) --constraint constraints.txt --editable '.[test]'
	touch $@

# The map is tested in a real Chromium and reports are opened by LibreOffice.  Root on Debian gets both; without them those
# tests are skipped and say so.
PROGRAMS := chromium chromedriver soffice pdftoppm
PACKAGES := chromium chromium-driver libreoffice-writer poppler-utils fonts-noto-cjk

system:
	@for program in $(PROGRAMS); do command -v $$program > /dev/null || missing=yes; done; \
	if [ -n "$$missing" ] && command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES) > /dev/null; \
	fi || echo "no Chromium or LibreOffice: their tests are skipped"

demo: $(READY)
	$(BIN)/sinks run data/projects/demo.toml --out out/demo --force
	$(BIN)/sinks run data/projects/ordos.toml --out out/ordos --force
	$(BIN)/sinks run data/projects/ningxia.toml --out out/ningxia --force
	$(BIN)/sinks assess out/demo
	$(BIN)/sinks map out/demo
	$(BIN)/sinks report out/demo --html

# As many workers as processors; one that has nothing left takes over tests of another, neighbours together, so that what
# they share is seldom made twice.
WORKERS := --numprocesses logical --maxprocesses 8 --dist worksteal

# Types are checked beside the tests: mypy has one thread, and the other processors need not wait for it.
test: $(TESTED) system
	$(MAKE) --no-print-directory --jobs=2 checked tested

checked: $(TESTED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

tested: $(TESTED)
	$(BIN)/python -m pytest $(WORKERS)

# The laws whose every example is a whole run, on twenty times the examples.
LAWS := tests/property tests/unit/planning/test_land.py tests/unit/analysis/test_reconciliation.py
laws: $(TESTED)
	TIMES_EXAMPLES=20 $(BIN)/python -m pytest $(WORKERS) $(LAWS)

# The site of the documentation, out/docs/index.html: opens without a server or network; a minute.
docs: $(READY)
	$(PIP) --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python docs/site/build.py

lint: $(TESTED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Checks before every commit; CONTRIBUTING.md has what they are.
hooks: $(TESTED)
	$(PIP) --constraint constraints.txt --editable '.[dev]'
	$(BIN)/pre-commit install

bench: $(TESTED)
	$(PIP) --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks

# Changes coefficients and signs in turn and sees that a test notices; about three minutes.
mutation: $(TESTED)
	$(BIN)/python tests/mutation/mutate.py

# Breaks each law of the account, and turns operators of its core in turn; a quarter of an hour and more.
mutation-core: $(TESTED)
	$(BIN)/python tests/mutation/core.py

# Fifty kills at random moments, and every kind of failure at every call by which a file reaches the disk; an hour.
faults: $(TESTED)
	SINKS_KILLS=50 $(BIN)/python -m pytest -rP tests/integration/test_faults.py tests/integration/test_failing_disk.py

# The compiled pass, and posting and draws, beside plain references on ten thousand random small worlds each; an hour.
CASES ?= 10000
SEED  ?= 1
differential: $(TESTED)
	$(BIN)/python tests/differential/engine.py --cases $(CASES) --seed $(SEED)
	$(BIN)/python tests/differential/posting.py --cases $(CASES) --seed $(SEED)

# Spoilt projects, legends, tables and layers through check and run; another seed is another search.
MINUTES ?= 40
fuzz: $(TESTED)
	$(BIN)/python tests/fuzz/fuzz.py --minutes $(MINUTES) --seed $(SEED)

# Spoilt tiles and strips, decoded here and by GDAL; two minutes.
fuzz-blocks: $(TESTED)
	$(BIN)/python tests/fuzz/blocks.py --count 100000 --seed $(SEED)

# Branches of tabulation, account and assessment that the tests nearest to them do not take; ten minutes.
coverage: $(TESTED)
	$(BIN)/python tests/branches/measure.py

# Reports of Ordos, of the whole region and of Ningxia, in both languages, page by page as LibreOffice lays them out.
pages: $(TESTED) system
	SINKS_PAGES=1 $(BIN)/python -m pytest tests/integration/test_report_layout.py

# Every column of the tables of the four projects, beside the digests that are kept.
digests: $(READY)
	$(BIN)/python tests/golden/digests.py

# Known vulnerabilities of the packages that constraints.txt names; ends with 2 where they could not be looked up.
audit: $(READY)
	$(PIP) pip-audit
	$(BIN)/python tests/audit/look_up.py

notebooks: $(TESTED)
	$(BIN)/python -m pytest tests/notebooks

clean:
	rm -rf out build dist .cache .import_linter_cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
