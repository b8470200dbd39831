# Everything a target needs is set up by the target itself.

UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .uv/bin/uv)
BIN := .venv/bin
READY := .venv/ready
CODE := config connectors hub sync_jobs tests benchmarks scripts/get-uv scripts/new-connector

# Trust what the machine trusts: uv brings its own list of authorities, which knows no company's proxy.
export UV_SYSTEM_CERTS ?= true

# Compile each module once, not in every process: without it a command takes eight seconds to begin, not three.
export UV_COMPILE_BYTECODE ?= true
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test test-drills check drills races bench fmt new-connector

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

install: $(READY)  ## create or update the environment in .venv

demo: $(READY)  ## start everything, load two systems and play a day (one to two minutes)
	$(BIN)/partnerhub demo $(args)

test: $(READY)  ## run the test suite, but for what kills processes under load
	$(BIN)/pytest -n $(shell nproc) --dist loadfile --no-loadscope-reorder -m "not drill" $(args)

test-drills: $(READY)  ## run the tests that kill processes under load (some minutes)
	$(BIN)/pytest -m drill $(args)

check: $(READY)  ## formatting, lint, types, import contracts, then the tests
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

drills: $(READY)  ## break processes, disk and network under load and print what it came to (as root: all of them)
	$(BIN)/python -m tests.drills.run $(args)

races: $(READY)  ## 64 submitters at once against four API processes: conflicts found, none lost (a few minutes)
	$(BIN)/python -m tests.races.registrations $(args)

bench: $(READY)  ## measure, and write benchmarks/figures.json and its picture
	$(UV) sync --locked --inexact --group bench
	$(BIN)/python -m benchmarks $(args)

fmt: $(READY)  ## format the code and fix what can be fixed
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

new-connector: $(READY)  ## make a connector that passes the first checks: make new-connector name=acme
	$(BIN)/python scripts/new-connector $(name)

$(READY): pyproject.toml uv.lock $(filter-out uv,$(UV))
	$(UV) sync --locked --inexact
	@touch $@

.uv/bin/uv:
	python3 scripts/get-uv .uv/bin
