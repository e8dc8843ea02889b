"""Addresses in messages, without the user and the password that an address may hold."""

import re

_ACCOUNT = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s?#'\"]+@", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Return a text without the user and password of addresses in it."""
    return _ACCOUNT.sub(r"\1", text)
