# The only door: people and CI call the same targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
# Set TORCH_BACKEND=cpu where PyTorch's own index can be reached: the CPU build is 4 GB smaller.
TORCH_BACKEND ?=
UV_VERSION := 0.13.8
UV := .venv/uv/bin/uv
AIRFLOW := .venv/airflow/bin
TRAINER := .venv/trainer/bin
VERSION := 0.1.0
# What .env sets for the stack in Docker, as Compose reads it.
dotenv = $(shell sed -n 's/^$(1)=//p' .env 2>/dev/null | tail -1)
STACK_VERSION := $(or $(NIGHTSHIFT_VERSION),$(call dotenv,NIGHTSHIFT_VERSION),$(VERSION))
# Debian's own client where it is installed: newer ones insist on a builder plugin that it does not have.
DOCKER ?= $(firstword $(wildcard /usr/bin/docker) docker)
# The stack's Compose files, by colons; .env may add docker-compose.gpu.yml.
COMPOSE_FILE ?= $(or $(call dotenv,COMPOSE_FILE),docker-compose.airflow.yml)
COMPOSE := COMPOSE_FILE=$(COMPOSE_FILE) $(DOCKER) compose
DOCKER_STACK := COMPOSE_FILE=$(COMPOSE_FILE) DOCKER=$(DOCKER) $(AIRFLOW)/python -m include.stacks.docker
# Where `make backup` puts a folder for each backup.
BACKUPS ?= backups
BASE_IMAGE ?= $(call dotenv,BASE_IMAGE)
# A command that restarts the engine under test; a restart hits every container of it, so nobody but CI sets this.
DOCKER_ENGINE_RESTART ?=
IMAGE ?= nightshift-trainer:$(VERSION)
# What the stack runs: an image of a registry's, if TRAINER_IMAGE says so, is not built here.
STACK_TRAINER := $(or $(TRAINER_IMAGE),$(call dotenv,TRAINER_IMAGE),$(IMAGE))
# How often `make faults` kills something at a random moment (`make faults-docker`: 12); FAULT_SEED in the environment repeats an order.
FAULT_KILLS ?= 100
STACK := $(AIRFLOW)/python -m include.stacks.local
ALL_CODE := dags include plugins training_image/src tests benchmarks .ci charts
COVERAGE_MINIMUM := 90
# Measured by test-docker, which needs an engine; left out of the report where it has not run.
DOCKER_RUNTIME := include/pipelines/runtimes/docker/*
# Instruments our own modules only: a tracer would slow torch and MLflow down to half.
MEASURED := slipcover --branch --source dags,include,training_image/src --omit '$(DOCKER_RUNTIME)' --json --out
# A step is a process: without stored bytecode each would compile torch, ultralytics and MLflow anew, for 20 s.
unexport PYTHONDONTWRITEBYTECODE
# Unit tests of the Airflow side need a home of their own, and must never see a running stack's.
TEST_AIRFLOW := env AIRFLOW_HOME=$(CURDIR)/.local/test-airflow AIRFLOW__CORE__LOAD_EXAMPLES=False

.PHONY: help install demo up down status test faults faults-docker faults-stack faults-sample test-airflow test-contract test-trainer test-e2e test-docker test-kubernetes test-image image image-scan test-stack stack-images stack-init stack-up stack-demo stack-down stack-status backup restore coverage check format lint types \
	generated docs-check bench clean lock generate

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name text; do printf '  %-12s %s\n' "$$name" "$$text"; done

install: .venv/airflow/.installed .venv/trainer/.installed ## Install both environments from the lock files

$(UV):
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 13) else f"Python 3.11 or 3.12 needed, got {sys.version.split()[0]}; set PYTHON=python3.11")'
	$(PYTHON) -m venv .venv/uv
	.venv/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/airflow/.installed: requirements-dev.lock pyproject.toml | $(UV)
	@echo 'installing Airflow and the tools into .venv/airflow'
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv/airflow
	$(UV) pip sync --quiet --compile-bytecode --python $(AIRFLOW)/python requirements-dev.lock
	$(UV) pip install --quiet --python $(AIRFLOW)/python --no-deps --editable .
	touch $@

.venv/trainer/.installed: training_image/requirements-dev.lock training_image/pyproject.toml pyproject.toml | $(UV)
	@echo 'installing torch, ultralytics and MLflow into .venv/trainer (some GB, a few minutes the first time)'
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv/trainer
ifeq ($(TORCH_BACKEND),)
	$(UV) pip sync --quiet --compile-bytecode --python $(TRAINER)/python training_image/requirements-dev.lock
else
	$(UV) pip install --quiet --compile-bytecode --python $(TRAINER)/python --torch-backend=$(TORCH_BACKEND) --requirements <(grep -vE '^(nvidia|cuda|triton)' training_image/requirements-dev.lock)
endif
	$(UV) pip install --quiet --python $(TRAINER)/python --no-deps --editable . --editable training_image
	touch $@

demo: install ## Run the main job: one night and a backfill through a real Airflow (about 5 minutes)
	@$(STACK) demo

up: install ## Start Airflow and MLflow on loopback and print addresses and login
	@$(STACK) up

down: ## Stop what `make up` started
	@if [ -x $(AIRFLOW)/python ]; then $(STACK) down; else echo 'nothing was running'; fi

.PHONY: run
run: install ## Run airflow or trainer with the settings of `make up`: COMMAND="airflow backfill create --dag-id ... --dry-run"
	@$(if $(COMMAND),,echo 'COMMAND is not set: make run COMMAND="airflow dags list"'; exit 64)
	@$(STACK) run $(COMMAND)

status: ## Show what is running and where
	@if [ -x $(AIRFLOW)/python ]; then $(STACK) status; else echo 'not installed; `make up` installs and starts'; fi

test: install ## Run all tests and report coverage
	@rm -rf .local/coverage && mkdir -p .local/coverage
	@$(MAKE) --no-print-directory -j2 test-trainer test-airflow
	@$(MAKE) --no-print-directory coverage

# Airflow mostly waits, so its tests run beside the trainer's; what they print comes at their end.
test-airflow: install
	@{ $(MAKE) --no-print-directory test-e2e && $(MAKE) --no-print-directory test-contract; } >.local/test-airflow.log 2>&1 || \
		{ cat .local/test-airflow.log; exit 1; }
	@cat .local/test-airflow.log

test-contract: install
	@mkdir -p .local/coverage
	$(TEST_AIRFLOW) $(AIRFLOW)/python -m $(MEASURED) .local/coverage/airflow.json -m pytest -n 2 -m 'not docker and not stack and not kubernetes and not faults' tests/step_contract tests/pipelines tests/dags tests/stacks tests/charts tests/test_fault_table.py

test-trainer: install
	@mkdir -p .local/coverage
	$(TRAINER)/python -m $(MEASURED) .local/coverage/trainer.json -m pytest -n 2 -m 'not faults' tests/trainer

test-e2e: install
	@mkdir -p .local/coverage
	$(AIRFLOW)/python -m $(MEASURED) .local/coverage/e2e.json -m pytest -m 'not docker and not faults and not kubernetes' tests/e2e

test-docker: install ## Run the tests of the docker runtime on this machine's Docker engine
	@mkdir -p .local/coverage
	$(TEST_AIRFLOW) TRAINER_IMAGE=$(IMAGE) $(AIRFLOW)/python -m slipcover --branch --source include --json --out .local/coverage/docker.json -m pytest -n 2 --dist loadfile -m 'docker and not engine_restart' -rs tests/pipelines tests/e2e
	$(if $(DOCKER_ENGINE_RESTART),$(TEST_AIRFLOW) DOCKER_ENGINE_RESTART='$(DOCKER_ENGINE_RESTART)' $(AIRFLOW)/python -m pytest -m engine_restart tests/pipelines)

faults: install ## Run the tests that take too long for `make test`: kills, races of many, whole nights on stand-ins
	$(TRAINER)/python -m pytest -n 2 -m faults tests/trainer
	$(TEST_AIRFLOW) $(AIRFLOW)/python -m pytest -n 2 --dist loadfile -m 'faults and not docker and not kubernetes and not stack' tests/step_contract tests/pipelines tests/charts tests/stacks/docker
	FAULT_KILLS=$(FAULT_KILLS) $(AIRFLOW)/python -m pytest -vv -n 2 --dist loadfile -m 'faults and not docker and not kubernetes' tests/e2e tests/faults

faults-docker: FAULT_KILLS = 12
faults-docker: install ## Run the faults of the docker runtime on this machine's Docker engine; needs `make image`
	TRAINER_IMAGE=$(IMAGE) FAULT_KILLS=$(FAULT_KILLS) $(AIRFLOW)/python -m pytest -vv -m 'faults and docker' -rs tests/faults

faults-stack: install stack-images ## Take the stack in Docker its database for two minutes while it trains; needs `make image`
	$(TEST_AIRFLOW) DOCKER=$(DOCKER) NIGHTSHIFT_VERSION=$(STACK_VERSION) TRAINER_IMAGE=$(IMAGE) $(AIRFLOW)/python -m pytest -vv -m 'stack and faults' -rs tests/stacks/docker

faults-sample: install ## Run a part of `make faults`: corrupted inputs, 8 random kills, races
	$(TRAINER)/python -m pytest -n 2 -m faults tests/trainer/test_corrupted_*.py $(wildcard tests/trainer/*/test_corrupted_*.py) tests/trainer/steps/test_train.py
	$(TEST_AIRFLOW) $(AIRFLOW)/python -m pytest -n 2 -m 'faults and not stack' tests/stacks/docker
	FAULT_KILLS=8 $(AIRFLOW)/python -m pytest tests/faults/test_random_kills.py tests/faults/test_races.py

test-kubernetes: install ## Run the tests of the kubernetes runtime on the cluster of TEST_KUBECONFIG or KUBECONFIG
	$(TEST_AIRFLOW) TRAINER_IMAGE=$(or $(TRAINER_IMAGE),$(IMAGE)) $(AIRFLOW)/python -m pytest -m kubernetes -rs tests/pipelines tests/e2e

test-image: install ## Run the trainer's protocol suite against the training image
	$(DOCKER) run --rm --network none --entrypoint trainer $(IMAGE) --version
	TRAINER_IMAGE_UNDER_TEST=$(IMAGE) DOCKER=$(DOCKER) $(TRAINER)/python -m pytest tests/trainer/test_command.py

image: ## Build the training image and show its size by layer
	DOCKER_BUILDKIT=1 $(DOCKER) build --quiet -f training_image/Dockerfile $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) \
		--build-arg TORCH_BACKEND=$(TORCH_BACKEND) --build-arg VERSION=$(VERSION) --build-arg GIT_SHA=$$(git rev-parse HEAD) -t $(IMAGE) .
	@$(DOCKER) history --format '{{.Size}}\t{{.CreatedBy}}' $(IMAGE) | grep -v '^0B' | cut -c1-100
	@$(DOCKER) image inspect --format '{{.Size}}' $(IMAGE) | awk '{printf "%s: %.2f GB\n", "$(IMAGE)", $$1 / 1e9}'

stack-init: install ## Write the secrets of the stack in Docker to .env, once
	@$(DOCKER_STACK) init

stack-images:
	DOCKER_BUILDKIT=1 $(DOCKER) build --quiet $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) --target airflow -t nightshift-airflow:$(STACK_VERSION) .
	DOCKER_BUILDKIT=1 $(DOCKER) build --quiet $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) --target mlflow -t nightshift-mlflow:$(STACK_VERSION) .

.PHONY: cluster-images
cluster-images: stack-images image ## Build all images of a cluster: training, MLflow, Airflow, Airflow for charts/airflow
	DOCKER_BUILDKIT=1 $(DOCKER) build --quiet $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) --target airflow-cluster -t nightshift-airflow-cluster:$(STACK_VERSION) .

test-stack: install stack-images ## Start the stack in Docker, kill its scheduler in training, lose all volumes, restore; needs `make image`
	$(TEST_AIRFLOW) DOCKER=$(DOCKER) NIGHTSHIFT_VERSION=$(STACK_VERSION) TRAINER_IMAGE=$(IMAGE) $(AIRFLOW)/python -m pytest -m 'stack and not faults' -rs tests/stacks/docker

stack-up: ## Build and start the stack in Docker (docker-compose.airflow.yml), wait until it answers
	@$(COMPOSE) config --quiet
	@$(MAKE) --no-print-directory stack-trainer stack-images
	@$(COMPOSE) up --no-build --detach --wait || { \
		$(COMPOSE) logs --tail 20 $$($(COMPOSE) ps --all --services --status exited --status restarting --status dead); \
		echo 'the stack did not come up: what its services said last is above, the state of each below; once it is mended, `make stack-up` goes on'; \
		$(MAKE) --no-print-directory stack-status; exit 1; }
	@$(MAKE) --no-print-directory stack-status

# Built each time, from layers that are there: after an update the catalog may say what an older trainer does not know.
.PHONY: stack-trainer
stack-trainer:
ifeq ($(STACK_TRAINER),$(IMAGE))
	@$(MAKE) --no-print-directory image
endif

stack-demo: install ## Put the sample data into the stack in Docker and run its sample pipeline for one night
	@$(DOCKER_STACK) demo

backup: install ## Copy both databases and the S3 store of the stack in Docker into BACKUPS (backups/)
	@$(DOCKER_STACK) backup --to $(BACKUPS)

restore: install stack-trainer stack-images ## Bring back what `make backup` wrote: FROM=backups/..., REPLACE=1 if the stack has data
	@$(if $(FROM),,echo 'FROM is not set: make restore FROM=$(BACKUPS)/<time>'; exit 64)
	@$(DOCKER_STACK) restore $(if $(REPLACE),--replace) $(FROM)

stack-down: ## Stop the stack in Docker; its data stay in named volumes
	@$(COMPOSE) down

stack-status: ## Show the services of the stack in Docker
	@$(COMPOSE) ps --all --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}'

# CHART=training or mlflow, VALUES=files by spaces, SET=key=value by spaces, NAMESPACE=nightshift
.PHONY: chart
chart: install ## Print what a chart renders, for kubectl: CHART=mlflow VALUES=charts/mlflow/values-dev.yaml SET=key=value
	@$(AIRFLOW)/python .ci/render_chart.py $(CHART) $(addprefix --namespace ,$(NAMESPACE)) $(addprefix --values ,$(VALUES)) $(addprefix --set ,$(SET))

image-scan: $(UV) ## Look for known vulnerabilities in the lock and secrets in the sources
	$(UV) tool run --quiet --from pip-audit==2.10.1 pip-audit --requirement training_image/requirements.lock --no-deps --disable-pip
	$(UV) tool run --quiet --from detect-secrets==1.5.0 detect-secrets-hook training_image/Dockerfile $$(git ls-files training_image include)

coverage: install ## Report the coverage of the last `make test`; fails below the minimum
	@if [ -f .local/coverage/airflow.json ] && [ -f .local/coverage/trainer.json ] && [ -f .local/coverage/e2e.json ]; then \
		$(AIRFLOW)/python -m slipcover --merge .local/coverage/*.json --skip-covered --fail-under $(COVERAGE_MINIMUM) --out .local/coverage.json; \
	else echo 'coverage: no complete data yet, `make test` makes it'; fi

check: install lint types generated docs-check coverage ## Check format, lint, types, generated files, documents and coverage

format: install ## Format the code and mend what lint can
	$(AIRFLOW)/ruff format $(ALL_CODE)
	$(AIRFLOW)/ruff check --fix $(ALL_CODE)

lint: install
	$(AIRFLOW)/ruff format --check $(ALL_CODE)
	$(AIRFLOW)/ruff check $(ALL_CODE)
	$(AIRFLOW)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(AIRFLOW)/hadolint --failure-threshold warning --ignore DL3008 Dockerfile training_image/Dockerfile

types: install
	$(AIRFLOW)/mypy dags include plugins
	$(TRAINER)/mypy --config-file pyproject.toml training_image/src/trainer

generate: install ## Make the generated files anew: argument list, JSON Schema, docs/catalog.md, schemas and READMEs of the charts
	$(TRAINER)/python -m trainer.frameworks.ultralytics.arguments > .local/train_arguments.json && mv .local/train_arguments.json include/step_contract/catalog/train_arguments.json
	$(AIRFLOW)/python -m step_contract schema > include/training_catalog.schema.json
	$(AIRFLOW)/python -m step_contract docs > docs/catalog.md
	$(AIRFLOW)/python .ci/chart_values.py

generated: install
	@mkdir -p .local
	$(TRAINER)/python -m trainer.frameworks.ultralytics.arguments | diff include/step_contract/catalog/train_arguments.json - || { echo 'out of date: run `make generate`'; exit 1; }
	$(AIRFLOW)/python -m step_contract schema | diff include/training_catalog.schema.json - || { echo 'out of date: run `make generate`'; exit 1; }
	$(AIRFLOW)/python -m step_contract docs | diff docs/catalog.md - || { echo 'out of date: run `make generate`'; exit 1; }
	$(AIRFLOW)/python .ci/chart_values.py check
	$(AIRFLOW)/python -m step_contract check include/training_catalog.yaml

docs-check: install
	$(AIRFLOW)/python .ci/check_documents.py

bench: install ## Measure against the bare tools; writes .local/bench.json
	$(AIRFLOW)/python -m benchmarks

lock: $(UV) ## Resolve the lock files anew
	$(UV) pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --extra airflow pyproject.toml -o requirements.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --constraints requirements.lock --extra airflow --group dev pyproject.toml -o requirements-dev.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --extra cluster pyproject.toml -o requirements-cluster.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header requirements-mlflow.in -o requirements-mlflow.lock
	cd training_image && ../$(UV) pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header pyproject.toml -o requirements.lock
	cd training_image && ../$(UV) pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --constraints requirements.lock --group dev pyproject.toml -o requirements-dev.lock

clean: ## Stop the stack and remove all local state (runs, models, data, caches); the environments stay
	@$(MAKE) --no-print-directory down
	rm -rf .local .pytest_cache .mypy_cache .ruff_cache .hypothesis
