"""The kubernetes runtime on a real cluster: `make test-kubernetes`.

The namespace enforces Pod Security "restricted" and the task has a worker's rights only. The step is a small program
in the training image.
"""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as k8s

from include.step_contract import transport
from include.step_contract.failure import Failure, FailureKind
from include.step_contract.order import Step

from .lab import RULES, Lab
from .policies import assert_is_as_ordered, bagged_task, pod_mutation_hook, registered, rendered, task_policy
from .steps import SUCCEED, Task, make_task, wait_for

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]
MakeTask = Callable[..., Task]
SAVE_AND_STOP = Failure(step=Step.PREPROCESS, kind=FailureKind.TERMINATED, message="told to stop by SIGTERM")
OBEDIENT = (
    f"signal.signal(signal.SIGTERM, lambda *_: (print({transport.encode_failure(SAVE_AND_STOP)!r}, flush=True), "
    "sys.exit(143)))\nprint('ready', flush=True)\nuntil('never')"
)


@pytest.fixture
def task(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> MakeTask:
    def make(code: str, name: str = "task", **pipeline: Any) -> Task:
        return make_task(tmp_path / name, lab, monkeypatch, code, place="/scratch", **pipeline)

    return make


def wait_until_ready(lab: Lab) -> str:
    """Wait until the only pod's step has said something; return the pod's name."""
    wait_for(lab.is_running, "the step says nothing", seconds=120)
    return str(lab.pod().metadata.name)


def test_result_ends_the_task_green_and_the_pod_is_gone(
    task: MakeTask, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    step = task(f"print('first'); print('두 번째', file=sys.stderr); {SUCCEED}")
    assert step.start().ending(120) == {"outcome": "done"}
    log = capsys.readouterr().out
    assert "first" in log
    assert "두 번째" in log
    wait_for(lambda: not lab.pods(), "the pod is there")


@pytest.mark.parametrize("kind", list(FailureKind))
def test_failure_carries_its_kind_and_the_pod_is_kept(task: MakeTask, lab: Lab, kind: FailureKind) -> None:
    line = transport.encode_failure(Failure(step=Step.PREPROCESS, kind=kind, message="한글 이유"))
    ending = task(f"print({line!r}, flush=True); sys.exit({int(kind.exit_code)})").start().ending(120)
    assert (ending["kind"], ending["message"]) == (kind.value, f"preprocess: {kind}: 한글 이유")
    assert lab.pod().metadata.labels["nightshift/taken"] == "true"


def test_the_termination_message_answers(task: MakeTask) -> None:
    code = f"{SUCCEED[:-1].replace('print(', 'line = (').replace(', flush=True', '')})"
    step = task(f"{code}\nopen(os.environ['STEP_ANSWER_FILE'], 'w').write(line)")
    assert step.start().ending(120) == {"outcome": "done"}


def test_a_killed_worker_leaves_the_pod_and_the_retry_takes_its_result(task: MakeTask, lab: Lab) -> None:
    step = task(f"print('ready', flush=True); until('go'); {SUCCEED}")
    process = step.process()
    name = wait_until_ready(lab)
    process.send_signal(signal.SIGKILL)
    process.wait()
    lab.tell_step("go")
    wait_for(lambda: lab.pod().status.phase == "Succeeded", "the step does not end", seconds=60)
    assert lab.pod().metadata.name == name
    assert step.start(2).ending(120) == {"outcome": "done"}


def test_a_worker_that_goes_away_leaves_the_pod_to_the_retry(task: MakeTask, lab: Lab) -> None:
    step = task(f"print('ready', flush=True); until('go'); {SUCCEED}")
    first = step.start()
    wait_until_ready(lab)
    first.kill()
    assert first.ending(10)["outcome"] == "StepLeft"
    second = step.start(2)
    lab.tell_step("go")
    assert second.ending(120) == {"outcome": "done"}


def test_a_task_that_a_person_ends_stops_its_pod(task: MakeTask, lab: Lab) -> None:
    step = task(OBEDIENT)
    first = step.start()
    wait_until_ready(lab)
    step.set_state("failed")
    first.kill()
    assert first.ending(10)["kind"] == "terminated"
    wait_for(lambda: not lab.pods(), "the pod still runs", seconds=20)


def test_a_deaf_step_is_killed_after_its_grace(task: MakeTask, lab: Lab) -> None:
    step = task(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); until('never')",
        execution={"stop_grace_seconds": 3},
    )
    first = step.start()
    wait_until_ready(lab)
    step.set_state("failed")
    first.kill()
    first.ending(10)
    wait_for(lambda: not lab.pods(), "the pod still runs", seconds=20)


@pytest.mark.parametrize("how", ["delete", "evict"])
def test_a_pod_that_is_ended_from_outside_is_retried_in_a_new_one(task: MakeTask, lab: Lab, how: str) -> None:
    step = task(OBEDIENT)
    first = step.start()
    name = wait_until_ready(lab)
    if how == "delete":
        lab.core.delete_namespaced_pod(name, lab.namespace)
    else:
        lab.evict(name)
    assert first.ending(60)["kind"] == "try_again"
    second = step.start(2)
    wait_for(lab.is_running, "no new pod", seconds=120)
    step.set_state("failed")
    second.kill()
    assert second.ending(10)["kind"] == "terminated"


def test_another_pod_with_the_tasks_labels_is_left_alone_and_a_second_one_of_the_task_is_deleted(
    task: MakeTask, lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    little = {"preprocess": {"cpu": 0.1, "memory": "128Mi", "shm": "16Mi"}}  # three of them fit on a node
    step = task(f"print('ready', flush=True); until('go'); {SUCCEED}", resources=little)
    first = step.start()
    name = wait_until_ready(lab)
    first.kill()
    first.ending(10)
    pod = lab.pod()
    pod.spec.node_name = None
    others = ("a-copy", f"{name[:-1]}2")
    for other in others:
        metadata = k8s.V1ObjectMeta(name=other, labels=pod.metadata.labels)
        lab.core.create_namespaced_pod(lab.namespace, k8s.V1Pod(metadata=metadata, spec=pod.spec))
    second = step.start(2)
    wait_for(lambda: others[1] not in lab.working(), "both are at work", seconds=60)
    assert others[0] in lab.working()
    lab.tell_step("go", name)
    assert second.ending(60) == {"outcome": "done"}
    assert "pod a-copy has this task's labels, but another name; left alone" in caplog.text


def test_a_policy_and_a_hook_change_the_running_pod(task: MakeTask, lab: Lab) -> None:
    step = task(f"print('ready', flush=True); until('go'); {SUCCEED}")
    step.operator()  # sets the template
    with registered(task_policy=task_policy, pod_mutation_hook=pod_mutation_hook):
        operator = bagged_task(step.request.pipeline, "preprocess")
        first = step.start(operator=rendered(operator, step.context, json.dumps(step.run_fields | {"try_number": 1})))
        name = wait_until_ready(lab)
        pod = k8s.ApiClient().sanitize_for_serialization(lab.pod())
        lab.tell_step("go")
        assert first.ending(120) == {"outcome": "done"}
    assert name.endswith("-preprocess-1")
    assert_is_as_ordered(pod)


def test_out_of_memory_names_the_limit(task: MakeTask) -> None:
    ending = task("data = b'x' * (1 << 30); time.sleep(60)").start().ending(120)
    assert ending["kind"] == "out_of_memory"
    assert "reached its limit of 256Mi" in ending["message"]


def test_a_pod_that_no_node_takes_says_why(task: MakeTask, lab: Lab) -> None:
    resources = {"preprocess": {"cpu": 900, "memory": "256Mi", "shm": "64Mi"}}
    step = task(SUCCEED, resources=resources)
    step.set(KUBERNETES_SCHEDULE_SECONDS="5")
    ending = step.start().ending(60)
    assert ending["kind"] == "try_again"
    assert "Insufficient cpu" in ending["message"]
    wait_for(lambda: not lab.pods(), "the pod waits on")


def test_a_missing_image_is_named(task: MakeTask) -> None:
    step = task(SUCCEED)
    step.set(
        KUBERNETES_START_ERROR_SECONDS="5", TRAINER_IMAGE="nightshift-nowhere:1", KUBERNETES_IMAGE_PULL_POLICY="Never"
    )
    ending = step.start().ending(60)
    assert ending["kind"] == "bad_request"
    assert "ErrImageNeverPull" in ending["message"]


@pytest.mark.parametrize("policy", ["IfNotPresent", "Always"])
def test_a_registry_that_does_not_answer_is_said_and_asked_again_later(task: MakeTask, policy: str) -> None:
    step = task(SUCCEED)
    image = "127.0.0.1:9/nightshift-trainer:1"  # no server listens there, and it needs no name service
    step.set(KUBERNETES_START_ERROR_SECONDS="5", TRAINER_IMAGE=image, KUBERNETES_IMAGE_PULL_POLICY=policy)
    ending = step.start().ending(120)
    assert ending["kind"] == "try_again"
    assert image in ending["message"]
    assert "connection refused" in ending["message"]


def test_a_missing_secret_is_named(task: MakeTask) -> None:
    step = task(SUCCEED)
    step.set(KUBERNETES_START_ERROR_SECONDS="5", KUBERNETES_SECRETS="nowhere")
    ending = step.start().ending(60)
    assert ending["kind"] == "bad_request"
    assert 'secret "nowhere" not found' in ending["message"]


def test_an_exceeded_quota_is_waited_for_and_said(task: MakeTask, lab: Lab) -> None:
    quota = k8s.V1ResourceQuota(
        metadata=k8s.V1ObjectMeta(name="nightshift"), spec=k8s.V1ResourceQuotaSpec(hard={"pods": "0"})
    )
    lab.core.create_namespaced_resource_quota(lab.namespace, quota)
    try:
        wait_for(
            lambda: lab.core.read_namespaced_resource_quota("nightshift", lab.namespace).status.hard, "no quota yet"
        )
        step = task(SUCCEED)
        step.set(KUBERNETES_SCHEDULE_SECONDS="1")
        ending = step.start().ending(60)
    finally:
        lab.core.delete_namespaced_resource_quota("nightshift", lab.namespace)
    assert ending["kind"] == "try_again"
    assert "exceeded quota: nightshift" in ending["message"]


def test_a_field_that_kubernetes_does_not_know_is_refused(task: MakeTask, lab: Lab) -> None:
    lab.needs_version(27, "strict validation of fields")
    step = task(SUCCEED)
    template = step.folder / "template.yaml"
    template.write_text(template.read_text().replace("containers:", "hostNetwrok: true\n  containers:"))
    ending = step.start().ending(60)
    assert ending["kind"] == "bad_request"
    assert "hostNetwrok" in ending["message"]


def test_what_pod_security_forbids_is_a_bad_request(task: MakeTask, lab: Lab) -> None:
    lab.needs_version(25, "Pod Security")
    step = task(SUCCEED)
    step.set(KUBERNETES_CACHE="host:/tmp/nightshift")
    ending = step.start().ending(60)
    assert ending["kind"] == "bad_request"
    assert 'violates PodSecurity "restricted' in ending["message"]


@pytest.mark.parametrize(("resource", "verb"), [(resource, verb) for resource, verbs in RULES for verb in verbs])
def test_each_right_is_needed(
    task: MakeTask,
    lab: Lab,
    resource: str,
    verb: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    lab.grant(tuple((name, tuple(each for each in verbs if (name, each) != (resource, verb))) for name, verbs in RULES))
    try:
        failing = (resource, verb) in (("pods", "patch"), ("events", "list"))
        step = task("time.sleep(2); sys.exit(75)" if failing else f"time.sleep(2); {SUCCEED}")
        ending = step.start().ending(120)
    finally:
        lab.grant()
    said = ending.get("message", "") + caplog.text + capsys.readouterr().out
    assert f'cannot {verb} resource "{resource}"' in said or "grant get on pods/log" in said


def test_hostile_run_ids_reach_the_step_unchanged(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = "manual__$(PATH) $$ 한글 \"'{{ 1 }} " + "x" * 200
    code = f"print('SEEN ' + os.environ['STEP_RUN'].encode().hex(), flush=True); sys.exit(75)"  # noqa: F541
    step = make_task(tmp_path / "task", lab, monkeypatch, code, run_id=run_id, place="/scratch")
    step.start().ending(120)
    (seen,) = [line for line in lab.log(lab.pod().metadata.name).splitlines() if line.startswith("SEEN ")]
    assert json.loads(bytes.fromhex(seen.split()[1]))["run_id"] == run_id


def test_ten_pipelines_at_once(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [
        make_task(
            tmp_path / f"task{number}",
            lab,
            monkeypatch,
            f"time.sleep(1); {SUCCEED}",
            f"run{number}",
            place="/scratch",
            resources={"preprocess": {"cpu": 0.05, "memory": "64Mi", "shm": "16Mi"}},
        )
        for number in range(10)
    ]
    tries = [step.start() for step in steps]
    assert [each.ending(280) for each in tries] == [{"outcome": "done"}] * 10
