"""Name the MLflow tags, params, artifacts and metrics that two rooms, or both sides, know.

Other programs read these names, and records of earlier versions contain them: a name never changes. A name that only
one module knows stays in that module. Needs the standard library only.
"""

from enum import StrEnum

# -- tags of the MLflow run of a DAG run, and of the model version that it registers -----------------------------------

RUN_KEY_TAG = "run_key"
"""Key of the DAG run: ``StepRun.key``."""
PIPELINE_TAG = "pipeline"
DAG_ID_TAG = "airflow.dag_id"
RUN_ID_TAG = "airflow.run_id"
RUN_TYPE_TAG = "airflow.run_type"
DATA_START_TAG = "data_interval_start"
DATA_END_TAG = "data_interval_end"
"""End of the data interval, the order in which an alias moves."""
DATASET_DIGEST_TAG = "dataset.digest"
TRAINER_VERSION_TAG = "trainer.version"
GIT_SHA_TAG = "git_sha"
NOTE_TAG = "mlflow.note.content"
"""MLflow's own: shown as the description."""
OWNER_TAG = "owner"
"""Attempt that writes to the record."""
TRAINING_TAG = "training"
"""State of the run's training, as JSON."""
CHECKPOINT_TAG = "checkpoint"
CHECKPOINT_FILES_TAG = "checkpoint_files"
FAILURE_STEP_TAG = "failure.step"
FAILURE_KIND_TAG = "failure.kind"
FAILURE_REASON_TAG = "failure.reason"
GATE_VERDICT_TAG = "gate.verdict"
GATE_METRIC_TAG = "gate.metric"
GATE_CHAMPION_TAG = "gate.champion_version"


class StepState(StrEnum):
    """Value of a step's tag."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


def state_tag(step: str) -> str:
    """Return the name of the tag that says how far a step is."""
    return f"step.{step}"


def result_tag(step: str) -> str:
    """Return the name of the tag that contains a step's result: its done-marker."""
    return f"step.{step}.result"


def fingerprint_tag(step: str) -> str:
    """Return the name of the tag that contains the digest of a step's inputs."""
    return f"step.{step}.fingerprint"


def reason_tag(step: str) -> str:
    """Return the name of the tag that says in a sentence how a step ended."""
    return f"step.{step}.reason"


def image_tag(step: str) -> str:
    """Return the name of the tag that names the image of a step's last attempt."""
    return f"step.{step}.image"


# -- tags of a model version and of a registered model -----------------------------------------------------------------

WEIGHTS_SHA256_TAG = "weights.sha256"
BAD_TAG = "bad"
"""Marks a version that a rollback took down; ``bad.<field>`` says why."""
LEDGER_TAG = "alias_ledger"
"""MLflow run whose params decide on the moves of a model's aliases."""
MOVE_PARAM_PREFIX = "move."
MADE_PARAM_PREFIX = "made."
ALIAS_HISTORY_PREFIX = "alias_history."
"""A tag for each move of an alias."""

# -- artifacts ---------------------------------------------------------------------------------------------------------

DATASET_FOLDER = "dataset"
"""Manifest, report and pictures of the dataset."""
WEIGHTS_FOLDER = "weights"
"""The training's result."""

# -- metrics -----------------------------------------------------------------------------------------------------------

SCORE_PREFIX = "metrics/"
"""Scores on the validation split, a point for each epoch."""
CANDIDATE_PREFIX = "candidate/"
"""Scores of the candidate in evaluate."""
EPOCH_SECONDS_METRIC = "time/epoch_seconds"
"""Has a point for each epoch, whatever the task."""
BATCH_METRIC = "train/batch"
"""Batch size of each epoch, which memory may have made smaller."""
