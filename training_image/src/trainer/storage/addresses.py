"""Strip user names and passwords from addresses in messages."""

import re

_ACCOUNT = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s?#'\"]+@", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Return the text without the user and password of any address in it."""
    return _ACCOUNT.sub(r"\1", text)
