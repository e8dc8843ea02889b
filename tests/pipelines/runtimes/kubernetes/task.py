"""A task process for tests: ``python -m tests.pipelines.runtimes.kubernetes.task FOLDER TRY``.

The real operator, without Airflow around it; as docker_task, for tests that kill the process.
"""

import json
import sys
from pathlib import Path

from include.pipelines.runtimes.kubernetes.runtime import KubernetesStepOperator
from include.step_contract.order import StepOrder

from .steps import context_of


def main() -> None:
    folder, try_number = Path(sys.argv[1]), int(sys.argv[2])
    run = json.loads((folder / "run.json").read_text()) | {"try_number": try_number}
    request = StepOrder.model_validate_json((folder / "request.json").read_text())
    operator = KubernetesStepOperator(task_id="step", request=request, step_run=json.dumps(run))
    operator.execute(context_of(folder, run, try_number))


if __name__ == "__main__":
    main()
