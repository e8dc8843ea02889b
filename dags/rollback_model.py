"""### Rollback

Moves the champion alias of a registered model back to an earlier version. *Trigger* asks for the model, the version
(`previous`: the version that had the alias before) and the reason, which is recorded.

| What happens | Where to see it |
|---|---|
| the version that had the alias is marked as bad: the tag `bad` says by whom, when and why | its page in MLflow |
| the alias moves | tags `alias_history.*` of the registered model |
| nightly runs compare their candidate with the restored version | `gate.json` of the next MLflow run |
| neither the bad version nor its weights in another version are promoted again | the log of promote |

**Red**: the version does not exist, is bad, or lacks files; the log lists the existing versions. Nothing was changed.

**Clearing or retrying** a run changes nothing more: each run of this DAG moves the alias at most once.

**To undo a rollback**: delete the tag `bad` of the version in MLflow, then trigger a rollback to that version.
"""

from include.step_contract.collector import paused_collector

with paused_collector():
    from include.pipelines.rollback_dag import rollback_dag
    from include.pipelines.settings import settings

    # The word airflow must stand here, or the dag-processor skips the file.
    rollback_dag(settings().training_runtime, str(__doc__))
