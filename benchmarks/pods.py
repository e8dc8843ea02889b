"""Compare the kubernetes runtime with the same pods made by the client, and training in a pod with a process.

Needs a cluster (TEST_KUBECONFIG or KUBECONFIG) with the namespace KUBERNETES_NAMESPACE and the training image on its
node; without them, or where no such pod can be created or run, the rows are left out with a message. Training in a pod
needs a node that shares this machine's file system (set BENCH_NODE_IS_HERE=1): record, data and cache are in a folder
here.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from benchmarks.containers import Unavailable
from benchmarks.pairs import AIRFLOW_PYTHON, ROOT, TRAINER_BIN, Ratio, compare, seconds_of
from benchmarks.trainer_steps import ARGUMENTS, TRAINING, environment_in, inputs_of, pipeline_on
from include.pipelines.settings import settings
from include.step_contract.catalog import Pipeline
from include.step_contract.order import Step

AT_ONCE = 20
REFUSED = {"S3_THREADS": "none"}
"""A setting that cannot be: the trainer refuses the step after reading its request, with these words."""

_WORDS = "settings: s3_threads"

_FIRST, _FIRST_SECONDS = -1, 300

_CONTEXT = """
from types import SimpleNamespace
def context_of(run):
    ti = SimpleNamespace(dag_id=run["dag_id"], task_id="step", map_index=-1, try_number=1)
    return {"ti": ti, "run_id": run["run_id"], "dag": SimpleNamespace()}
"""

_TASKS = f"""
import json, sys, threading, time
from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.kubernetes.runtime import KubernetesStepOperator
from include.step_contract.order import StepOrder
{_CONTEXT}
request, run, count, expected = sys.argv[1:]  # expected: words of the failure, or nothing for none
def work(number):
    identity = json.loads(run)
    if number:
        identity["run_id"] += "-" + str(number)
    asked = StepOrder.model_validate_json(request)
    operator = KubernetesStepOperator(task_id="step", request=asked, step_run=json.dumps(identity))
    try:
        operator.execute(context_of(identity))
        ended.append("")
    except StepFailed as failure:
        ended.append(str(failure))
ended = []
begin = time.perf_counter()
threads = [threading.Thread(target=work, args=(number,)) for number in range(int(count))]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
seconds = time.perf_counter() - begin
for end in ended:
    if not (expected in end if expected else end == ""):
        sys.exit("expected " + (expected or "no failure") + ", got: " + (end or "none"))
assert len(ended) == int(count), ended
print("SECONDS", seconds)
"""

_PLAIN = """
import json, sys, threading, time, uuid
from kubernetes import client, config, watch
file, namespace, count, words = sys.argv[1:]
begin = time.perf_counter()
config.load_kube_config()
def work(number):
    api = client.CoreV1Api()
    pod = json.load(open(file))
    name = f"bench-plain-{uuid.uuid4().hex[:8]}"
    pod["metadata"] = {"name": name, "labels": {"bench": name}}
    api.create_namespaced_pod(namespace, pod)
    try:
        seen = watch.Watch().stream(
            api.list_namespaced_pod, namespace, label_selector=f"bench={name}", timeout_seconds=300
        )
        if not any(event["object"].status.phase in ("Succeeded", "Failed") for event in seen):
            raise TimeoutError(f"pod {name} has not ended after 300 s")
        assert words in api.read_namespaced_pod_log(name, namespace)
    finally:
        api.delete_namespaced_pod(name, namespace, grace_period_seconds=0)
    done.append(name)
done = []
threads = [threading.Thread(target=work, args=(number,)) for number in range(int(count))]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len(done) == int(count), done
print("SECONDS", time.perf_counter() - begin)
"""

_MANIFEST = f"""
import json, sys
from kubernetes import client
from include.pipelines.runtimes.kubernetes.runtime import KubernetesStepOperator
from include.step_contract import transport
{_CONTEXT}
request, run = sys.argv[1:]
operator = KubernetesStepOperator(task_id="step", request=transport.decode_order(request), step_run=run)
pod = operator.build_pod_request_obj(context_of(json.loads(run)), dry_run=True)
print(json.dumps(client.ApiClient().sanitize_for_serialization(pod)))
"""


_FOR_SHOW = """
import json, sys
from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.kubernetes.api import settings_cluster
try:
    cluster, pod = settings_cluster(), json.load(open(sys.argv[1]))
    with cluster.translated("create a pod"):
        cluster.api.create_namespaced_pod(
            cluster.namespace, pod, dry_run="All", field_validation="Strict", _request_timeout=(5, 30)
        )
except StepFailed as failure:
    sys.exit(str(failure))
"""


def no_op_pod(folder: Path) -> Ratio:
    """Compare a task whose step is refused at once with the same pod made with the client and watched."""
    return _no_op(folder, 1, "no-op step as a pod, task start to end", "the same pod, made with the client and watched")


def twenty_pods(folder: Path) -> Ratio:
    """Compare twenty such tasks at once with twenty such pods at once."""
    return _no_op(folder, AT_ONCE, f"{AT_ONCE} steps at once as pods", f"{AT_ONCE} plain pods at once")


def _no_op(folder: Path, count: int, name: str, against: str) -> Ratio:
    small = {"cpu": 0.05, "memory": "256Mi", "shm": "16Mi"}
    pipeline = pipeline_on("nothing", TRAINING).model_copy(update={"resources": _resources(small)})
    environment = _cluster_environment() | _template(folder, REFUSED, None)
    require_pod(folder, pipeline, environment)

    def ours(pair: int) -> float:
        inputs = inputs_of(Step.PREPROCESS, pipeline, pair)
        return _seconds_said(_TASKS, [*_ordered(inputs), str(count), _WORDS], environment)

    def bare(pair: int) -> float:
        file = _manifest(folder, pipeline, pair, environment)
        namespace = environment.get("KUBERNETES_NAMESPACE", "nightshift")
        return _seconds_said(_PLAIN, [str(file), namespace, str(count), _WORDS], environment)

    return compare(name, against, 1.5, ours, bare)


def train_in_pod(folder: Path) -> Ratio:
    """Compare the train step as a pod with the same step as a process of this machine."""
    base = _cluster_environment()
    if os.environ.get("BENCH_NODE_IS_HERE") != "1":
        raise Unavailable("BENCH_NODE_IS_HERE=1 is not set: it says that the node shares this machine's file system")
    # Pods do not run as root; what this side leaves in the folder, they write as well.
    folder.chmod(0o777)
    os.umask(0)
    local = environment_in(folder)
    sample = [TRAINER_BIN / "trainer", "sample-data", "--root", folder / "store", "--days", "2026-01-01"]
    subprocess.run(list(map(str, [*sample, "--pictures", "200"])), check=True, capture_output=True)
    seconds_of([TRAINER_BIN / "mlflow", "db", "upgrade", local["MLFLOW_TRACKING_URI"]], local, folder)
    Path(local["MLFLOW_TRACKING_URI"].removeprefix("sqlite:///")).chmod(0o666)
    whole = {"cpu": os.cpu_count() or 1, "memory": "4Gi", "shm": "1Gi"}
    pipeline = pipeline_on("2026-01-01", TRAINING | {"arguments": ARGUMENTS})
    pipeline = pipeline.model_copy(update={"resources": _resources(whole)})
    names = ("MLFLOW_TRACKING_URI", "DATASET_ROOT", "TRAINER_DEVICE")
    variables = {name: local[name] for name in names}
    require_pod(folder, pipeline, base | _template(folder, variables | REFUSED, folder))
    environment = base | _template(folder, variables, folder)

    def step(step: Step, number: int) -> float:
        return seconds_of([TRAINER_BIN / "trainer", step.value], local | inputs_of(step, pipeline, number), folder)

    def ours(pair: int) -> float:
        step(Step.PREPROCESS, 2 * pair)
        return _seconds_said(_TASKS, [*_ordered(inputs_of(Step.TRAIN, pipeline, 2 * pair)), "1", ""], environment)

    def bare(pair: int) -> float:
        step(Step.PREPROCESS, 2 * pair + 1)
        return step(Step.TRAIN, 2 * pair + 1)

    return compare("train step as a pod", "the same as a process", 1.05, ours, bare)


def _resources(each: Mapping[str, object]) -> object:
    from include.step_contract.catalog import StepResources

    steps = ("preprocess", "train", "evaluate", "register", "promote")
    return StepResources.model_validate({step: dict(each) for step in steps})


def require_pod(folder: Path, pipeline: Pipeline, environment: Mapping[str, str]) -> None:
    """Make sure that the cluster takes a pod whose step is refused, and runs it.

    Raises:
        Unavailable: it does not, for a reason that the message gives.
    """
    image = environment.get("TRAINER_IMAGE") or settings().trainer_image
    try:
        _output_of(_FOR_SHOW, [str(_manifest(folder, pipeline, _FIRST, environment))], environment)
    except RuntimeError as error:
        raise Unavailable(f"the cluster takes no pod of {image}: {_last_line(error)}") from error
    patience = {"KUBERNETES_SCHEDULE_SECONDS": "120", "KUBERNETES_START_ERROR_SECONDS": "20"}
    first = [*_ordered(inputs_of(Step.PREPROCESS, pipeline, _FIRST)), "1", _WORDS]
    try:
        _output_of(_TASKS, first, {**environment, **patience}, _FIRST_SECONDS)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"a first pod of {image} does not run: {_last_line(error)}") from error


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no word"])[-1]


def _manifest(folder: Path, pipeline: Pipeline, number: int, environment: Mapping[str, str]) -> Path:
    file = folder / "pod.json"
    said = _output_of(_MANIFEST, _ordered(inputs_of(Step.PREPROCESS, pipeline, number)), environment)
    file.write_text(said.splitlines()[-1])
    return file


def _cluster_environment() -> dict[str, str]:
    environment = dict(os.environ)
    if file := environment.get("TEST_KUBECONFIG"):
        environment["KUBECONFIG"] = file
    environment |= {"KUBERNETES_CONFIG_MAPS": "", "KUBERNETES_SECRETS": "", "KUBERNETES_KEEP_FAILED_HOURS": "0"}
    environment |= {"KUBERNETES_SERVICE_ACCOUNT": "", "KUBERNETES_PRIORITY_CLASS": ""}
    return environment


def _template(folder: Path, variables: Mapping[str, str], shared: Path | None) -> dict[str, str]:
    """Write a pod template with variables, and a folder of this machine under its own path."""
    container: dict[str, object] = {
        "name": "base",
        "env": [{"name": name, "value": value} for name, value in variables.items()],
    }
    spec: dict[str, object] = {"containers": [container]}
    if shared is not None:
        container["volumeMounts"] = [{"name": "bench", "mountPath": str(shared)}]
        container["workingDir"] = str(shared)
        spec["volumes"] = [{"name": "bench", "hostPath": {"path": str(shared)}}]
    path = folder / "template.yaml"
    path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "spec": spec}))
    user = {"KUBERNETES_USER": f"{os.getuid()}:{os.getgid()}"} if shared is not None and os.getuid() else {}
    return {"KUBERNETES_POD_TEMPLATE": str(path), "KUBERNETES_CACHE": "empty", "AIRFLOW_HOME": str(folder)} | user


def _ordered(inputs: Mapping[str, str]) -> list[str]:
    return [inputs["STEP_REQUEST"], inputs["STEP_RUN"]]


def _seconds_said(code: str, arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    said = [line for line in _output_of(code, arguments, environment).splitlines() if line.startswith("SECONDS")]
    return float(said[0].split()[1])


def _output_of(
    code: str, arguments: Sequence[str], environment: Mapping[str, str], seconds: float | None = None
) -> str:
    command = [str(AIRFLOW_PYTHON), "-c", code, *arguments]
    done = subprocess.run(
        command, env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds
    )
    if done.returncode != 0:
        raise RuntimeError(f"{str(arguments)[:200]}:\n{done.stdout[-500:]}{done.stderr[-2000:]}")
    return done.stdout
