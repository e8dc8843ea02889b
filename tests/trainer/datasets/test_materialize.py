"""Tests of building a dataset from a manifest: exactly the recorded content, whatever happened to cache and source."""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from blake3 import blake3

from step_contract.catalog import DatasetFormat, VisionTask
from tests.trainer.conftest import make_pipeline
from tests.trainer.dataset_files import coco, image_bytes, write, write_image_folder, write_yolo_pool
from tests.trainer.preprocessing import preprocessed
from trainer.datasets.manifest import Manifest, ManifestItem, load_manifest
from trainer.datasets.materialize import materialize_dataset
from trainer.errors import BadData, TryAgain
from trainer.frameworks.ultralytics import setup as ultralytics_setup
from trainer.job import Job

MakeJob = Callable[..., Job]


def manifest_of(folder: Path, files: Mapping[str, tuple[str, str]], **overrides: Any) -> Manifest:
    """Write an image for each key and return the manifest; values are split and label."""
    items = []
    for number, (key, (split, label)) in enumerate(files.items()):
        content = image_bytes(number)
        write(folder, {key: content})
        digest = blake3(content).hexdigest()
        items.append(ManifestItem(split, key, len(content), "etag", digest, 32, 24, label))
    fields: dict[str, Any] = {
        "task": VisionTask.DETECT,
        "format": DatasetFormat.YOLO,
        "uri": folder.as_uri(),
        "names": ("no", "고양이: 둘"),
        "kpt_shape": None,
        "items": tuple(items),
    }
    return Manifest(**fields | overrides)


def two_images(folder: Path) -> Manifest:
    return manifest_of(folder, {"a.jpg": ("train", "0 0.5 0.5 0.1 0.1"), "b.jpg": ("val", "")})


def objects(job: Job) -> list[Path]:
    return sorted((job.settings.trainer_cache_dir / "objects").rglob("*.*"))


def test_images_labels_and_data_yaml_are_written(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job("train")
    data = materialize_dataset(two_images(tmp_path / "원본 자료"), job, job.workspace / "데이터 셋")
    spec = yaml.safe_load(data.read_text(encoding="utf-8"))
    assert spec == {
        "path": str(job.workspace / "데이터 셋"),
        "train": "images/train",
        "val": "images/val",
        "names": {0: "no", 1: "고양이: 둘"},
    }
    (image,) = (data.parent / "images" / "train").iterdir()
    assert image.read_bytes() == image_bytes(0)
    assert (data.parent / "labels" / "train" / f"{image.stem}.txt").read_text() == "0 0.5 0.5 0.1 0.1\n"
    assert [path.read_text() for path in (data.parent / "labels" / "val").iterdir()] == [""]


def test_keypoints_are_in_data_yaml(make_job: MakeJob, tmp_path: Path) -> None:
    files = {"a.jpg": ("train", "0 0.5 0.5 0.1 0.1 0.5 0.5 2 0 0 0"), "b.jpg": ("val", "")}
    pose = manifest_of(tmp_path / "s", files, task=VisionTask.POSE, kpt_shape=(2, 3), flip_idx=(1, 0))
    spec = yaml.safe_load(materialize_dataset(pose, make_job("train"), tmp_path / "out").read_text())
    assert (spec["kpt_shape"], spec["flip_idx"]) == ([2, 3], [1, 0])


def test_names_that_differ_in_folder_or_suffix_only_do_not_collide(make_job: MakeJob, tmp_path: Path) -> None:
    keys = ("x/same.jpg", "y/same.jpg", "x/same.JPEG", "x/" + "긴" * 70 + ".jpg", "x/줄\n바꿈.jpg")
    source = manifest_of(tmp_path / "s", {key: ("train", f"{n % 2} 0.5 0.5 0.1 0.1") for n, key in enumerate(keys)})
    data = materialize_dataset(source, make_job("train"), tmp_path / "out")
    images = list((data.parent / "images" / "train").iterdir())
    assert sorted(path.read_bytes() for path in images) == sorted(image_bytes(n) for n in range(5))
    assert len({path.stem for path in images}) == 5
    assert len(list((data.parent / "labels" / "train").iterdir())) == 5


def test_equal_content_under_equal_names_is_kept_as_often_as_in_the_manifest(make_job: MakeJob, tmp_path: Path) -> None:
    source = manifest_of(tmp_path / "s", {"x/same.jpg": ("train", "")})
    twice = replace(source, items=(source.items[0], replace(source.items[0], key="x/same.jpeg")))
    write(tmp_path / "s", {"x/same.jpeg": image_bytes(0)})
    data = materialize_dataset(twice, make_job("train"), tmp_path / "out")
    assert [path.read_bytes() for path in (data.parent / "images" / "train").iterdir()] == [image_bytes(0)] * 2
    assert len(list((data.parent / "labels" / "train").iterdir())) == 2


def test_the_order_of_files_follows_the_content_and_not_the_names_of_the_source(
    make_job: MakeJob, tmp_path: Path
) -> None:
    there = materialize_dataset(two_images(tmp_path / "s"), make_job("train"), tmp_path / "a")
    files = {"z/b.jpg": ("train", "0 0.5 0.5 0.1 0.1"), "c.jpg": ("train", ""), "a.jpg": ("train", "")}
    moved = {f"m{9 - n}.jpg": value for n, value in enumerate(files.values())}
    orders = []
    for number, names in enumerate((files, moved)):
        data = materialize_dataset(
            manifest_of(tmp_path / f"s{number}", names), make_job("train"), tmp_path / f"o{number}"
        )
        orders.append([path.read_bytes() for path in sorted((data.parent / "images" / "train").iterdir())])
    assert orders[0] == orders[1]
    assert there.exists()


def test_every_split_has_a_folder_for_every_class(make_job: MakeJob, tmp_path: Path) -> None:
    files = {"a.jpg": ("train", "0"), "b.jpg": ("train", "1"), "c.jpg": ("val", "1")}
    folder = materialize_dataset(
        manifest_of(tmp_path / "s", files, task=VisionTask.CLASSIFY), make_job("train"), tmp_path / "out"
    )
    assert folder == tmp_path / "out"
    found = {str(path.relative_to(folder).parent): path.read_bytes() for path in folder.rglob("*.jpg")}
    assert found == {"train/no": image_bytes(0), "train/고양이: 둘": image_bytes(1), "val/고양이: 둘": image_bytes(2)}
    assert sorted(path.name for path in (folder / "val").iterdir()) == ["no", "고양이: 둘"]


def test_materializing_again_needs_no_source(make_job: MakeJob, tmp_path: Path) -> None:
    source = two_images(tmp_path / "s")
    materialize_dataset(source, make_job("train"), tmp_path / "a")
    os.rename(tmp_path / "s", tmp_path / "gone")
    data = materialize_dataset(source, make_job("evaluate"), tmp_path / "b")
    assert len(list((data.parent / "images").rglob("*.jpg"))) == 2


def test_a_linked_copy_outlives_the_cache(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job("train")
    data = materialize_dataset(two_images(tmp_path / "s"), job, tmp_path / "out")
    for path in objects(job):
        path.unlink()
    assert [path.read_bytes() for path in (data.parent / "images" / "train").iterdir()] == [image_bytes(0)]


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-9], lambda content: content[:-1] + b"?", lambda content: b""]
)
def test_a_damaged_copy_in_the_cache_is_fetched_again(
    make_job: MakeJob, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    job, source = make_job("train"), two_images(tmp_path / "s")
    materialize_dataset(source, job, tmp_path / "a")
    for path in objects(job):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(damage(content))
    data = materialize_dataset(source, job, tmp_path / "b")
    assert sorted(path.read_bytes() for path in (data.parent / "images").rglob("*.jpg")) == sorted(
        map(image_bytes, (0, 1))
    )


def test_an_image_that_changed_since_is_named_with_what_to_do(make_job: MakeJob, tmp_path: Path) -> None:
    source = two_images(tmp_path / "원본")
    write(tmp_path / "원본", {"b.jpg": image_bytes(77)})
    with pytest.raises(
        BadData, match=r"원본: b\.jpg changed since preprocess recorded it \(BLAKE3 was .*\); run preprocess"
    ):
        materialize_dataset(source, make_job("train"), tmp_path / "out")


def test_a_deleted_image_is_named(make_job: MakeJob, tmp_path: Path) -> None:
    source = two_images(tmp_path / "s")
    (tmp_path / "s" / "b.jpg").unlink()
    with pytest.raises(BadData, match=r"b\.jpg was deleted after"):
        materialize_dataset(source, make_job("train"), tmp_path / "out")


def test_links_are_symbolic_where_hard_links_are_impossible(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    data = materialize_dataset(two_images(tmp_path / "s"), make_job("train"), tmp_path / "out")
    (image,) = (data.parent / "images" / "train").iterdir()
    assert image.is_symlink()
    assert image.read_bytes() == image_bytes(0)


def test_a_copy_that_vanishes_between_check_and_link_is_fetched_again(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source, link, calls = two_images(tmp_path / "s"), os.link, iter(range(100))

    def vanish(copy: Path, path: Path) -> None:
        if next(calls) < 3:
            copy.unlink(missing_ok=True)
        link(copy, path)

    monkeypatch.setattr(os, "link", vanish)
    data = materialize_dataset(source, make_job("train"), tmp_path / "out")
    assert len(list((data.parent / "images").rglob("*.jpg"))) == 2
    assert "was deleted from the cache while the dataset was built; fetching it again" in caplog.text
    monkeypatch.setattr(os, "link", lambda copy, path: (copy.unlink(missing_ok=True), link(copy, path)))
    with pytest.raises(TryAgain, match=r"\(TRAINER_CACHE_DIR\) is emptied while it is used"):
        materialize_dataset(source, make_job("train"), tmp_path / "again")


def test_a_cache_or_workspace_that_cannot_be_written_is_try_again(make_job: MakeJob, tmp_path: Path) -> None:
    job, source = make_job("train"), two_images(tmp_path / "s")
    write(tmp_path, {"in the way": "x"})
    with pytest.raises(TryAgain, match=r"cannot lay out the dataset in .*/in the way"):
        materialize_dataset(source, job, tmp_path / "in the way")
    write(job.settings.trainer_cache_dir, {"objects": "a file where a folder should be"})
    with pytest.raises(TryAgain, match=r"cannot write the dataset cache .*TRAINER_CACHE_DIR"):
        materialize_dataset(source, job, tmp_path / "out")


def test_two_steps_may_fill_one_cache_at_once(make_job: MakeJob, tmp_path: Path) -> None:
    source = manifest_of(tmp_path / "s", {f"{n}.jpg": ("train", "") for n in range(40)})
    jobs = [make_job("train") for _ in range(3)]
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            for again in range(3):
                data = materialize_dataset(source, jobs[number], tmp_path / f"out-{number}-{again}")
                found = {path.read_bytes() for path in (data.parent / "images" / "train").iterdir()}
                if found != set(map(image_bytes, range(40))):
                    raise ValueError("wrong content")
                for path in objects(jobs[number])[:: number + 2]:
                    path.unlink(missing_ok=True)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert list((jobs[0].settings.trainer_cache_dir / "incoming").iterdir()) == []


# -- read by ultralytics ----------------------------------------------------------------------------------------------


def prepared(make_job: MakeJob, tmp_path: Path, **pipeline: Any) -> Path:
    """Preprocess a dataset and build it on disk as train does."""
    ultralytics_setup.prepare(tmp_path / "config")
    job = make_job("preprocess", make_pipeline(**pipeline))
    preprocessed(job)
    return materialize_dataset(load_manifest(job.record, job.workspace), job, job.workspace / "dataset")


def test_ultralytics_reads_a_detection_dataset_without_warnings(make_job: MakeJob, tmp_path: Path) -> None:
    write_yolo_pool(tmp_path / "store" / "디지츠", names=("고양이", "no"))
    data = prepared(make_job, tmp_path, dataset={"uri": "디지츠", "split": {"train": 0.5, "val": 0.5, "test": 0}})
    from ultralytics.cfg import get_cfg
    from ultralytics.data import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    spec = check_det_dataset(str(data), autodownload=False)
    assert spec["names"] == {0: "고양이", 1: "no"}
    dataset = YOLODataset(img_path=spec["train"], data=spec, task="detect", imgsz=32, hyp=get_cfg(), augment=False)
    assert len(dataset) == len(list((data.parent / "images" / "train").iterdir()))
    assert all(len(label["cls"]) == 1 for label in dataset.labels)
    assert dataset[0]["img"].shape[0] == 3


def test_ultralytics_reads_converted_coco_outlines(make_job: MakeJob, tmp_path: Path) -> None:
    outline = {"segmentation": [[4, 4, 20, 4, 20, 16, 4, 16]]}
    annotations = [{"image": n, "category_id": (3, 7)[n % 2], **outline} for n in range(24)]
    files: dict[str, bytes | str] = {f"images/{n}.jpg": image_bytes(n) for n in range(24)}
    write(tmp_path / "store" / "coco", files | {"all.json": coco([f"{n}.jpg" for n in range(24)], annotations)})
    data = prepared(
        make_job,
        tmp_path,
        task="segment",
        model="yolo11n-seg.yaml",
        dataset={"uri": "coco", "format": "coco", "split": {"train": 0.5, "val": 0.5, "test": 0}},
    )
    from ultralytics.cfg import get_cfg
    from ultralytics.data import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    spec = check_det_dataset(str(data), autodownload=False)
    dataset = YOLODataset(img_path=spec["val"], data=spec, task="segment", imgsz=32, hyp=get_cfg(), augment=False)
    assert {len(label["segments"][0]) for label in dataset.labels} == {4}


def test_ultralytics_reads_class_folders_in_the_manifests_order(make_job: MakeJob, tmp_path: Path) -> None:
    counts = {"train/나비": 8, "train/cat": 8, "val/나비": 4}
    write_image_folder(tmp_path / "store" / "classes", counts)
    folder = prepared(
        make_job,
        tmp_path,
        task="classify",
        model="yolo11n-cls.yaml",
        gate={"metric": "accuracy_top1"},
        dataset={"uri": "classes", "format": "imagefolder"},
    )
    from ultralytics.cfg import get_cfg
    from ultralytics.data.dataset import ClassificationDataset
    from ultralytics.data.utils import check_cls_dataset

    assert check_cls_dataset(str(folder))["names"] == {0: "cat", 1: "나비"}
    dataset = ClassificationDataset(str(folder / "val"), args=get_cfg(overrides={"imgsz": 32}))
    assert [sample[1] for sample in dataset.samples] == [1, 1, 1, 1]
