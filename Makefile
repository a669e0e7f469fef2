# `make check` and `make test` are what CI runs; both set up .venv by themselves.
VENV := .venv
READY := $(VENV)/.ready

.PHONY: help check test
.DEFAULT_GOAL := help

help:
	@echo 'make check   lint, types, formatting'
	@echo 'make test    all tests'

check: $(READY)
	@$(VENV)/bin/ruff check --quiet components tests __main__.py
	@$(VENV)/bin/ruff format --quiet --check components tests __main__.py
	@$(VENV)/bin/mypy --strict components tests __main__.py
	@$(VENV)/bin/shellcheck sandbox/tools/debian-packages.sh .ci/run .ci/venv

test: $(READY)
	@$(VENV)/bin/python -m pytest -W ignore::DeprecationWarning

$(READY): requirements-dev.txt
	@.ci/venv $(VENV)
	@touch $@
