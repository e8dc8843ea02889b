"""Every Jinja string of the project: the identity of a step's run, rendered when the task starts.

The result is a ``StepRun`` as JSON. Each value goes through ``tojson``, so no run id, however hostile, can leave its
string. A run without a data interval (by hand on a pipeline without a schedule, or after an asset) uses the moment it
was due.
"""

_INTERVAL_START = "(dag_run.data_interval_start or dag_run.run_after).isoformat()"
_INTERVAL_END = "(dag_run.data_interval_end or dag_run.run_after).isoformat()"
_LOGICAL_DATE = "(dag_run.logical_date.isoformat() if dag_run.logical_date else none)"

_IDENTITY = f"""{{
  "dag_id": {{{{ dag_run.dag_id | tojson }}}},
  "run_id": {{{{ dag_run.run_id | tojson }}}},
  "task_id": {{{{ ti.task_id | tojson }}}},
  "map_index": {{{{ ti.map_index | tojson }}}},
  "try_number": {{{{ ti.try_number | tojson }}}},
  "run_type": {{{{ dag_run.run_type | tojson }}}},
  "logical_date": {{{{ {_LOGICAL_DATE} | tojson }}}},
  "data_interval_start": {{{{ {_INTERVAL_START} | tojson }}}},
  "data_interval_end": {{{{ {_INTERVAL_END} | tojson }}}}"""

CHORE_RUN_TEMPLATE = f"{_IDENTITY}\n}}"
"""The form of a chore's DAG is not a pipeline's: what a person asked for is in its request."""

STEP_RUN_TEMPLATE = f"""{_IDENTITY},
  "form": {{{{ dict(params) | tojson }}}}
}}"""
