"""Show problems of the training catalog as an import error; this file holds no DAG.

It is a separate file because Airflow hides every DAG of a file with an import error, and one bad pipeline must not
take the others down. The word airflow must stand here, or the dag-processor skips the file.
"""

from include.pipelines.notify.deadline import missing_plugin
from include.pipelines.settings import settings
from include.step_contract.catalog.reading import read_catalog

catalog = read_catalog(settings().catalog_path)
problems = [*catalog.problems, *missing_plugin(catalog.pipelines.values())]
if problems:
    raise ValueError("\n".join(["the training catalog has problems:", *map(str, problems)]))
