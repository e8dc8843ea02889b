import json
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from mlflow.tracking import MlflowClient
from pydantic import TypeAdapter

from step_contract.catalog import ModelName
from step_contract.tags import ALIAS_HISTORY_PREFIX, LEDGER_TAG
from tests.trainer.mlflow_client import client_of
from trainer.errors import BadRequest, TryAgain
from trainer.registry import alias_moves
from trainer.registry.alias_moves import Mover
from trainer.registry.model_registry import MissingWeights, ModelRegistry
from trainer.registry.version import RegisteredVersion
from trainer.settings import Settings
from trainer.tracking import connect

NIGHT = datetime(2026, 3, 1, tzinfo=UTC)
ALIAS = "champion"
ROOT = str(Path(__file__).resolve().parents[3])
TEST = Mover("the test", "because")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alias_moves, "_BY_HAND_SECONDS", 0.05)


@pytest.fixture
def client(settings: Settings) -> MlflowClient:
    return connect(settings.mlflow_tracking_uri)


@pytest.fixture
def registry(client: MlflowClient) -> ModelRegistry:
    registry = ModelRegistry(client, "숫자", now=lambda: NIGHT)
    registry.ensure_model("digits", "handwriting")
    return registry


def add(registry: ModelRegistry, night: int, key: str | None = None, **tags: str) -> RegisteredVersion:
    """Register a version of a made-up model, with data until the given night."""
    client = client_of(registry)
    experiment = client.get_experiment_by_name("digits")
    experiment_id = experiment.experiment_id if experiment else client.create_experiment("digits")
    run_id = client.create_run(experiment_id).info.run_id
    model = client.create_logged_model(experiment_id, "model", run_id)
    packed = Path("packed") / "artifacts"
    packed.mkdir(parents=True, exist_ok=True)
    (packed / "best.pt").write_text(f"weights of night {night}")
    client.log_model_artifacts(model.model_id, "packed")
    own = {"run_key": key or f"run{night}", "data_interval_end": (NIGHT + timedelta(days=night)).isoformat()} | tags
    return registry.add_version(run_id, model.model_id, own, "made up")


def holder(registry: ModelRegistry, alias: str = ALIAS) -> str | None:
    version = registry.champion(alias)
    return version.version if version else None


def chain(registry: ModelRegistry) -> list[tuple[str | None, str | None]]:
    return [(move.from_version, move.to_version) for move in registry.history(ALIAS)]


# -- the registered model ---------------------------------------------------------------------------------------------


def test_ensuring_twice_keeps_the_first_description(registry: ModelRegistry) -> None:
    registry.ensure_model("digits", "another description")
    model = client_of(registry).get_registered_model("숫자")
    assert (model.description, model.tags["pipeline"]) == ("handwriting", "digits")


def test_a_model_of_another_pipeline_is_refused(registry: ModelRegistry) -> None:
    with pytest.raises(
        BadRequest, match=r"belongs to pipeline 'digits'; expected 'letters'\. Give registry.model another"
    ):
        registry.ensure_model("letters", "")


def test_a_model_that_was_made_by_hand_becomes_the_pipelines(client: MlflowClient) -> None:
    client.create_registered_model("by hand")
    ModelRegistry(client, "by hand").ensure_model("digits", "")
    assert client.get_registered_model("by hand").tags == {"pipeline": "digits"}


def test_without_the_registered_model_there_is_no_champion(client: MlflowClient) -> None:
    assert ModelRegistry(client, "nobody").champion(ALIAS) is None
    assert ModelRegistry(client, "nobody").history(ALIAS) == ()


# -- versions ---------------------------------------------------------------------------------------------------------


def test_a_run_has_one_version_even_if_two_attempts_registered_at_once(registry: ModelRegistry) -> None:
    first = add(registry, 1, "the run")
    second = add(registry, 1, "the run")
    assert second == first
    assert [item.version for item in client_of(registry).search_model_versions("name = '숫자'")] == [int(first.version)]


def test_the_logged_model_is_linked_to_its_version(registry: ModelRegistry) -> None:
    version = add(registry, 1)
    found = client_of(registry).get_model_version("숫자", version.version)
    model = client_of(registry).get_logged_model(found.source.removeprefix("models:/"))
    assert json.loads(model.tags["mlflow.modelVersions"]) == [{"name": "숫자", "version": version.version}]
    assert found.run_id == model.source_run_id


def test_weights_come_back_as_they_were_registered(registry: ModelRegistry, tmp_path: Path) -> None:
    weights = registry.download_weights(add(registry, 3), tmp_path / "fetched")
    assert weights.read_text() == "weights of night 3"


def test_files_are_found_whatever_the_catalog_lets_a_model_be_called(client: MlflowClient, tmp_path: Path) -> None:
    every = "".join(map(chr, range(32, 127))) + "숫자 é\u2028 "
    allowed = TypeAdapter(ModelName).validator.isinstance_python
    name = "".join(sign for sign in every if allowed(sign))
    assert allowed(name)
    registry = ModelRegistry(client, name)
    registry.ensure_model("digits", "")
    assert registry.download_weights(add(registry, 3), tmp_path).read_text() == "weights of night 3"


def test_missing_weights_are_distinguished_from_an_unavailable_store(registry: ModelRegistry, tmp_path: Path) -> None:
    version = add(registry, 3)
    source = client_of(registry).get_model_version_download_uri("숫자", version.version)
    shutil.rmtree(source)
    with pytest.raises(MissingWeights, match=r"version 1 of '숫자' has no artifacts/best\.pt in the artifact store"):
        registry.download_weights(version, tmp_path / "fetched")


def test_an_unused_version_can_be_discarded(registry: ModelRegistry) -> None:
    version = add(registry, 1)
    registry.set_alias_forward("challenger", version)
    registry.discard(version, but_for_alias="challenger")
    assert registry.version_of("run1") is None


@pytest.mark.parametrize("still", [True, False])
def test_a_version_that_is_or_was_in_use_is_never_discarded(registry: ModelRegistry, still: bool) -> None:
    version, newer = add(registry, 1), add(registry, 2)
    registry.move_alias(ALIAS, version, None, TEST)
    if not still:
        registry.move_alias(ALIAS, newer, version, TEST)
    now = ALIAS if still else "none"
    with pytest.raises(
        BadRequest, match=rf"holds or held an alias \(now: {now}\) or is to get one; a model in use is never replaced"
    ):
        registry.discard(version, but_for_alias="challenger")


def test_a_version_that_is_to_get_an_alias_is_never_discarded(registry: ModelRegistry) -> None:
    version = add(registry, 1)
    stopped_move(registry, version, None)
    with pytest.raises(BadRequest, match=r"holds or held an alias \(now: none\) or is to get one; a model"):
        registry.discard(version, but_for_alias="challenger")
    registry.complete_history(ALIAS, TEST)
    assert holder(registry) == "1"


# -- the candidate's alias --------------------------------------------------------------------------------------------


def test_an_alias_moves_forward_in_data_time_only(registry: ModelRegistry) -> None:
    newer, older = add(registry, 5), add(registry, 2)
    assert registry.set_alias_forward("challenger", newer) is True
    assert registry.set_alias_forward("challenger", older) is False
    assert holder(registry, "challenger") == newer.version
    assert registry.set_alias_forward("challenger", newer) is True


def test_of_two_versions_with_equal_data_the_later_one_gets_the_alias(registry: ModelRegistry) -> None:
    one, other = add(registry, 5, "a"), add(registry, 5, "b")
    registry.set_alias_forward("challenger", other)
    assert registry.set_alias_forward("challenger", one) is False
    assert holder(registry, "challenger") == other.version


def test_a_version_that_does_not_say_its_data_time_gives_way(registry: ModelRegistry) -> None:
    by_hand, own = add(registry, 9, data_interval_end="yesterday"), add(registry, 1)
    registry.set_alias_forward("challenger", by_hand)
    assert by_hand.data_time is None
    assert registry.set_alias_forward("challenger", own) is True


# -- moves and their history ------------------------------------------------------------------------------------------


def test_a_move_is_written_down_with_who_when_and_why(registry: ModelRegistry) -> None:
    version = add(registry, 1)
    assert registry.move_alias(ALIAS, version, None, TEST) is True
    assert holder(registry) == "1"
    (move,) = registry.history(ALIAS)
    assert move.model_dump(mode="json") == {
        "number": 1,
        "when": "2026-03-01T00:00:00Z",
        "alias": "champion",
        "from": None,
        "to": "1",
        "run_key": "run1",
        "data_interval_end": "2026-03-02T00:00:00Z",
        "by": "the test",
        "why": "because",
    }
    assert json.loads(client_of(registry).get_registered_model("숫자").tags["alias_history.000001"])["to"] == "1"


def test_an_alias_that_another_process_moved_meanwhile_is_not_moved(registry: ModelRegistry) -> None:
    one, two, three = add(registry, 1), add(registry, 2), add(registry, 3)
    registry.move_alias(ALIAS, one, None, TEST)
    registry.move_alias(ALIAS, three, one, TEST)
    assert registry.move_alias(ALIAS, two, one, TEST) is False
    assert holder(registry) == three.version
    assert [move.to_version for move in registry.history(ALIAS)] == ["1", "3"]


def test_a_person_who_moves_the_alias_at_the_same_moment_is_written_down_as_the_next(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = add(registry, 1), add(registry, 2)
    own = client_of(registry).set_registered_model_alias

    def two_at_once(name: str, alias: str, version: str) -> None:
        own(name, alias, version)
        own(name, alias, two.version)

    monkeypatch.setattr(client_of(registry), "set_registered_model_alias", two_at_once)
    assert registry.move_alias(ALIAS, one, None, TEST) is True
    registry.complete_history(ALIAS, TEST)
    assert chain(registry) == [(None, "1"), ("1", "2")]


def test_a_duplicate_that_another_attempt_has_just_deleted_is_no_error(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = add(registry, 1)
    client, found = client_of(registry), client_of(registry).search_model_versions("name = '숫자'")
    second = client.create_model_version("숫자", found[0].source, found[0].run_id, dict(found[0].tags))
    both = client.search_model_versions("name = '숫자'")
    client.delete_model_version("숫자", str(second.version))
    monkeypatch.setattr(client, "search_model_versions", lambda _: both)
    assert registry.version_of("run1") == first


def test_a_move_that_was_claimed_and_not_made_is_made_by_the_next(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = add(registry, 1), add(registry, 2)
    with monkeypatch.context() as patch:
        patch.setattr(alias_moves, "set_alias", Mock(side_effect=KeyboardInterrupt))  # the process dies here
        with pytest.raises(KeyboardInterrupt):
            registry.move_alias(ALIAS, one, None, TEST)
    assert holder(registry) is None
    assert registry.move_alias(ALIAS, two, None, TEST) is False
    assert holder(registry) == "1"
    assert registry.move_alias(ALIAS, two, one, TEST) is True
    assert chain(registry) == [(None, "1"), ("1", "2")]


def stopped_move(registry: ModelRegistry, version: RegisteredVersion, expected: RegisteredVersion | None) -> None:
    """Claim a move of the alias and die before it is made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alias_moves, "set_alias", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            registry.move_alias(ALIAS, version, expected, TEST)


def test_a_claimed_move_to_a_version_that_was_deleted_does_not_stop_those_after_it(
    registry: ModelRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    one, two, three = add(registry, 1), add(registry, 2), add(registry, 3)
    registry.move_alias(ALIAS, one, None, TEST)
    stopped_move(registry, two, one)
    client_of(registry).delete_model_version("숫자", two.version)
    registry.complete_history(ALIAS, TEST)
    assert "version 2 of '숫자' was deleted; alias 'champion' is not moved" in caplog.text
    assert chain(registry) == [(None, "1"), ("1", "2"), ("2", "1")]
    registry.complete_history(ALIAS, TEST)
    assert registry.move_alias(ALIAS, three, one, TEST) is True
    assert (holder(registry), chain(registry)[3:]) == ("3", [("1", "3")])


def test_a_version_that_is_deleted_while_it_gets_the_alias_is_not_said_to_have_it(registry: ModelRegistry) -> None:
    one, two = add(registry, 1), add(registry, 2)
    registry.move_alias(ALIAS, one, None, TEST)
    client_of(registry).delete_model_version("숫자", two.version)
    with pytest.raises(BadRequest, match=r"version 2 of '숫자' was deleted before it got alias 'champion'; expected"):
        registry.move_alias(ALIAS, two, one, TEST)
    registry.complete_history(ALIAS, TEST)
    assert (holder(registry), chain(registry)[-1]) == ("1", ("2", "1"))


def test_a_slow_process_gives_the_alias_to_the_last_later_claim(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = add(registry, 1), add(registry, 2)
    own, waiting = alias_moves.set_alias, [True]

    def slow(client: MlflowClient, model: str, alias: str, version: str) -> None:
        if waiting:
            waiting.clear()
            registry.move_alias(ALIAS, two, None, TEST)  # makes the claimed move first
            registry.move_alias(ALIAS, two, one, TEST)
        own(client, model, alias, version)

    monkeypatch.setattr(alias_moves, "set_alias", slow)
    assert registry.move_alias(ALIAS, one, None, TEST) is True
    assert holder(registry) == "2"
    assert chain(registry) == [(None, "1"), ("1", "2")]


def test_a_model_of_an_earlier_version_gets_its_ledger_when_its_alias_moves(registry: ModelRegistry) -> None:
    one, two = add(registry, 1), add(registry, 2)
    registry.move_alias(ALIAS, one, None, TEST)
    client_of(registry).delete_registered_model_tag("숫자", LEDGER_TAG)
    registry.move_alias(ALIAS, two, one, TEST)
    assert [(move.number, move.from_version, move.to_version) for move in registry.history(ALIAS)] == [
        (1, None, "1"),
        (2, "1", "2"),
    ]


@pytest.mark.parametrize("count", [6, pytest.param(50, marks=pytest.mark.faults)])
def test_threads_that_want_the_alias_at_once_leave_one_chain(
    registry: ModelRegistry, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alias_moves, "_BY_HAND_SECONDS", 2.0)
    versions = [add(registry, night) for night in range(1, 1 + count)]
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda version: take(registry, version.run_key or ""), versions))
    check_chain(registry, versions)


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_processes_that_want_the_alias_at_once_leave_one_chain(registry: ModelRegistry) -> None:
    versions = [add(registry, night) for night in range(1, 9)]
    code = (
        "import sys\nfrom trainer.tracking import connect\n"
        "from trainer.registry.model_registry import ModelRegistry\n"
        "from tests.trainer.registry.test_model_registry import take\n"
        "take(ModelRegistry(connect(sys.argv[1]), '숫자'), sys.argv[2])"
    )
    command = [sys.executable, "-c", code, client_of(registry).tracking_uri]
    running = [subprocess.Popen([*command, version.run_key or ""], cwd=ROOT) for version in versions]
    assert [process.wait(timeout=500) for process in running] == [0] * len(versions)
    check_chain(registry, versions)


def check_chain(registry: ModelRegistry, versions: list[RegisteredVersion]) -> None:
    moves = registry.history(ALIAS)
    assert [move.number for move in moves] == list(range(1, len(moves) + 1))
    assert [move.from_version for move in moves] == [None, *(move.to_version for move in moves)][:-1]
    assert [move.data_interval_end for move in moves] == sorted(move.data_interval_end for move in moves)
    assert holder(registry) == moves[-1].to_version == versions[-1].version


def take(registry: ModelRegistry, run_key: str) -> None:
    """Take the alias as promote does: look again until it is taken or held by newer data."""
    version = registry.version_of(run_key)
    assert version is not None
    while True:
        try:
            registry.complete_history(ALIAS, TEST)
            champion = registry.champion(ALIAS)
            if champion is not None and int(champion.version) >= int(version.version):
                return
            if registry.move_alias(ALIAS, version, champion, TEST):
                return
        except TryAgain:  # SQLite is locked
            time.sleep(random.random() / 10)


def test_a_line_that_is_missing_is_completed_once(registry: ModelRegistry) -> None:
    version = add(registry, 1)
    client_of(registry).set_registered_model_alias("숫자", ALIAS, version.version)
    registry.complete_history(ALIAS, TEST)
    registry.complete_history(ALIAS, TEST)
    assert [(move.from_version, move.to_version, move.run_key) for move in registry.history(ALIAS)] == [
        (None, "1", "run1")
    ]


def test_an_alias_deleted_by_hand_is_part_of_the_chain(registry: ModelRegistry) -> None:
    registry.move_alias(ALIAS, add(registry, 1), None, TEST)
    client_of(registry).delete_registered_model_alias("숫자", ALIAS)
    registry.complete_history(ALIAS, TEST)
    registry.move_alias(ALIAS, add(registry, 2), None, TEST)
    chain = [(move.from_version, move.to_version) for move in registry.history(ALIAS)]
    assert chain == [(None, "1"), ("1", None), (None, "2")]


def test_an_alias_away_from_the_end_of_its_history_is_left_until_that_is_written(
    registry: ModelRegistry,
) -> None:
    one, two = add(registry, 1), add(registry, 2)
    client_of(registry).set_registered_model_alias("숫자", ALIAS, one.version)
    assert registry.move_alias(ALIAS, two, one, TEST) is False
    registry.complete_history(ALIAS, TEST)
    assert registry.move_alias(ALIAS, two, one, TEST) is True
    assert chain(registry) == [(None, "1"), ("1", "2")]


def test_two_aliases_have_a_history_each_and_share_the_numbers(registry: ModelRegistry) -> None:
    version = add(registry, 1)
    registry.move_alias(ALIAS, version, None, TEST)
    registry.move_alias("production", version, None, TEST)
    assert [move.number for move in registry.history(ALIAS)] == [1]
    assert [move.number for move in registry.history("production")] == [2]


def test_an_unreadable_move_is_skipped_and_its_number_is_not_reused(
    registry: ModelRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    client_of(registry).set_registered_model_tag("숫자", f"{ALIAS_HISTORY_PREFIX}000007", "no json")
    registry.move_alias(ALIAS, add(registry, 1), None, TEST)
    assert [move.number for move in registry.history(ALIAS)] == [8]
    assert "tag alias_history.000007 is not an alias move" in caplog.text


def test_a_long_reason_is_cut_to_what_a_tag_holds(registry: ModelRegistry) -> None:
    registry.move_alias(ALIAS, add(registry, 1), None, Mover("the test", "이유 " * 5000))
    assert len(client_of(registry).get_registered_model("숫자").tags["alias_history.000001"]) < 5000
    assert registry.history(ALIAS)[0].why.startswith("이유 이유")


def test_a_line_that_was_overwritten_is_written_again(registry: ModelRegistry) -> None:
    one, two = add(registry, 1), add(registry, 2)
    registry.move_alias(ALIAS, one, None, TEST)
    key = f"{ALIAS_HISTORY_PREFIX}000001"
    before = client_of(registry).get_registered_model("숫자").tags[key]
    client_of(registry).set_registered_model_tag("숫자", key, json.dumps(json.loads(before) | {"to": "9"}))
    registry.move_alias(ALIAS, two, one, TEST)
    assert client_of(registry).get_registered_model("숫자").tags[key] == before
    assert chain(registry) == [(None, "1"), ("1", "2")]


def test_a_person_who_moved_the_alias_since_is_not_overruled_by_a_claimed_move(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third = add(registry, 1), add(registry, 2), add(registry, 3)
    registry.move_alias(ALIAS, first, None, TEST)
    registry.move_alias(ALIAS, second, first, TEST)
    with monkeypatch.context() as patch:
        patch.setattr(alias_moves, "set_alias", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            registry.move_alias(ALIAS, third, second, TEST)
    client_of(registry).set_registered_model_alias(registry.model, ALIAS, first.version)
    registry.complete_history(ALIAS, TEST)
    assert holder(registry) == first.version
    assert chain(registry)[2:] == [("2", "3"), ("3", "1")]
    assert "was moved to version 1 by hand; the move to version 3, claimed before, is skipped" in caplog.text
    assert registry.move_alias(ALIAS, second, first, TEST)


def test_once_moved_to_a_version_the_alias_does_not_come_back_by_itself(registry: ModelRegistry) -> None:
    """An attempt that slept while its successor promoted the version and a person took the alias back from it."""
    first, second = add(registry, 1), add(registry, 2)
    registry.move_alias(ALIAS, first, None, TEST)
    assert registry.move_alias(ALIAS, second, first, TEST, once=True)
    assert registry.move_alias(ALIAS, first, second, TEST)
    assert not registry.move_alias(ALIAS, second, first, TEST, once=True)
    assert holder(registry) == first.version
