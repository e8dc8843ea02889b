"""Do the work of the five steps: preprocess, train, evaluate, register, promote.

One verb, one module; ``execution`` imports only the module that it needs. Each offers ``plan``: the digest of the
step's inputs, and the work that is left if MLflow does not say that it is done. A step takes a ``Job``, reads what
earlier steps left in MLflow, and is safe to repeat: the same inputs give the same record.

Everything that two steps share lives in the rooms below.
"""

from .plan import StepPlan, planned

__all__ = [
    "StepPlan",
    "evaluate",
    "planned",
    "preprocess",
    "promote",
    "register",
    "train",
]
