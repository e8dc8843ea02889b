"""The Airflow side: from a catalog entry to a DAG. Must not import torch, ultralytics or mlflow."""
