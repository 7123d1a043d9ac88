# make demo   parse one listing of the corpus and show what was read
# make test   everything that must hold: style, types, layers, tests, the built package
# make cases  fill in what new rows of tests/cases/*.txt parse to, for review
# make gold   build the corpus's criteria.json from what is written by hand, and look it over
# make readme put into README.md what its examples give today, for review
# make docs   build the site into site/; a link or an anchor that leads nowhere fails
# make figures keep today's figures on the corpus, where a change of them is meant
# make schema write the JSON Schema again
# make benchmarks  take all figures of speed anew, and write docs/performance.md; PROTOPARSE_DATA names the texts
# make peers  the other tools that `make benchmarks` times, each in an environment of its own
# make dist   build sdist and wheel into dist/, the same bytes for the same commit
# make matrix tests in an environment of its own: PYTHON=python3.13 RESOLUTION=highest or lowest-direct
# make audit  known weaknesses of what a user installs; fails too where the database cannot be asked
# make sbom   what a user installs, with licences: dist/protoparse.cdx.json
# make fuzz   hand CASES hostile files, texts and requests to everything that reads; what breaks is kept in fuzzing/found
# make clean  away with what was built

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LISTING ?= corpus/car-t-lymphoid/source.txt
PYTEST_ARGS ?=

.PHONY: demo test cases gold readme docs figures schema benchmarks peers dist matrix audit sbom fuzz clean
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

docs: $(VENV)/.developed
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --fresh-env --doctree-dir build/docs -c docs . site
	@echo "site/index.html"

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

RELEASING := build/releasing
RESOLUTION ?= highest

$(RELEASING)/.ready:
	$(PYTHON) -m venv $(RELEASING)
	$(RELEASING)/bin/pip install --quiet build cyclonedx-bom pip-audit twine uv
	@touch $@

dist: $(RELEASING)/.ready
	rm -f dist/*.whl dist/*.tar.gz
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(RELEASING)/bin/python -m build --outdir dist .
	$(RELEASING)/bin/twine check --strict dist/*.whl dist/*.tar.gz
	sha256sum dist/*.whl dist/*.tar.gz

build/users.txt: pyproject.toml $(RELEASING)/.ready
	$(RELEASING)/bin/uv pip compile --quiet --extra all --python $(PYTHON) --resolution $(RESOLUTION) --no-header \
		--no-annotate --no-emit-package protoparse pyproject.toml --output-file $@

.PHONY: build/users.txt
matrix: build/users.txt
	$(RELEASING)/bin/uv venv --quiet --clear --python $(PYTHON) build/matrix
	$(RELEASING)/bin/uv pip install --quiet --python build/matrix/bin/python --requirement build/users.txt
	$(RELEASING)/bin/uv pip install --quiet --python build/matrix/bin/python --editable '.[dev]'
	$(RELEASING)/bin/uv pip install --quiet --python build/matrix/bin/python --requirement build/users.txt
	build/matrix/bin/python -m pytest $(PYTEST_ARGS)

audit: build/users.txt
	$(RELEASING)/bin/pip-audit --strict --disable-pip --no-deps --requirement build/users.txt

sbom: build/users.txt
	$(RELEASING)/bin/uv venv --quiet --clear --python $(PYTHON) build/users
	$(RELEASING)/bin/uv pip install --quiet --python build/users/bin/python --requirement build/users.txt .
	mkdir -p dist
	$(RELEASING)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON \
		--output-file dist/protoparse.cdx.json build/users/bin/python
	build/users/bin/python -m tests.licences

CASES ?= 1000000
SEED ?= 1

fuzz: $(VENV)/.developed
	$(BIN)/python fuzzing/fuzz.py --cases $(CASES) --seed $(SEED)

clean:
	rm -rf $(VENV) .peers build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis

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
