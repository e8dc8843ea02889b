"""The steps of a training pipeline as a command, ``trainer <step>``; what each task of a DAG runs."""

__version__ = "0.1.0"
