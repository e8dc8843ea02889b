"""Read a step's done-marker, the result in a tag that later steps trust.

A marker that another version of the trainer wrote, or that is damaged, counts as missing.
"""

from collections.abc import Mapping

from pydantic import ValidationError

from step_contract import PROTOCOL_VERSION
from step_contract.order import Step
from step_contract.result import Result
from step_contract.tags import StepState, result_tag, state_tag
from step_contract.transport import describe_validation_error

_ENDED_WELL = (StepState.DONE, StepState.REFUSED)


class UnreadableMarker(ValueError):
    """A done-marker that this trainer cannot read: another version's, after an upgrade in mid-run, or damaged."""


def is_ended_well(step: Step, tags: Mapping[str, str]) -> bool:
    """Tell whether a step has a done-marker."""
    return tags.get(state_tag(step)) in _ENDED_WELL


def decode_marker(step: Step, tags: Mapping[str, str]) -> Result:
    """Return the result in a step's done-marker.

    Raises:
        UnreadableMarker: there is none, or it is not as this version of the trainer writes it.
    """
    try:
        result = Result.model_validate_json(tags.get(result_tag(step), ""))
    except ValidationError as error:
        raise UnreadableMarker(
            f"the done-marker of step {step} is not as this trainer writes it: {describe_validation_error(error)}"
        ) from error
    if result.protocol != PROTOCOL_VERSION:
        raise UnreadableMarker(
            f"the done-marker of step {step} has protocol {result.protocol}, but this trainer speaks {PROTOCOL_VERSION}"
        )
    return result
