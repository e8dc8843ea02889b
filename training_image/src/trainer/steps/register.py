"""Register the candidate as one model version of its DAG run, whatever the retries, and move the candidate alias.

A candidate below the minimum is not registered (exit code 99: this task and what follows are skipped). A run that was
trained again gets its version replaced, unless that version is or was in use: then the step refuses.
"""

from functools import partial

from step_contract.order import Step
from step_contract.result import PreprocessResult, RegisterResult, Verdict
from step_contract.tags import (
    DAG_ID_TAG,
    DATA_END_TAG,
    DATA_START_TAG,
    DATASET_DIGEST_TAG,
    GATE_VERDICT_TAG,
    GIT_SHA_TAG,
    PIPELINE_TAG,
    RUN_ID_TAG,
    RUN_KEY_TAG,
    TRAINER_VERSION_TAG,
    WEIGHTS_SHA256_TAG,
    fingerprint_tag,
    result_tag,
)
from trainer import __version__
from trainer.datasets import load_manifest
from trainer.errors import BadRequest
from trainer.frameworks import ModelFacts, framework_of
from trainer.gate import (
    GateReport,
    candidate_weights,
    describe_version,
    example_picture,
    read_report,
    registry_of,
    sha256_of,
    short_reasons,
)
from trainer.job import Job, versioned_digest
from trainer.machine import environment
from trainer.registry import ModelRegistry, RegisteredVersion, mark_of

from .plan import StepPlan, planned


def plan(job: Job) -> StepPlan:
    """Plan to register the candidate, unless that is recorded."""
    return planned(fingerprint(job), partial(work, job), summary)


def fingerprint(job: Job) -> str:
    """Return the digest of what evaluate measured and where the model goes."""
    tags = job.record.tags()
    evaluated = (tags.get(fingerprint_tag(Step.EVALUATE)), tags.get(result_tag(Step.EVALUATE)))
    return versioned_digest(Step.REGISTER, *evaluated, job.pipeline.registry.model_dump())


def summary(outcome: RegisterResult) -> str:
    """Say in one line which version was registered, or why none."""
    if outcome.version is None:
        return f"refused, nothing registered: {outcome.refused_because}"
    return f"registered version {outcome.version} of {outcome.model}"


def work(job: Job) -> RegisterResult:
    """Register the candidate unless the gate refused it.

    Raises:
        BadRequest: the registered model belongs to another pipeline, the weights are not those that evaluate measured,
            or the run's version was made from other weights and is in use.
        Bug: the packed model would not load.
    """
    report, registry = read_report(job.record, job.workspace), registry_of(job)
    if report.verdict is Verdict.REFUSE:
        return RegisterResult(
            model=registry.model, version=None, refused_because=" ".join(short_reasons(report.reasons))
        )
    names = job.pipeline.registry
    registry.ensure_model(job.pipeline.name, job.pipeline.description)
    version = _registered(job, registry, report) or _register(job, registry, report)
    registry.set_alias_forward(names.candidate, version)
    return RegisterResult(model=registry.model, version=version.version)


def _registered(job: Job, registry: ModelRegistry, report: GateReport) -> RegisteredVersion | None:
    """Return the run's version if it has these weights; one with other weights is discarded."""
    version = registry.version_of(job.run.key)
    if version is None or version.tags.get(WEIGHTS_SHA256_TAG) == report.weights_sha256:
        return version
    if mark := mark_of(version):
        raise BadRequest(f"{mark.sentence}; its DAG run cannot replace it. Trigger a new DAG run instead")
    registry.discard(version, but_for_alias=job.pipeline.registry.candidate)
    return None


def _register(job: Job, registry: ModelRegistry, report: GateReport) -> RegisteredVersion:
    from trainer.registry import packing  # imports much of MLflow

    framework, weights = framework_of(job.pipeline), candidate_weights(job, job.workspace)
    if (found := sha256_of(weights)) != report.weights_sha256:
        raise BadRequest(
            f"weights/{framework.weights_file} has SHA-256 {found[:12]}, but evaluate measured "
            f"{report.weights_sha256[:12]}; run evaluate of this DAG run again"
        )
    manifest = load_manifest(job.record, job.workspace)
    facts = ModelFacts(
        task=job.pipeline.task,
        imgsz=job.pipeline.training.imgsz,
        names=manifest.names,
        example=example_picture(job, manifest),
    )
    model_id = packing.log_model_once(job.record, framework, weights, found, facts)
    images = _images(job)
    job.record.ownership.check()
    return registry.add_version(job.record.run_id, model_id, _tags(job, report), describe_version(job, report, images))


def _images(job: Job) -> dict[str, int]:
    outcome = job.record.require(Step.PREPROCESS).outcome
    return outcome.images if isinstance(outcome, PreprocessResult) else {}


def _tags(job: Job, report: GateReport) -> dict[str, str]:
    recorded = job.record.tags()
    run_tags = (DATA_START_TAG, DATA_END_TAG, DAG_ID_TAG, RUN_ID_TAG)
    return {
        RUN_KEY_TAG: job.run.key,
        PIPELINE_TAG: job.pipeline.name,
        **{name: recorded[name] for name in run_tags},
        DATASET_DIGEST_TAG: report.dataset_digest,
        WEIGHTS_SHA256_TAG: report.weights_sha256,
        GATE_VERDICT_TAG: report.verdict,
        GIT_SHA_TAG: environment.git_sha(job.settings),
        TRAINER_VERSION_TAG: __version__,
        **{f"metric.{name}": f"{value:.6g}" for name, value in report.candidate.metrics.items()},
    }
