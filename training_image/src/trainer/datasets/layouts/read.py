"""Read a source in the layout that the catalog gives, and join the daily folders of a run."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from step_contract.catalog import DatasetFormat, VisionTask
from trainer.errors import BadData

from .coco import read_coco
from .image_folder import read_image_folder
from .layout import Layout, Listing, Reader, Sample
from .yolo import read_yolo


def read_layout(kind: DatasetFormat, task: VisionTask, listing: Listing, reader: Reader, *, is_pooled: bool) -> Layout:
    """Return the classes and samples of one folder; pooled, its own splits are ignored.

    Raises:
        BadData: the folder does not have the layout ``kind``; the message says what is missing.
    """
    if kind is DatasetFormat.YOLO:
        return read_yolo(listing, reader, task, is_pooled=is_pooled)
    if kind is DatasetFormat.COCO:
        return read_coco(listing, reader, task, is_pooled=is_pooled)
    return read_image_folder(listing, is_pooled=is_pooled)


def join_layouts(layouts: Mapping[str, Layout]) -> Layout:
    """Return the layouts of several folders as one; keys begin with the folder's name.

    Raises:
        BadData: the folders differ in classes or keypoints.
    """
    (first, joined), *others = layouts.items()
    for folder, layout in others:
        if (layout.names, layout.kpt_shape, layout.flip_idx) != (joined.names, joined.kpt_shape, joined.flip_idx):
            raise BadData(
                f"folders {first} and {folder} have different classes or keypoints: {_described(joined)} and "
                f"{_described(layout)}; expected the same in each daily folder"
            )
    samples = tuple(_below(folder, sample) for folder, layout in layouts.items() for sample in layout.samples)
    notes = sum((layout.notes for layout in layouts.values()), Counter[str]())
    return replace(joined, samples=samples, notes=notes)


def _below(folder: str, sample: Sample) -> Sample:
    return replace(sample, key=f"{folder}/{sample.key}") if folder else sample


def _described(layout: Layout) -> str:
    return ", ".join(layout.names[:20]) + (f", keypoints {layout.kpt_shape}" if layout.kpt_shape else "")
