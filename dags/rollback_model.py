"""### Rollback

Gives the champion alias of a registered model back to an earlier version. *Trigger* asks for the model, the version
(`previous`: the one that held the alias before) and the reason, which is kept.

| What happens | Where to see it |
|---|---|
| the version that had the alias is marked as bad: tag `bad`, with who, when and why | its page in MLflow |
| the alias moves | tags `alias_history.*` of the registered model |
| nightly runs compare with the restored version | `gate.json` of the next MLflow run |
| the bad version is never promoted again, nor are its weights under another run | the log of promote |

**Red**: the version does not exist, is bad, or its files are not whole; the log lists the versions there are. Nothing
was changed.

**Cleared or retried** it changes nothing more: each run of this DAG moves the alias once at most.

**Taken back**: remove the tag `bad` of the version in MLflow, then trigger a rollback to it.
"""

from include.step_contract.collector import paused_collector

with paused_collector():
    from include.pipelines.rollback_dag import rollback_dag
    from include.pipelines.settings import settings

    # The word airflow must stand here, or the dag-processor passes the file over.
    rollback_dag(settings().training_runtime, str(__doc__))
