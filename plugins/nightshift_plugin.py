"""Register the classes of the package ``nightshift`` beside this file with Airflow.

Airflow runs each .py file below [core] plugins_folder as a module named after the file alone, so a package there would
become separate modules ``__init__``, ``deadlines`` and so on. ``.airflowignore`` hides the package, so that Airflow
runs only this file.
"""

from airflow.plugins_manager import AirflowPlugin

from nightshift import NextClockTime, NightlyFirst


class NightshiftPlugin(AirflowPlugin):
    """Nightshift's plugin."""

    name = "nightshift"
    priority_weight_strategies = [NightlyFirst]  # noqa: RUF012  # as Airflow declares it
    deadline_references = [NextClockTime]  # noqa: RUF012  # as Airflow declares it
