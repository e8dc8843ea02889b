"""Describe a dataset in one document: every image with its split and label, under one digest.

The digest identifies the content to learn and measure, not its location: a dataset that is moved, renamed or touched
keeps its digest. A manifest is recorded as gzipped JSON lines, a header and one line per image; equal manifests have
equal bytes.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from step_contract.catalog import DatasetFormat, VisionTask
from step_contract.order import Step
from step_contract.result import PreprocessResult
from trainer.errors import BadData, BadRequest, Bug
from trainer.storage import StoredObject

if TYPE_CHECKING:
    from trainer.tracking import RunRecord

SPLITS = ("train", "val", "test")
ARTIFACT = "dataset/manifest.jsonl.gz"
_GZIP = b"\x1f\x8b"
_VERSION = 2


@dataclass(frozen=True, slots=True)
class ManifestItem:
    """One image. ``key`` is its path below the manifest's ``uri``; width and height are pixels as shown."""

    split: str
    key: str
    size: int
    etag: str
    content_hash: str
    """BLAKE3, as `b3sum` prints it."""
    width: int
    height: int
    label: str
    """Lines of YOLO label text, empty for a background image; for classify the class id."""
    version_id: str | None = None
    """The version that was validated, where the store keeps versions."""

    @property
    def stored(self) -> StoredObject:
        """The image as an object of its store."""
        return StoredObject(self.key, self.size, self.etag, self.version_id)


@dataclass(frozen=True)
class Manifest:
    """A validated dataset, its items ordered by split and key."""

    task: VisionTask
    format: DatasetFormat
    uri: str
    names: tuple[str, ...]
    kpt_shape: tuple[int, int] | None
    items: tuple[ManifestItem, ...]
    flip_idx: tuple[int, ...] = ()
    """For pose: the index of each keypoint after mirroring the image; empty if the source does not say."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the task, classes, keypoints, and each image's split, content and label."""
        digest = hashlib.sha256(_json([self.task, self.names, self.kpt_shape, self.flip_idx]))
        for line in sorted(_json([item.split, item.content_hash, item.label]) for item in self.items):
            digest.update(b"\n" + line)
        return digest.hexdigest()

    def of(self, split: str) -> tuple[ManifestItem, ...]:
        """Return the images of a split."""
        return tuple(item for item in self.items if item.split == split)

    @property
    def images(self) -> dict[str, int]:
        """Number of images in each split."""
        return {split: sum(item.split == split for item in self.items) for split in SPLITS}

    @property
    def measured_split(self) -> str:
        """The split on which candidate and champion are measured."""
        return "test" if self.images["test"] else "val"


def record_manifest(record: "RunRecord", manifest: Manifest, workspace: Path) -> None:
    """Store the manifest in the run, in place of an earlier one."""
    path = workspace / Path(ARTIFACT).name
    path.write_bytes(encode(manifest))
    record.log_artifact(path, "dataset")


def load_manifest(record: "RunRecord", workspace: Path, expected: str = "") -> Manifest:
    """Return the manifest that preprocess recorded in the run.

    Args:
        record: the run's record.
        workspace: folder for the file.
        expected: digest in the done-marker of preprocess; empty to skip the comparison.

    Raises:
        BadRequest: there is no manifest.
        BadData: it is damaged, or differs from its own digest or from the expected one.
    """
    if ARTIFACT not in record.artifacts("dataset"):
        raise BadRequest(f"MLflow run {record.run_id} has no {ARTIFACT}; run preprocess of this DAG run first")
    manifest = decode(record.download(ARTIFACT, workspace / "manifest").read_bytes())
    if expected and manifest.digest != expected:
        raise BadData(
            f"the run's manifest has digest {manifest.digest}, but preprocess recorded {expected}; run preprocess again"
        )
    return manifest


def encode(manifest: Manifest) -> bytes:
    """Return the manifest as gzipped JSON lines; equal manifests have equal bytes."""
    # Time stamp 0 and a fixed level: by default, gzip writes the current time into the first bytes.
    return gzip.compress(b"\n".join(_lines(manifest)) + b"\n", compresslevel=6, mtime=0)


def decode(content: bytes) -> Manifest:
    """Read the output of ``encode`` and check it against its digest.

    Raises:
        BadData: it is damaged, of another version, or differs from its digest.
    """
    try:
        # S3 labels the artifact as gzip because of its name, so MLflow's proxy may deliver it already unpacked.
        text = gzip.decompress(content) if content.startswith(_GZIP) else content
        header, *lines = text.splitlines()
        fields = json.loads(header)
        if fields["version"] != _VERSION:
            raise BadData(
                f"{ARTIFACT} has version {fields['version']}; this trainer reads {_VERSION}, run preprocess again"
            )
        manifest = _manifest(fields, tuple(ManifestItem(**json.loads(line)) for line in lines))
        recorded, found = fields["digest"], manifest.digest
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, RecursionError) as error:
        raise BadData(f"{ARTIFACT} is damaged ({type(error).__name__}: {error}); run preprocess again") from error
    if recorded != found:
        raise BadData(
            f"{ARTIFACT} records digest {str(recorded)[:12]}, but its content has {found[:12]}; run preprocess again"
        )
    return manifest


def _lines(manifest: Manifest) -> Iterator[bytes]:
    yield _json(
        {
            "version": _VERSION,
            "digest": manifest.digest,
            "task": manifest.task,
            "format": manifest.format,
            "uri": manifest.uri,
            "names": manifest.names,
            "kpt_shape": manifest.kpt_shape,
            "flip_idx": manifest.flip_idx,
            "images": manifest.images,
        }
    )
    for item in manifest.items:
        fields = {name: getattr(item, name) for name in ManifestItem.__slots__}
        if item.version_id is None:
            del fields["version_id"]
        yield _json(fields)


def _manifest(fields: dict[str, Any], items: tuple[ManifestItem, ...]) -> Manifest:
    shape = fields["kpt_shape"]
    return Manifest(
        task=VisionTask(fields["task"]),
        format=DatasetFormat(fields["format"]),
        uri=fields["uri"],
        names=tuple(fields["names"]),
        kpt_shape=(shape[0], shape[1]) if shape else None,
        items=items,
        flip_idx=tuple(fields["flip_idx"]),
    )


def _json(value: object) -> bytes:
    return _ENCODER.encode(value).encode()


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dataset_digest(record: "RunRecord") -> str:
    """Return the digest of the dataset that preprocess recorded."""
    outcome = record.require(Step.PREPROCESS).outcome
    if not isinstance(outcome, PreprocessResult):
        raise Bug(f"the done-marker of preprocess contains a result of {outcome.verb}")
    return outcome.dataset_digest
