"""Turn a source of images and labels into a manifest, and a manifest into files on disk.

``list_source`` lists a source, ``SourceReader`` reads and caches its objects, ``validate`` splits and checks it. The
result is a ``Manifest``: every image with its split, its labels and one digest over all of them. Training and
evaluation read exactly those images back (``materialize_dataset``).

``layouts`` knows how people arrange datasets (YOLO, COCO, one folder per class). Nothing here knows a framework, and
nothing writes to a source.
"""

from .fact_cache import ImageContent
from .manifest import SPLITS, Manifest, ManifestItem, dataset_digest, load_manifest, record_manifest
from .materialize import materialize_dataset
from .reader import SourceReader
from .source import Source, list_source
from .validation import Candidate, ValidationReport, validate

__all__ = [
    "SPLITS",
    "Candidate",
    "ImageContent",
    "Manifest",
    "ManifestItem",
    "Source",
    "SourceReader",
    "ValidationReport",
    "dataset_digest",
    "label_check",
    "list_source",
    "load_manifest",
    "materialize_dataset",
    "record_manifest",
    "sample_data",
    "validate",
]
