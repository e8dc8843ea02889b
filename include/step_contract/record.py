"""The base of every record that crosses a border: frozen, and strict about unknown keys."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An immutable record; an unknown key is an error, not a silent default."""

    # Deferred: a parse of the DAGs pays for the records that it uses, not for all that there are.
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True, defer_build=True
    )
