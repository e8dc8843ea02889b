"""Choose the priority rule of a pipeline's tasks: ``NightlyFirst`` of ``plugins/nightshift/``, where it is loaded."""

from functools import cache

from airflow.sdk import get_parsing_context

_RULE = "nightshift.NightlyFirst"
_AIRFLOWS_OWN = "downstream"


@cache
def weight_rule() -> str:
    """Return our rule, or Airflow's default if Airflow has not loaded the plugin (in this process, so in none)."""
    # A task's process parses its DAG too, but assigns no weights.
    if get_parsing_context().dag_id:
        return _AIRFLOWS_OWN
    from airflow.plugins_manager import get_priority_weight_strategy_plugins

    return _RULE if _RULE in get_priority_weight_strategy_plugins() else _AIRFLOWS_OWN
