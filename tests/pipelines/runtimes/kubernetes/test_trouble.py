"""The kubernetes runtime when the cluster misbehaves: each fault leads to the right failure, or to none."""

import time
from pathlib import Path
from typing import Any

import pytest

from include.pipelines.runtimes.kubernetes import (
    api as kubernetes_api,
)
from include.pipelines.runtimes.kubernetes import (
    start_watch as kubernetes_start_watch,
)
from include.pipelines.runtimes.kubernetes import (
    state as kubernetes_state,
)
from include.pipelines.runtimes.kubernetes import (
    watch as kubernetes_watch,
)
from include.step_contract import transport
from include.step_contract.failure import Failure, FailureKind
from include.step_contract.order import Step
from tests.kubernetes_api.cluster import Cluster
from tests.pipelines.conftest import RESULT

from .conftest import MakeTask
from .steps import SUCCEED, wait_for

pytestmark = pytest.mark.timeout(180)
SAVE_AND_STOP = Failure(step=Step.PREPROCESS, kind=FailureKind.TERMINATED, message="told to stop by SIGTERM")
OBEDIENT = (
    f"signal.signal(signal.SIGTERM, lambda *_: (print({transport.encode_failure(SAVE_AND_STOP)!r}, flush=True), "
    "sys.exit(143)))\nprint('ready', flush=True)\nuntil('never')"
)


def started(cluster: Cluster) -> Any:
    """The only pod, once its step has said something and the task listens."""
    wait_for(lambda: cluster.living() and cluster.pod().log.lines, "the step says nothing")
    wait_for(lambda: ("get", "pods/log") in cluster.calls, "no task follows the log")
    return cluster.pod()


# -- before the start --------------------------------------------------------------------------------------------------


def test_slow_scheduling_is_waited_for(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.schedule_seconds = 2
    assert task(SUCCEED).run() == {"outcome": "done"}


def test_a_pod_that_no_node_takes_says_why_and_is_removed(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.unschedulable = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
    step = task(SUCCEED)
    step.set(KUBERNETES_SCHEDULE_SECONDS="1")
    ending = step.run()
    assert ending["kind"] == "try_again"
    assert "no node took pod" in ending["message"]
    assert "3 Insufficient nvidia.com/gpu." in ending["message"]
    assert "lower resources.preprocess in the catalog" in ending["message"]
    wait_for(lambda: not cluster.living(), "the pod waits on")


def test_a_pod_without_a_network_is_said_so_while_it_waits_and_at_the_end(
    task: MakeTask, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kubernetes_start_watch, "_SAY_SECONDS", 0.5)
    cluster.node.trouble.waiting = ("ContainerCreating", "")
    step = task(SUCCEED)
    step.set(KUBERNETES_STARTUP_SECONDS="4")
    first = step.start()
    wait_for(cluster.living, "no pod")
    name = cluster.pod().name
    cluster.event(name, "FailedCreatePodSandBox", "plugin type=aws-cni failed: no free addresses", after=2)
    cluster.event(name, "MissingClusterDNS", "an older one", after=1)
    ending = first.ending()
    said = "FailedCreatePodSandBox: plugin type=aws-cni failed: no free addresses"
    assert ending["kind"] == "try_again"
    assert f"(KUBERNETES_STARTUP_SECONDS): {said}; see its events above" in ending["message"]
    assert f"pod {name}: {said}" in capsys.readouterr().out


def test_time_in_a_queue_does_not_count(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.is_gated = True
    step = task(SUCCEED)
    step.set(KUBERNETES_SCHEDULE_SECONDS="1", KUBERNETES_QUEUE="nightly")
    first = step.start()
    time.sleep(2.5)
    cluster.node.trouble.is_gated = False
    assert first.ending() == {"outcome": "done"}
    assert cluster.bodies[0]["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "nightly"


def test_the_wait_for_a_node_begins_when_the_queue_lets_a_pod_go(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.is_gated = True
    step = task(SUCCEED)
    step.set(KUBERNETES_SCHEDULE_SECONDS="4", KUBERNETES_QUEUE="nightly")
    first = step.start()
    time.sleep(5)
    cluster.node.trouble.unschedulable = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
    cluster.node.trouble.is_gated = False
    time.sleep(1.5)
    cluster.node.trouble.unschedulable = ""
    assert first.ending() == {"outcome": "done"}


def test_a_missing_claim_is_no_lack_of_nodes(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.unschedulable = '0/1 nodes are available: persistentvolumeclaim "nightshift-cache" not found.'
    step = task(SUCCEED)
    step.set(KUBERNETES_START_ERROR_SECONDS="1")
    ending = step.run()
    assert ending["kind"] == "bad_request"
    assert 'persistentvolumeclaim "nightshift-cache" not found.; create it, or name another' in ending["message"]
    assert "add nodes" not in ending["message"]
    wait_for(lambda: not cluster.living(), "the pod waits on")


def test_an_image_that_is_not_there_is_said_although_the_pod_says_so_only_at_first(
    task: MakeTask, cluster: Cluster
) -> None:
    cluster.node.trouble.waiting = ("ErrImagePull", "rpc error: registry/trainer:9: not found")
    step = task(SUCCEED)
    step.set(KUBERNETES_START_ERROR_SECONDS="3")
    first = step.start()
    time.sleep(1.5)
    cluster.node.trouble.waiting = ("ImagePullBackOff", 'Back-off pulling image "registry/trainer:9"')
    ending = first.ending()
    assert ending["kind"] == "bad_request"
    assert '"registry/trainer:9": rpc error: registry/trainer:9: not found' in ending["message"]


def test_an_image_that_is_not_there_is_known_by_the_pods_events(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.waiting = ("ImagePullBackOff", 'Back-off pulling image "registry/trainer:9"')
    step = task(SUCCEED)
    step.set(KUBERNETES_START_ERROR_SECONDS="2")
    first = step.start()
    wait_for(cluster.living, "no pod")
    cluster.event(cluster.pod().name, "Failed", 'Failed to pull image "registry/trainer:9": rpc error: not found')
    assert first.ending()["kind"] == "bad_request"


@pytest.mark.parametrize(
    ("reason", "message", "kind"),
    [
        ("ErrImagePull", "manifest unknown: not found", "bad_request"),
        ("ImagePullBackOff", "dial tcp: i/o timeout", "try_again"),
        ("CreateContainerError", "context deadline exceeded", "bad_request"),
    ],
)
def test_an_error_of_the_start_that_lasts_ends_the_task(
    task: MakeTask, cluster: Cluster, reason: str, message: str, kind: str
) -> None:
    cluster.node.trouble.waiting = (reason, message)
    step = task(SUCCEED)
    step.set(KUBERNETES_START_ERROR_SECONDS="1")
    ending = step.run()
    assert ending["kind"] == kind
    assert f"cannot start on node node-1: {reason}: {message}" in ending["message"]
    wait_for(lambda: not cluster.living(), "the pod waits on")


def test_an_error_of_the_start_that_passes_is_no_failure(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.waiting = ("ErrImagePull", "toomanyrequests")
    first = task(SUCCEED).start()
    time.sleep(1)
    cluster.node.trouble.waiting = ("", "")
    assert first.ending() == {"outcome": "done"}


def test_an_image_that_may_not_be_pulled_fails_at_once(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.waiting = ("ErrImageNeverPull", "image is not present with pull policy of Never")
    assert task(SUCCEED).start().ending(seconds=10)["kind"] == "bad_request"


def test_a_missing_secret_is_named(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.secrets.clear()
    step = task(SUCCEED)
    step.set(KUBERNETES_START_ERROR_SECONDS="1")
    ending = step.run()
    assert ending["kind"] == "bad_request"
    assert 'CreateContainerConfigError: secret "nightshift-trainer" not found' in ending["message"]


def test_a_pod_that_takes_too_long_to_start_is_retried(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.waiting = ("ContainerCreating", "")
    step = task(SUCCEED)
    step.set(KUBERNETES_STARTUP_SECONDS="1")
    ending = step.run()
    assert ending["kind"] == "try_again"
    assert "did not start on node node-1 within" in ending["message"]


@pytest.mark.faults
def test_a_container_that_cannot_run_is_a_bad_request(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.start_error = 'exec: "trainer": executable file not found in $PATH'
    ending = task(SUCCEED).run()
    assert ending["kind"] == "bad_request"
    assert "the container could not run: exec:" in ending["message"]


@pytest.mark.faults
def test_an_exceeded_quota_is_waited_for(task: MakeTask, cluster: Cluster) -> None:
    cluster.quota = 0
    first = task(SUCCEED).start()
    time.sleep(1)
    cluster.quota = 5
    assert first.ending() == {"outcome": "done"}


@pytest.mark.faults
def test_a_quota_that_stays_exceeded_says_what_to_do(task: MakeTask, cluster: Cluster) -> None:
    cluster.quota = 0
    step = task(SUCCEED)
    step.set(KUBERNETES_SCHEDULE_SECONDS="1")
    ending = step.run()
    assert ending["kind"] == "try_again"
    assert "exceeded quota: nightshift" in ending["message"]
    assert "raise the ResourceQuota, or lower the step's resources in the catalog" in ending["message"]


def test_a_pod_that_admission_refuses_is_a_bad_request(task: MakeTask, cluster: Cluster) -> None:
    cluster.fail("create", "pods", 403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest": hostPath')
    ending = task(SUCCEED).run()
    assert ending["kind"] == "bad_request"
    assert 'violates PodSecurity "restricted:latest": hostPath' in ending["message"]


# -- at work -----------------------------------------------------------------------------------------------------------


def test_an_evicted_pod_is_retried_and_its_record_closed(task: MakeTask, cluster: Cluster) -> None:
    step = task("print('ready', flush=True); until('never')")
    first = step.start()
    cluster.node.evict(started(cluster), "The node was low on resource: memory.")
    ending = first.ending()
    assert (ending["outcome"], ending["kind"]) == ("StepLost", "try_again")
    assert "the cluster ended pod" in ending["message"]
    said = "The node was low on resource: memory.; the next attempt resumes from the last checkpoint"
    assert said in ending["message"]
    assert len(step.closes()) == 1


def test_a_failed_pod_whose_phase_is_late_is_kept_all_the_same(
    task: MakeTask, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes_watch, "_SETTLE_SECONDS", 0.5)
    cluster.node.trouble.phase_seconds = 60
    assert task("sys.exit(65)").run()["kind"] == "bad_data"
    pod = cluster.pod()
    assert pod.status["phase"] == "Running"
    assert pod.manifest["metadata"]["labels"]["nightshift/taken"] == "true"
    assert "deletionTimestamp" not in pod.manifest["metadata"]


def test_a_failed_pod_beside_whose_step_something_still_runs_is_deleted(
    task: MakeTask, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes_watch, "_SETTLE_SECONDS", 0.5)
    cluster.node.trouble.phase_seconds = 60
    step = task("print('ready', flush=True); until('go'); sys.exit(65)")
    first = step.start()
    started(cluster).sidecar = {"name": "sidecar", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}
    step.tell_step("go")
    assert first.ending()["kind"] == "bad_data"
    wait_for(lambda: not cluster.living(), "the pod runs on")


@pytest.mark.parametrize("seconds_after_the_phase", [0, 1])
def test_out_of_memory_that_the_node_says_late_is_out_of_memory(
    task: MakeTask, cluster: Cluster, seconds_after_the_phase: float
) -> None:
    step = task("print('ready', flush=True); until('never')")
    first = step.start()
    pod = started(cluster)
    cluster.node.trouble.late_reason = "Error"
    cluster.node.trouble.cause_seconds = seconds_after_the_phase
    cluster.node.kill_for_memory(pod)
    assert first.ending()["kind"] == "out_of_memory"


def test_a_step_that_was_killed_names_memory_as_the_likely_cause(task: MakeTask) -> None:
    ending = task("os.kill(os.getpid(), signal.SIGKILL)").run()
    assert (ending["outcome"], ending["kind"]) == ("StepLost", "try_again")
    assert "killed (exit code 137) without a report" in ending["message"]
    assert "its limit of 256Mi (resources.preprocess.memory in the catalog) is the likely cause" in ending["message"]


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"),
        ("EvictionByEvictionAPI", "Eviction API: evicting"),
    ],
)
def test_a_step_that_stops_for_the_cluster_is_retried(
    task: MakeTask, cluster: Cluster, reason: str, message: str
) -> None:
    step = task(OBEDIENT)
    first = step.start()
    cluster.node.disrupt(started(cluster), reason, message)
    ending = first.ending()
    assert ending["kind"] == "try_again"
    assert ending["outcome"] == "StepFailed", "it has closed its own record"
    assert step.closes() == []


def test_a_pod_that_a_person_deletes_is_retried_in_a_new_one(task: MakeTask, cluster: Cluster) -> None:
    step = task(f"if os.path.exists(folder + '/second'):\n    {SUCCEED}\n    sys.exit()\n{OBEDIENT}")
    first = step.start()
    pod = started(cluster)
    cluster.node.delete(pod, 10)
    ending = first.ending()
    assert ending["kind"] == "try_again"
    assert "deleted" in ending["message"]
    step.tell_step("second")
    assert step.run(2) == {"outcome": "done"}


def test_a_pod_that_is_gone_at_once_is_lost_and_its_record_closed(task: MakeTask, cluster: Cluster) -> None:
    step = task("print('ready', flush=True); until('never')")
    first = step.start()
    cluster.node.delete(started(cluster), 0)
    ending = first.ending()
    assert (ending["outcome"], ending["kind"]) == ("StepLost", "try_again")
    assert "is gone: it was deleted" in ending["message"]
    assert len(step.closes()) == 1


def test_out_of_memory_names_the_limit(task: MakeTask, cluster: Cluster) -> None:
    step = task("print('ready', flush=True); until('never')")
    first = step.start()
    cluster.node.kill_for_memory(started(cluster))
    ending = first.ending()
    assert (ending["outcome"], ending["kind"]) == ("OutOfContainerMemory", "out_of_memory")
    assert "reached its limit of 256Mi (resources.preprocess.memory in the catalog)" in ending["message"]
    (close,) = step.closes()
    assert close.startswith("close --kind out_of_memory --reason preprocess: out of memory")


def test_the_deadline_of_an_unwatched_pod_is_named(task: MakeTask, cluster: Cluster) -> None:
    step = task(OBEDIENT, execution={"timeout_minutes": {"preprocess": 7}})
    first = step.start()
    cluster.node.expire(started(cluster))
    ending = first.ending()
    assert ending["kind"] == "try_again"
    assert "reached its limit of 7 minutes (execution.timeout_minutes in the catalog)" in ending["message"]
    assert cluster.bodies[0]["spec"]["activeDeadlineSeconds"] == 7 * 60 + 300


def test_a_lost_node_is_given_up_and_the_next_attempt_does_not_wait_for_it(
    task: MakeTask, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes_state, "CONFIRM_SECONDS", 1)
    step = task(f"if os.path.exists(folder + '/second'):\n    {SUCCEED}\n    sys.exit()\n{OBEDIENT}")
    first = step.start()
    cluster.node.lose(started(cluster))
    ending = first.ending()
    assert (ending["outcome"], ending["kind"]) == ("StepLost", "try_again")
    assert "node node-1 does not answer" in ending["message"]
    step.tell_step("second")
    assert step.run(2) == {"outcome": "done"}
    assert step.starts() == 2


def held(pod: Any) -> Any:
    """Have a finalizer hold a pod, as Kueue and others do."""
    pod.manifest["metadata"]["finalizers"] = ["example.com/accounting"]
    return pod


def test_a_good_result_of_a_pod_that_is_held_while_it_is_deleted_is_taken_once(
    task: MakeTask, cluster: Cluster
) -> None:
    step = task(f"print('ready', flush=True); until('go'); {SUCCEED}")
    first = step.start()
    pod = held(started(cluster))
    first.kill()
    first.ending()
    step.tell_step("go")
    wait_for(lambda: pod.status["phase"] == "Succeeded", "the step still runs")
    cluster.node.delete(pod, 10)
    assert step.run(2) == {"outcome": "done"}
    assert pod.manifest["metadata"]["labels"]["nightshift/taken"] == "true"
    assert step.run(3) == {"outcome": "done"}
    assert (step.starts(), len(cluster.names)) == (2, 2)


def test_a_pod_that_failed_and_is_held_while_it_is_deleted_is_not_waited_for(task: MakeTask, cluster: Cluster) -> None:
    step = task(f"if os.path.exists(folder + '/second'):\n    {SUCCEED}\n    sys.exit()\n{OBEDIENT}")
    first = step.start()
    pod = held(started(cluster))
    cluster.node.disrupt(pod, "EvictionByEvictionAPI", "Eviction API: evicting")
    assert first.ending()["kind"] == "try_again"
    step.tell_step("second")
    assert step.run(2) == {"outcome": "done"}
    assert pod in cluster.living()


def test_a_pod_of_a_lost_node_that_is_held_is_left_behind(
    task: MakeTask, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kubernetes_state, "CONFIRM_SECONDS", 1)
    step = task(f"print('ready', flush=True); until('go'); {SUCCEED}")
    first = step.start()
    pod = held(started(cluster))
    first.kill()
    first.ending()
    cluster.node.lose(pod)
    caplog.set_level("INFO")
    second = step.start(2)
    wait_for(lambda: len(cluster.names) == 2, "no new pod")
    step.tell_step("go")
    assert second.ending() == {"outcome": "done"}
    assert f"pod {pod.name} of an earlier attempt is being stopped; waiting for its end" in caplog.text
    assert caplog.text.count(f"does not confirm the end of pod {pod.name}") == 1


def test_a_second_pod_with_the_tasks_labels_is_left_alone(
    task: MakeTask, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    step = task(f"until('go'); {SUCCEED}")
    first = step.start()
    step.wait_for_start()
    copy = {**cluster.bodies[0], "metadata": {**cluster.bodies[0]["metadata"], "name": "a-copy"}}
    cluster.create("", {}, copy)
    first.kill()
    first.ending()
    second = step.start(2)
    step.tell_step("go")
    assert second.ending() == {"outcome": "done"}
    assert "pod a-copy has this task's labels, but another name; left alone" in caplog.text
    assert "a-copy" in {pod.name for pod in cluster.living()}


def test_a_second_pod_of_the_task_itself_is_deleted(task: MakeTask, cluster: Cluster) -> None:
    step = task(f"until('go'); {SUCCEED}")
    first = step.start()
    step.wait_for_start()
    name = cluster.names[0][:-1] + "2"
    cluster.create("", {}, {**cluster.bodies[0], "metadata": {**cluster.bodies[0]["metadata"], "name": name}})
    first.kill()
    first.ending()
    second = step.start(2)
    wait_for(lambda: name not in {pod.name for pod in cluster.living()}, "both are at work")
    step.tell_step("go")
    assert second.ending() == {"outcome": "done"}


# -- the API server ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [0, 503, *(pytest.param(code, marks=pytest.mark.faults) for code in (409, 429, 500))]
)
@pytest.mark.parametrize(
    ("verb", "resource"), [("create", "pods"), ("list", "pods"), ("get", "pods"), ("get", "pods/log")]
)
def test_a_passing_error_of_the_api_server_is_no_failure(
    task: MakeTask, cluster: Cluster, verb: str, resource: str, status: int
) -> None:
    cluster.fail(verb, resource, status, times=2)
    assert task(SUCCEED).run() == {"outcome": "done"}
    assert len(cluster.names) == 1


def test_a_lost_answer_to_the_creation_makes_no_second_pod(task: MakeTask, cluster: Cluster) -> None:
    step = task(SUCCEED)
    cluster.fail("create", "pods", 0, after_the_act=True)
    assert step.run() == {"outcome": "done"}
    assert (step.starts(), len(cluster.names)) == (1, 1)


@pytest.mark.faults
@pytest.mark.parametrize("seconds", [20, 60])
def test_an_api_server_that_is_unavailable_for_long_is_waited_for(
    task: MakeTask, cluster: Cluster, capsys: pytest.CaptureFixture[str], seconds: float
) -> None:
    step = task(f"for number in range(3): print('line', number, flush=True)\nuntil('go')\n{SUCCEED}")
    first = step.start()
    started(cluster)
    cluster.go_away(seconds)
    step.tell_step("go")
    assert first.ending(seconds + 30) == {"outcome": "done"}
    log = capsys.readouterr().out
    assert [log.count(f"line {number}") for number in range(3)] == [1, 1, 1]
    assert (step.starts(), len(cluster.names)) == (1, 1)


def test_an_api_server_that_stays_unavailable_leaves_the_pod_to_the_retry(
    task: MakeTask, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = task(f"print('ready', flush=True); until('go'); {SUCCEED}")
    first = step.start()
    started(cluster)
    monkeypatch.setattr(kubernetes_api, "PATIENCE_SECONDS", 1)
    cluster.go_away(60)
    ending = first.ending()
    assert (ending["outcome"], ending["kind"]) == ("StepFailed", "try_again")
    cluster.away_until = 0
    second = step.start(2)
    step.tell_step("go")
    assert second.ending() == {"outcome": "done"}
    assert step.starts() == 1


def test_a_kill_while_the_api_server_is_unavailable_ends_the_task(task: MakeTask, cluster: Cluster) -> None:
    step = task("print('ready', flush=True); until('never')")
    first = step.start()
    started(cluster)
    cluster.go_away(60)
    time.sleep(1)
    step.set_state("failed")
    first.kill()
    assert first.ending(seconds=5)["kind"] == "terminated"


@pytest.mark.parametrize(
    ("verb", "resource"), [("create", "pods"), ("list", "pods"), ("get", "pods"), ("delete", "pods")]
)
def test_a_missing_right_is_named(task: MakeTask, cluster: Cluster, verb: str, resource: str) -> None:
    cluster.forbidden.add((verb, resource))
    ending = task(SUCCEED).run()
    assert ending["kind"] == "bad_request"
    assert f'cannot {verb} resource "{resource}"' in ending["message"]
    assert "grant it to the worker's service account (docs/kubernetes.md, RBAC)" in ending["message"]


@pytest.mark.faults
def test_a_log_that_may_not_be_read_is_said(
    task: MakeTask, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.forbidden.add(("get", "pods/log"))
    step = task(f"until('go')\nopen(os.environ['STEP_ANSWER_FILE'], 'w').write({transport.encode_result(RESULT)!r})")
    first = step.start()
    step.wait_for_start()
    time.sleep(1)
    step.tell_step("go")
    assert first.ending() == {"outcome": "done"}
    assert "cannot be read (403 Forbidden); grant get on pods/log" in capsys.readouterr().out


def test_no_cluster_at_all_says_what_to_set(task: MakeTask, tmp_path: Path) -> None:
    step = task(SUCCEED)
    step.set(KUBECONFIG=str(tmp_path / "nowhere"))
    ending = step.run()
    assert ending["kind"] == "bad_request"
    assert "set KUBECONFIG or KUBERNETES_CONNECTION" in ending["message"]


def test_another_namespace_is_named(task: MakeTask, cluster: Cluster) -> None:
    cluster.fail("list", "pods", 404, 'namespaces "nightshift" not found')
    ending = task(SUCCEED).run()
    assert ending["kind"] == "bad_request"
    assert "create it, or correct KUBERNETES_NAMESPACE" in ending["message"]


def test_a_result_that_cannot_be_read_is_no_bug_of_the_step(
    task: MakeTask, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes_watch, "_LAST_LINES_SECONDS", 1)
    cluster.fail("get", "pods/log", 500, times=1000)
    ending = task(SUCCEED).run()
    assert ending["kind"] == "try_again"
    assert "the log with its result cannot be read" in ending["message"]
