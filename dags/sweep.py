"""### Sweep

Every hour: closes and removes what finished runs left behind.

| What | When |
|---|---|
| an MLflow run that is still RUNNING | its DAG run has finished and it was silent for `SWEEP_GRACE_MINUTES` |
| checkpoints and pending uploads of a failed training | after `TRAINER_CHECKPOINT_KEEP_DAYS` |
| scratch folders of killed steps | after `TRAINER_WORKSPACE_KEEP_HOURS` without a write |
| old objects and drafts in the cache | by `TRAINER_CACHE_MAX_GB` and `TRAINER_CACHE_KEEP_DAYS`; drafts after a day |
| containers of finished tasks | running ones at once, ended ones after `DOCKER_KEEP_FAILED_HOURS` |

`survey` lists the DAG runs that left something behind; `sweep` asks Airflow which of these have finished and touches
nothing of the others. `sweep_runtimes` asks Airflow about each container's task. Every removal is logged.

**Dry run**: *Trigger* with *Dry run* only logs what would be done.

**Red**: MLflow, the engine or Airflow did not answer. Nothing is lost; the next hourly run does the work.
"""

from include.step_contract.collector import paused_collector

with paused_collector():
    from include.pipelines.settings import settings
    from include.pipelines.sweep_dag import sweep_dag

    # The word airflow must stand here, or the dag-processor skips the file.
    sweep_dag(settings().training_runtime, str(__doc__))
