# The commands of the project; `make help` lists them. Each sets up what it needs, once.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The CDK is 400 MB of modules of which few are imported: they are compiled then.
PIP_INSTALL := -m pip install -qq --no-compile --disable-pip-version-check --constraint constraints.txt
PYTHON := .venv/bin/python
PARALLEL := --numprocesses auto --dist loadscope
export PYTHONPATH := .:layers/common/python

.PHONY: help
help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A venv of another checkout or of a Python that is gone is made again.
.venv/ready: requirements.txt requirements-dev.txt requirements-infra.txt constraints.txt
	@[ -x .venv/bin/pip ] && .venv/bin/python -c '' || { rm -rf .venv; "$$(sh .ci/find-python)" -m venv .venv; }
	@echo "Installing the development packages (once) ..."
	@$(PYTHON) $(PIP_INSTALL) --requirement requirements-dev.txt
	@touch $@

.emulator/ready: requirements-emulator.txt constraints.txt
	@[ -x .emulator/bin/pip ] && .emulator/bin/python -c '' || { rm -rf .emulator; "$$(sh .ci/find-python)" -m venv .emulator; }
	@echo "Installing the emulator (once) ..."
	@.emulator/bin/python $(PIP_INSTALL) --requirement requirements-emulator.txt
	@touch $@

.PHONY: setup
setup: .venv/ready .emulator/ready ## make both virtual environments with the pinned packages

.PHONY: demo
demo: setup ## deploy the template into the local emulator and send a campaign (DEMO_ONCE=1: end by itself)
	@exec $(PYTHON) -m local.demo

.PHONY: test
test: .venv/ready ## run the tests but the deployed and the thorough ones; K=word runs those that match
	@$(PYTHON) -m pytest -m "not system and not thorough" $(if $(K),-k "$(K)",$(PARALLEL))

.PHONY: system
system: setup ## run the deployed tests on the emulator
	@$(PYTHON) -m pytest -m system $(if $(K),-k "$(K)")

# The deployed tests come last: they are the dearest, and CI reads the closing line.
.PHONY: check
check: setup ## what CI runs: format, lint, types, import contracts, documents, template, tests, deployed tests
	@.venv/bin/ruff format --check
	@.venv/bin/ruff check
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache
	@$(PYTHON) -m local.docs --check
	@$(PYTHON) -m infra
	@MAILTIDE_FUZZ=6 $(PYTHON) -m pytest -m "not system" $(PARALLEL) --cov --cov-report=
	@.venv/bin/coverage report --skip-covered
	@.venv/bin/coverage report --skip-covered --fail-under=100 --include='*/mailtide/domain/*,*/mailtide/sources/*,*/mailtide/flows/*'
	@$(PYTHON) -m pytest -m system

.PHONY: fix
fix: .venv/ready ## format and mend what is safe to mend
	@.venv/bin/ruff format
	@.venv/bin/ruff check --fix

.PHONY: build
build: .venv/ready ## third-party layer for Lambda's platform (PLATFORM=arm64|x86_64 PYTHON_VERSION=3.13) into build/
	@$(PYTHON) -m infra.build --platform $(or $(PLATFORM),arm64) --python-version $(or $(PYTHON_VERSION),3.13)

.PHONY: synth
synth: .venv/ready ## template for production into build/cdk.out, checked by cdk-nag
	@$(PYTHON) -m infra

.PHONY: docs
docs: .venv/ready ## write the generated tables of ARCHITECTURE.md and openapi.json anew
	@$(PYTHON) -m local.docs

.PHONY: bench
bench: .venv/ready ## measure every promise beside its peer or limit, into benchmarks/RESULTS.md (B="rendering smtp": only these)
	@$(PYTHON) -m benchmarks $(B)

.PHONY: clean
clean: ## remove everything that was built or installed
	@rm -rf .venv .emulator build cdk.out .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
