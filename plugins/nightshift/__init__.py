"""Extend Airflow's own processes for Nightshift: a kind of deadline and an order of tasks.

[core] plugins_folder names the folder above, which Airflow puts on ``sys.path``; ``nightshift_plugin.py`` registers the
classes. No module here may import ``include/`` at its top: the scheduler would keep that code and pass it to every task
that it starts, even after an upgrade of the DAG bundle. A change in this package takes effect after a restart of
Airflow.
"""

from .deadlines import NextClockTime, next_clock_time, tell_late_in_triggerer
from .priorities import NightlyFirst

__all__ = ["NextClockTime", "NightlyFirst", "next_clock_time", "tell_late_in_triggerer"]

for _stored in (NextClockTime, NightlyFirst):
    # Airflow stores module and name in its database and in serialized DAGs; version 0.1 stored these.
    _stored.__module__ = "nightshift"
