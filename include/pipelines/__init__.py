"""The Airflow side: make DAGs of catalog entries. Must not import torch, ultralytics or mlflow."""
