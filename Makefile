# Every target works from a fresh clone: it makes .venv itself from the lock files in requirements/.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUST   := Cargo.toml Cargo.lock pyproject.toml $(shell find rust -name '*.rs' -o -name Cargo.toml)

.PHONY: help quickstart test lint docs wheel bench lock clean

help:
	@echo "make quickstart   fit a small GAP to a simulated EC:EMC liquid, run NPT with it, judge it on one page"
	@echo "make test         run all tests"
	@echo "make lint         formatters, linters, type checkers, import rules"
	@echo "make docs         build the documentation"
	@echo "make wheel        build the wheel and the sdist, audit them, try the wheel in an empty environment"
	@echo "make bench        measure speed against peers"

$(VENV)/run.stamp: requirements/run.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "ecemc needs Python 3.10 or newer; call make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.txt
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/bench.stamp: requirements/bench.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

$(VENV)/build.stamp: $(RUST) $(VENV)/run.stamp
	PIP_QUIET=1 VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --quiet --release --locked
	@touch $@

quickstart: $(VENV)/build.stamp
	$(BIN)/python examples/close_the_loop.py quickstart

test: $(VENV)/build.stamp $(VENV)/dev.stamp
	cargo test --workspace --locked --quiet
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/build.stamp $(VENV)/dev.stamp
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest ecemc._core
	$(BIN)/lint-imports

docs: $(VENV)/build.stamp $(VENV)/dev.stamp
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

wheel: $(VENV)/dev.stamp
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python tests/wheel/build_and_try.py

bench: $(VENV)/build.stamp $(VENV)/bench.stamp
	$(BIN)/python benches/python/run.py

lock:
	uv pip compile pyproject.toml --universal --python-version 3.10 --generate-hashes --no-header --quiet \
	    --extra dft --extra formats --extra gap --extra map --extra parsl --extra sample --extra xtb --group build --group test --group wheel --group lint --group docs -o requirements/dev.txt
	uv pip compile pyproject.toml --universal --python-version 3.10 --generate-hashes --no-header --quiet \
	    --extra gap --extra sample --group build -c requirements/dev.txt -o requirements/run.txt
	uv pip compile pyproject.toml --universal --python-version 3.10 --generate-hashes --no-header --quiet \
	    --group bench -c requirements/dev.txt -o requirements/bench.txt

clean:
	rm -rf $(VENV) target dist docs/_build quickstart
