"""Read a catalog: every sound pipeline, and every problem of the others with its file, line and field.

Only the Airflow side and the command line import this room; it needs PyYAML, croniter and jsonschema.
"""

from .problem import CatalogProblem
from .reader import CatalogReading, read_catalog

__all__ = ["CatalogProblem", "CatalogReading", "read_catalog"]
