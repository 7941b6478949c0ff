# drift-audit: the README's two commands are `make demo` and `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WORKERS ?= 2

.PHONY: help demo test lint bench rig golden lock image clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/run.stamp ## Audit the embedded fleet: no network, no cloud, no cluster
	$(BIN)/drift-audit demo

test: $(VENV)/dev.stamp rig ## Run all tests; builds a real API server first where Go is installed
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(VENV)/dev.stamp ## Style, types and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests benchmarks docs/examples
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp ## Measure: docs/performance.md; ARGS="--clusters 20,100 --runs 1" for less
	$(BIN)/python -m benchmarks $(ARGS)

rig: $(VENV)/dev.stamp ## Build the parts of the test rig into the user's cache (once)
	$(BIN)/python -m tests.rig build || test "$$DRIFT_AUDIT_REQUIRE_RIG" != 1

golden: $(VENV)/dev.stamp ## Rewrite the golden reports; read the diff
	$(BIN)/python -m pytest tests/unit/reports tests/e2e tests/unit/docs --update-golden

lock: $(VENV)/bin/python ## Compile requirements/*.txt anew from pyproject.toml
	$(PIP) install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--custom-compile-command "make lock" --all-extras -o requirements/run.txt pyproject.toml requirements/build.in
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--custom-compile-command "make lock" --all-extras --group test --group lint -c requirements/run.txt \
		-o requirements/dev.txt pyproject.toml requirements/build.in

image: ## Build the container image
	docker build -t drift-audit .

clean:
	rm -rf $(VENV) demo-report dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install -q --require-hashes -r requirements/run.txt
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install -q --require-hashes -r requirements/dev.txt
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@
