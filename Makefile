# Set-up from a bare checkout needs Python 3.11 or newer with venv, and GNU make. Everything else is fetched here.
PYTHON ?= python3
PIPELINE ?= movielens
STAGE ?= dev
PORT ?= 4566
MINUTES ?= 10
RAW ?=
# Folder in which the embedded AWS keeps its account until the next time.
KEEP ?=
# An embedded AWS on this machine: nobody bootstrapped it for the CDK, and new permissions there are nobody's worry.
HERE := $(filter http://localhost:% http://127.0.0.1:%,$(AWS_ENDPOINT_URL))
# never: deploy without being asked about new permissions, where nobody is there to answer.
APPROVE ?= $(if $(HERE),never,broadening)

BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Where it is set, every process compiles the CDK, moto and botocore from source again: half of a synthesis.
unexport PYTHONDONTWRITEBYTECODE
SETUP := .venv/.done node_modules/.done build/layer.zip build/charts.js

PYTEST := python -m pytest --quiet -n 2 --dist loadscope
MEASURED := --cov --cov-append --cov-report= --cov-fail-under=0
SUITES := tests/unit tests/stacks tests/functions
# Left out where nothing that they depend on has changed since they passed.
RECORDED := emulator/tests tests/parity tests/pipeline tests/spark tests/permissions
# Whole deployments are not measured: they are a third slower then, and what they reach first is mostly the cli's.
COVERED := emulator/tests tests/parity

.DEFAULT_GOAL := help
.PHONY: help setup spark run up test tests test-suite test-all quick serve permissions doctor deploy destroy first-contact fuzz bench fmt lint types lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(SETUP) ## fetch everything that the other commands need; nothing to do the second time

# Each file of each package is known by its hash; what another server hands out under its name is refused.
HASHED := --quiet --require-hashes --requirement
UV_INSTALL := $(BIN)/uv pip install --python $(BIN)/python $(HASHED)
# pip reads pip.conf, which uv does not, so it stands behind it.
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check $(HASHED)

.venv/.done: requirements-dev.txt requirements-setup.txt pyproject.toml emulator/pyproject.toml
	@echo "Set-up 1/4: Python packages into .venv (once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv .venv
	@$(PIP_INSTALL) requirements-setup.txt
	@$(UV_INSTALL) requirements-dev.txt || $(PIP_INSTALL) requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . --editable emulator
	@touch $@

node_modules/.done: package-lock.json .venv/.done
	@echo "Set-up 2/4: the CDK command line and the charts into node_modules"
	@npm ci --silent --no-audit --no-fund
	@touch $@

build/layer.zip: lambdas/requirements.txt lambdas/build_layer.py .venv/.done
	@echo "Set-up 3/4: the functions' layer into build/"
	@python -m lambdas.build_layer

build/charts.js: node_modules/.done lambdas/build_charts.py
	@echo "Set-up 4/4: the charts of reports into build/"
	@python -m lambdas.build_charts

spark: .venv/.spark ## fetch pyspark for Glue jobs on this machine; they need Java 17 too

.venv/.spark: requirements-spark.txt .venv/.done
	@echo "Set-up of Spark: pyspark into .venv (once, 300 MB)"
	@$(UV_INSTALL) requirements-spark.txt || $(PIP_INSTALL) requirements-spark.txt
	@touch $@

run: setup ## run PIPELINE on this machine from raw data to recommendations (RAW=folder for other data)
	@pipelines run "$(PIPELINE)" --local --stage $(STAGE) $(if $(RAW),--raw "$(RAW)")

up: setup ## as run, and stay up until Ctrl-C, to ask it: pipelines ask (RAW=folder, PORT=4566, KEEP=folder)
	@pipelines up "$(PIPELINE)" --stage $(STAGE) --port $(PORT) $(if $(RAW),--raw "$(RAW)") $(if $(KEEP),--keep "$(KEEP)")

test: setup spark ## everything that CI checks: style, layers, types, every suite that a change can reach
	@bash -c 'TIMEFORMAT="make test took %R s, and %U + %S s of the processor"; time $(MAKE) --no-print-directory tests'

tests: lint types
	@coverage erase
	@for suite in $(SUITES); do echo "$$suite"; $(PYTEST) $(MEASURED) $$suite || exit 1; done
	@python -m tests.coverage_floors
	@for suite in $(RECORDED); do \
		python -m tests.record $$suite || $(MAKE) --no-print-directory test-suite SUITE=$$suite || exit 1; done

test-suite: setup spark ## one of the suites that make test leaves out where nothing changed, SUITE=tests/pipeline
	@now=$$(python -m tests.record $(SUITE) --now) && \
		$(PYTEST) $(if $(filter $(SUITE),$(COVERED)),$(MEASURED)) $(SUITE) && \
		$(if $(filter $(SUITE),$(COVERED)),python -m tests.coverage_floors $(SUITE) &&) \
		python -m tests.record $(SUITE) --passed $$now

test-all: setup ## as make test, and the suites that it leaves out whatever changed
	@rm -f $(RECORDED:=/passed.sha256)
	@$(MAKE) --no-print-directory test

quick: lint ## style, layers and the two suites without an AWS, while you work: a tenth of what generators make, no slow test
	@$(PYTEST) --hypothesis-profile=quick -m "not slow" tests/unit tests/stacks

serve: setup ## the embedded AWS on localhost until Ctrl-C (PORT=4566, KEEP=folder for its account)
	@pipelines serve --port $(PORT) $(if $(KEEP),--keep "$(KEEP)")

permissions: setup spark ## what each role calls, what it may, and what is left over
	@python -m tests.permissions $(ONLY)

doctor: setup ## look whether the account of your credentials is ready for PIPELINE; reads only
	@pipelines doctor "$(PIPELINE)" --stage $(STAGE)

deploy: setup ## deploy PIPELINE to the account of your credentials (APPROVE=never: do not ask)
	@test -t 0 || test $(APPROVE) = never || \
		echo "There is no terminal to approve new permissions on: if there are any this stops; APPROVE=never goes on"
	@$(if $(HERE),cd build && npx cdk bootstrap "aws://$(CDK_DEFAULT_ACCOUNT)/$(CDK_DEFAULT_REGION)",:)
	@npx cdk deploy --all --require-approval $(APPROVE) --context "pipeline=$(PIPELINE)" --context stage=$(STAGE)

destroy: setup ## remove PIPELINE's stacks; the bucket stays
	@npx cdk destroy --all --context "pipeline=$(PIPELINE)" --context stage=$(STAGE)

first-contact: setup ## see everything work in a sandbox account, for less than 5 USD; asks before it spends
	@pipelines first-contact --stage $(STAGE)

fuzz: setup ## throw hostile input at every door for MINUTES (10), and tell what gave way
	@python -m tests.fuzz --minutes $(MINUTES)

bench: setup spark ## run the benchmarks beside their partners and print one table
	@$(UV_INSTALL) requirements-bench.txt || $(PIP_INSTALL) requirements-bench.txt
	@python -m bench

fmt: setup ## format the code
	@ruff format .
	@ruff check --fix --quiet .

lint: setup ## style and layers
	@ruff format --check --quiet .
	@ruff check --quiet .
	@lint-imports --no-logo

types: setup spark ## mypy, strict
	@mypy

lock: setup ## pin every package again after a change to a requirements*.in
	@for name in lambdas/requirements requirements requirements-dev requirements-bench requirements-spark \
		requirements-setup; do \
		uv pip compile --quiet --universal --python-version 3.11 --no-header --no-emit-index-url \
			--no-emit-find-links --generate-hashes $$name.in --output-file $$name.txt || exit 1; \
	done

clean: ## remove what set-up and runs made, results in out/ excepted
	@rm -rf .venv node_modules build cdk.out .coverage*
