"""Generated files agree with the records and the pinned ultralytics, and what they state is true."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from step_contract import catalog
from step_contract.__main__ import main
from step_contract.catalog.docs import catalog_docs
from step_contract.catalog.reading import read_catalog
from step_contract.catalog.reading.arguments import accepts, check_arguments
from step_contract.catalog.reading.yaml_tree import compose, value_of
from step_contract.catalog.schema import catalog_schema, folder_file_schema
from step_contract.catalog.train_arguments import (
    LIST_PATH,
    SET_ELSEWHERE,
    settable_arguments,
    ultralytics_version,
)
from step_contract.catalog.words import expected
from tests.step_contract.conftest import SECOND, SOUND

ROOT = Path(__file__).parents[3]
TRAINER_PYTHON = ROOT / ".venv" / "trainer" / "bin" / "python"

VALUES: list[object] = [
    None, True, False, 0, 1, -1, 2, 0.0, 0.5, 1.0, 1.5, -0.5, 10**6, "", "ram", "auto", "AdamW", "flip", "fp16", "8",
    [], [0], [0, 1], [0.5, 1.5], [0.5, 0.5, 0.5], ["a"], [1, "a"], {}, {"a": 1},
]  # fmt: skip

ASK_ULTRALYTICS = """
import json, sys, tempfile
from pathlib import Path
from trainer.frameworks.ultralytics.setup import prepare
prepare(Path(tempfile.mkdtemp()))
from trainer.frameworks.ultralytics.arguments import list_train_arguments
from ultralytics.cfg import get_cfg
accepted = []
for name, value in json.load(sys.stdin):
    try:
        get_cfg(overrides={name: value})
    except (TypeError, ValueError, SyntaxError):
        accepted.append(False)
    else:
        accepted.append(True)
print(json.dumps({"list": list_train_arguments(), "accepted": accepted}))
"""
ASKED = [(name, value) for name in settable_arguments() for value in VALUES]


@pytest.fixture(scope="module")
def ultralytics() -> dict[str, Any]:
    """Return the argument list of the installed ultralytics, and which values of ASKED it accepts."""
    if not TRAINER_PYTHON.exists():
        pytest.skip("the trainer's environment is not installed")
    command = [str(TRAINER_PYTHON), "-c", ASK_ULTRALYTICS]
    done = subprocess.run(command, input=json.dumps(ASKED), capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def errors_of(text: str, schema: dict[str, Any] | None = None) -> list[str]:
    """Return the paths at which the published schema refuses a catalog."""
    root = compose(text)
    assert root is not None
    validator = jsonschema.Draft202012Validator(schema or catalog_schema())
    return sorted(error.json_path for error in validator.iter_errors(value_of(root, (), [])))


def test_the_schema_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == (ROOT / "include/training_catalog.schema.json").read_text(encoding="utf-8")
    assert main(["schema", "--folder"]) == 0
    assert capsys.readouterr().out == (ROOT / "include/training_catalog_folder.schema.json").read_text(encoding="utf-8")


def test_the_page_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs"]) == 0
    assert capsys.readouterr().out == (ROOT / "docs/catalog.md").read_text(encoding="utf-8")


def test_the_schema_is_a_schema_with_its_version() -> None:
    schema = catalog_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == "urn:nightshift:training-catalog:1"
    assert schema["title"] == "Nightshift training catalog, version 1"


def test_the_shipped_catalog_names_the_schema_and_follows_it() -> None:
    text = (ROOT / "include/training_catalog.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=./training_catalog.schema.json\n")
    assert errors_of(text) == []


@pytest.mark.parametrize(
    "text",
    [
        SOUND,
        SOUND + "    schedule: null\n    training: null\n    tags: null\n",
        SOUND + "    training: {arguments: {lr0: 1e-3, auto_augment: null, scale: [0.5, 1.5]}}\n",
        SOUND.replace("    task: detect\n", "").replace("version: 1\n", "version: 1\ndefaults: {task: detect}\n"),
        SOUND.replace("      uri: digits\n", "      format: yolo\n").replace(
            "version: 1\n", "version: 1\ndefaults: {dataset: {uri: x}}\n"
        ),
        "version: 1\ndefaults:\npipelines: {}\n",
    ],
)
def test_the_schema_accepts_what_is_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(text)
    assert read_catalog(path).problems == ()
    assert errors_of(text) == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (SOUND.replace("version: 1", "version: 2"), "$.version"),
        (SOUND.replace("version: 1\n", ""), "$"),
        (SOUND + "piplines: {}\n", "$"),
        (SOUND.replace("  digits:", "  Digits:"), "$.pipelines"),
        (SOUND.replace("    task: detect\n", ""), "$.pipelines.digits"),
        (SOUND.replace("      uri: digits\n", "      format: yolo\n"), "$.pipelines.digits.dataset"),
        (SOUND.replace("version: 1\n", "version: 1\ndefaults: {ownr: x}\n"), "$.defaults"),
        (SOUND + "    name: digits\n", "$.pipelines.digits"),
        (SOUND + "    training: {epoch: 3}\n", "$.pipelines.digits.training"),
        (SOUND + "    training: {epochs: '3'}\n", "$.pipelines.digits.training.epochs"),
        (SOUND + "    training: {arguments: {mosaik: 1}}\n", "$.pipelines.digits.training.arguments"),
        (SOUND + "    training: {arguments: {epochs: 1}}\n", "$.pipelines.digits.training.arguments"),
        (SOUND + "    training: {arguments: {lr0: 2}}\n", "$.pipelines.digits.training.arguments.lr0"),
        (SOUND + "    gate: {metric: mAP}\n", "$.pipelines.digits.gate.metric"),
        (SOUND + "    schedule: {cron: '@daily'}\n", "$.pipelines.digits.schedule.cron"),
        (SOUND + "    resources: {train: {memory: 8G}}\n", "$.pipelines.digits.resources.train.memory"),
    ],
)
def test_the_schema_refuses_what_an_editor_should_underline(text: str, where: str) -> None:
    assert errors_of(text) == [where]


@pytest.mark.parametrize(
    "text",
    [
        SOUND,
        SOUND.replace("    task: detect\n", "").replace("      uri: digits\n", "      format: yolo\n"),
        SOUND.replace("version: 1\n", "version: 1\ndefaults: {owner: me}\n"),
        "version: 1\ndefaults: {task: detect, dataset: {uri: x}}\n",
        "version: 1\npipelines:\n  digits:\n",
    ],
)
def test_the_schema_of_a_folders_files_leaves_fields_to_defaults_yaml(text: str) -> None:
    jsonschema.Draft202012Validator.check_schema(folder_file_schema())
    assert errors_of(text, folder_file_schema()) == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("version: 1\n", "$"),
        (SOUND.replace("version: 1\n", ""), "$"),
        (SOUND.replace("version: 1\n", "version: 1\ndefaults: {ownr: x}\n"), "$.defaults"),
        (SOUND + "    training: {epochs: '3'}\n", "$.pipelines.digits.training.epochs"),
    ],
)
def test_the_schema_of_a_folders_files_underlines_what_no_defaults_can_mend(text: str, where: str) -> None:
    assert errors_of(text, folder_file_schema()) == [where]


def examples() -> list[str]:
    """Return the YAML blocks of the page."""
    return re.findall(r"```yaml\n(.*?)```", catalog_docs(), flags=re.DOTALL)


@pytest.mark.parametrize("text", examples())
def test_an_example_of_the_page_is_a_sound_catalog(text: str, tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(text, encoding="utf-8")
    assert [str(problem) for problem in read_catalog(path).problems] == []
    assert errors_of(text) == []


def test_the_page_shows_every_task_and_the_fields_of_every_record() -> None:
    page = catalog_docs()
    for heading in ("A pipeline", "`dataset.partition`", "`resources.STEP`", "`execution.timeout_minutes`"):
        assert f"## {heading}\n" in page
    assert "| `epochs` | whole number from 1 to 1000000 | `100` | Passes over the train split. |" in page
    assert "| `promote` | mapping | see below | For moving the champion alias; compares again" in page
    assert "| `classify` | `imagefolder` | `accuracy_top1`, `accuracy_top5` |" in page
    assert "\n| `name` | text" not in page


def test_the_argument_list_is_the_installed_ultralytics(ultralytics: dict[str, Any]) -> None:
    text = json.dumps(ultralytics["list"], indent=2, ensure_ascii=False) + "\n"
    assert text == LIST_PATH.read_text(encoding="utf-8")


def test_the_argument_list_is_of_the_pinned_ultralytics() -> None:
    image = (ROOT / "training_image/pyproject.toml").read_text(encoding="utf-8")
    assert f'"ultralytics=={ultralytics_version()}"' in image


def test_ultralytics_accepts_what_the_catalog_accepts(ultralytics: dict[str, Any]) -> None:
    ours = [not list(check_arguments({name: value})) for name, value in ASKED]
    answers = zip(ASKED, ours, ultralytics["accepted"], strict=True)
    assert [pair for pair, our, their in answers if our and not their] == []
    assert sum(ours) > 300


def test_every_default_of_ultralytics_fits_its_own_schema() -> None:
    unfit = {
        name: schema["default"] for name, schema in settable_arguments().items() if not accepts(name, schema["default"])
    }
    assert unfit == {}


def test_arguments_of_the_platform_cannot_be_set() -> None:
    for name in SET_ELSEWHERE:
        (finding,) = check_arguments({name: 1})
        assert (finding.got, finding.expected, finding.advice) == (
            "is set by the platform",
            "no value here",
            SET_ELSEWHERE[name],
        )


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer"}, "a whole number"),
        ({"type": "integer", "exclusiveMinimum": 0, "maximum": 5}, "a whole number from 1 to 5"),
        ({"type": "number", "minimum": 0.5}, "a number of at least 0.5"),
        ({"type": "number", "maximum": 2}, "a number up to 2"),
        ({"type": "number", "exclusiveMinimum": 0}, "a number above 0"),
        ({"type": "string", "pattern": "^a$"}, "text that matches ^a$"),
        ({"type": "string", "pattern": "^a$", "patternErrorMessage": "the letter a"}, "the letter a"),
        ({"enum": ["a"]}, "a"),
        ({"$ref": "#/$defs/X"}, "true or false"),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, "text"),
        ({"type": "array", "items": {"type": "number"}, "minItems": 2}, "a list of 2 items, each a number"),
        ({}, "a value"),
    ],
)
def test_a_schema_is_described_in_words(schema: dict[str, Any], words: str) -> None:
    assert expected(schema, {"X": {"type": "boolean"}}) == words


CORE = """
import sys
import step_contract.catalog, step_contract.step, step_contract.transport, step_contract.frozen
from step_contract.catalog import docs, schema, train_arguments
third_parties = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - before
print(sorted(name for name in third_parties if not name.startswith("_")))
"""


def test_the_core_of_the_contract_needs_pydantic_only() -> None:
    program = f'import sys\nbefore = {{name.partition(".")[0] for name in sys.modules}}\n{CORE}'
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    needed = {"annotated_types", "pydantic", "pydantic_core", "step_contract", "typing_extensions", "typing_inspection"}
    assert set(json.loads(done.stdout.replace("'", '"'))) <= needed


@pytest.mark.parametrize("package", ["step_contract", "include.step_contract"])
def test_the_door_of_the_catalog_loads_no_reader(package: str) -> None:
    program = (
        f"import sys, {package}.catalog\n"
        f"print({{'yaml', 'croniter', 'jsonschema', '{package}.catalog.reading'}} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "set()\n"


def test_the_door_of_the_catalog_names_what_exists() -> None:
    names: dict[str, object] = {}
    exec("from step_contract.catalog import *", names)
    assert set(catalog.__all__) <= names.keys()


def test_reading_a_catalog_imports_nothing_heavy() -> None:
    program = (
        "import sys, pathlib, step_contract.catalog.reading as c\n"
        "assert not c.read_catalog(pathlib.Path('include/training_catalog.yaml')).problems\n"
        "print({'torch', 'ultralytics', 'mlflow', 'airflow', 'numpy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "set()\n"


def test_two_pipelines_that_an_editor_accepts_are_read(tmp_path: Path) -> None:
    assert errors_of(SOUND + SECOND) == []
