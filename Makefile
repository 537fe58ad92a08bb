# `make demo` and `make test` set up everything that they need; a second call is quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One more than the two cores that it is meant for: many tests wait for processes, sockets and clocks.
WORKERS ?= 3
# Anything at all: every random case is tried, as in continuous integration, and not a quarter of them.
THOROUGH ?=

.PHONY: install demo test test-older lint bench clean
.DELETE_ON_ERROR:

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	mkdir -p .links && ln -sfn .. .links/codeword
	touch $(STAMP)

demo: install
	$(BIN)/codeword models pull smollm2-135m
	rm -rf episodes/demo
	@# Exit 1 says that the goal or a budget was missed: a verdict, printed as it is, not a failed demo.
	$(BIN)/codeword run tabletop/put_in_bowl --out episodes/demo --explain || test $$? -eq 1

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/codeword models pull smollm2-135m
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(THOROUGH),--thorough)

# What follows last digits, once more with those that glibc computes on an older processor.
test-older: install
	$(BIN)/codeword models pull smollm2-135m
	GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile \
	    tests/sim tests/episodes tests/controller/test_processor.py tests/runtime/episodes tests/runtime/test_replay.py \
	    tests/runtime/test_suites.py

# One of the benchmarks by name, with its options: make bench RUN="decision --n 25"; --help lists them.
bench: install
	$(BIN)/codeword models pull smollm2-135m
	$(BIN)/python -m tests.benchmarks $(RUN)

clean:
	rm -rf $(VENV) .links build *.egg-info .mypy_cache .ruff_cache .pytest_cache
