"""Agree on what crosses the border between Airflow and the training image, and on nothing else.

Airflow imports this package from the DAG bundle as ``include.step_contract``, the image as the installed package
``step_contract``; so its modules import each other relatively. Importing it costs nothing, and its submodules need
pydantic only. The exceptions are ``catalog.reading`` and ``__main__``, which also need PyYAML, croniter and jsonschema
and are never imported by the image.

- ``order``: the verbs, and the union of what they are ordered with; ``result`` and ``failure``: how they end;
- ``step``: the DAG run and the attempt that a step works for;
- ``transport``: environment variables and tagged lines that carry these;
- ``tags``: names of MLflow tags, artifacts and metrics;
- ``catalog``: the pipelines; ``frozen``: the base of all records; ``collector``: pauses the garbage collector.
"""

PROTOCOL_VERSION = 1
"""Raised when an order, a run or a tagged line changes so that an older reader would misread it."""

__all__ = [
    "PROTOCOL_VERSION",
    "catalog",
    "collector",
    "failure",
    "frozen",
    "order",
    "result",
    "step",
    "tags",
    "transport",
]
