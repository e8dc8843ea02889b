"""The stack of docker-compose.airflow.yml: its secrets. Compose does the rest."""
