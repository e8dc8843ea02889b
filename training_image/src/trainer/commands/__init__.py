"""Carry out the chores: commands that belong to no step of a DAG run.

``dispatch`` maps an order to its command: roll an alias back, survey what DAG runs left behind, sweep it.
``arguments`` reads the same orders from a command line. A chore finds what it needs in MLflow, in the scratch folder
and in the cache; it never asks Airflow, whose answer comes with the order (decisions 0026, 0027).

A new chore is a module here and a line in ``dispatch``. Nothing below this room may import it.
"""

__all__ = [
    "arguments",
    "dispatch",
]
