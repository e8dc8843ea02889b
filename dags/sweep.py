"""### Sweep

Every hour: closes and removes what runs left behind that are over.

| What | When |
|---|---|
| an MLflow run that is still RUNNING | its DAG run is over, and it was silent for `SWEEP_GRACE_MINUTES` |
| checkpoints of a training that failed, and what MLflow did not take of it | after `TRAINER_CHECKPOINT_KEEP_DAYS` |
| scratch folders of killed steps | after `TRAINER_WORKSPACE_KEEP_HOURS` without a write |
| old objects and drafts in the cache | by `TRAINER_CACHE_MAX_GB` and `TRAINER_CACHE_KEEP_DAYS`; drafts after a day |
| containers of tasks that are over | running ones at once, ended ones after `DOCKER_KEEP_FAILED_HOURS` |

`survey` names the DAG runs that something is left of; `sweep` asks Airflow which of these are over and touches nothing
of the others. `sweep_runtimes` asks about each container's task. Every removal is a line of the log.

**Dry run**: *Trigger* with *Dry run* only says what would be done.

**Red**: MLflow, the engine or Airflow did not answer. Nothing is lost, the next hour tries again.
"""

from include.step_contract.collector import paused_collector

with paused_collector():
    from include.pipelines.settings import settings
    from include.pipelines.sweep_dag import sweep_dag

    # The word airflow must stand here, or the dag-processor passes the file over.
    sweep_dag(settings().training_runtime, str(__doc__))
