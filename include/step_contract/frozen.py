"""Freeze the records that cross a border, and refuse keys that they do not know."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable record; an unknown key is an error, not a silent default."""

    # Deferred: a parse of the DAGs pays only for the records that it uses.
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True, defer_build=True
    )
