"""The docker runtime on a real engine: whatever dies, there is one container, one result, and nothing is left.

The step is a small program in the place of the trainer; the task is a process of its own, so that it can be killed.
"""

import threading
from typing import Any

import pytest
from docker import APIClient

from include.pipelines.runtimes.docker.engine import create, remove, start, state_of
from include.pipelines.runtimes.docker.gpu_lease import create_with_gpus
from include.step_contract import transport
from include.step_contract.failure import Failure, FailureKind
from include.step_contract.order import Step
from tests.pipelines.conftest import RESULT

from .steps import IMAGE, SUCCEED, MakeTask, engine, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]


def test_result_ends_the_task_green_and_the_container_is_gone(task: MakeTask) -> None:
    step = task(f"print('first'); print('두 번째', file=sys.stderr); {SUCCEED}")
    try_1 = step.start()
    assert try_1.ending() == {"outcome": "done"}
    assert "first" in try_1.output
    assert "두 번째" in try_1.output
    assert "MLflow run abc: 100 images" in try_1.output
    assert (step.starts(), step.containers()) == (1, [])


@pytest.mark.parametrize("kind", list(FailureKind))
def test_failure_carries_its_kind_and_the_container_is_kept(task: MakeTask, kind: FailureKind) -> None:
    line = transport.encode_failure(Failure(step=Step.PREPROCESS, kind=kind, message="한글 이유"))
    step = task(f"print({line!r}); sys.exit({int(kind.exit_code)})")
    ending = step.run(3)
    assert (ending["kind"], ending["message"]) == (kind.value, f"preprocess: {kind}: 한글 이유")
    (name,) = step.names()
    assert "-preprocess-try3-" in name


def test_a_failed_container_is_removed_at_once_where_none_is_kept(task: MakeTask) -> None:
    step = task("sys.exit(65)")
    assert step.run(DOCKER_KEEP_FAILED_HOURS="0")["kind"] == "bad_data"
    assert step.containers() == []


def test_refusal_skips_the_task(task: MakeTask) -> None:
    step = task(f"{SUCCEED}; sys.exit(99)")
    assert step.run() == {"outcome": "skipped", "message": "100 images"}
    assert step.containers() == []


def test_only_standard_output_answers(task: MakeTask) -> None:
    step = task(f"print({transport.encode_result(RESULT)!r}, file=sys.stderr)")
    assert step.run()["message"] == "preprocess: exit code 0 without a result line; expected one"


def test_what_comes_after_the_result_does_not_replace_it(task: MakeTask) -> None:
    step = task(f"{SUCCEED}; print('a warning at exit'); print(); print('late', file=sys.stderr)")
    assert step.run() == {"outcome": "done"}


def test_a_step_that_says_nothing_is_lost_and_its_record_closed(task: MakeTask) -> None:
    step = task("os.kill(os.getpid(), signal.SIGSEGV); os._exit(139)")
    ending = step.run()
    assert (ending["outcome"], ending["kind"]) == ("StepLost", "try_again")
    assert "SIGSEGV" in ending["message"]
    (close,) = step.closes()
    assert close.startswith("close --kind try_again --reason preprocess: ended by SIGSEGV")
    assert len(step.containers()) == 1


def test_a_step_that_outgrows_its_memory_says_so(task: MakeTask) -> None:
    step = task("hog = bytearray(600 << 20); time.sleep(30)")
    ending = step.run()
    assert ending["kind"] == "out_of_memory"
    assert "reached its limit of 256Mi (resources.preprocess.memory in the catalog)" in ending["message"]
    assert len(step.closes()) == 1


def test_killed_task_process_loses_nothing_the_retry_attaches(task: MakeTask) -> None:
    step = task(f"print('before'); until('go'); print('after'); {SUCCEED}")
    try_1 = step.start()
    step.wait_for_start()
    (container,) = step.containers()
    try_1.kill()
    try_2 = step.start(2)
    wait_for((step.folder / "store.json").exists, "nothing was stored")
    step.tell_step("go")
    assert try_2.ending() == {"outcome": "done"}
    assert f"({container['Id'][:12]}) of an earlier attempt is running; attaching to it" in try_2.output
    assert "after" in try_2.output
    assert (step.starts(), step.containers()) == (1, [])


def test_a_container_that_ended_unwatched_is_not_run_again(task: MakeTask) -> None:
    step = task(f"until('go'); {SUCCEED}")
    try_1 = step.start()
    step.wait_for_start()
    try_1.kill()
    step.tell_step("go")
    wait_for(lambda: step.containers(status="exited"), "the step does not end")
    assert step.run(2) == {"outcome": "done"}
    assert (step.starts(), step.containers()) == (1, [])


def test_a_failure_that_came_unwatched_is_taken_once(task: MakeTask) -> None:
    step = task("until('go'); sys.exit(65)")
    try_1 = step.start()
    step.wait_for_start()
    try_1.kill()
    step.tell_step("go")
    assert step.run(2)["kind"] == "bad_data"
    assert step.run(3)["kind"] == "bad_data"
    assert step.starts() == 2


def test_the_container_is_found_where_its_id_was_never_stored(task: MakeTask) -> None:
    step = task(f"until('go'); {SUCCEED}")
    try_1 = step.start()
    step.wait_for_start()
    try_1.kill()
    (step.folder / "store.json").unlink(missing_ok=True)
    try_2 = step.start(2)
    step.tell_step("go")
    assert try_2.ending() == {"outcome": "done"}
    assert "attaching to it" in try_2.output
    assert step.starts() == 1


def test_a_container_that_was_created_but_never_started_is_replaced(task: MakeTask, client: APIClient) -> None:
    step = task(SUCCEED)
    step.run()
    name = f"nightshift-{transport.decode_run((step.folder / 'run.json').read_text()).key[:20]}-preprocess"
    create(client, {"name": name, "image": IMAGE, "command": ["never"]})
    assert step.run(2) == {"outcome": "done"}
    assert (step.folder / "starts").read_text() == "preprocess\npreprocess\n"
    assert state_of(client, name) is None


def test_a_worker_that_goes_away_leaves_the_container_to_the_retry(task: MakeTask) -> None:
    step = task(f"until('go'); {SUCCEED}")
    try_1 = step.start()
    step.wait_for_start()
    try_1.terminate()
    ending = try_1.ending(seconds=5)
    assert (ending["outcome"], ending["kind"]) == ("StepLeft", "try_again")
    assert len(step.containers(status="running")) == 1
    try_2 = step.start(2)
    step.tell_step("go")
    assert try_2.ending() == {"outcome": "done"}
    assert (step.starts(), step.containers()) == (1, [])


def test_a_task_that_a_person_ends_stops_its_container_and_is_never_green(task: MakeTask) -> None:
    step = task("until('never')")
    try_1 = step.start()
    step.wait_for_start()
    step.set_state("failed")
    try_1.terminate()
    ending = try_1.ending(seconds=5)
    assert ending["kind"] == "terminated"
    wait_for(lambda: not step.containers(status="running"), "the container still runs")
    (container,) = step.containers()
    assert step.client.inspect_container(container["Id"])["State"]["ExitCode"] == 143
    assert "-stopped-" in container["Names"][0]


def test_a_task_that_is_out_of_time_stops_its_container(task: MakeTask) -> None:
    step = task("until('never')")
    (step.folder / "timeout").write_text("4")
    ending = step.start().ending(seconds=30)
    assert ending["outcome"] == "AirflowTaskTimeout"
    wait_for(lambda: not step.containers(status="running"), "the container still runs")
    (container,) = step.containers()
    assert step.client.inspect_container(container["Id"])["State"]["ExitCode"] == 143


def test_a_step_that_does_not_stop_is_killed_by_the_engine_after_its_grace(task: MakeTask) -> None:
    code = "signal.signal(signal.SIGTERM, signal.SIG_IGN); until('never')"
    step = task(code, execution={"stop_grace_seconds": 2})
    try_1 = step.start()
    step.wait_for_start()
    step.set_state("failed")
    try_1.terminate()
    assert try_1.ending(seconds=5)["kind"] == "terminated"  # long before the container ends
    wait_for(lambda: not step.containers(status="running"), "the container still runs", seconds=10)


def test_the_next_attempt_waits_for_a_container_that_is_stopping(task: MakeTask) -> None:
    code = f"""
        if os.path.exists('/code/second'):
            {SUCCEED}
            sys.exit()
        signal.signal(signal.SIGTERM, lambda *_: (time.sleep(3), open('/code/ended', 'w'), sys.exit(143)))
        until('never')
    """
    step = task(code)
    try_1 = step.start()
    step.wait_for_start()
    step.set_state("failed")
    try_1.terminate()
    try_1.ending(seconds=5)
    step.tell_step("second")
    try_2 = step.start(2)
    assert try_2.ending() == {"outcome": "done"}
    assert (step.folder / "ended").exists()
    assert step.starts() == 2


def test_two_attempts_at_once_share_one_container(task: MakeTask) -> None:
    step = task(f"until('go'); {SUCCEED}")
    tries = [step.start(1), step.start(2)]
    wait_for(lambda: all(each.is_at_the_container() for each in tries), "not both are at the container", seconds=60)
    step.tell_step("go")
    endings = [each.ending() for each in tries]
    assert {"outcome": "done"} in endings
    assert all(ending.get("kind", "try_again") == "try_again" for ending in endings)
    assert (step.starts(), step.containers()) == (1, [])


def test_a_missing_image_is_a_bad_request(task: MakeTask) -> None:
    step = task(SUCCEED)
    ending = step.run(TRAINER_IMAGE="nightshift-nowhere:1")
    assert ending["kind"] == "bad_request"
    assert "image 'nightshift-nowhere:1' (TRAINER_IMAGE) is not on the Docker host" in ending["message"]


def test_a_missing_network_is_named_and_leaves_no_container(task: MakeTask) -> None:
    step = task(SUCCEED)
    ending = step.run(DOCKER_NETWORK="nightshift-nowhere")
    assert ending["kind"] == "bad_request"
    assert "nightshift-nowhere" in ending["message"]
    assert step.containers() == []


def test_a_missing_engine_is_named_with_its_address(task: MakeTask) -> None:
    step = task(SUCCEED)
    ending = step.run(DOCKER_HOST="unix:///nowhere/docker.sock")
    assert ending["kind"] == "try_again"
    assert "no Docker engine answers at unix:///nowhere/docker.sock (DOCKER_HOST)" in ending["message"]


def test_the_container_is_confined_and_its_secrets_are_not_in_the_log(task: MakeTask) -> None:
    step = task(f"until('go'); {SUCCEED}")
    try_1 = step.start()
    step.wait_for_start()
    (container,) = step.containers()
    found = step.client.inspect_container(container["Id"])
    host = found["HostConfig"]
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (10**9, 256 << 20, 256 << 20)
    assert (host["ShmSize"], host["PidsLimit"]) == (64 << 20, 4096)
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (True, ["ALL"], False)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert found["Config"]["User"] == "1000:0"
    assert found["Config"]["StopTimeout"] == 10
    assert "AWS_SECRET_ACCESS_KEY=very-secret-value" in found["Config"]["Env"]
    assert {mount["Destination"] for mount in found["Mounts"]} == {"/code", "/scratch", "/cache"}
    step.tell_step("go")
    assert try_1.ending() == {"outcome": "done"}
    assert "very-secret-value" not in try_1.output


def test_long_output_arrives_whole_and_in_order(task: MakeTask) -> None:
    step = task(f"for number in range(20000): print('line', number)\n{SUCCEED}")
    try_1 = step.start()
    assert try_1.ending() == {"outcome": "done"}
    numbers = [
        int(line.split("line ")[1].split()[0].rstrip("'\"")) for line in try_1.output.splitlines() if "line " in line
    ]
    assert numbers == list(range(20000))


def test_twenty_tasks_on_four_gpus_never_share_one(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of devices is made up, since there are none; labels, containers and engine are real."""
    devices = ("0", "1", "2", "3")
    held: dict[str, int] = dict.fromkeys(devices, 0)
    collisions: list[str] = []
    guard = threading.Lock()

    def config(name: str, gpus: Any) -> dict[str, Any]:
        labels = {"nightshift.gpus": ",".join(gpus), "nightshift.test": "gpu"}
        return {"name": name, "image": IMAGE, "entrypoint": ["sleep", "600"], "labels": labels}

    def work(number: int) -> None:
        own = engine()
        count = 1 + number % 2
        name = f"nightshift-test-gpu-{number}"
        container = create_with_gpus(own, devices, count, lambda gpus: config(name, gpus), lambda: None)
        assert container is not None
        start(own, container)
        mine = own.inspect_container(container)["Config"]["Labels"]["nightshift.gpus"].split(",")
        with guard:
            for device in mine:
                held[device] += 1
                if held[device] > 1:
                    collisions.append(device)
        threading.Event().wait(0.3)
        with guard:
            for device in mine:
                held[device] -= 1
        remove(own, container)

    monkeypatch.setattr("include.pipelines.runtimes.docker.gpu_lease._POLL_SECONDS", 0.2)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collisions == []
    assert client.containers(all=True, filters={"label": "nightshift.test=gpu"}) == []
