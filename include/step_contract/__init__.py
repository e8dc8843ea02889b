"""What the Airflow side and the training image agree on, and nothing else.

Both sides import this package: Airflow from the DAG bundle (``include.step_contract``), the image as the
installed package ``step_contract``. It therefore needs pydantic and the standard library only. The modules that
read a catalog file (``catalog_file`` with ``catalog_source``, ``catalog_validation``, ``yaml_tree`` and
``cron_expression``, and ``__main__``) also need PyYAML and croniter and are never imported by the image.
"""

PROTOCOL_VERSION = 1
"""Raised when a request, a run or a tagged line changes so that an older reader would misread it."""
