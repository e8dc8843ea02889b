"""Path of the late callback that version 0.1 stored with its DAG runs; ``notify/deadline.py`` has the code.

Airflow's database keeps the path of a run's callback until its deadline has passed, across an upgrade.
"""

from .notify.deadline import tell_late

__all__ = ["tell_late"]
