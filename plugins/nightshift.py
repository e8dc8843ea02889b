"""What Airflow must know of Nightshift beyond its DAGs. [core] plugins_folder names this folder.

The scheduler and the api-server have the DAG bundle's root not on their path, so it is added here.
"""

import sys
from pathlib import Path

from airflow.plugins_manager import AirflowPlugin

_ROOT = str(Path(__file__).resolve().parents[1])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

from include.pipelines.deadline import NextClockTime  # noqa: E402  # found only now


class NightshiftPlugin(AirflowPlugin):
    """Nightshift's plugin."""

    name = "nightshift"
    deadline_references = [NextClockTime]  # noqa: RUF012  # as Airflow declares it
