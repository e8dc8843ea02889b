##@ Parts of `make check`
.PHONY: lint types generated docs-check image-scan
lint: install ## Check format, code, layers, workflow, lock files and Dockerfiles
	$(AIRFLOW)/ruff format --check $(ALL_CODE)
	$(AIRFLOW)/ruff check $(ALL_CODE)
	PYTHONPATH=training_image/src $(AIRFLOW)/lint-imports --no-logo
	$(AIRFLOW)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@! grep -nE '://|^-' requirements*.lock training_image/requirements*.lock || \
		{ echo 'a lock file names a host or sets an option; expected lines of name==version only (decision 0007)'; exit 1; }
	$(AIRFLOW)/hadolint --failure-threshold warning --ignore DL3008 Dockerfile training_image/Dockerfile

types: install ## Check types
	$(AIRFLOW)/mypy dags include plugins
	$(TRAINER)/mypy --config-file pyproject.toml training_image/src/trainer

generated: install ## Check that generated files are up to date and the catalog is valid
	@mkdir -p .local
	$(TRAINER)/python -m trainer.frameworks.ultralytics.arguments | diff include/step_contract/catalog/train_arguments.json - || { echo 'out of date: run `make generate`'; exit 1; }
	$(AIRFLOW)/python -m step_contract schema | diff include/training_catalog.schema.json - || { echo 'out of date: run `make generate`'; exit 1; }
	$(AIRFLOW)/python -m step_contract schema --folder | diff include/training_catalog_folder.schema.json - || { echo 'out of date: run `make generate`'; exit 1; }
	$(AIRFLOW)/python -m step_contract docs | diff docs/catalog.md - || { echo 'out of date: run `make generate`'; exit 1; }
	$(AIRFLOW)/python .ci/chart_values.py check
	$(AIRFLOW)/python -m step_contract check

docs-check: install ## Check links, targets and settings that documents name
	$(AIRFLOW)/python .ci/check_documents.py

image-scan: $(UV) ## Look for known vulnerabilities in the lock file and secrets in the sources (not part of `make check`)
	$(UV) tool run --quiet --from pip-audit==2.10.1 pip-audit --requirement training_image/requirements.lock --no-deps --disable-pip
	$(UV) tool run --quiet --from detect-secrets==1.5.0 detect-secrets-hook training_image/Dockerfile $$(git ls-files training_image include)
