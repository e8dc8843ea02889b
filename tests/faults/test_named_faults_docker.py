"""Named faults of the docker runtime: changes of the image's name while a DAG run is under way."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

import pytest
from docker import APIClient
from docker.errors import ImageNotFound

from tests.e2e.conftest import Stack
from tests.e2e.test_docker import IMAGE, client, containers_of, log_of

from .docker_faults import ON_DOCKER, remove_containers
from .faults import DAG_ID, end_of
from .invariants import violations
from .test_named_faults import begin, tags, wait_for

__all__ = ["client"]

MOVING = "nightshift-test-moving:1"
STACK_ENVIRONMENT = {"TRAINING_RUNTIME": "docker", "TRAINER_IMAGE": MOVING}
pytestmark = [*ON_DOCKER, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def first_image(client: APIClient, stack: Stack) -> Iterator[str]:
    """The id of the training image; its other name is what a test may take away or give to another image."""
    client.tag(IMAGE, *MOVING.split(":"))
    yield str(client.inspect_image(MOVING)["Id"])
    remove_containers(client, stack)
    with suppress(ImageNotFound):
        client.remove_image(MOVING)


def test_a_name_that_gets_another_image_in_mid_run_counts_from_the_next_container_on(
    stack: Stack, client: APIClient, first_image: str
) -> None:
    run_id = begin(stack, "replaced")
    wait_for(lambda: "checkpoint" in tags(stack, run_id))
    lines = client.build(fileobj=BytesIO(f"FROM {IMAGE}\nLABEL another=1\n".encode()), tag=MOVING, decode=True, rm=True)
    assert [line for line in lines if "error" in line] == []
    second_image = str(client.inspect_image(MOVING)["Id"])
    assert second_image != first_image
    (training,) = containers_of(client, run_id, "train")
    assert client.inspect_container(training)["Image"] == tags(stack, run_id)["step.train.image"] == first_image
    client.kill(training, signal.SIGKILL)
    assert end_of(stack, run_id) == "success"

    found = tags(stack, run_id)
    assert found["step.preprocess.image"] == first_image
    assert found["environment.image_id"] == second_image
    assert {found[f"step.{step}.image"] for step in ("train", "evaluate", "register", "promote")} == {second_image}
    log = log_of(stack, run_id, "train", 2)
    assert f"{MOVING}, which is {second_image}" in log
    assert f"an earlier attempt of train ran in image {first_image}, this one runs in {second_image}" in log
    assert violations(stack, "small") == []


def test_a_name_that_goes_in_mid_run_stops_nothing_that_works_and_is_named_by_the_next_step(
    stack: Stack, client: APIClient, first_image: str
) -> None:
    run_id = begin(stack, "removed")
    wait_for(lambda: "checkpoint" in tags(stack, run_id))
    client.remove_image(MOVING)
    assert end_of(stack, run_id) == "failed"
    states = {step: (task["state"], task["try_number"]) for step, task in stack.api.task_states(DAG_ID, run_id).items()}
    assert (states["train"], states["evaluate"]) == (("success", 1), ("failed", 1))
    reason = f"image '{MOVING}' (TRAINER_IMAGE) is not on the Docker host and cannot be pulled"
    assert reason in log_of(stack, run_id, "evaluate", 1)
    assert reason in stack.messages(run_id)[-1]["reason"]

    client.tag(IMAGE, *MOVING.split(":"))
    stack.api.clear(DAG_ID, run_id)
    wait_for(lambda: stack.api.dag_run(DAG_ID, run_id)["state"] != "failed")
    assert end_of(stack, run_id) == "success"
    assert tags(stack, run_id)["step.evaluate.image"] == first_image
    assert violations(stack, "small") == []
