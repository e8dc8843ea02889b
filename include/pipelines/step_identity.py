"""Jinja templates of a step run's identity, rendered when the task starts; the project has no others.

The result is a ``StepRun`` as JSON. Each value passes through ``tojson``, so that no run id, however hostile, can break
out of its string. A run without a data interval (by hand on a pipeline without a schedule, or after an asset) uses the
moment at which it was due.
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
"""Without the form: a chore's DAG has another form than a pipeline's, and its values are in the chore's order."""

STEP_RUN_TEMPLATE = f"""{_IDENTITY},
  "form": {{{{ dict(params) | tojson }}}}
}}"""
