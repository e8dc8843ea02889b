COVERAGE_MINIMUM := 90
# Random kills of `make faults` (`make faults-docker`: 12); FAULT_SEED in the environment repeats an order.
FAULT_KILLS ?= 100
# A command that restarts the engine under test. It hits every container of that engine, so only CI sets it.
DOCKER_ENGINE_RESTART ?=
# test-docker measures it, which needs an engine; the report leaves it out where that has not run.
DOCKER_RUNTIME := include/pipelines/runtimes/docker/*
# Instruments our own modules only: a tracer would halve the speed of torch and MLflow.
MEASURED := slipcover --branch --source dags,include,training_image/src --omit '$(DOCKER_RUNTIME)' --json --out
# Unit tests of the Airflow side need a home of their own and must never see that of a running stack.
TEST_AIRFLOW := env AIRFLOW_HOME=$(CURDIR)/.local/test-airflow AIRFLOW__CORE__LOAD_EXAMPLES=False

##@ Parts of `make test`
.PHONY: test-trainer test-airflow test-contract test-e2e coverage
test-trainer: install ## Run the tests of the trainer
	@mkdir -p .local/coverage
	$(TRAINER)/python -m $(MEASURED) .local/coverage/trainer.json -m pytest -n 2 -m 'not faults' tests/trainer tests/compatibility/test_record.py tests/compatibility/test_trainer_settings.py

# Airflow mostly waits, so its tests run beside the trainer's and print their output at the end.
test-airflow: install ## Run test-e2e and test-contract
	@{ $(MAKE) --no-print-directory test-e2e && $(MAKE) --no-print-directory test-contract; } >.local/test-airflow.log 2>&1 || \
		{ cat .local/test-airflow.log; exit 1; }
	@cat .local/test-airflow.log

test-contract: install ## Run the tests of the Airflow side, the charts and the documents
	@mkdir -p .local/coverage
	$(TEST_AIRFLOW) $(AIRFLOW)/python -m $(MEASURED) .local/coverage/airflow.json -m pytest -n 2 -m 'not docker and not stack and not kubernetes and not faults' tests/step_contract tests/pipelines tests/dags tests/stacks tests/charts tests/compatibility/test_catalog.py tests/compatibility/test_settings.py tests/compatibility/test_stored_names.py tests/test_fault_table.py tests/test_rooms.py

test-e2e: install ## Run the tests that go through a real scheduler
	@mkdir -p .local/coverage
	$(AIRFLOW)/python -m $(MEASURED) .local/coverage/e2e.json -m pytest -m 'not docker and not faults and not kubernetes' tests/e2e

coverage: install ## Report the coverage of the last `make test`; fail below the minimum
	@if [ -f .local/coverage/airflow.json ] && [ -f .local/coverage/trainer.json ] && [ -f .local/coverage/e2e.json ]; then \
		$(AIRFLOW)/python -m slipcover --merge .local/coverage/*.json --skip-covered --fail-under $(COVERAGE_MINIMUM) --out .local/coverage.json; \
	else echo 'coverage: no complete data yet, `make test` makes it'; fi

##@ Tests that need Docker or a cluster
.PHONY: test-docker test-kubernetes test-image test-stack
test-docker: install ## Test the docker runtime on this machine's engine
	@mkdir -p .local/coverage
	$(TEST_AIRFLOW) TRAINER_IMAGE=$(IMAGE) $(AIRFLOW)/python -m slipcover --branch --source include --json --out .local/coverage/docker.json -m pytest -n 2 --dist loadfile -m 'docker and not engine_restart' -rs tests/pipelines tests/e2e
	$(if $(DOCKER_ENGINE_RESTART),$(TEST_AIRFLOW) DOCKER_ENGINE_RESTART='$(DOCKER_ENGINE_RESTART)' $(AIRFLOW)/python -m pytest -m engine_restart tests/pipelines)

test-kubernetes: install ## Test the kubernetes runtime on the cluster of TEST_KUBECONFIG or KUBECONFIG
	$(TEST_AIRFLOW) TRAINER_IMAGE=$(or $(TRAINER_IMAGE),$(IMAGE)) $(AIRFLOW)/python -m pytest -m kubernetes -rs tests/pipelines tests/e2e

test-image: install ## Run the trainer's protocol suite against the training image, without a network
	$(DOCKER) run --rm --network none --entrypoint trainer $(IMAGE) --version
	TRAINER_IMAGE_UNDER_TEST=$(IMAGE) DOCKER=$(DOCKER) $(TRAINER)/python -m pytest tests/trainer/test_command.py

test-stack: install stack-images ## Start the stack, kill its scheduler while it trains, delete its volumes, restore; needs `make image`
	$(TEST_AIRFLOW) DOCKER=$(DOCKER) NIGHTSHIFT_VERSION=$(STACK_VERSION) TRAINER_IMAGE=$(IMAGE) $(AIRFLOW)/python -m pytest -m 'stack and not faults' -rs tests/stacks/docker

##@ Tests that take longer: kills, races, whole nights
.PHONY: faults faults-sample faults-docker faults-stack
faults: install ## Run them all, over an hour on two cores
	$(TRAINER)/python -m pytest -n 2 -m faults tests/trainer
	$(TEST_AIRFLOW) $(AIRFLOW)/python -m pytest -n 2 --dist loadfile -m 'faults and not docker and not kubernetes and not stack' tests/step_contract tests/pipelines tests/charts tests/stacks/docker
	FAULT_KILLS=$(FAULT_KILLS) $(AIRFLOW)/python -m pytest -vv -n 2 --dist loadfile -m 'faults and not docker and not kubernetes' tests/e2e tests/faults

faults-sample: install ## Run the part of them that CI runs: corrupted inputs, 8 random kills, races
	$(TRAINER)/python -m pytest -n 2 -m faults tests/trainer/test_corrupted_*.py $(wildcard tests/trainer/*/test_corrupted_*.py) tests/trainer/steps/test_train.py
	$(TEST_AIRFLOW) $(AIRFLOW)/python -m pytest -n 2 -m 'faults and not stack' tests/stacks/docker
	FAULT_KILLS=8 $(AIRFLOW)/python -m pytest tests/faults/test_random_kills.py tests/faults/test_races.py

faults-docker: FAULT_KILLS = 12
faults-docker: install ## Run the same kills with steps in containers; needs `make image`
	TRAINER_IMAGE=$(IMAGE) FAULT_KILLS=$(FAULT_KILLS) $(AIRFLOW)/python -m pytest -vv -m 'faults and docker' -rs tests/faults

faults-stack: install stack-images ## Stop the database of the stack for two minutes while it trains; needs `make image`
	$(TEST_AIRFLOW) DOCKER=$(DOCKER) NIGHTSHIFT_VERSION=$(STACK_VERSION) TRAINER_IMAGE=$(IMAGE) $(AIRFLOW)/python -m pytest -vv -m 'stack and faults' -rs tests/stacks/docker
