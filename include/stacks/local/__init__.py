"""Airflow and MLflow as processes of this machine, for `make up`, `make demo` and the end-to-end tests."""
