"""Catalogs and messages that are cut, changed or something else: problems of the file, or refused."""

import gzip
import json
import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from step_contract import transport
from step_contract.catalog.reading import CatalogReading, read_catalog
from step_contract.order import StepOrder
from step_contract.step import StepRun
from step_contract.transport import ContractError

from .test_contract import make_request, make_run

pytestmark = pytest.mark.timeout(60)
Read = Callable[..., CatalogReading]
SHIPPED = (Path(__file__).parents[2] / "include" / "training_catalog.yaml").read_text(encoding="utf-8")
SECONDS = 20

WHOLE_FILES: dict[str, tuple[bytes, str]] = {
    "bytes of an image": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not UTF-8: the byte 0x89"),
    "packed": (gzip.compress(SHIPPED.encode()), "not UTF-8: the byte 0x8b"),
    "cut within a character": (
        SHIPPED.encode()[: SHIPPED.encode().index("손".encode()) + 1],
        "not UTF-8: the byte 0xec",
    ),
    "zero bytes for a lost tail": (SHIPPED.encode()[:900] + bytes(500), r"the character '\x00'"),
    "zero bytes only": (bytes(4096), r"the character '\x00'"),
    "a merge that stopped": (f"<<<<<<< HEAD\n{SHIPPED}=======\n>>>>>>> other\n".encode(), "not valid YAML: "),
    "a template": (b"version: 1\npipelines: {{ pipelines }}\n", "got a mapping as a key"),
    "a web page": (b"<!doctype html>\n<title>404</title>\n", "got '<!doctype html> <title>404</title>' (text)"),
    "a schema": ((json.dumps({"$schema": "x", "type": "object"})).encode(), "version: missing; expected version: 1"),
    "the text in quotes": (json.dumps(SHIPPED).encode(), "expected a mapping with version, defaults, pipelines"),
    "half a megabyte in one word": (b"a" * 500_000, "aaa... (text)"),
    "half a megabyte in one key": (b"version: 1\npipelines: {}\n" + b"k" * 500_000 + b": 1\n", "not valid YAML"),
    "fifty thousand open lists": (b"pipelines: " + b"[" * 50_000, "nested too deeply; expected at most 32 levels"),
    "fifty thousand open quotes": (b"pipelines: " + b'"' * 50_001, "not valid YAML"),
    "a version of NaN": (b"version: .nan\npipelines: {}\n", "version: got nan; expected 1"),
    "a version beyond any": (b"version: " + b"9" * 5000 + b"\npipelines: {}\n", "version: got inf; expected 1"),
    "aliases of aliases": (
        "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))]).encode(),
        "aliases (*name) that expand to more than 100000 values or 32 levels",
    ),
}


@pytest.mark.parametrize(("content", "expected"), WHOLE_FILES.values(), ids=WHOLE_FILES.keys())
def test_a_file_that_is_not_a_catalog_is_one_problem(content: bytes, expected: str, read: Read) -> None:
    began = time.monotonic()
    reading = read(content)
    assert time.monotonic() - began < SECONDS
    assert reading.pipelines == {}
    (problem,) = reading.problems
    assert str(problem).startswith("catalog.yaml:")
    assert expected in str(problem)
    assert len(str(problem)) < 500


CHANGES: dict[str, tuple[str, str, str]] = {
    "a key in the wrong place": ("    model: yolo11n.yaml", "  model: yolo11n.yaml", "not valid YAML: "),
    "a space too few": ("      epochs: 10", "     epochs: 10", "not valid YAML: "),
    "a colon lost": ("    task: detect", "    task detect", "not valid YAML: "),
    "a bracket lost": ("tags: [demo, detection]", "tags: [demo, detection", "not valid YAML: "),
    "a quote lost": ('pattern: "%Y-%m-%d"', 'pattern: "%Y-%m-%d', "not valid YAML: "),
    "no quotes where they are needed": ('pattern: "%Y-%m-%d"', "pattern: %Y-%m-%d", "not valid YAML: "),
    "a tab": ("      batch: 8", "\tbatch: 8", "not valid YAML: "),
    "a letter of another alphabet": ("    task: detect", "    tаsk: detect", "tаsk: unknown key; did you mean 'task'?"),
    "a space that does not break": ("epochs: 10", "epochs:\u00a010", "not valid YAML: "),
    "a decimal comma": ("lr0: 0.003", "lr0: 0,003", "training.arguments.lr0: got '0,003' (text); expected a number"),
    "a number in words": ("epochs: 10", "epochs: ten", "training.epochs: got 'ten' (text); expected a whole number"),
    "a number without end": ("epochs: 10", "epochs: .inf", "training.epochs: got inf; expected a whole number"),
    "a name by two pipelines": ("  digits:\n", "  digits: {}\n  digits:\n", "duplicate pipeline name (first in line"),
    "an alias of nothing": ("owner: vision-team", "owner: *team", "not valid YAML: found undefined alias"),
    "a tag that runs a command": ("owner: vision-team", "owner: !!python/object/apply:os.abort []", "got the tag"),
    "half a share": (
        "test: 0.15",
        "test: 0.1",
        "dataset.split: impossible split: train + val + test is 0.95; expected 1",
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES.values(), ids=CHANGES.keys())
def test_one_slip_in_the_shipped_catalog_is_named_with_its_line(old: str, new: str, expected: str, read: Read) -> None:
    assert SHIPPED.count(old) == 1
    reading = read(SHIPPED.replace(old, new))
    assert reading.pipelines == {}
    assert any(expected in str(problem) for problem in reading.problems)
    assert all(re.match(r"catalog\.yaml:\d+: ", str(problem)) for problem in reading.problems)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n" * 1000 + "# end",
        lambda text: "---\n" + text + "...\n",
    ],
    ids=["byte order mark", "lines as Windows ends them", "no last line end", "blank lines", "marks of a document"],
)
def test_what_editors_do_to_a_file_is_no_problem(change: Callable[[str], str], read: Read) -> None:
    assert read(change(SHIPPED)) == read(SHIPPED)
    assert read(SHIPPED).problems == ()


@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "/dev/null", "x" * 300, "a\0b", "link"])
def test_a_path_that_is_no_file_is_one_problem_at_once(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("link")
    began = time.monotonic()
    (problem,) = read_catalog(tmp_path / name).problems
    assert time.monotonic() - began < SECONDS
    assert problem.file == str(tmp_path / name)
    assert "is a pipe or a device" in str(problem) or "cannot be read (" in str(problem)
    assert problem.expected == "a readable YAML file"


def test_a_thousand_bad_pipelines_cost_seconds_and_leave_the_good_one(sound: str, read: Read) -> None:
    began = time.monotonic()
    reading = read(sound + "".join(f"  p{number}: {{task: detekt, model: [x], owner: 7}}\n" for number in range(1000)))
    assert time.monotonic() - began < 30
    assert list(reading.pipelines) == ["digits"]
    assert {problem.pipeline for problem in reading.problems} == {f"p{number}" for number in range(1000)}


# -- the shipped catalog, changed by seed -----------------------------------------------------------------------------

TOKENS = re.findall(r"\s+|\w+|[^\w\s]", SHIPPED)
STRANGE = ["{{", "}}", "*a", "&a ", "<<: *a", "!!x ", "---\n", "\t", "\0", "\ufeff", "\u2028", '"', "'", "|\n", ">+\n"]
STRANGE += [".nan", "1e999", "9" * 400, "null", "~", "- ", "? ", ": ", "#", "[", "]", "{", "}", "%", "한", "\\ud800"]


def mutated(seed: int) -> str:
    """Return the shipped catalog with a few of its tokens deleted, doubled, exchanged or replaced."""
    chance = random.Random(seed)
    tokens = list(TOKENS)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        start = chance.randrange(len(tokens))
        end = start + chance.choice((1, 1, 2, 5, 40))
        kind = chance.randrange(5)
        piece = tokens[start:end]
        other = chance.randrange(len(tokens))
        changed = {0: [], 1: piece * 2, 2: [chance.choice(STRANGE)], 3: tokens[other : other + len(piece)]}
        tokens[start:end] = changed.get(kind, [chance.choice(STRANGE), *piece])
    return "".join(tokens)


def check_reading(text: str, read: Read) -> None:
    """Check the rules of any reading: each pipeline valid or reported, by file, in one line, soon, alone as well."""
    began = time.monotonic()
    reading = read(text)
    assert time.monotonic() - began < SECONDS
    assert reading.problems or reading.pipelines or "pipelines" in text
    for problem in reading.problems:
        assert str(problem).startswith("catalog.yaml:")
        assert problem.expected
        assert str(problem).isprintable(), repr(str(problem))
        assert len(str(problem)) < 2000
    for name, pipeline in reading.pipelines.items():
        assert read(text, f"train_{name}").pipelines == {name: pipeline}


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_no_mutation_of_the_shipped_catalog_raises(seed: int, read: Read) -> None:
    check_reading(mutated(seed), read)


@pytest.mark.faults
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
@pytest.mark.timeout(900)
def test_no_mutation_of_many_raises(seed: int, read: Read) -> None:
    check_reading(mutated(seed), read)


# -- what crosses the border ------------------------------------------------------------------------------------------

MESSAGES: dict[str, tuple[Callable[[str], object], str]] = {
    "request": (transport.decode_order, make_request().model_dump_json()),
    "run": (transport.decode_run, make_run().model_dump_json()),
    "chore": (transport.decode_order, '{"protocol":1,"order":{"chore":"sweep","over":[],"dry_run":true}}'),
    "result": (
        transport.decode_line,
        'STEP_RESULT::{"protocol":1,"mlflow_run_id":"r","summary":"s","outcome":{"step":"train","epochs_done":3,'
        '"metrics":{"mAP50":0.5}}}',
    ),
    "failure": (transport.decode_line, 'STEP_FAILURE::{"protocol":1,"step":"train","kind":"bug","message":"m"}'),
}


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "[" * 100_000, '{"a":' * 100_000, "9" * 5000, '{"protocol":' + "9" * 5000 + "}", "\udcff", "NaN"],
    ids=["nothing", "cut", "list", "deep list", "deep mapping", "digits", "protocol of digits", "bytes", "NaN"],
)
@pytest.mark.parametrize(("decode", "text"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_text_that_is_not_a_message_is_refused_in_one_short_line(
    decode: Callable[[str], object], text: str, body: str
) -> None:
    tag = text[: text.index("{")]
    with pytest.raises(ContractError) as refused:
        decode(tag + body)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 500


NEW = st.text('0"[]{}:,.-eInfNatrue \\\ud800', max_size=9)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(sorted(MESSAGES)),
    edits=st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 9), NEW), min_size=1, max_size=3),
)
def test_an_edited_message_is_read_or_refused(name: str, edits: list[tuple[int, int, str]]) -> None:
    decode, text = MESSAGES[name]
    for place, length, new in edits:
        start = place % (len(text) + 1)
        text = text[:start] + new + text[start + length :]
    refusal = refusal_of(decode, text)
    assert refusal is None or len(refusal) < 5000


def refusal_of(decode: Callable[[str], object], text: str) -> str | None:
    try:
        decode(text)
    except ContractError as error:
        return str(error)
    return None


VALUES: dict[str, Any] = {
    "null": None, "true": True, "list": [], "mapping": {}, "text": "x", "number": -1, "fraction": 0.5,
    "NaN": float("nan"), "digits": 10**400, "half a character": "\ud800", "deep": json.loads("[" * 100 + "]" * 100),
}  # fmt: skip


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_wrong_value_in_any_field_of_a_request_names_the_field(value: Any) -> None:
    document = json.loads(make_request().model_dump_json())
    for path in paths_of(document):
        refusal = refusal_of(transport.decode_order, json.dumps(replaced(document, path, value)))
        field = ".".join(path)
        named = refusal is None or field in refusal or "Invalid JSON" in refusal or "protocol" in refusal
        assert named or (path[:-1] and ".".join(path[:-1]) in str(refusal)), (path, refusal)


def paths_of(document: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the path of each field of a JSON document."""
    if not isinstance(document, dict):
        return []
    return [path for key, value in document.items() for path in ((*above, key), *paths_of(value, (*above, key)))]


def replaced(document: Any, path: tuple[str, ...], value: Any) -> Any:
    key, *rest = path
    return {**document, key: replaced(document[key], tuple(rest), value) if rest else value}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("field", ["logical_date", "data_interval_start", "data_interval_end"])
def test_a_moment_at_the_end_of_the_calendar_is_refused(field: str, moment: str) -> None:
    document = json.loads(make_run().model_dump_json()) | {field: moment}
    with pytest.raises(ContractError, match=rf"run \(STEP_RUN\): {field}: Input should be (less|greater) than"):
        transport.decode_run(json.dumps(document))


def test_the_messages_are_sound_before_they_are_changed() -> None:
    kinds = {name: type(decode(text)).__name__ for name, (decode, text) in MESSAGES.items()}
    assert kinds == {
        "request": StepOrder.__name__, "run": StepRun.__name__, "chore": "SweepOrder", "result": "Result",
        "failure": "Failure",
    }  # fmt: skip
