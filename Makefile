# The main commands are `make sandbox` and `make test`. `make` lists all of them.
# Targets first set up what they need: .venv from requirements-dev.txt, checked by hash, and the engine, found or built.

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
COMPILE := $(VENV)/bin/uv pip compile --quiet --generate-hashes --python-version=3.11
STACKS := prod staging sandbox

.PHONY: help preview up sandbox down test check bench requirements clean
.DEFAULT_GOAL := help

help:
	@echo 'make preview STACK=prod   preview a stack; the policies judge it'
	@echo 'make up STACK=prod        update a stack; the policies judge the preview and the update'
	@echo "                          both take ARGS, such as ARGS=\"--replace '**::hetzner1-k3s*'\""
	@echo 'make sandbox       run the whole stack on this machine: real engine, program and policies, simulated clouds'
	@echo 'make down          remove the sandbox (keeps .venv, the engine and other built programs)'
	@echo 'make test          run all tests; for one kind: .venv/bin/python -m pytest tests/unit (providers, policy, program, …)'
	@echo 'make check         check lint, formatting, types, workflows, pinned requirements, and policies on the three stack files'
	@echo 'make bench         measure program, previews and sandbox, and write docs/performance.md'
	@echo 'make requirements  pin requirements*.txt again from requirements*.in'
	@echo 'make clean         run down, and remove caches too'
	@echo
	@echo 'More: .venv/bin/python -m sandbox --help      Requires: Python 3.11 or newer, and pulumi or Go or a network'

preview:
	@test -n '$(STACK)' || { echo 'name the stack: make preview STACK=prod' >&2; exit 2; }
	@pulumi preview --policy-pack policy --stack '$(STACK)' $(ARGS)

up:
	@test -n '$(STACK)' || { echo 'name the stack: make up STACK=prod' >&2; exit 2; }
	@pulumi up --policy-pack policy --stack '$(STACK)' $(ARGS)

sandbox: $(READY)
	@$(PYTHON) -m sandbox up

down:
	@if [ -e $(READY) ]; then $(PYTHON) -m sandbox down; else echo 'nothing to remove'; fi

test: $(READY)
	@$(PYTHON) -m sandbox setup --binaries
	@$(PYTHON) -m pytest -n auto

check: $(READY)
	@echo 'ruff: lint and formatting'
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --quiet --check .
	@echo 'mypy: types'
	@$(VENV)/bin/mypy --strict components sandbox ops pictures tests bench __main__.py .ci/requirements.py .ci/workflows.py
	@$(VENV)/bin/mypy --strict policy
	@echo 'shellcheck: every shell file'
	@.ci/shell-files | xargs -0 $(VENV)/bin/shellcheck
	@echo 'actionlint, zizmor: workflows'
	@$(PYTHON) .ci/workflows.py
	@echo 'pip: installed packages are compatible'
	@$(PYTHON) -m pip check --quiet --disable-pip-version-check
	@$(PYTHON) .ci/requirements.py
	@$(PYTHON) -m sandbox setup
	@for stack in $(STACKS); do .ci/policies "Pulumi.$$stack.yaml" || exit 1; done

bench: $(READY)
	@$(PYTHON) -m sandbox setup
	@$(PYTHON) -m bench

requirements: $(READY)
	$(COMPILE) --output-file=requirements.txt requirements.in
	$(COMPILE) --output-file=requirements-dev.txt requirements-dev.in

clean: down
	@rm -rf .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
	@echo 'removed caches; kept .venv and a built engine (python -m sandbox down --all removes them too)'

$(READY): requirements-dev.txt
	@.ci/venv $(VENV)
	@touch $@
