"""Commands for the stack of docker-compose.airflow.yml: secrets, demo, backup, restore."""
