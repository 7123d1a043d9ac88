# make demo   parse one listing of the corpus and show what was read
# make test   everything that must hold: style, types, layers, tests, the built package
# make cases  fill in what new rows of tests/cases/*.txt parse to, for review
# make gold   build the corpus's criteria.json from what is written by hand, and look it over
# make readme put into README.md what its examples give today, for review
# make figures keep today's figures on the corpus, where a change of them is meant
# make schema write the JSON Schema again
# make benchmarks  take all figures of speed anew, and write docs/performance.md; PROTOPARSE_DATA names the texts
# make peers  the other tools that `make benchmarks` times, each in an environment of its own
# make fuzz   hand CASES hostile files, texts and requests to everything that reads; what breaks is kept in fuzzing/found
# make clean  away with what was built

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LISTING ?= corpus/car-t-lymphoid/source.txt
PYTEST_ARGS ?=

.PHONY: demo test cases gold readme figures schema benchmarks peers fuzz clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	$(BIN)/protoparse show $(LISTING)

test: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tests.regression
	$(BIN)/pytest $(PYTEST_ARGS)
	@echo "All checks passed."

cases: $(VENV)/.developed
	$(BIN)/python -m tests.test_cases --write tests/cases/*.txt

gold: $(VENV)/.developed
	$(BIN)/protoparse gold build corpus
	$(BIN)/protoparse gold check corpus

readme: $(VENV)/.developed
	$(BIN)/python -m tests.test_readme --write

figures: $(VENV)/.developed
	$(BIN)/python -m tests.regression --write

schema: $(VENV)/.installed
	$(BIN)/protoparse schema > docs/criteria.schema.json

CLOCK ?= wall
RESULTS := benchmarks/results

benchmarks: $(VENV)/.developed
	$(BIN)/python benchmarks/throughput.py --clock $(CLOCK) --json $(RESULTS)/throughput.json
	$(BIN)/python benchmarks/length.py --clock $(CLOCK) --json $(RESULTS)/length.json
	$(BIN)/python benchmarks/startup.py --clock $(CLOCK) --json $(RESULTS)/startup.json
	$(BIN)/python benchmarks/scaling.py --json $(RESULTS)/scaling.json
	$(BIN)/python benchmarks/serving.py --json $(RESULTS)/serving.json
	$(BIN)/python benchmarks/peers.py --clock $(CLOCK) --json $(RESULTS)/peers.json
	$(BIN)/python benchmarks/plot.py $(RESULTS)/*.json --out docs/performance.svg
	$(BIN)/python benchmarks/performance.py $(RESULTS)/*.json --page docs/performance.md

peers: $(VENV)/.developed
	$(BIN)/python benchmarks/peers.py --install

CASES ?= 1000000
SEED ?= 1

fuzz: $(VENV)/.developed
	$(BIN)/python fuzzing/fuzz.py --cases $(CASES) --seed $(SEED)

clean:
	rm -rf $(VENV) .peers build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "protoparse needs Python 3.11 or later: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.developed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/.installed $@
