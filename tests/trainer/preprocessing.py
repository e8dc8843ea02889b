"""Run preprocess's parts on a job, as its plan does."""

from step_contract.result import PreprocessResult
from trainer.datasets import list_source
from trainer.job import Job
from trainer.steps import preprocess


def preprocessed(job: Job) -> PreprocessResult:
    """List the source and do the step's work."""
    return preprocess.work(job, list_source(job))


def fingerprint_of(job: Job) -> str:
    """List the source and return the fingerprint."""
    return preprocess.fingerprint(job, list_source(job))
