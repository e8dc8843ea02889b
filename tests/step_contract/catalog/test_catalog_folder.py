"""Read a folder of catalog files: shared defaults, the file of a pipeline, and the effects of a bad file."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from step_contract.__main__ import main
from step_contract.catalog import default_catalog
from step_contract.catalog.reading import CatalogReading, files, read_catalog
from tests.step_contract.conftest import SOUND

ReadFolder = Callable[..., CatalogReading]
DEFAULTS = "version: 1\ndefaults: {owner: vision-team, training: {epochs: 7, batch: 8}}\n"


def pipelines(*names: str, more: str = "", model: str | None = None) -> str:
    """Return a catalog file of ten lines a pipeline, of which the first begins in line 3."""
    blocks = [
        SOUND.split("pipelines:\n")[1].replace("digits", name).replace(f"model: {name}", f"model: {model or name}")
        for name in names
    ]
    return "version: 1\npipelines:\n" + "".join(f"{block}{more}" for block in blocks)


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReadFolder:
    """Return a function that makes the folder ``catalog`` of the given files, by name, and reads it."""
    monkeypatch.chdir(tmp_path)

    def read_files(content: Mapping[str, str | bytes], only_dag_id: str | None = None) -> CatalogReading:
        folder = Path("catalog")
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, text in content.items():
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_catalog(folder, only_dag_id)

    return read_files


def messages(reading: CatalogReading) -> list[str]:
    return [str(problem) for problem in reading.problems]


def test_pipelines_are_in_the_order_of_files_and_lines(read: ReadFolder) -> None:
    reading = read({"b.yaml": pipelines("b2", "b1"), "a.yaml": pipelines("z")})
    assert messages(reading) == []
    assert list(reading.pipelines) == ["z", "b2", "b1"]


def test_defaults_yaml_is_below_every_file_and_a_files_own_defaults_are_above_it(read: ReadFolder) -> None:
    own = pipelines("b").replace("version: 1\n", "version: 1\ndefaults: {owner: null, training: {epochs: 3}}\n")
    reading = read({"defaults.yaml": DEFAULTS, "a.yaml": pipelines("a"), "b.yaml": own})
    assert messages(reading) == []
    a, b = reading.pipelines["a"], reading.pipelines["b"]
    assert (a.owner, a.training.epochs, a.training.batch) == ("vision-team", 7, 8)
    assert (b.owner, b.training.epochs, b.training.batch) == ("nightshift", 3, 8)


def test_one_file_and_the_folder_cut_from_it_are_the_same(read: ReadFolder, tmp_path: Path) -> None:
    whole = DEFAULTS + pipelines("a", "b").removeprefix("version: 1\n")
    (tmp_path / "whole.yaml").write_text(whole)
    parts = {"defaults.yaml": DEFAULTS, "a.yaml": pipelines("a"), "b.yaml": pipelines("b")}
    assert read(parts) == read_catalog(tmp_path / "whole.yaml") == read({"whole.yaml": whole})


def test_a_task_reads_only_the_file_of_its_pipelines_name(read: ReadFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    content = {f"p{number}.yaml": pipelines(f"p{number}") for number in range(5)} | {"defaults.yaml": DEFAULTS}
    everything = read(content)
    seen: list[str] = []
    original = files.read_text
    monkeypatch.setattr(files, "read_text", lambda path: seen.append(path.name) or original(path))
    assert read(content, "train_p3") == CatalogReading({"p3": everything.pipelines["p3"]}, ())
    assert seen == ["defaults.yaml", "p3.yaml"]


def test_of_files_of_other_names_a_task_parses_only_those_that_mention_its_pipeline(
    read: ReadFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"a.yaml": pipelines("x", "y"), "b.yaml": pipelines("z", "p"), "c.yaml": pipelines("w")}
    parsed: list[str] = []
    original = files.open_source
    monkeypatch.setattr(
        files, "open_source", lambda text, file, *rest: parsed.append(file) or original(text, file, *rest)
    )
    reading = read(content, "train_z")
    assert (list(reading.pipelines), messages(reading)) == (["z"], [])
    assert parsed == ["catalog/b.yaml"]


def test_a_name_that_is_spelled_with_escapes_is_found(read: ReadFolder) -> None:
    escaped = pipelines("x").replace("  x:\n", '  "\\x64igits":\n')
    content = {"a.yaml": pipelines("a"), "b.yaml": escaped}
    assert list(read(content).pipelines) == ["a", "digits"]
    assert list(read(content, "train_digits").pipelines) == ["digits"]


def test_a_pipeline_that_no_file_holds_is_a_problem(read: ReadFolder) -> None:
    assert messages(read({"a.yaml": pipelines("a")}, "train_b")) == [
        "catalog: pipeline 'b': no such pipeline; expected a pipeline of the catalog"
    ]


@pytest.mark.parametrize("dag_id", ["train_../catalog/a", "train_defaults", "train_", "train_a\0", "train_*"])
def test_a_dag_id_is_no_path(dag_id: str, read: ReadFolder) -> None:
    reading = read({"a.yaml": pipelines("a"), "defaults.yaml": DEFAULTS}, dag_id)
    assert reading.pipelines == {}
    assert [problem.got for problem in reading.problems] == ["no such pipeline"]


def test_a_name_in_two_files_is_a_problem_that_names_both(read: ReadFolder) -> None:
    content = {"a.yaml": pipelines("digits"), "b.yaml": pipelines("letters", "digits", more="    owner: b\n")}
    reading = read(content)
    assert list(reading.pipelines) == ["digits", "letters"]
    assert reading.pipelines["digits"].owner == "nightshift"
    assert messages(reading) == [
        "catalog/b.yaml:12: pipeline 'digits': duplicate pipeline name (also in catalog/a.yaml, line 3, which keeps "
        "it); expected each name once"
    ]
    assert read(content, "train_digits").pipelines["digits"] == reading.pipelines["digits"]


def test_the_file_of_a_pipelines_name_keeps_it_for_the_scheduler_and_for_the_task(read: ReadFolder) -> None:
    content = {"a.yaml": pipelines("digits"), "digits.yaml": pipelines("digits", more="    owner: own\n")}
    reading = read(content)
    assert reading.pipelines["digits"].owner == "own"
    assert messages(reading) == [
        "catalog/a.yaml:3: pipeline 'digits': duplicate pipeline name (also in catalog/digits.yaml, line 3, which "
        "keeps it); expected each name once"
    ]
    assert read(content, "train_digits") == CatalogReading(dict(reading.pipelines), ())


def test_a_registered_model_of_two_files_is_the_first_files(read: ReadFolder) -> None:
    content = {"a.yaml": pipelines("a", model="shared"), "b.yaml": pipelines("b", model="shared")}
    reading = read(content)
    assert list(reading.pipelines) == ["a"]
    assert messages(reading) == [
        "catalog/b.yaml:10: pipeline 'b': registry.model: got 'shared' (text), which pipeline 'a' (in catalog/a.yaml) "
        "has already; expected a registered model for each pipeline"
    ]


def test_a_copied_file_does_not_take_the_registered_model_of_the_original(read: ReadFolder) -> None:
    reading = read({"copy.yaml": pipelines("digits"), "digits.yaml": pipelines("digits")})
    assert list(reading.pipelines) == ["digits"]
    assert [problem.file for problem in reading.problems] == ["catalog/copy.yaml"]


def test_a_pipeline_whose_name_another_file_keeps_still_claims_its_registered_model(read: ReadFolder) -> None:
    both = pipelines("digits", model="shared") + pipelines("letters", model="shared").partition("pipelines:\n")[2]
    content = {"a.yaml": both, "digits.yaml": pipelines("digits")}
    reading = read(content)
    assert list(reading.pipelines) == ["digits"]
    assert read(content, "train_letters").pipelines == {}
    assert [problem.got for problem in read(content, "train_letters").problems] == [reading.problems[1].got]


@pytest.mark.parametrize(
    "bad", ["pipelines: [", "", b"\xff", "version: 2\npipelines: {}\n", "[1]", pipelines("b", more="    ownr: 1\n")]
)
def test_a_bad_file_leaves_the_pipelines_of_the_others(bad: str | bytes, read: ReadFolder) -> None:
    content = {"a.yaml": pipelines("a"), "b.yaml": bad, "c.yaml": pipelines("c")}
    reading = read(content)
    assert list(reading.pipelines) == ["a", "c"]
    assert {problem.file for problem in reading.problems} == {"catalog/b.yaml"}
    assert read(content, "train_c") == CatalogReading({"c": reading.pipelines["c"]}, ())
    assert read(content, "train_b").pipelines == {}
    assert {problem.file for problem in read(content, "train_b").problems} >= {"catalog/b.yaml"}


@pytest.mark.parametrize(
    ("defaults", "message"),
    [
        ("defaults: [", "3: not valid YAML: while parsing a flow node, did not find expected node content"),
        ("owner: x", "defaults: missing; expected a mapping with fields of a pipeline"),
        ("defaults: [1]", "2: defaults: got a list; expected a mapping with fields of a pipeline"),
        ("defaults: {owner: !x y}", "2: defaults.owner: got the tag '!x'; expected a value without a tag (!)"),
    ],
)
def test_no_pipeline_is_read_with_defaults_that_are_unclear(defaults: str, message: str, read: ReadFolder) -> None:
    content = {"defaults.yaml": f"version: 1\n{defaults}\n", "a.yaml": pipelines("a"), "b.yaml": pipelines("b")}
    reading = read(content)
    assert reading.pipelines == {}
    (text,) = messages(reading)
    assert text.removeprefix("catalog/defaults.yaml:").lstrip().startswith(message)
    assert read(content, "train_a") == reading


def test_a_problem_of_the_defaults_is_reported_once_and_in_their_file(read: ReadFolder) -> None:
    defaults = "version: 1\ndefaults:\n  training:\n    epoch: 5\n    batch: x\n"
    overriding = pipelines("c", more="    training: {batch: 4, epoch: null}\n")
    reading = read(
        {"defaults.yaml": defaults, "a.yaml": pipelines("a"), "b.yaml": pipelines("b"), "c.yaml": overriding}
    )
    assert reading.pipelines == {}
    assert messages(reading)[1:] == [
        "catalog/defaults.yaml:4: defaults.training.epoch: unknown key; did you mean 'epochs'? expected one of epochs, "
        "batch, minimum_batch, imgsz, patience, seed, arguments",
        "catalog/defaults.yaml:5: defaults.training.batch: got 'x' (text); expected a whole number from 1 to 1000000",
    ]
    assert messages(reading)[0].startswith("catalog/c.yaml:11: pipeline 'c': training.epoch: unknown key")


def test_a_problem_is_reported_in_the_defaults_that_are_nearest(read: ReadFolder) -> None:
    own = pipelines("a").replace("version: 1\n", "version: 1\ndefaults: {training: {epochs: x}}\n")
    reading = read({"defaults.yaml": DEFAULTS, "a.yaml": own, "b.yaml": pipelines("b")})
    assert list(reading.pipelines) == ["b"]
    assert [problem.file for problem in reading.problems] == ["catalog/a.yaml"]


def test_pipelines_in_defaults_yaml_are_a_problem(read: ReadFolder) -> None:
    reading = read({"defaults.yaml": DEFAULTS + "pipelines: {}\n", "a.yaml": pipelines("a")})
    assert list(reading.pipelines) == ["a"]
    assert messages(reading) == ["catalog/defaults.yaml:3: pipelines: unknown key; expected one of version, defaults"]


def test_a_file_that_looks_like_a_part_of_the_catalog_is_a_problem(read: ReadFolder, tmp_path: Path) -> None:
    content = {"a.yaml": pipelines("a"), "b.yml": pipelines("b"), "README.md": "", "a.yaml~": "", ".a.yaml.swp": ""}
    read(content)
    folder = tmp_path / "catalog"
    (folder / "team").mkdir()
    (folder / "..data").mkdir()
    reading = read_catalog(folder)
    assert list(reading.pipelines) == ["a"]
    expected = "is not read as a part of the catalog; expected files NAME.yaml directly in the folder"
    assert messages(reading) == [f"{folder}/b.yml: {expected}", f"{folder}/team: {expected}"]


@pytest.mark.parametrize("content", [{}, {"defaults.yaml": DEFAULTS}, {"a.yml": pipelines("a")}])
def test_a_folder_without_pipelines_is_a_problem(content: dict[str, str], read: ReadFolder) -> None:
    assert read(content).pipelines == {}
    assert messages(read(content)) == ["catalog: the folder has no file with pipelines; expected files NAME.yaml in it"]


def test_a_pipe_in_a_folder_is_never_waited_for(read: ReadFolder, tmp_path: Path) -> None:
    read({"b.yaml": pipelines("b")})
    os.mkfifo(tmp_path / "catalog" / "a.yaml")
    reading = read_catalog(tmp_path / "catalog")
    assert list(reading.pipelines) == ["b"]
    assert [problem.got for problem in reading.problems] == ["is a pipe or a device"]
    assert list(read_catalog(tmp_path / "catalog", "train_a").pipelines) == []


NAMES = ("a", "b", "c")
FOLDERS = st.dictionaries(
    st.sampled_from([*(f"{name}.yaml" for name in NAMES), "d.yaml", "defaults.yaml"]),
    st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=3),
    max_size=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(layout=FOLDERS)
def test_a_task_reads_the_pipeline_that_the_scheduler_reads(
    layout: dict[str, list[tuple[str, bool]]], read: ReadFolder
) -> None:
    content = {file: DEFAULTS if file == "defaults.yaml" else file_of(file, held) for file, held in layout.items()}
    everything = read(content)
    for name in NAMES:
        assert read(content, f"train_{name}").pipelines.get(name) == everything.pipelines.get(name)


def file_of(file: str, held: list[tuple[str, bool]]) -> str:
    """Return a file of good and bad pipelines that are tagged with its name."""
    marks = {True: f"    tags: [{file}]\n", False: "    ownr: 1\n"}
    blocks = [pipelines(name, more=marks[is_good]).partition("pipelines:\n")[2] for name, is_good in held]
    return "version: 1\npipelines:\n" + "".join(blocks)


def test_check_takes_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(pipelines(name))
    assert main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"{tmp_path}: no problem, 2 sound pipelines"
    (tmp_path / "b.yaml").write_text(pipelines("b", more="    ownr: 1\n"))
    assert main(["check", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{tmp_path}/b.yaml:11: pipeline 'b': ownr: unknown key")
    assert lines[1:] == [f"{tmp_path}: 1 problem, 1 sound pipeline"]


def test_the_default_is_the_file_or_the_folder_but_not_both(tmp_path: Path) -> None:
    file, folder = tmp_path / "include/training_catalog.yaml", tmp_path / "include/training_catalog"
    assert default_catalog(tmp_path) == file
    folder.mkdir(parents=True)
    assert default_catalog(tmp_path) == folder
    file.touch()
    with pytest.raises(ValueError, match=r"include/training_catalog\.yaml and include/training_catalog/; expected one"):
        default_catalog(tmp_path)
    folder.rmdir()
    assert default_catalog(tmp_path) == file


def test_check_of_two_default_catalogs_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "include/training_catalog").mkdir(parents=True)
    (tmp_path / "include/training_catalog.yaml").write_text(SOUND)
    assert main(["check"]) == 1
    assert "got two catalogs, include/training_catalog.yaml and include/training_catalog/" in capsys.readouterr().out
