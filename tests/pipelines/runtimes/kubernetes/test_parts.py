"""Small parts of the kubernetes runtime: timestamps, pods' states, and the watch of a deferred task."""

import asyncio
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from kubernetes import client as k8s
from kubernetes import config

from include.pipelines.runtimes.kubernetes import state as kubernetes_state
from include.pipelines.runtimes.kubernetes.logs import nanoseconds
from include.pipelines.runtimes.kubernetes.runtime import KubernetesStepOperator
from tests.kubernetes_api.cluster import NAMESPACE, Cluster

from .conftest import MakeTask
from .lab import Lab
from .steps import SUCCEED, Task, Try, wait_for


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T09:00:01.000000001+09:00", 10**9 + 1),
        ("1970-01-01T00:00:00.123456789Z", 123_456_789),
    ],
)
def test_timestamps_are_read_to_the_nanosecond_in_any_zone(text: str, expected: int) -> None:
    assert nanoseconds(text) == expected


@pytest.mark.parametrize("text", ["", "line", "2026-13-01T00:00:00Z", "unable"])
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        nanoseconds(text)


def test_the_tests_own_tools_take_a_pod_that_is_just_gone(cluster: Cluster) -> None:
    chosen = k8s.Configuration()
    config.load_kube_config(config_file=os.environ["KUBECONFIG"], client_configuration=chosen)
    lab = Lab(chosen, NAMESPACE)
    container = {"name": "base", "image": "none", "command": ["sleep", "60"]}
    cluster.create("", {}, {"metadata": {"name": "one"}, "spec": {"containers": [container]}})
    wait_for(lambda: cluster.pod().status["phase"] == "Running", "the pod does not start")
    assert lab.log("another") == ""
    cluster.fail("get", "pods/log", 400, "container is waiting to start")
    assert not lab.is_running()
    cluster.fail("delete", "pods", 404, "not found")
    lab.remove_pods()


# -- deferred ----------------------------------------------------------------------------------------------------------


def deferred(step: Task, call: Callable[[KubernetesStepOperator], None], try_number: int = 1) -> TaskDeferred:
    operator = step.operator(try_number, execution_timeout=timedelta(minutes=5))
    with pytest.raises(TaskDeferred) as caught:
        call(operator)
    return caught.value


def context_of(step: Task, began: datetime | None = None) -> Any:
    context = step.context
    context["ti"].start_date = began or datetime.now(UTC)
    return context


def test_a_deferred_task_leaves_its_pod_to_the_triggerer_and_takes_the_result(task: MakeTask, cluster: Cluster) -> None:
    step = task(f"until('go'); {SUCCEED}")
    step.set(KUBERNETES_DEFERRABLE="true")
    leaving = deferred(step, lambda operator: operator.execute(context_of(step)))
    kwargs = leaving.trigger.serialize()[1]
    assert (kwargs["pod_name"], kwargs["pod_namespace"]) == (cluster.pod().name, "nightshift")
    assert (kwargs["on_finish_action"], kwargs["on_kill_action"]) == ("keep_pod", "delete_pod")
    assert kwargs["termination_grace_period"] == 10
    assert kwargs["connection_extras"] is None, "the triggerer's row in the database is no place for credentials"
    assert kwargs["config_dict"] is None
    assert kwargs["startup_timeout"] == 60, "errors of the start are looked at as soon as without a triggerer"
    assert leaving.method_name == "resume"
    step.wait_for_start()
    step.tell_step("go")
    wait_for(lambda: cluster.pod().status["phase"] == "Succeeded", "the step does not end")
    event = {"status": "success", "name": cluster.pod().name, "namespace": "nightshift"}
    ending = step.start(1, lambda operator: operator.resume(context_of(step), event)).ending()
    assert ending == {"outcome": "done"}
    wait_for(lambda: not cluster.living(), "the pod is there")


def test_a_triggerer_that_cannot_watch_hands_a_living_pod_back_to_be_watched_again(
    task: MakeTask, cluster: Cluster
) -> None:
    step = task("until('never')")
    step.set(KUBERNETES_DEFERRABLE="true")
    deferred(step, lambda operator: operator.execute(context_of(step)))
    step.wait_for_start()
    event = {"status": "error", "name": cluster.pod().name, "namespace": "nightshift", "message": "API away"}
    again = deferred(step, lambda operator: operator.resume(context_of(step), event))
    assert again.trigger.pod_name == cluster.pod().name


def test_a_deferred_task_out_of_time_stops_its_pod(task: MakeTask, cluster: Cluster) -> None:
    step = task("until('never')")
    step.set(KUBERNETES_DEFERRABLE="true")
    deferred(step, lambda operator: operator.execute(context_of(step)))
    step.wait_for_start()
    event = {"status": "timeout", "name": cluster.pod().name, "message": "deadline", "nightshift_deadline": 1}
    ending = step.start(1, lambda operator: operator.resume(context_of(step), event)).ending()
    assert ending["outcome"] == "AirflowTaskTimeout"
    wait_for(lambda: not cluster.living(), "the pod still runs")


def test_a_deferred_pod_that_cannot_start_ends_its_task(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.waiting = ("ErrImagePull", "manifest unknown")
    step = task(SUCCEED)
    step.set(KUBERNETES_DEFERRABLE="true", KUBERNETES_START_ERROR_SECONDS="1")
    deferred(step, lambda operator: operator.execute(context_of(step)))
    name = cluster.pod().name
    wait_for(lambda: "containerStatuses" in cluster.pod().status, "the pod does not fail")
    event = {"status": "error", "name": name, "message": "Image cannot be pulled"}
    ending = step.start(1, lambda operator: operator.resume(context_of(step), event)).ending()
    assert ending["kind"] == "bad_request"
    assert "ErrImagePull: manifest unknown" in ending["message"]


def looked_at(step: Task, cluster: Cluster, **event: Any) -> Try:
    """A deferred task when its trigger returns for a look at the pod."""
    soon = int(time.time()) + 60
    event = {"status": "timeout", "name": cluster.pod().name, "nightshift_deadline": soon} | event
    return step.start(1, lambda operator: operator.resume(context_of(step), event))


def test_a_deferred_task_is_handed_back_every_five_minutes_for_a_look_at_its_pod(
    task: MakeTask, cluster: Cluster
) -> None:
    step = task("until('never')")
    step.set(KUBERNETES_DEFERRABLE="true")
    began = datetime.now(UTC)
    operator = step.operator(execution_timeout=timedelta(hours=2))
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(context_of(step, began))
    times = caught.value.trigger.serialize()[1]["trigger_kwargs"]
    assert 290 <= times["_execution_deadline"] - began.timestamp() <= 310
    assert times["nightshift_deadline"] == int(began.timestamp() + 7200)
    step.wait_for_start()
    past = looked_at(step, cluster, _execution_deadline=1)
    assert past.ending() == {"outcome": "deferred", "message": cluster.pod().name}


def test_a_lost_node_is_noticed_though_the_task_is_deferred_and_its_record_closed(
    task: MakeTask, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes_state, "CONFIRM_SECONDS", 4)
    step = task("until('never')")
    step.set(KUBERNETES_DEFERRABLE="true")
    deferred(step, lambda operator: operator.execute(context_of(step)))
    step.wait_for_start()
    cluster.node.lose(cluster.pod())
    assert looked_at(step, cluster).ending()["outcome"] == "deferred"
    time.sleep(6)
    ending = looked_at(step, cluster).ending()
    assert (ending["outcome"], ending["kind"]) == ("StepLost", "try_again")
    assert "node node-1 does not answer" in ending["message"]
    assert len(step.closes()) == 1


def test_a_deferred_pods_missing_secret_is_a_bad_request(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.secrets.clear()
    step = task(SUCCEED)
    step.set(KUBERNETES_DEFERRABLE="true", KUBERNETES_START_ERROR_SECONDS="1")
    deferred(step, lambda operator: operator.execute(context_of(step)))
    ending = looked_at(step, cluster).ending()
    assert ending["kind"] == "bad_request"
    assert 'secret "nightshift-trainer" not found' in ending["message"]


def test_a_deferred_pods_start_error_that_passes_is_no_failure(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.waiting = ("ErrImagePull", "dial tcp: connection refused")
    step = task("until('never')")
    step.set(KUBERNETES_DEFERRABLE="true")
    deferred(step, lambda operator: operator.execute(context_of(step)))
    wait_for(lambda: "containerStatuses" in cluster.pod().status, "the pod does not fail")
    look = looked_at(step, cluster, status="error", message="Image cannot be pulled")
    time.sleep(1)
    assert look.thread.is_alive()
    cluster.node.trouble.waiting = ("", "")
    assert look.ending()["outcome"] == "deferred"


def test_time_in_a_queue_does_not_count_for_a_deferred_task_either(task: MakeTask, cluster: Cluster) -> None:
    cluster.node.trouble.is_gated = True
    step = task(SUCCEED)
    step.set(KUBERNETES_DEFERRABLE="true", KUBERNETES_SCHEDULE_SECONDS="2", KUBERNETES_QUEUE="nightly")
    deferred(step, lambda operator: operator.execute(context_of(step)))
    wait_for(lambda: "conditions" in cluster.pod().status, "the pod is not gated")
    assert looked_at(step, cluster).ending()["outcome"] == "deferred"
    time.sleep(3)
    cluster.node.trouble.unschedulable, cluster.node.trouble.is_gated = "no node has room", False
    time.sleep(0.2)
    assert looked_at(step, cluster).ending()["outcome"] == "deferred"
    time.sleep(3)
    assert "no node took pod" in looked_at(step, cluster).ending()["message"]


def test_lines_of_the_second_that_the_triggerer_left_out_are_brought(
    task: MakeTask, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    step = task(f"print('the last line', flush=True); {SUCCEED}")
    step.set(KUBERNETES_DEFERRABLE="true")
    deferred(step, lambda operator: operator.execute(context_of(step)))
    wait_for(lambda: cluster.pod().status["phase"] == "Succeeded", "the step does not end")
    stamp = cluster.pod().log.lines[0][0]
    left = datetime.fromtimestamp(stamp // 10**9, UTC).replace(microsecond=999_999)
    assert looked_at(step, cluster, status="success", last_log_time=left).ending() == {"outcome": "done"}
    assert "the last line" in capsys.readouterr().out


def test_the_providers_trigger_sees_the_end_of_a_pod_and_brings_its_lines(
    task: MakeTask, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real trigger against the stand-in: whatever else it would call is an error."""
    from kubernetes_asyncio.config import kube_config  # slow to import

    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", os.environ["KUBECONFIG"])  # read at its import
    step = task(f"print('from the step', flush=True); until('go'); {SUCCEED}")
    step.set(KUBERNETES_DEFERRABLE="true", KUBERNETES_LOG_SECONDS="1")
    trigger = deferred(step, lambda operator: operator.execute(context_of(step))).trigger
    trigger.poll_interval = trigger.startup_check_interval = 0.5
    step.wait_for_start()

    async def first_event() -> Any:
        return await anext(aiter(trigger.run()))

    trigger.hook._extras = {}  # no Airflow here to ask for the connection
    begin = time.monotonic()
    step.tell_step("go")
    event = asyncio.run(first_event()).payload
    assert (event["status"], event["name"]) == ("success", trigger.pod_name)
    assert time.monotonic() - begin < 20
    ending = step.start(1, lambda operator: operator.resume(context_of(step), event)).ending()
    assert ending == {"outcome": "done"}
