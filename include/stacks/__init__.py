"""Commands that start, stop and try out a whole Airflow with MLflow: as local processes, or in Docker."""
