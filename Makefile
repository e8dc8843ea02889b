# The only door: people and CI call the same targets. `make help` shows the targets of this file, which a day's work
# needs; `make help-all` shows those of make/*.mk as well.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
# Set TORCH_BACKEND=cpu where PyTorch's own index can be reached: the CPU build is 4 GB smaller.
TORCH_BACKEND ?=
VERSION := 0.1.0
UV := .venv/uv/bin/uv
AIRFLOW := .venv/airflow/bin
TRAINER := .venv/trainer/bin
STACK := $(AIRFLOW)/python -m include.stacks.local
ALL_CODE := dags include plugins training_image/src tests benchmarks .ci charts
# Read a setting from .env as Compose does.
dotenv = $(shell sed -n 's/^$(1)=//p' .env 2>/dev/null | tail -1)
# A step is a process: without stored bytecode each would spend 20 s on compiling torch, ultralytics and MLflow.
unexport PYTHONDONTWRITEBYTECODE

include make/environments.mk make/tests.mk make/checks.mk make/images.mk make/stack.mk

.PHONY: help help-all
help: ## Show the main targets
	@awk '$(SHOW_TARGETS)' Makefile
	@printf '\nOthers: make help-all\n'

help-all: ## Show every target
	@awk '$(SHOW_TARGETS)' $(MAKEFILE_LIST)

# A line `##@ Heading` begins a group; `target: ... ## text` is a target with its description.
define SHOW_TARGETS
BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }
endef

##@ Run it on this machine
.PHONY: demo up status run down clean
demo: install ## Run one night and a backfill through a real Airflow, about 5 minutes
	@$(STACK) demo

up: install ## Start Airflow and MLflow on loopback; print addresses and login
	@$(STACK) up

status: ## Show what is running and where
	@if [ -x $(AIRFLOW)/python ]; then $(STACK) status; else echo 'not installed; `make up` installs and starts'; fi

run: install ## Run airflow or trainer against `make up`: COMMAND="airflow dags list"
	@$(if $(COMMAND),,echo 'COMMAND is not set: make run COMMAND="airflow dags list"'; exit 64)
	@$(STACK) run $(COMMAND)

down: ## Stop what `make up` started
	@if [ -x $(AIRFLOW)/python ]; then $(STACK) down; else echo 'nothing was running'; fi

clean: ## Stop it and delete all local state: runs, models, data, caches
	@$(MAKE) --no-print-directory down
	rm -rf .local .pytest_cache .mypy_cache .ruff_cache .hypothesis

##@ Run it in Docker
.PHONY: stack-init stack-up stack-down
stack-init: install ## Write generated secrets to .env, once
	@$(DOCKER_STACK) init

stack-up: ## Build and start the stack in Docker; wait until it answers
	@$(COMPOSE) config --quiet
	@$(MAKE) --no-print-directory stack-trainer stack-images
	@$(COMPOSE) up --no-build --detach --wait || { \
		$(COMPOSE) logs --tail 20 $$($(COMPOSE) ps --all --services --status exited --status restarting --status dead); \
		echo 'the stack did not start: the last log lines of its failed services are above, the state of each below; after a fix run `make stack-up` again'; \
		$(MAKE) --no-print-directory stack-status; exit 1; }
	@$(MAKE) --no-print-directory stack-status

stack-down: ## Stop the stack in Docker; its data stay in named volumes
	@$(COMPOSE) down

##@ Work on it
.PHONY: install format check test generate lock bench
install: .venv/airflow/.installed .venv/trainer/.installed ## Install both environments from the lock files

format: install ## Format the code and fix what the linter can fix
	$(AIRFLOW)/ruff format $(ALL_CODE)
	$(AIRFLOW)/ruff check --fix $(ALL_CODE)

check: install lint types generated docs-check coverage ## Check format, lint, types, generated files, documents, coverage

test: install ## Run all tests that need no Docker and no cluster; report coverage
	@rm -rf .local/coverage && mkdir -p .local/coverage
	@$(MAKE) --no-print-directory -j2 test-trainer test-airflow
	@$(MAKE) --no-print-directory coverage

generate: install ## Regenerate argument list, JSON Schema, docs/catalog.md, schemas and READMEs of the charts
	$(TRAINER)/python -m trainer.frameworks.ultralytics.arguments > .local/train_arguments.json && mv .local/train_arguments.json include/step_contract/catalog/train_arguments.json
	$(AIRFLOW)/python -m step_contract schema > include/training_catalog.schema.json
	$(AIRFLOW)/python -m step_contract schema --folder > include/training_catalog_folder.schema.json
	$(AIRFLOW)/python -m step_contract docs > docs/catalog.md
	$(AIRFLOW)/python .ci/chart_values.py

COMPILE := pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header
lock: $(UV) ## Resolve all lock files
	$(UV) $(COMPILE) --extra airflow pyproject.toml -o requirements.lock
	$(UV) $(COMPILE) --constraints requirements.lock --extra airflow --group dev pyproject.toml -o requirements-dev.lock
	$(UV) $(COMPILE) --extra cluster pyproject.toml -o requirements-cluster.lock
	$(UV) $(COMPILE) requirements-mlflow.in -o requirements-mlflow.lock
	cd training_image && ../$(UV) $(COMPILE) pyproject.toml -o requirements.lock
	cd training_image && ../$(UV) $(COMPILE) --constraints requirements.lock --group dev pyproject.toml -o requirements-dev.lock

bench: install ## Measure against the bare tools; write .local/bench.json
	$(AIRFLOW)/python -m benchmarks
