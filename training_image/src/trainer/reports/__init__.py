"""Summarize runs for people.

``quality_history`` leaves a table and a picture of a pipeline's past nights in each run's artifacts. A report reads
the record and never changes what a step decided; if it fails, the step does not.
"""

__all__ = [
    "quality_history",
]
