# Airflow and the trainer each have an environment, as on a deployment: workers have no torch, the training image no Airflow.
UV_VERSION := 0.13.8

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
