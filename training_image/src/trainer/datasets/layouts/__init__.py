"""Recognize how a dataset is arranged and pair its images with their labels.

One module per arrangement: ``yolo``, ``coco``, ``image_folder``. Each takes a listing and a reader and returns a
``Layout``: samples with image, label and, where the source says so, split. ``read_layout`` chooses the module,
``join_layouts`` joins the days of a partitioned source.

A new arrangement is a module here and an entry in ``read``. Label texts are checked later, by ``label_check``.
"""

from .layout import Layout, Listing, Sample
from .read import join_layouts, read_layout

__all__ = [
    "Layout",
    "Listing",
    "Sample",
    "join_layouts",
    "read_layout",
]
