"""The ``.env`` of version 0.1 and the values that version took from it; both environments read this."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

FILE = Path(__file__).parent / "v0_1" / "dotenv"
EXPECTED: dict[str, Any] = json.loads((FILE.parent / "settings.json").read_text(encoding="utf-8"))


def variables() -> dict[str, str]:
    """Return the file's variables."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def values_of(record: BaseModel, prefix: str = "") -> dict[str, Any]:
    """Return the values of a record, and of the records in it, by the name of their variable."""
    found: dict[str, Any] = {}
    for field, value in record:
        name = f"{prefix}{field}".upper()
        if isinstance(value, BaseModel):
            found |= values_of(value, f"{name}_")
        elif isinstance(value, SecretStr):
            found[name] = value.get_secret_value()
        else:
            found[name] = json.loads(json.dumps(value, default=str))
    return found
