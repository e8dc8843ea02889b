"""Report each error of a catalog in one message: where it is, what was got, what was expected."""

from collections.abc import Callable

import pytest

from step_contract.catalog.reading import CatalogReading
from tests.step_contract.conftest import SECOND

Messages = Callable[..., list[str]]
Read = Callable[..., CatalogReading]

APPENDED = {
    "an unknown key": (
        "    scedule: {}\n",
        "scedule: unknown key; did you mean 'schedule'? expected one of description, owner, tags, task, runtime, "
        "schedule, start_date, dataset, model, training, gate, registry, resources, execution, notify",
    ),
    "an unknown key far below": (
        "    training:\n      epoch: 3\n",
        "12: training.epoch: unknown key; did you mean 'epochs'? expected one of epochs, batch, minimum_batch, "
        "imgsz, patience, seed, arguments",
    ),
    "an unknown key that is null": (
        "    gate: {metrc: null}\n",
        "gate.metrc: unknown key; did you mean 'metric'? expected one of metric, minimum, minimum_improvement, "
        "maximum_class_regression, tolerance, unreadable_champion",
    ),
    "an unknown key like nothing": (
        "    gate: {qqqq: 1}\n",
        "gate.qqqq: unknown key; expected one of metric, minimum, minimum_improvement, maximum_class_regression, "
        "tolerance, unreadable_champion",
    ),
    "the name as a field": (
        "    name: digits\n",
        "name: unknown key; expected the name as the pipeline's key only; remove it",
    ),
    "text for a number": (
        "    training: {epochs: many}\n",
        "training.epochs: got 'many' (text); expected a whole number from 1 to 1000000",
    ),
    "a number in quotes": (
        "    training: {epochs: '12'}\n",
        "training.epochs: got '12' (text); expected a whole number from 1 to 1000000; write it without quotes",
    ),
    "a fraction for a whole number": (
        "    training: {epochs: 1.5}\n",
        "training.epochs: got 1.5; expected a whole number from 1 to 1000000",
    ),
    "true for a number": (
        "    training: {batch: true}\n",
        "training.batch: got true; expected a whole number from 1 to 1000000",
    ),
    "zero epochs": (
        "    training: {epochs: 0}\n",
        "training.epochs: got 0; expected a whole number from 1 to 1000000",
    ),
    "a number too large for a duration": (
        "    execution: {run_timeout_hours: 99999999}\n",
        "execution.run_timeout_hours: got 99999999; expected a whole number from 1 to 1000000",
    ),
    "a deadline that is no time of day": (
        "    execution: {deadline: 6:00}\n",
        "execution.deadline: got '6:00' (text); expected a time of day such as 06:00",
    ),
    "a deadline after midnight's hour": (
        "    execution: {deadline: 24:00}\n",
        "execution.deadline: got '24:00' (text); expected a time of day such as 06:00",
    ),
    "a deadline as a number": (
        "    execution: {deadline: 6}\n",
        "execution.deadline: got 6; expected a time of day such as 06:00; put it in quotes",
    ),
    "an asset of a name that Airflow keeps for itself": (
        "    schedule: {assets: [self]}\n",
        "schedule.assets.0: asset name 'self'; expected a name that Airflow accepts: not self or context, no URI of "
        "scheme airflow, at most 1500 characters",
    ),
    "an asset with an address of Airflow's": (
        "    schedule: {assets: ['airflow://x']}\n",
        "schedule.assets.0: asset name 'airflow://x'; expected a name that Airflow accepts: not self or context, no "
        "URI of scheme airflow, at most 1500 characters",
    ),
    "an asset with a broken address": (
        "    schedule: {assets: ['http://[x']}\n",
        "schedule.assets.0: asset name 'http://[x'; expected a name that Airflow accepts: not self or context, no "
        "URI of scheme airflow, at most 1500 characters",
    ),
    "an event that there is not": (
        "    notify: {events: [failed, promotd]}\n",
        "notify.events.1: got 'promotd' (text); did you mean 'promoted'? expected one of failed, promoted, refused, "
        "kept, late",
    ),
    "a target that is an address": (
        "    notify: {targets: ['https://chat.example.com/hook?token=1']}\n",
        "notify.targets.0: got 'https://chat.example.com/hook?token=1' (text); expected the id of an Airflow "
        "connection: at most 200 letters, digits, _ . or -",
    ),
    "a target that stands alone": (
        "    notify: {targets: ops-mail}\n",
        "notify.targets: got 'ops-mail' (text); expected a list of items, each the id of an Airflow connection: "
        "at most 200 letters, digits, _ . or -",
    ),
    "not a number": (
        "    gate: {minimum: .nan}\n",
        "gate.minimum: got nan; expected a number from 0 to 1",
    ),
    "infinity": (
        "    resources: {train: {cpu: -.inf}}\n",
        "resources.train.cpu: got -inf; expected a number above 0 and up to 1024",
    ),
    "a number for text": (
        "    owner: 7\n",
        "owner: got 7; expected text; put it in quotes",
    ),
    "empty text": (
        "    owner: ''\n",
        "owner: got '' (text); expected text that is not empty",
    ),
    "a long tag": (
        f"    tags: [{'x' * 101}]\n",
        "tags.0: got 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... (text); expected text of at most 100 "
        "characters",
    ),
    "text for a list": (
        "    tags: demo\n",
        "tags: got 'demo' (text); expected a list of items, each text",
    ),
    "nothing in a list": (
        "    tags:\n      - a\n      -\n",
        "13: tags.1: got nothing; expected text",
    ),
    "a list for a mapping": (
        "    gate: [mAP50]\n",
        "gate: got a list; expected a mapping",
    ),
    "a mapping for text": (
        "    owner: {a: 1}\n",
        "owner: got a mapping; expected text",
    ),
    "an unknown runtime": (
        "    runtime: dcker\n",
        "runtime: got 'dcker' (text); did you mean 'docker'? expected one of local, docker, kubernetes",
    ),
    "an unknown choice": (
        "    gate: {unreadable_champion: ignore}\n",
        "gate.unreadable_champion: got 'ignore' (text); expected one of fail, replace",
    ),
    "a date that is none": (
        "    start_date: 2026-02-30\n",
        "start_date: got '2026-02-30' (text); expected a date such as 2026-01-31",
    ),
    "a date too early for a scheduler": (
        "    start_date: 1066-10-14\n",
        "start_date: got '1066-10-14' (text); expected a date such as 2026-01-31, not before 2000-01-01",
    ),
    "a date too late for a scheduler": (
        "    start_date: 9999-12-31\n",
        "start_date: got '9999-12-31' (text); expected a date such as 2026-01-31, not after 2199-12-31",
    ),
    "a cron value out of range": (
        "    schedule: {cron: 0 99 * * *}\n",
        "schedule.cron: got '0 99 * * *' (text), which cannot be read ([0 99 * * *] is not acceptable, out of range); "
        "expected a cron expression of five fields such as '0 2 * * *'",
    ),
    "a cron of six fields": (
        "    schedule: {cron: 0 0 2 * * *}\n",
        "schedule.cron: got '0 0 2 * * *' (text), which has 6 fields; expected a cron expression of five fields such "
        "as '0 2 * * *'",
    ),
    "a cron preset": (
        "    schedule: {cron: '@daily'}\n",
        "schedule.cron: got '@daily' (text), which is a preset; expected a cron expression of five fields such as '0 2 "
        "* * *'",
    ),
    "a cron of words": (
        "    schedule: {cron: every night at two please}\n",
        "schedule.cron: got 'every night at two please' (text), which cannot be read ([every night at two please] is "
        "not acceptable); expected a cron expression of five fields such as '0 2 * * *'",
    ),
    "a cron with signs": (
        "    schedule: {cron: 0 2 * * $}\n",
        "schedule.cron: got '0 2 * * $' (text), which has '$' as day of week; expected a cron expression of five "
        "fields such as '0 2 * * *'",
    ),
    "a cron by chance": (
        "    schedule: {cron: R 2 * * *}\n",
        "schedule.cron: got 'R 2 * * *' (text), which has 'R' as minute, a randomly chosen time; expected a cron "
        "expression of five fields such as '0 2 * * *'",
    ),
    "a cron that never occurs": (
        "    schedule: {cron: 0 0 30 2 *}\n",
        "schedule.cron: got '0 0 30 2 *' (text), which never occurs; expected a cron expression of five fields such as "
        "'0 2 * * *'",
    ),
    "an empty cron": (
        "    schedule: {cron: ''}\n",
        "schedule.cron: got '' (text); expected text that is not empty",
    ),
    "an unknown time zone": (
        "    schedule: {cron: 0 2 * * *, timezone: Asia/Seul}\n",
        "schedule.timezone: unknown time zone 'Asia/Seul'; did you mean 'Asia/Seoul'? expected an IANA name such as "
        "Asia/Seoul or UTC",
    ),
    "a time zone outside the database": (
        "    schedule: {cron: 0 2 * * *, timezone: ../../etc/passwd}\n",
        "schedule.timezone: unknown time zone '../../etc/passwd'; expected an IANA name such as Asia/Seoul or UTC",
    ),
    "a time zone of this machine": (
        "    schedule: {cron: 0 2 * * *, timezone: localtime}\n",
        "schedule.timezone: unknown time zone 'localtime'; expected an IANA name such as Asia/Seoul or UTC",
    ),
    "a schedule of nothing": (
        "    schedule: {}\n",
        "schedule: neither cron nor assets; expected exactly one of the two (omit schedule to run only by hand)",
    ),
    "a schedule of both": (
        "    schedule: {cron: 0 2 * * *, assets: [a]}\n",
        "schedule: both cron and assets; expected exactly one of the two (omit schedule to run only by hand)",
    ),
    "a metric of another task": (
        "    gate: {metric: map50}\n",
        "gate.metric: got 'map50', which task detect does not have; did you mean 'mAP50'? expected one of "
        "mAP50-95, mAP50, precision, recall",
    ),
    "an unknown argument": (
        "    training:\n      arguments:\n        mosaik: 1\n",
        "13: training.arguments.mosaik: unknown ultralytics argument; did you mean 'mosaic'? expected a train argument "
        "of ultralytics 8.4.190 (docs/catalog.md lists them)",
    ),
    "an unknown argument that is null": (
        "    training: {arguments: {mosaik: null}}\n",
        "training.arguments.mosaik: unknown ultralytics argument; did you mean 'mosaic'? expected a train argument of "
        "ultralytics 8.4.190 (docs/catalog.md lists them)",
    ),
    "an argument of prediction": (
        "    training: {arguments: {show_labels: true}}\n",
        "training.arguments.show_labels: has no effect on training; expected a train argument of ultralytics 8.4.190 "
        "(docs/catalog.md lists them)",
    ),
    "an argument of the wrong type": (
        "    training: {arguments: {lr0: fast}}\n",
        "training.arguments.lr0: got 'fast' (text); expected a number from 0 to 1",
    ),
    "true for a number argument": (
        "    training: {arguments: {box: true}}\n",
        "training.arguments.box: got true; expected a number",
    ),
    "an argument out of range": (
        "    training: {arguments: {fliplr: 1.5}}\n",
        "training.arguments.fliplr: got 1.5; expected a number from 0 to 1",
    ),
    "an argument with too many items": (
        "    training: {arguments: {scale: [0.1, 0.2, 0.3]}}\n",
        "training.arguments.scale: got a list; expected a number from 0 to 1 or a list of 2 items, each a number",
    ),
    "a mapping as an argument": (
        "    training: {arguments: {cache: {ram: true}}}\n",
        "training.arguments.cache: got a mapping; expected true or false or one of ram, disk",
    ),
    "an unknown optimizer": (
        "    training: {arguments: {optimizer: adamw}}\n",
        "training.arguments.optimizer: got 'adamw' (text); did you mean 'AdamW'? expected one of auto, SGD, MuSGD, "
        "Adam, Adamax, AdamW, NAdam, RAdam, RMSprop",
    ),
    "an argument with a field of its own": (
        "    training: {arguments: {epochs: 5}}\n",
        "training.arguments.epochs: is set by the platform; expected no value here; set training.epochs",
    ),
    "an argument of the platform": (
        "    training: {arguments: {save_dir: /data}}\n",
        "training.arguments.save_dir: is set by the platform; expected no value here; remove it: each run has "
        "its own folder",
    ),
    "gpus where they are of no use": (
        "    resources:\n      promote: {gpus: 1}\n",
        "12: resources.promote.gpus: got 1, but promote cannot use a GPU; expected 0",
    ),
    "an amount without a unit": (
        "    resources: {train: {memory: 8G}}\n",
        "resources.train.memory: got '8G' (text); expected an amount such as 512Mi or 8Gi",
    ),
    "a key twice": (
        "    owner: a\n    owner: b\n",
        "12: owner: duplicate key (first in line 11); expected each key once",
    ),
    "a tag of YAML": (
        "    owner: !!python/object:os.system x\n",
        "owner: got the tag 'tag:yaml.org,2002:python/object:os.system'; expected a value without a tag (!)",
    ),
    "a list as a key": (
        "    ? [a, b]\n    : 1\n",
        "got a list as a key; expected a key of text",
    ),
    "a merge of no mapping": (
        "    <<: [1]\n",
        "<<: got '1' (text); expected an alias of a mapping",
    ),
    "a time zone that is a folder": (
        "    schedule: {cron: 0 2 * * *, timezone: America}\n",
        "schedule.timezone: unknown time zone 'America'; expected an IANA name such as Asia/Seoul or UTC",
    ),
}

REPLACED = {
    "a wrong split": (
        "uri: digits",
        "{uri: digits, split: {train: 0.9, val: 0.2}}",
        "6: dataset.split: impossible split: train + val + test is 1.25; expected 1",
    ),
    "a split without training": (
        "uri: digits",
        "{uri: digits, split: {train: 0, val: 0.5, test: 0.5}}",
        "6: dataset.split: impossible split: train is 0 and val is 0.5; expected both above 0",
    ),
    "a negative split": (
        "uri: digits",
        "{uri: digits, split: {train: 1.2, val: -0.2, test: 0}}",
        "6: dataset.split.train: got 1.2; expected a number from 0 to 1",
    ),
    "a partition without a day": (
        "uri: digits",
        "{uri: digits, partition: {pattern: '%Y-%m'}}",
        "6: dataset.partition.pattern: got '%Y-%m', which gives every day the same folder; expected a pattern such as "
        "'%Y-%m-%d'",
    ),
    "a format of another task": (
        "uri: digits",
        "{uri: digits, format: imagefolder}",
        "6: dataset.format: got 'imagefolder', which task detect cannot read; expected one of yolo, coco",
    ),
    "no dataset uri": (
        "uri: digits",
        "{format: yolo}",
        "6: dataset.uri: missing; expected text (Folder, .zip, .tar or .tar.gz with the dataset: an s3:// or file:// "
        "URI, or a path below the deployment's DATASET_ROOT)",
    ),
    "the past of a folder": (
        "uri: digits",
        "{uri: file:///data/digits, as_of: data_interval_end}",
        "6: dataset: got as_of 'data_interval_end' with a file:// URI, but folders keep no earlier versions; expected "
        "an s3:// URI of a bucket with versioning, or no as_of",
    ),
    "another moment": (
        "uri: digits",
        "{uri: digits, as_of: yesterday}",
        "6: dataset.as_of: got 'yesterday' (text); expected one of now, data_interval_end",
    ),
    "a reserved alias": (
        "model: digits",
        "{model: digits, champion: v2}",
        "9: registry.champion: got 'v2', which MLflow reserves; expected another name",
    ),
    "one alias for both": (
        "model: digits",
        "{model: digits, candidate: Champion}",
        "9: registry.candidate: got 'Champion', the champion's alias; expected another name",
    ),
    "a model name that MLflow refuses": (
        "model: digits",
        "{model: a/b}",
        "9: registry.model: got 'a/b' (text); expected a name of at most 200 characters without "
        "/ : . % # ? @ or quotes",
    ),
    "a model name that MLflow takes and finds no files of": (
        "model: digits",
        "{model: 'digits #1'}",
        "9: registry.model: got 'digits #1' (text); expected a name of at most 200 characters "
        "without / : . % # ? @ or quotes",
    ),
    "a model name with the sign of a query": (
        "model: digits",
        "{model: 'digits?'}",
        "9: registry.model: got 'digits?' (text); expected a name of at most 200 characters "
        "without / : . % # ? @ or quotes",
    ),
    "a model name with the sign of an alias": (
        "model: digits",
        "{model: digits@home}",
        "9: registry.model: got 'digits@home' (text); expected a name of at most 200 characters "
        "without / : . % # ? @ or quotes",
    ),
}


@pytest.mark.parametrize(("fields", "message"), APPENDED.values(), ids=APPENDED.keys())
def test_a_wrong_field_gives_one_message_and_no_pipeline(
    fields: str, message: str, sound: str, messages: Messages, read: Read
) -> None:
    assert messages(sound + fields) == [_of_digits(message)]
    assert read(sound + fields).pipelines == {}


@pytest.mark.parametrize(("old", "new", "message"), REPLACED.values(), ids=REPLACED.keys())
def test_a_wrong_needed_field_gives_one_message(
    old: str, new: str, message: str, sound: str, messages: Messages
) -> None:
    text = sound.replace(f"\n      {old}\n", f" {new}\n")
    assert messages(text)[0] == _of_digits(message)


@pytest.mark.parametrize(("fields", "message"), APPENDED.values(), ids=APPENDED.keys())
def test_reading_one_pipeline_finds_the_same(fields: str, message: str, sound: str, messages: Messages) -> None:
    assert messages(sound + fields + SECOND, "train_digits") == [_of_digits(message)]


def _of_digits(message: str) -> str:
    """Return the whole message; its line is 11 unless it begins with another."""
    line, _, rest = message.partition(": ") if message[0].isdigit() else ("11", "", message)
    return f"{line}: pipeline 'digits': {rest}"


@pytest.mark.parametrize("name", ["Digits", "손글씨", "a b", "9a", "a" * 64, "a.b", "~", "123"])
def test_a_bad_pipeline_name_is_a_problem(name: str, sound: str, messages: Messages) -> None:
    shown = name if len(name) <= 60 else name[:57] + "..."
    assert messages(sound.replace("  digits:\n", f"  {name}:\n")) == [
        f"3: pipeline {shown!r}: bad pipeline name; expected a lower-case letter followed by lower-case "
        "letters, digits, _ or -, at most 63 characters"
    ]


def test_all_missing_fields_are_reported_at_once(messages: Messages) -> None:
    found = [
        message.removeprefix("3: pipeline 'empty': ") for message in messages("version: 1\npipelines:\n  empty:\n")
    ]
    assert found == [
        "description: missing; expected text (One sentence about the pipeline, shown with its DAG; in any language)",
        "task: missing; expected one of detect, segment, classify, pose, obb (Task of the model)",
        "dataset: missing; expected a mapping (Images and labels to train on)",
        "model: missing; expected text (Model YAML of ultralytics to train from scratch, or a weights file to start "
        "from)",
        "registry: missing; expected a mapping (Registered model and its aliases)",
    ]


def test_null_does_not_stand_for_a_needed_field(sound: str, messages: Messages) -> None:
    assert messages(sound.replace("task: detect", "task: null")) == [
        "5: pipeline 'digits': task: got nothing; expected one of detect, segment, classify, pose, obb"
    ]


def test_all_problems_of_a_pipeline_are_found_at_once(sound: str, messages: Messages) -> None:
    text = sound.replace("uri: digits", "split: {train: 0.9}") + (
        "    scedule: x\n"
        "    gate: {metric: accuracy_top1, minimum: 7}\n"
        "    training: {epochs: x, arguments: {lr0: 2, mosaik: 1}}\n"
        "    resources: {preprocess: {gpus: 2}, promote: {gpus: 1, memory: much}}\n"
        "    schedule: {cron: x, timezone: Mars}\n"
    )
    found = [message.partition(";")[0].removeprefix("pipeline 'digits': ") for message in messages(text)]
    assert found == [
        "6: pipeline 'digits': dataset.uri: missing",
        "7: pipeline 'digits': dataset.split: impossible split: train + val + test is 1.2",
        "11: pipeline 'digits': scedule: unknown key",
        "12: pipeline 'digits': gate.minimum: got 7",
        "13: pipeline 'digits': training.arguments.lr0: got 2",
        "13: pipeline 'digits': training.arguments.mosaik: unknown ultralytics argument",
        "13: pipeline 'digits': training.epochs: got 'x' (text)",
        "14: pipeline 'digits': resources.promote.memory: got 'much' (text)",
        "14: pipeline 'digits': resources.preprocess.gpus: got 2, but preprocess cannot use a GPU",
        "14: pipeline 'digits': resources.promote.gpus: got 1, but promote cannot use a GPU",
        "15: pipeline 'digits': schedule.cron: got 'x' (text), which has 1 fields",
        "15: pipeline 'digits': schedule.timezone: unknown time zone 'Mars'",
    ]


def test_metric_and_format_of_a_classify_pipeline_are_reported_at_once(sound: str, messages: Messages) -> None:
    assert messages(sound.replace("task: detect", "task: classify")) == [
        "3: pipeline 'digits': gate.metric: got 'mAP50-95', which task classify does not have; expected one of "
        "accuracy_top1, accuracy_top5",
        "6: pipeline 'digits': dataset.format: got 'yolo', which task classify cannot read; expected imagefolder",
    ]


def test_one_bad_pipeline_leaves_the_others(sound: str, read: Read) -> None:
    reading = read(sound + "    owner: 7\n" + SECOND)
    assert list(reading.pipelines) == ["letters"]
    assert [problem.pipeline for problem in reading.problems] == ["digits"]


def test_of_two_pipelines_with_one_name_the_first_stays(sound: str, read: Read) -> None:
    second = SECOND.replace("  letters:", "  digits:")
    reading = read(sound + second)
    assert reading.pipelines["digits"].description == "손글씨 숫자"
    assert [str(problem) for problem in reading.problems] == [
        "catalog.yaml:11: pipeline 'digits': duplicate pipeline name (first in line 3); expected each name once"
    ]


def test_of_two_pipelines_with_one_registered_model_the_first_keeps_it(sound: str, read: Read) -> None:
    reading = read(sound + SECOND.replace("{model: letters}", "{model: digits}"))
    assert list(reading.pipelines) == ["digits"]
    assert [str(problem) for problem in reading.problems] == [
        "catalog.yaml:16: pipeline 'letters': registry.model: got 'digits' (text), which pipeline 'digits' has "
        "already; expected a registered model for each pipeline"
    ]


def test_the_owner_of_a_registered_model_is_the_same_for_one_pipeline_alone(sound: str, read: Read) -> None:
    shared = SECOND.replace("{model: letters}", "{model: digits}")
    text = sound + shared + "  text: [1]\n  empty:\n" + shared.replace("letters:", "others:")
    for name in ("digits", "letters", "others"):
        alone = [problem for problem in read(text).problems if problem.pipeline == name]
        assert list(read(text, f"train_{name}").problems) == alone
    assert "which pipeline 'digits' has already" in str(read(text, "train_others").problems[0])


def test_a_bad_pipeline_keeps_its_registered_model(sound: str, read: Read) -> None:
    reading = read(sound + "    owner: 7\n" + SECOND.replace("{model: letters}", "{model: digits}"))
    assert reading.pipelines == {}
    assert [problem.field for problem in reading.problems] == ["owner", "registry.model"]


def test_a_registered_model_in_the_defaults_is_the_first_pipelines(sound: str, read: Read) -> None:
    text = sound.replace("version: 1\n", "version: 1\ndefaults: {registry: {model: shared}}\n")
    text = text.replace("    registry:\n      model: digits\n", "") + SECOND.replace(
        "    registry: {model: letters}\n", ""
    )
    assert list(read(text).pipelines) == ["digits"]
    assert read(text, "train_letters").pipelines == {}
    assert "which pipeline 'digits' has already" in str(read(text, "train_letters").problems[0])


def test_many_problems_of_one_pipeline_are_cut(sound: str, read: Read) -> None:
    keys = "".join(f"    unknown_{number}: 1\n" for number in range(5000))
    arguments = keys.replace("    ", "        ")
    assert len(read(sound + keys).problems) == 100
    assert len(read(sound + "    training:\n      arguments:\n" + arguments).problems) == 100


def test_a_key_that_is_long_and_strange_stays_on_one_line(sound: str, messages: Messages) -> None:
    (message,) = messages(sound + '    "a\\nb' + "x" * 900 + '": 1\n')
    assert message.startswith("11: pipeline 'digits': a\\nbxxx")
    assert len(message) < 400


def test_a_number_of_a_thousand_digits_is_a_problem(sound: str, messages: Messages) -> None:
    (message,) = messages(sound + f"    training: {{epochs: {'9' * 5000}}}\n")
    assert message == "11: pipeline 'digits': training.epochs: got inf; expected a whole number from 1 to 1000000"
