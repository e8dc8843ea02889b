"""Add to Airflow's own processes what they must know of Nightshift: a kind of deadline, an order of tasks.

[core] plugins_folder names the folder above, which Airflow puts on ``sys.path``; ``nightshift_plugin.py`` registers the
classes. Nothing here may import ``include/`` at its top: the scheduler would keep that code and hand it to every task
that it starts, even after an upgrade of the DAG bundle. A change in this package takes a restart of Airflow.
"""

from .deadlines import NextClockTime, next_clock_time, tell_late_in_triggerer
from .priorities import NightlyFirst

__all__ = ["NextClockTime", "NightlyFirst", "next_clock_time", "tell_late_in_triggerer"]

for _stored in (NextClockTime, NightlyFirst):
    # Airflow writes module and name into its database and into serialized DAGs, where version 0.1 wrote the same.
    _stored.__module__ = "nightshift"
