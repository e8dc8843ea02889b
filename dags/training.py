"""### Nightly training

`preprocess → train → evaluate → register → promote`, on the data of the run's data interval. Everything is recorded in
MLflow: open the experiment with the pipeline's name and find the run with this DAG run's id.

| Step | Does | Red means |
|---|---|---|
| preprocess | lists, validates and splits the dataset | the data is unusable; the log names the images |
| train | trains, from the last checkpoint if there is one | the MLflow run's tag `failure.reason` says why |
| evaluate | measures candidate and champion on the same images | the champion cannot be read, or measuring failed |
| register | registers the candidate as one model version | MLflow refused it |
| promote | moves the champion alias if the gate says so and the data is not older | the alias could not be moved |

**register and promote skipped** (pink): the gate refused the candidate; `gate.json` in the MLflow run has the reasons.
The run itself worked.

**Retries** resume where the previous attempt stopped. Bad data and bad requests are not retried.

**Backfill**: *Trigger → Backfill*, or `airflow backfill create --dag-id ID --from-date D --to-date D`. A backfill
registers its versions but never takes the champion alias from a model that was trained on newer data.

**By hand**: *Trigger* shows a form; fields that you leave as they are keep the catalog's values.
"""

from airflow.sdk import get_parsing_context

from include.step_contract.collector import paused_collector

with paused_collector():
    from include.pipelines.settings import settings
    from include.pipelines.training_dag import training_dag
    from include.step_contract.catalog.reading import read_catalog

    # A task parses only its own pipeline; catalog_problems.py shows the catalog's problems.
    for pipeline in read_catalog(settings().catalog_path, only_dag_id=get_parsing_context().dag_id).pipelines.values():
        training_dag(pipeline, settings().training_runtime, str(__doc__))
