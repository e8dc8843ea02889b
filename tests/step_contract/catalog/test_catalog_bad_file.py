"""Refuse a file that is not a catalog, or has wrong defaults, with one message; refuse an alias bomb unread."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from step_contract.catalog.reading import CatalogReading, read_catalog, yaml_tree
from tests.step_contract.conftest import SECOND

Messages = Callable[..., list[str]]
Read = Callable[..., CatalogReading]

FILES = {
    "nothing": (
        "",
        "the file is empty; expected a mapping with version, defaults, pipelines",
    ),
    "comments only": (
        "# to do\n",
        "the file is empty; expected a mapping with version, defaults, pipelines",
    ),
    "a list": (
        "- a\n",
        "got a list; expected a mapping with version, defaults, pipelines",
    ),
    "text": (
        "hello\n",
        "got 'hello' (text); expected a mapping with version, defaults, pipelines",
    ),
    "no version": (
        "pipelines: {}\n",
        "version: missing; expected version: 1 at the top of the file",
    ),
    "a newer version": (
        "version: 2\npipelines: {}\n",
        "1: version: got 2; expected 1; the file was written for a newer Nightshift; update this one",
    ),
    "an older version": (
        "version: 0\npipelines: {}\n",
        "1: version: got 0; expected 1",
    ),
    "a version of text": (
        "version: '1'\npipelines: {}\n",
        "1: version: got '1' (text); expected 1",
    ),
    "a version that is true": (
        "version: true\npipelines: {}\n",
        "1: version: got true; expected 1",
    ),
    "no pipelines": (
        "version: 1\n",
        "pipelines: missing; expected a mapping from each pipeline's name to its fields",
    ),
    "empty pipelines": (
        "version: 1\npipelines:\n",
        "2: pipelines: got nothing; expected a mapping from each pipeline's name to its fields",
    ),
    "a list of pipelines": (
        "version: 1\npipelines: [a]\n",
        "2: pipelines: got a list; expected a mapping from each pipeline's name to its fields",
    ),
    "an unknown top key": (
        "version: 1\npiplines: {}\npipelines: {}\n",
        "2: piplines: unknown key; did you mean 'pipelines'? expected one of version, defaults, pipelines",
    ),
    "a top key twice": (
        "version: 1\npipelines: {}\npipelines: {}\n",
        "3: pipelines: duplicate key (first in line 2); expected each key once",
    ),
    "defaults of text": (
        "version: 1\ndefaults: none\npipelines: {}\n",
        "2: defaults: got 'none' (text); expected a mapping with fields of a pipeline",
    ),
    "a pipeline of text": (
        "version: 1\npipelines:\n  a: b\n",
        "3: pipeline 'a': got 'b' (text); expected a mapping with the pipeline's fields",
    ),
    "a mapping as a pipeline's name": (
        "version: 1\npipelines:\n  ? {a: 1}\n  : {}\n",
        "3: got a mapping as a key; expected a key of text",
    ),
    "a syntax error": (
        "version: 1\npipelines:\n  a: b: c\n",
        "3: not valid YAML: mapping values are not allowed in this context; expected valid YAML; the cause is often "
        "the line above",
    ),
    "a tab": (
        "version: 1\npipelines:\n	a: 1\n",
        "3: not valid YAML: while scanning for the next token, found character that cannot start any token; expected "
        "valid YAML; indent with spaces, not tabs",
    ),
    "an open quote": (
        'version: 1\npipelines: "\n',
        "3: not valid YAML: while scanning a quoted scalar, found unexpected end of stream; expected valid YAML; the "
        "cause is often the line above",
    ),
    "a cron without quotes": (
        "version: 1\npipelines:\n  a:\n    schedule: {cron: */5 * * * *}\n",
        "4: not valid YAML: while scanning an alias, did not find expected alphabetic or numeric character; expected "
        "valid YAML; text that begins with * needs quotes",
    ),
    "an unknown alias": (
        "version: 1\npipelines: *nowhere\n",
        "2: not valid YAML: found undefined alias; expected valid YAML; text that begins with * needs quotes",
    ),
    "two documents": (
        "version: 1\n---\nversion: 1\n",
        "2: not valid YAML: expected a single document in the stream, but found another document; expected valid YAML; "
        "the cause is often the line above",
    ),
    "a control character": (
        "version: 1\n# 한글\npipelines: \x00\n",
        "3: not valid YAML: the character '\\x00'; expected text without control characters",
    ),
    "another encoding": (
        "version: 1\n# 한글\n".encode("cp949"),
        "2: not UTF-8: the byte 0xc7; expected a file saved as UTF-8",
    ),
    "UTF-16": ("version: 1\n".encode("utf-16"), "1: not UTF-8: the byte 0xff; expected a file saved as UTF-8"),
    "deep nesting": ("a: " + "[" * 200_000, "1: nested too deeply; expected at most 32 levels"),
    "deep nesting in lines": ("- " * 200_000 + "x", "1: nested too deeply; expected at most 32 levels"),
    "five megabytes": (b"# " + b"x" * 5_000_000, "the file is too large; expected at most 4 MiB"),
}


@pytest.mark.parametrize(("text", "message"), FILES.values(), ids=FILES.keys())
def test_a_wrong_file_gives_one_message(text: str | bytes, message: str, messages: Messages) -> None:
    assert messages(text) == [message]


def test_a_missing_file_is_a_problem() -> None:
    (problem,) = read_catalog(Path("nowhere/catalog.yaml")).problems
    assert str(problem) == (
        "nowhere/catalog.yaml: cannot be read ([Errno 2] No such file or directory: 'nowhere/catalog.yaml'); "
        "expected a readable YAML file"
    )


def test_a_path_that_is_no_file_is_a_problem() -> None:
    (problem,) = read_catalog(Path("a\0b")).problems
    assert "cannot be read (" in str(problem)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    path.touch(mode=0)
    assert "Permission denied" in str(read_catalog(path).problems[0])


@pytest.mark.parametrize("defaults", ["{owner: a, owner: b}", "{owner: !x b}", "[1]"])
def test_no_pipeline_is_read_with_defaults_that_are_unclear(defaults: str, sound: str, read: Read) -> None:
    reading = read(sound.replace("version: 1\n", f"version: 1\ndefaults: {defaults}\n"))
    assert reading.pipelines == {}
    assert [problem.pipeline for problem in reading.problems] == [None]


def test_a_problem_of_the_defaults_is_reported_once(sound: str, read: Read) -> None:
    text = sound.replace("version: 1\n", "version: 1\ndefaults:\n  training:\n    epoch: 5\n    batch: x\n") + SECOND
    reading = read(text)
    assert reading.pipelines == {}
    assert [str(problem) for problem in reading.problems] == [
        "catalog.yaml:4: defaults.training.epoch: unknown key; did you mean 'epochs'? expected one of epochs, batch, "
        "minimum_batch, imgsz, patience, seed, arguments",
        "catalog.yaml:5: defaults.training.batch: got 'x' (text); expected a whole number from 1 to 1000000",
    ]


def test_a_wrong_default_does_not_touch_pipelines_that_override_it(sound: str, read: Read) -> None:
    text = sound.replace("version: 1\n", "version: 1\ndefaults: {training: {batch: x}, owner: me}\n")
    reading = read(text + "    training: {batch: 4}\n" + SECOND)
    assert list(reading.pipelines) == ["digits"]
    assert [problem.field for problem in reading.problems] == ["defaults.training.batch"]


def test_an_impossible_split_of_the_defaults_is_reported_once(sound: str, read: Read) -> None:
    text = sound.replace("version: 1\n", "version: 1\ndefaults: {dataset: {split: {train: 0.5}}}\n") + SECOND
    assert [str(problem) for problem in read(text).problems] == [
        "catalog.yaml:2: defaults.dataset.split: impossible split: train + val + test is 0.8; expected 1"
    ]


def test_a_split_that_a_pipeline_completes_is_no_problem(sound: str, read: Read) -> None:
    text = sound.replace("version: 1\n", "version: 1\ndefaults: {dataset: {split: {train: 0.5}}}\n")
    reading = read(text.replace("uri: digits", "uri: digits\n      split: {val: 0.3, test: 0.2}"))
    assert reading.problems == ()
    assert reading.pipelines["digits"].dataset.split is not None


def test_a_bomb_of_aliases_is_refused_before_it_is_in_memory(messages: Messages) -> None:
    lines = ["version: 1", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)]
    assert messages("\n".join(lines)) == [
        "6: aliases (*name) that expand to more than 100000 values or 32 levels; expected a smaller catalog"
    ]


def test_a_bomb_of_merge_keys_is_refused_before_it_is_in_memory(messages: Messages) -> None:
    lines = ["version: 1", "a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: 1}}" for n in range(1, 20)]
    assert messages("\n".join(lines)) == [
        "7: aliases (*name) that expand to more than 100000 values or 32 levels; expected a smaller catalog"
    ]


def test_a_chain_of_aliases_is_refused(messages: Messages) -> None:
    lines = ["a0: &a0 x", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 5000))]
    (message,) = messages("\n".join(lines))
    assert "aliases (*name) that expand to more than 100000 values or 32 levels" in message


def test_an_alias_inside_itself_is_refused(sound: str, messages: Messages) -> None:
    assert messages(sound + "    tags: &t [*t]\n") == ["11: an alias (*name) inside its own anchor; expected a tree"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('version: 1\npipelines: "\\UFFFFFFFF"\n', "not valid YAML"),
        ("a: " + "[" * 50, "nested too deeply"),
        ("a: \x01", "the character '\\x01'"),
    ],
)
def test_without_libyaml_bad_text_is_refused_too(text: str, message: str) -> None:
    with pytest.raises(yaml_tree.YamlError, match=message.replace("\\", "\\\\")):
        yaml_tree.compose(text, yaml_tree.guarded(yaml.SafeLoader))


def test_half_a_character_is_a_problem(sound: str, messages: Messages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_tree, "_Loader", yaml_tree.guarded(yaml.SafeLoader))
    assert messages(sound + '    owner: "\\ud800"\n') == [
        "3: pipeline 'digits': got text that is not Unicode; expected Unicode text"
    ]
