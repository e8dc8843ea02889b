"""Resources, timeouts, retries and concurrency of a pipeline's steps."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from ..frozen import Frozen
from .field_types import ClockTime, Memory, PositiveInt, broken_rule, broken_rules


class Resources(Frozen):
    """Resources of one step."""

    cpu: Annotated[float, Field(gt=0, le=1024)] = Field(
        default=2, description="CPU cores; on the local runtime only the number of threads."
    )
    memory: Memory = Field(default="4Gi", description="Memory, e.g. 512Mi or 8Gi.")
    gpus: Annotated[int, Field(ge=0, le=64)] = Field(default=0, description="Whole GPUs; train and evaluate only.")
    shm: Memory = Field(default="1Gi", description="Shared memory for data loader workers.")


class StepResources(Frozen):
    """Resources of each step."""

    preprocess: Resources = Field(default=Resources(), description="For listing, validating and splitting.")
    train: Resources = Field(default=Resources(), description="For training.")
    evaluate: Resources = Field(default=Resources(), description="For measuring candidate and champion.")
    # BaseModel.register is taken by abc.
    register_: Resources = Field(default=Resources(), alias="register", description="For registering the version.")
    promote: Resources = Field(
        default=Resources(), description="For moving the champion alias; compares again if the champion has changed."
    )

    @model_validator(mode="after")
    def _gpus_where_useful(self) -> Self:
        without = {"preprocess": self.preprocess, "register": self.register_, "promote": self.promote}
        wrong = {
            f"{step}.gpus": broken_rule(f"got {resources.gpus}, but {step} cannot use a GPU", "0")
            for step, resources in without.items()
            if resources.gpus
        }
        if wrong:
            raise broken_rules("StepResources", wrong)
        return self


class StepTimeouts(Frozen):
    """Minutes after which one attempt of a step is stopped."""

    preprocess: PositiveInt = Field(default=120, description="Minutes for one attempt of preprocess.")
    train: PositiveInt = Field(default=24 * 60, description="Minutes for one attempt of train.")
    evaluate: PositiveInt = Field(default=120, description="Minutes for one attempt of evaluate.")
    # BaseModel.register is taken by abc.
    register_: PositiveInt = Field(default=30, alias="register", description="Minutes for one attempt of register.")
    promote: PositiveInt = Field(default=15, description="Minutes for one attempt of promote.")


class Execution(Frozen):
    """How Airflow runs the steps."""

    retries: Annotated[int, Field(ge=0, le=20)] = Field(
        default=3,
        description="Retries of a failed step; at least one on docker and kubernetes, where a container or pod that "
        "lost its worker waits for the next attempt.",
    )
    retry_delay_seconds: PositiveInt = Field(default=60, description="Delay before the first retry; doubles each time.")
    maximum_retry_delay_seconds: PositiveInt = Field(default=1800, description="Longest delay between retries.")
    timeout_minutes: StepTimeouts = Field(default=StepTimeouts(), description="Limit for one attempt of each step.")
    run_timeout_hours: PositiveInt = Field(default=48, description="Limit for the whole DAG run.")
    max_active_runs: PositiveInt = Field(default=1, description="Most DAG runs of the pipeline at the same time.")
    stop_grace_seconds: PositiveInt = Field(default=60, description="Time that a stopped step has to save its state.")
    deadline: ClockTime | None = Field(
        default=None,
        description="Time of day, in the schedule's time zone, by which a scheduled run must be completed, e.g. 06:00: "
        "the first such time after the run was due. A late run is reported to notify.targets. Default: no deadline.",
    )
