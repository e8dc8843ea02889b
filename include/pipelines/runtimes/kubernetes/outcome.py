"""Judge the end of a pod by what the cluster and the step said. Pure functions."""

from include.pipelines.errors import OutOfContainerMemory, StepFailed, StepLost
from include.pipelines.operator import conclude
from include.pipelines.pending_chore import AnyRequest
from include.step_contract import transport
from include.step_contract.failure import ExitCode, Failure, FailureKind
from include.step_contract.result import Result

from .state import KILLED, PodState

Answer = transport.Answer | None

_NO_SUCH_IMAGE = ("not found", "does not exist", "denied", "unauthorized", "manifest unknown", "no such image")


def judge(request: AnyRequest, state: PodState, answer: Answer) -> Result:
    """Return the step's result, or end the task as the pod's end says.

    A step that the cluster ended may be retried, whatever it said on its way down; a step that had completed, or had
    failed for a reason of its own, is taken at its word.

    Raises:
        StepRefused, StepFailed: see ``conclude``.
    """
    step = request.command
    if state.exit_code in (ExitCode.DONE, ExitCode.REFUSED):
        return conclude(step, state.exit_code, answer)
    if isinstance(answer, Failure) and answer.kind is not FailureKind.TERMINATED:
        return conclude(step, _code(state, answer), answer)
    if state.is_oom_killed:
        limit = request.resources.memory
        raise OutOfContainerMemory(
            f"{step}: out of memory: the pod reached its limit of {limit} (resources.{step}.memory in the catalog) and "
            "was killed; the next attempt resumes from the last checkpoint"
        )
    if state.cannot_start:
        raise StepFailed(f"{step}: the container could not run: {state.termination_message}", FailureKind.BAD_REQUEST)
    outside = _ended_from_outside(request, state)
    if outside and answer is not None:
        raise StepFailed(f"{step}: {outside}; the next attempt resumes from the last checkpoint", FailureKind.TRY_AGAIN)
    if outside:
        raise StepLost(f"{step}: {outside}; the next attempt resumes from the last checkpoint")
    if state.exit_code is None:
        raise StepLost(f"{step}: pod {state.name} failed before its step ended: {state.message or state.reason}")
    if state.exit_code == KILLED and answer is None:
        # Some nodes do not report that a pod ran out of memory.
        limit = request.resources.memory
        raise StepLost(
            f"{step}: killed (exit code {KILLED}) without a report, and the cluster does not say why; memory beyond "
            f"its limit of {limit} (resources.{step}.memory in the catalog) is the likely cause; the next attempt "
            "resumes from the last checkpoint"
        )
    return conclude(step, state.exit_code, answer)


def _code(state: PodState, failure: Failure) -> int:
    return state.exit_code if state.exit_code is not None else int(failure.kind.exit_code)


def _ended_from_outside(request: AnyRequest, state: PodState) -> str:
    """Return what ended the pod from outside, or nothing."""
    on_node = f" on node {state.node}" if state.node else ""
    if state.reason == "DeadlineExceeded":
        minutes = request.timeout_minutes
        return f"pod {state.name} reached its limit of {minutes} minutes (execution.timeout_minutes in the catalog)"
    if state.disruption:
        return f"the cluster ended pod {state.name}{on_node}: {state.disruption}"
    if state.is_stopping:
        return f"pod {state.name}{on_node} was deleted"
    return ""


def gone(request: AnyRequest, name: str, last: PodState | None, answer: Answer) -> StepFailed:
    """Return the failure of a pod that is gone, whose step may have been at work."""
    what = f"pod {name} is gone"
    if last is not None and last.disruption:
        what += f": the cluster ended it ({last.disruption})"
    else:
        what += ": it was deleted, or another attempt took its result"
    message = f"{request.command}: {what}; the next attempt resumes from the last checkpoint"
    return StepFailed(message, FailureKind.TRY_AGAIN) if answer is not None else StepLost(message)


def node_lost(request: AnyRequest, state: PodState) -> StepLost:
    """Return the failure of a deleted pod whose node does not confirm its end."""
    said = f" ({state.disruption})" if state.disruption else ""
    return StepLost(
        f"{request.command}: node {state.node} does not answer: pod {state.name} was deleted{said} and its end is not "
        "confirmed; the next attempt resumes from the last checkpoint"
    )


def not_started(request: AnyRequest, state: PodState, seconds: float, reason: str) -> StepFailed:
    """Return the failure of a pod that never started: what it waited for, and what to do."""
    step = request.command
    if state.is_claim_missing:
        return StepFailed(
            f"{step}: no node can take pod {state.name}: {state.start_error}; create it, or name another "
            "(KUBERNETES_CACHE, or the pod template)",
            FailureKind.BAD_REQUEST,
        )
    if not state.is_scheduled:
        return StepFailed(
            f"{step}: no node took pod {state.name} within {seconds:.0f} s (KUBERNETES_SCHEDULE_SECONDS): "
            f"{state.scheduling or 'the scheduler said nothing'}; add nodes, or lower resources.{step} in the catalog",
            FailureKind.TRY_AGAIN,
        )
    if state.start_error:
        return StepFailed(
            f"{step}: pod {state.name} cannot start on node {state.node}: {state.start_error}", _start_kind(state)
        )
    return StepFailed(
        f"{step}: pod {state.name} did not start on node {state.node} within {seconds:.0f} s "
        f"(KUBERNETES_STARTUP_SECONDS): {reason or 'the cluster says nothing'}; see its events above",
        FailureKind.TRY_AGAIN,
    )


def _start_kind(state: PodState) -> FailureKind:
    """Tell a pull that may succeed later from an image that the registry does not have."""
    if "Pull" in state.waiting and not state.is_start_hopeless:
        refused = any(words in state.waiting_message.lower() for words in _NO_SUCH_IMAGE)
        return FailureKind.BAD_REQUEST if refused else FailureKind.TRY_AGAIN
    return FailureKind.BAD_REQUEST


def answer_in(text: str) -> Answer:
    """Return the last answer among the lines of a text.

    Raises:
        StepFailed: a line has the tag of an answer, but is not what the contract says.
    """
    try:
        answers = [transport.decode_line(line) for line in text.splitlines()]
    except transport.ContractError as error:
        raise StepFailed(str(error), FailureKind.BUG) from error
    return next((answer for answer in reversed(answers) if answer is not None), None)
