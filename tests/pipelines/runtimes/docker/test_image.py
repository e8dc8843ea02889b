"""An image's name on a real engine: it may stand for another image, or for none, while a step runs."""

import json
import uuid
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

import pytest
from docker import APIClient
from docker.errors import ImageNotFound

from .steps import IMAGE, SUCCEED, MakeTask, Task

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]
CODE = f"print('in', os.environ['TRAINER_IMAGE_ID']); until('go'); {SUCCEED}"


@pytest.fixture
def name(client: APIClient) -> Iterator[str]:
    """Give the small program's image another name for one test."""
    repository = f"nightshift-test-{uuid.uuid4().hex[:12]}"
    client.tag(IMAGE, repository, "1")
    yield f"{repository}:1"
    with suppress(ImageNotFound):
        client.remove_image(f"{repository}:1", force=True)


@pytest.fixture
def task(task: MakeTask, name: str) -> MakeTask:
    def make(code: str) -> Task:
        made = task(code)
        made.environment["TRAINER_IMAGE"] = name
        return made

    return make


def give_to_another(client: APIClient, name: str, then: str = "LABEL another=1") -> str:
    """Let the name stand for another image, and return its id."""
    lines = client.build(fileobj=BytesIO(f"FROM {IMAGE}\n{then}\n".encode()), tag=name, decode=True, rm=True)
    assert [line for line in lines if "error" in line] == []
    return image(client, name)


def image(client: APIClient, name: str) -> str:
    return str(client.inspect_image(name)["Id"])


def test_a_name_that_gets_another_image_changes_the_next_container_and_none_that_works(
    task: MakeTask, client: APIClient, name: str
) -> None:
    step, next_step = task(CODE), task(CODE)
    first = image(client, name)
    try_1 = step.start()
    step.wait_for_start()
    second = give_to_another(client, name)
    try_1.kill()
    try_2 = step.start(2)
    step.tell_step("go")
    assert try_2.ending() == {"outcome": "done"}
    assert step.starts() == 1
    assert f"in {first}" in try_2.output
    next_step.tell_step("go")
    try_1 = next_step.start()
    assert try_1.ending() == {"outcome": "done"}
    assert f"{name}, which is {second}" in try_1.output
    assert f"in {second}" in try_1.output


def test_a_lost_step_is_closed_in_its_own_image(task: MakeTask, client: APIClient, name: str) -> None:
    step = task("until('die'); os._exit(139)")
    try_1 = step.start()
    step.wait_for_start()
    give_to_another(client, name, 'ENTRYPOINT ["false"]')
    step.tell_step("die")
    assert try_1.ending()["outcome"] == "StepLost"
    assert len(step.closes()) == 1


def test_a_name_that_goes_stops_nothing_and_is_named_by_the_next_container(
    task: MakeTask, client: APIClient, name: str
) -> None:
    step, next_step = task(CODE), task(CODE)
    try_1 = step.start()
    step.wait_for_start()
    client.remove_image(name)
    step.tell_step("go")
    assert try_1.ending() == {"outcome": "done"}
    ending = next_step.run()
    assert ending["kind"] == "bad_request"
    assert f"image '{name}' (TRAINER_IMAGE) is not on the Docker host and cannot be pulled" in ending["message"]


def test_an_unavailable_registry_is_asked_only_for_an_image_that_is_not_here(
    task: MakeTask, client: APIClient, name: str
) -> None:
    anonymous = {
        "DOCKER_REGISTRY_CONNECTION": "team_registry",
        "AIRFLOW_CONN_TEAM_REGISTRY": json.dumps(
            {"conn_type": "docker", "host": "127.0.0.1:9", "login": "kim", "password": "a-password"}
        ),
    }
    step, next_step = task(CODE), task(CODE)
    step.tell_step("go")
    try_1 = step.start(**anonymous)
    assert try_1.ending() == {"outcome": "done"}
    client.remove_image(name)
    try_1 = next_step.start(**anonymous)
    ending = try_1.ending()
    assert ending["kind"] == "try_again"
    assert (
        "cannot log in to the registry of connection 'team_registry' (DOCKER_REGISTRY_CONNECTION)" in ending["message"]
    )
    assert "a-password" not in try_1.output


def test_a_containers_name_of_the_image_is_kept_beside_its_id(task: MakeTask, client: APIClient, name: str) -> None:
    step = task(CODE)
    try_1 = step.start()
    step.wait_for_start()
    (container,) = step.containers()
    assert (container["ImageID"], container["Labels"]["nightshift.image"]) == (image(client, name), name)
    step.tell_step("go")
    assert try_1.ending() == {"outcome": "done"}
