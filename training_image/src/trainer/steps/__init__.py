"""Do the work of the five steps: preprocess, train, evaluate, register, promote.

One verb, one module; ``execution`` loads the one that it was asked for. Each offers ``fingerprint`` (what the step
depends on), ``work`` (do it) and ``summary`` (one line about the result). A step takes a ``Job``, reads what earlier
steps left in MLflow, and is safe to repeat: the same inputs give the same record.

Everything that two steps share lives in the rooms below.
"""

__all__ = [
    "evaluate",
    "preprocess",
    "promote",
    "register",
    "train",
]
