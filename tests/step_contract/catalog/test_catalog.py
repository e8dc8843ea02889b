"""Read valid catalogs: defaults, null, anchors, YAML 1.2, one pipeline of many, and the command line."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from step_contract.__main__ import main
from step_contract.catalog import Pipeline
from step_contract.catalog.reading import CatalogReading, read_catalog, yaml_tree
from tests.step_contract.conftest import SECOND, SOUND

Read = Callable[..., CatalogReading]


def pipeline_of(reading: CatalogReading, name: str = "digits") -> Pipeline:
    """Return a pipeline of a reading without problems."""
    assert [str(problem) for problem in reading.problems] == []
    return reading.pipelines[name]


def many(count: int) -> str:
    """Return a catalog of pipelines p0, p1, ..., with comments and empty lines between them."""
    blocks = [f"{SECOND.replace('letters', f'p{number}')}    # about p{number}\n\n" for number in range(count)]
    return "version: 1\n\n# 설명\npipelines: # all\n  # first\n\n" + "".join(blocks) + "defaults:\n  owner: 연구팀\n"


def test_the_shipped_catalog_has_the_demo(read: Read) -> None:
    shipped = Path(__file__).parents[3] / "include" / "training_catalog.yaml"
    pipeline = pipeline_of(read_catalog(shipped))
    assert pipeline.dag_id == "train_digits"
    assert pipeline.timezone == ZoneInfo("Asia/Seoul")
    assert pipeline.start_date == date(2026, 1, 1)
    assert pipeline.training.arguments["lr0"] == 0.003
    assert (pipeline.owner, pipeline.execution.retries, pipeline.execution.max_active_runs) == ("vision-team", 2, 2)


def test_fields_left_out_have_their_defaults(read: Read, sound: str) -> None:
    pipeline = pipeline_of(read(sound))
    assert pipeline.schedule is None
    assert pipeline.timezone == ZoneInfo("UTC")
    assert (pipeline.training.epochs, pipeline.gate.metric, pipeline.resources.promote.memory) == (
        100,
        "mAP50-95",
        "4Gi",
    )


def test_pipelines_are_in_the_order_of_the_file(read: Read, sound: str) -> None:
    assert list(read(sound + SECOND.replace("letters", "aaa")).pipelines) == ["digits", "aaa"]


def test_an_empty_mapping_of_pipelines_is_a_catalog(read: Read) -> None:
    assert read("version: 1\npipelines: {}\n") == CatalogReading({}, ())


def test_own_fields_go_on_top_of_the_defaults_mapping_by_mapping(read: Read, sound: str) -> None:
    defaults = (
        "defaults:\n  tags: [a, b]\n  training: {epochs: 7, arguments: {lr0: 0.5, nbs: 8}}\n"
        "  resources: {register: {cpu: 3}}\n"
    )
    own = "    tags: [c]\n    training: {batch: 2, arguments: {lr0: 0.1}}\n"
    pipeline = pipeline_of(read(sound.replace("pipelines:\n", defaults + "pipelines:\n") + own))
    assert pipeline.tags == ("c",)
    assert (pipeline.training.epochs, pipeline.training.batch) == (7, 2)
    assert pipeline.training.arguments == {"lr0": 0.1, "nbs": 8}
    assert pipeline.resources.register_.cpu == 3


@pytest.mark.parametrize(
    ("own", "epochs", "cron", "arguments"),
    [
        ("    owner: x\n", 7, "0 2 * * *", {"lr0": 0.5}),
        ("    schedule: null\n", 7, None, {"lr0": 0.5}),
        ("    schedule:\n", 7, None, {"lr0": 0.5}),
        ("    training: {epochs: ~}\n", 100, "0 2 * * *", {"lr0": 0.5}),
        ("    training: null\n", 100, "0 2 * * *", {}),
        ("    training: {arguments: {lr0: null}}\n", 7, "0 2 * * *", {}),
        ("    training: {arguments: {auto_augment: null}}\n", 7, "0 2 * * *", {"lr0": 0.5, "auto_augment": None}),
    ],
)
def test_null_clears_a_default(
    own: str, epochs: int, cron: str | None, arguments: dict[str, Any], read: Read, sound: str
) -> None:
    defaults = "defaults: {schedule: {cron: 0 2 * * *}, training: {epochs: 7, arguments: {lr0: 0.5}}}\n"
    pipeline = pipeline_of(read(sound.replace("pipelines:\n", defaults + "pipelines:\n") + own))
    assert pipeline.training.epochs == epochs
    assert (pipeline.schedule.cron if pipeline.schedule else None) == cron
    assert pipeline.training.arguments == arguments


def test_defaults_of_nothing_are_no_problem(read: Read, sound: str) -> None:
    pipeline_of(read(sound.replace("pipelines:\n", "defaults:\npipelines:\n")))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-3", 0.001),
        ("1.0e-3", 0.001),
        (".5", 0.5),
        ("0x1", 1),
        ("0o1", 1),
        ("+1", 1),
    ],
)
def test_numbers_are_read_as_yaml_1_2(written: str, value: float, read: Read, sound: str) -> None:
    pipeline = pipeline_of(read(sound + f"    training: {{arguments: {{lr0: {written}}}}}\n"))
    assert pipeline.training.arguments["lr0"] == value


@pytest.mark.parametrize("written", ["no", "on", "12:30", "2026-01-01", "1_000", "=", "0b1", "+", ".", "+x"])
def test_what_only_yaml_1_1_converts_is_text(written: str, read: Read, sound: str) -> None:
    assert pipeline_of(read(sound + f"    owner: {written}\n")).owner == written


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("scale: [0.5, 1.5]", [0.5, 1.5]),
        ("freeze: [0, 23.cv2]", [0, "23.cv2"]),
        ("fraction: 500", 500),
        ("cache: true", True),
    ],
)
def test_arguments_have_the_types_that_ultralytics_knows(written: str, value: object, read: Read, sound: str) -> None:
    arguments = pipeline_of(read(sound + f"    training: {{arguments: {{{written}}}}}\n")).training.arguments
    assert list(arguments.values()) == [value]


def test_anchors_and_merge_keys_work(read: Read, sound: str) -> None:
    own = (
        "    resources:\n      train: &large {cpu: 8, gpus: 1}\n"
        "      evaluate: {<<: *large, cpu: 4}\n"
        "      preprocess:\n        <<: [{cpu: 5}, {cpu: 6, memory: 6Gi}]\n"
    )
    resources = pipeline_of(read(sound + own)).resources
    assert (resources.evaluate.cpu, resources.evaluate.gpus) == (4, 1)
    assert (resources.preprocess.cpu, resources.preprocess.memory) == (5, "6Gi")
    assert pipeline_of(read(sound + own + SECOND, "train_digits")).resources == resources


def test_a_byte_order_mark_and_windows_line_ends_are_read(read: Read, sound: str) -> None:
    windows = b"\xef\xbb\xbf" + sound.replace("\n", "\r\n").encode()
    assert read(windows) == read(sound)
    assert read(windows, "train_digits") == read(sound)


def test_paths_and_descriptions_may_be_korean(read: Read, sound: str) -> None:
    text = sound.replace("uri: digits", "uri: file:///데이터/숫자").replace("model: digits\n", "model: 숫자-모델\n")
    pipeline = pipeline_of(read(text))
    assert (pipeline.dataset.uri, pipeline.registry.model) == ("file:///데이터/숫자", "숫자-모델")


def test_a_run_sees_the_present_unless_the_catalog_says_otherwise(read: Read, sound: str) -> None:
    assert pipeline_of(read(sound)).dataset.as_of == "now"
    text = sound.replace("uri: digits", "uri: s3://sets/digits\n      as_of: data_interval_end")
    assert pipeline_of(read(text)).dataset.as_of == "data_interval_end"


def test_one_pipeline_is_the_same_read_alone(read: Read) -> None:
    text = many(12)
    everything = read(text)
    assert list(everything.pipelines) == [f"p{number}" for number in range(12)]
    for name, pipeline in everything.pipelines.items():
        assert read(text, f"train_{name}") == CatalogReading({name: pipeline}, ())
    assert everything.pipelines["p11"].owner == "연구팀"


def test_a_syntax_error_anywhere_in_the_one_file_leaves_no_pipeline(read: Read, sound: str) -> None:
    text = sound + "  broken: [\n"
    assert read(text).pipelines == {}
    assert read(text, "train_digits") == read(text)


def test_quoted_text_that_looks_like_a_pipeline_is_none(read: Read, sound: str) -> None:
    text = sound.replace("description: 손글씨 숫자", 'description: "a\n  other:\n    task: x"')
    assert list(read(text).pipelines) == ["digits"]
    assert read(text, "train_digits") == read(text)
    assert read(text, "train_other").pipelines == {}


def test_a_dag_that_is_not_of_the_catalog_has_no_pipeline(read: Read, sound: str) -> None:
    assert read(sound, "digits") == CatalogReading({}, ())
    (problem,) = read(sound, "train_digit").problems
    assert str(problem) == (
        "catalog.yaml: pipeline 'digit': no such pipeline; did you mean 'digits'? expected a pipeline of the catalog"
    )


def test_the_catalog_is_read_without_libyaml(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    with_libyaml = read(many(3))
    monkeypatch.setattr(yaml_tree, "_Loader", yaml_tree.guarded(yaml.SafeLoader))
    assert read(many(3)) == with_libyaml


WORDS = (
    "version defaults pipelines digits description task dataset uri split train model training epochs arguments lr0",
    "registry schedule cron timezone resources gpus gate metric tags << name",
)
KEYS = st.sampled_from([word for line in WORDS for word in line.split()])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | KEYS
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=5),
    max_leaves=25,
)
ONE_FILE = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ONE_FILE
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_raise(content: bytes, read: Read) -> None:
    assert read(content).problems
    assert read(content, "train_digits").problems


@ONE_FILE
@given(fields=st.dictionaries(KEYS, TREES, max_size=6), defaults=TREES)
def test_no_tree_raises_and_what_is_read_is_sound(fields: dict[str, Any], defaults: object, read: Read) -> None:
    tree = {"version": 1, "defaults": defaults, "pipelines": {"digits": fields, "letters": {**fields, "owner": "x"}}}
    text = yaml.safe_dump(tree, allow_unicode=True)
    reading = read(text)
    assert set(reading.pipelines) <= {"digits", "letters"}
    assert reading.problems or len(reading.pipelines) == 2
    assert all(str(problem).isprintable() for problem in reading.problems)
    for name in ("digits", "letters"):
        assert read(text, f"train_{name}").pipelines.get(name) == reading.pipelines.get(name)


@ONE_FILE
@given(data=st.data())
def test_no_edit_of_a_sound_catalog_raises(data: st.DataObject, read: Read) -> None:
    text = many(2)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    new = data.draw(st.text(alphabet=" \n:#-[]{}'\"&*!|>%@\t,?xp01", max_size=12))
    edited = text[:start] + new + text[end:]
    everything, alone = read(edited), read(edited, "train_p1")
    if everything.pipelines:
        assert alone.pipelines.get("p1") == everything.pipelines.get("p1")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does, from the repository's root."""
    root = Path(__file__).parents[3]
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=root, capture_output=True, text=True, check=False, encoding="utf-8"
    )


def test_check_lists_the_pipelines_of_a_sound_catalog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(
        SOUND + "    schedule: {cron: 0 2 * * *, timezone: Asia/Seoul}\n" + SECOND + "    schedule: {assets: [a, b]}\n"
    )
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{path}: no problem, 2 sound pipelines",
        "pipeline  schedule              task    registered_model",
        "digits    0 2 * * * Asia/Seoul  detect  digits",
        "letters   after a, b            detect  letters",
    ]


def test_check_prints_all_problems_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(SOUND + "    owner: 1\n    tags: 2\n" + SECOND)
    assert main(["check", str(path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{path}:11: pipeline 'digits': owner: got 1; expected text; put it in quotes",
        f"{path}:12: pipeline 'digits': tags: got 2; expected a list of items, each text",
        f"{path}: 2 problems, 1 sound pipeline",
    ]


def test_check_prints_json_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(SOUND + SECOND + "    ownr: 1\n")
    assert main(["check", "--json", str(path)]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["pipelines"] == [
        {"pipeline": "digits", "schedule": "by hand", "task": "detect", "registered_model": "digits"}
    ]
    (problem,) = printed["problems"]
    assert (problem["line"], problem["pipeline"], problem["field"], problem["nearest"]) == (
        17,
        "letters",
        "ownr",
        "owner",
    )
    assert problem["message"].startswith(f"{path}:17: pipeline 'letters': ownr: unknown key; did you mean 'owner'?")


def test_check_of_an_empty_catalog_lists_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text("version: 1\npipelines: {}\n")
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: no problem, 0 sound pipelines\n"


@pytest.mark.parametrize("package", ["step_contract", "include.step_contract"])
def test_the_command_runs_under_both_names(package: str) -> None:
    done = run(package, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("include/training_catalog.yaml: no problem")


def test_wrong_usage_exits_with_2() -> None:
    done = run("step_contract")
    assert done.returncode == 2
    assert "the following arguments are required: command" in done.stderr
