"""A stack whose training is small and is tried as often as it takes."""

from tests.e2e.conftest import stack

__all__ = ["stack"]
