# The two commands of the README are `make plan` and `make test`.
# Everything is installed into .venv from the lock files in requirements/.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
OUT ?= out/tajik-afghan
# Time for solving, shared by all options [s], and simulated weeks for each of them.
SOLVE_S ?= 50
WEEKS ?= 250
# CI runs the slow tests too; a person waits for the fast ones only.
MARK := $(if $(filter true,$(CI)),,-m "not slow")
BUILD_INPUTS := pyproject.toml $(wildcard build_backend/*.py src/sarhad/kernels/*.[ch]) \
	$(wildcard web/*.json web/*.mjs web/.npmrc web/src/*)
BUNDLE := src/sarhad/report/brief/parts/built/brief.js

.PHONY: plan test lock wheel clean

plan: $(VENV)/.plan
	$(BIN)/sarhad check tajik-afghan
	$(BIN)/sarhad show tajik-afghan --out $(OUT)
	$(BIN)/sarhad compare tajik-afghan --out $(OUT) --time-limit $(SOLVE_S) --weeks $(WEEKS)

test: $(VENV)/.test $(if $(filter true,$(CI)),$(VENV)/.case)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 $(MARK)

$(VENV)/.venv:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.plan: $(VENV)/.venv requirements/run.lock $(BUILD_INPUTS)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install --quiet --no-deps -e .
	@test -f $(BUNDLE) || echo "NOTICE: the npm registry was out of reach: briefs get a still map (make clean, then again)"
	@touch $@

$(VENV)/.test: $(VENV)/.plan requirements/check.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/check.lock
	@touch $@

# What makes the embedded case again, so that CI can compare.
$(VENV)/.case: $(VENV)/.plan requirements/case.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/case.lock
	@touch $@

# Needs `uv` once, on the machine of whoever changes a dependency.
lock:
	uv pip compile pyproject.toml -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/run.lock
	uv pip compile pyproject.toml -q --group check -c requirements/run.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/check.lock
	uv pip compile pyproject.toml -q --group case -c requirements/run.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/case.lock

wheel: $(VENV)/.venv
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist out src/*.egg-info
