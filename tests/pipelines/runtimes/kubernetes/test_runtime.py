"""The kubernetes runtime on a stand-in cluster: no matter what dies, one pod works, one result counts, nothing is left.

The API server is a small stand-in; the step is a real process and the operator is the real one.
"""

import signal
from pathlib import Path

import pytest

from include.step_contract import transport
from include.step_contract.failure import Failure, FailureKind
from include.step_contract.order import Step
from tests.kubernetes_api.cluster import Cluster
from tests.pipelines.conftest import RESULT

from .conftest import MakeTask
from .steps import SUCCEED, make_task, wait_for

pytestmark = pytest.mark.timeout(120)


def failing(kind: FailureKind, message: str = "한글 이유") -> str:
    line = transport.encode_failure(Failure(step=Step.PREPROCESS, kind=kind, message=message))
    return f"print({line!r}, flush=True); sys.exit({int(kind.exit_code)})"


def test_result_ends_the_task_green_and_the_pod_is_gone(
    task: MakeTask, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    step = task(f"print('first'); print('두 번째', file=sys.stderr); {SUCCEED}")
    assert step.run() == {"outcome": "done"}
    log = capsys.readouterr().out
    assert "first" in log
    assert "두 번째" in log
    assert "MLflow run abc: 100 images" in log
    wait_for(lambda: not cluster.living(), "the pod is there")
    assert step.starts() == 1


@pytest.mark.parametrize("kind", list(FailureKind))
def test_failure_carries_its_kind_and_the_pod_is_kept(task: MakeTask, cluster: Cluster, kind: FailureKind) -> None:
    step = task(failing(kind))
    ending = step.run()
    assert (ending["kind"], ending["message"]) == (kind.value, f"preprocess: {kind}: 한글 이유")
    assert cluster.pod().manifest["metadata"]["labels"]["nightshift/taken"] == "true"


def test_a_failed_pod_is_deleted_at_once_where_none_is_kept(task: MakeTask, cluster: Cluster) -> None:
    step = task("sys.exit(65)")
    step.set(KUBERNETES_KEEP_FAILED_HOURS="0")
    assert step.run()["kind"] == "bad_data"
    wait_for(lambda: not cluster.living(), "the pod is there")


@pytest.mark.parametrize(("code", "kind"), [(64, "bad_request"), (65, "bad_data"), (70, "bug"), (75, "try_again")])
def test_exit_code_alone_carries_the_kind(task: MakeTask, code: int, kind: str) -> None:
    ending = task(f"sys.exit({code})").run()
    assert (ending["kind"], ending["outcome"]) == (kind, "StepFailed")
    assert f"{kind} (exit code {code}) without a failure line" in ending["message"]


def test_refusal_skips_the_task(task: MakeTask, cluster: Cluster) -> None:
    assert task(f"{SUCCEED}; sys.exit(99)").run() == {"outcome": "skipped", "message": "100 images"}
    wait_for(lambda: not cluster.living(), "the pod is there")


def test_exit_0_without_a_result_is_no_success(task: MakeTask) -> None:
    ending = task("print('all good')").run()
    assert ending["message"] == "preprocess: exit code 0 without a result line; expected one"


def test_what_comes_after_the_result_does_not_replace_it(task: MakeTask) -> None:
    step = task(f"{SUCCEED}; print('a warning at exit'); print(); print('late', file=sys.stderr)")
    assert step.run() == {"outcome": "done"}


def test_the_termination_message_answers_when_the_log_does_not(task: MakeTask, cluster: Cluster) -> None:
    line = transport.encode_result(RESULT)
    step = task(f"open(os.environ['STEP_ANSWER_FILE'], 'w').write({line!r})")
    cluster.fail("get", "pods/log", 500, times=100)
    assert step.run() == {"outcome": "done"}


def test_a_result_that_cannot_be_understood_is_a_bug(task: MakeTask) -> None:
    ending = task("print('STEP_RESULT::{not json', flush=True)").run()
    assert ending["kind"] == "bug"
    assert "result line: not JSON" in ending["message"]


def test_a_step_that_says_nothing_is_lost_and_its_record_closed(task: MakeTask, cluster: Cluster) -> None:
    step = task("os.kill(os.getpid(), signal.SIGSEGV)")
    ending = step.run()
    assert (ending["outcome"], ending["kind"]) == ("StepLost", "try_again")
    assert "preprocess: ended by SIGSEGV without saying why" in ending["message"]
    (close,) = step.closes()
    assert close.startswith("close --kind try_again --reason preprocess: ended by SIGSEGV")
    assert wait_for(lambda: len(cluster.living()) == 1, "the closing pod is there")


def test_the_next_attempt_of_a_failed_step_is_a_new_pod(task: MakeTask, cluster: Cluster) -> None:
    step = task(
        f"import pathlib\nif pathlib.Path(folder, 'again').exists():\n    {SUCCEED}\n    sys.exit()\nsys.exit(75)"
    )
    assert step.run(1)["kind"] == "try_again"
    step.tell_step("again")
    assert step.run(2) == {"outcome": "done"}
    first, second = cluster.names
    assert (first[:-2], first[-2:], second[-2:]) == (second[:-2], "-1", "-2")


# -- whatever dies -----------------------------------------------------------------------------------------------------


def test_a_killed_worker_leaves_the_pod_and_the_retry_attaches(task: MakeTask, cluster: Cluster) -> None:
    step = task(f"print('before'); until('go'); {SUCCEED}")
    process = step.process()
    step.wait_for_start()
    process.send_signal(signal.SIGKILL)
    process.wait()
    second = step.start(2)
    step.tell_step("go")
    assert second.ending() == {"outcome": "done"}
    assert (step.starts(), len(cluster.names)) == (1, 1)


def test_a_pod_that_finished_unwatched_is_not_run_again(task: MakeTask, cluster: Cluster) -> None:
    step = task(f"until('go'); {SUCCEED}")
    process = step.process()
    step.wait_for_start()
    process.send_signal(signal.SIGKILL)
    process.wait()
    step.tell_step("go")
    wait_for(lambda: cluster.pod().status["phase"] == "Succeeded", "the pod runs")
    assert step.run(2) == {"outcome": "done"}
    assert step.starts() == 1


def test_a_worker_that_goes_away_leaves_the_pod_to_the_retry(task: MakeTask, cluster: Cluster) -> None:
    step = task(f"until('go'); {SUCCEED}")
    first = step.start()
    step.wait_for_start()
    first.kill()
    ending = first.ending(seconds=5)
    assert (ending["outcome"], ending["kind"]) == ("StepLeft", "try_again")
    assert "deletionTimestamp" not in cluster.pod().manifest["metadata"]
    second = step.start(2)
    step.tell_step("go")
    assert second.ending() == {"outcome": "done"}
    assert step.starts() == 1


@pytest.mark.parametrize("state", ["failed", "success", "skipped"])
def test_a_task_that_a_person_ends_stops_its_pod_and_is_never_green(
    task: MakeTask, cluster: Cluster, state: str
) -> None:
    step = task("until('never')")
    first = step.start()
    step.wait_for_start()
    step.set_state(state)
    first.kill()
    assert first.ending(seconds=5)["kind"] == "terminated"
    assert wait_for(lambda: not cluster.living(), "the pod still runs", seconds=5)


def test_a_step_that_succeeds_while_it_is_killed_is_not_green(task: MakeTask) -> None:
    step = task(f"signal.signal(signal.SIGTERM, lambda *_: ({SUCCEED}, os._exit(0)))\nuntil('never')")
    first = step.start()
    step.wait_for_start()
    step.set_state("failed")
    first.kill()
    assert first.ending(seconds=5)["kind"] == "terminated"


def test_a_step_that_does_not_stop_is_killed_after_its_grace(task: MakeTask, cluster: Cluster) -> None:
    step = task(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); until('never')",
        execution={"stop_grace_seconds": 2},
    )
    first = step.start()
    step.wait_for_start()
    wait_for(lambda: cluster.pod().log.lines, "the step is not deaf yet")
    step.set_state("failed")
    first.kill()
    first.ending(seconds=5)
    (pod,) = cluster.living()
    assert pod.manifest["metadata"]["deletionGracePeriodSeconds"] == 2
    assert pod.gone.wait(30)


def test_the_next_attempt_waits_for_a_pod_that_is_stopping(task: MakeTask, cluster: Cluster) -> None:
    step = task(f"""
        if os.path.exists(folder + '/second'):
            {SUCCEED}
            sys.exit()
        signal.signal(signal.SIGTERM, lambda *_: (time.sleep(2), open(folder + '/ended', 'w'), sys.exit(143)))
        until('never')
    """)
    first = step.start()
    step.wait_for_start()
    step.set_state("failed")
    first.kill()
    first.ending(seconds=5)
    step.tell_step("second")
    assert step.run(2) == {"outcome": "done"}
    assert (step.folder / "ended").exists()
    assert (step.starts(), len(cluster.names)) == (2, 2)


def test_two_attempts_at_once_share_one_pod(task: MakeTask, cluster: Cluster) -> None:
    step = task(f"until('go'); {SUCCEED}")
    tries = [step.start(1), step.start(2)]
    step.wait_for_start()
    wait_for(lambda: all(each.operator.attempt and each.operator.attempt.name for each in tries), "not both have a pod")
    step.tell_step("go")
    endings = [each.ending() for each in tries]
    assert {"outcome": "done"} in endings
    assert all(ending.get("kind", "try_again") == "try_again" for ending in endings)
    assert (step.starts(), len(cluster.names)) == (1, 1)


def test_a_timeout_stops_the_pod(task: MakeTask, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import AirflowTaskTimeout

    from include.pipelines.runtimes.kubernetes.watch import PodWatch

    step = task("until('never')")

    def out_of_time(watch: PodWatch) -> None:
        step.wait_for_start()
        raise AirflowTaskTimeout("out of time")

    monkeypatch.setattr(PodWatch, "follow", out_of_time)
    assert step.run()["outcome"] == "AirflowTaskTimeout"
    assert wait_for(lambda: not cluster.living(), "the pod still runs", seconds=5)


# -- what the cluster sees ---------------------------------------------------------------------------------------------


def test_the_runtime_needs_these_rights_and_no_other(task: MakeTask, cluster: Cluster) -> None:
    step = task("os.kill(os.getpid(), signal.SIGSEGV)")
    step.run()
    assert cluster.calls == {
        ("create", "pods"),
        ("get", "pods"),
        ("list", "pods"),
        ("patch", "pods"),
        ("delete", "pods"),
        ("get", "pods/log"),
        ("list", "events"),
    }


def test_variables_come_by_reference_and_secrets_are_nowhere(
    task: MakeTask, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    step = task(f"assert os.environ['AWS_SECRET_ACCESS_KEY'].endswith('secret-value'); {SUCCEED}")
    step.set(AWS_SECRET_ACCESS_KEY="of-the-worker")
    assert step.run() == {"outcome": "done"}
    (body,) = cluster.bodies
    assert "very-secret-value" not in str(body) + capsys.readouterr().out
    assert "of-the-worker" not in str(body)


@pytest.mark.parametrize(
    "run_id",
    ["manual__$(PATH) $$ `id` \"'{{ 1 }}", "한글 실행 " * 30, "".join(map(chr, range(33, 127))) * 2 + "x" * 62],
)
def test_hostile_run_ids_reach_the_step_unchanged(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, run_id: str
) -> None:
    code = f"open(folder + '/seen', 'w').write(os.environ['STEP_RUN']); {SUCCEED}"
    step = make_task(tmp_path / "task", cluster, monkeypatch, code, run_id=run_id)
    assert step.run() == {"outcome": "done"}
    assert transport.decode_run((step.folder / "seen").read_text()).run_id == run_id
    (body,) = cluster.bodies
    assert body["metadata"]["annotations"]["nightshift/run-id"] == run_id


def test_long_output_arrives_whole_and_in_order(
    task: MakeTask, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    step = task(f"for number in range(5000): print('line', number)\nuntil('go')\n{SUCCEED}")
    first = step.start()
    step.wait_for_start()
    for _ in range(3):
        wait_for(lambda: len(cluster.pod().log.lines) >= 5000, "the step does not print")
        cluster.cut_logs()
    step.tell_step("go")
    assert first.ending() == {"outcome": "done"}
    found = [line.split("line ")[1] for line in capsys.readouterr().out.splitlines() if "line " in line]
    assert [int(text.split()[0].rstrip("'\"")) for text in found] == list(range(5000))
