"""Remember facts about a source's objects, so that the next preprocess need not read unchanged objects again.

There is one file per source. It records the content (BLAKE3) that an object had under an etag, and the facts of that
content. The file is written whole, under a temporary name, and begins with its own checksum: a reader sees a complete
old file or a complete new file, and discards a damaged file. If two processes write at once, the slower wins and
only time is lost. It is not a database because databases need locks that network file systems lack.
"""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trainer.storage import StoredObject

from .image_facts import ImageFacts

_log = logging.getLogger(__name__)
_VERSION = 2
"""Part of the file's name: raise it with another file layout or another way to inspect images, to start afresh."""


class ImageContent(NamedTuple):
    """The digest of an image's content, and the facts about it."""

    content_hash: str
    facts: ImageFacts


class FactCache:
    """The facts of one source, in memory until ``save`` writes them."""

    def __init__(self, cache: Path, uri: str) -> None:
        """Load the known facts about the source at a URI."""
        name = hashlib.sha256(uri.encode()).hexdigest()[:32]
        self._path = cache / "facts" / f"{name}.v{_VERSION}.json"
        known = _load(self._path)
        self._contents: dict[str, list[str]] = known.get("contents", {})
        self._images: dict[str, list[Any]] = known.get("images", {})
        self._derived: dict[str, Any] = known.get("derived", {})
        self._is_changed = False

    def content_hash_of(self, item: StoredObject) -> str | None:
        """Return the digest of an object's content, None if it is unknown or has changed since."""
        known = self._contents.get(item.key)
        return known[1] if known is not None and known[0] == item.etag else None

    def knows_image(self, item: StoredObject) -> bool:
        """Return whether an object's image facts are known and still valid."""
        return self.content_hash_of(item) in self._images

    def knows_image_content(self, content_hash: str) -> bool:
        """Return whether the facts of a content are known, from any object."""
        return content_hash in self._images

    def image(self, item: StoredObject) -> ImageContent:
        """Return the digest and facts of a known image."""
        content_hash = self._contents[item.key][1]
        return ImageContent(content_hash, ImageFacts(*self._images[content_hash]))

    def derived(self, name: str, content_hash: str | None) -> Any:
        """Return the value derived from a content under a name, None if there is none."""
        return self._derived.get(f"{name}:{content_hash}")

    def keep_content(self, item: StoredObject, content_hash: str) -> None:
        """Record the content of an object."""
        self._contents[item.key] = [item.etag, content_hash]
        self._is_changed = True

    def keep_image(self, content_hash: str, facts: ImageFacts) -> None:
        """Record the facts of an image's content."""
        self._images[content_hash] = list(facts)
        self._is_changed = True

    def keep_derived(self, name: str, content_hash: str, value: Any) -> None:
        """Record a value derived from a content; it must be JSON."""
        self._derived[f"{name}:{content_hash}"] = value
        self._is_changed = True

    def save(self, present: Sequence[StoredObject]) -> None:
        """Write the facts about the objects still present; failing to write costs only time."""
        if not self._is_changed:
            return
        try:
            _store(self._path, self._pruned(present))
            self._is_changed = False
        except OSError as error:
            _log.warning("cannot write %s: %s; the next preprocess will read every image again", self._path, error)

    def _pruned(self, present: Sequence[StoredObject]) -> dict[str, Any]:
        keys = {item.key for item in present}
        contents = {key: known for key, known in self._contents.items() if key in keys}
        alive = {content_hash for _, content_hash in contents.values()}
        return {
            "contents": contents,
            "images": {content_hash: known for content_hash, known in self._images.items() if content_hash in alive},
            "derived": {name: value for name, value in self._derived.items() if name.rpartition(":")[2] in alive},
        }


def _load(path: Path) -> dict[str, Any]:
    try:
        checksum, _, body = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return {}
    except OSError as error:
        _log.warning("cannot read %s: %s; every image is read again", path, error)
        return {}
    if hashlib.sha256(body).hexdigest().encode() != checksum:
        _log.warning("%s is damaged and ignored; every image is read again", path)
        return {}
    known: dict[str, Any] = json.loads(body)
    return known


def _store(path: Path, known: dict[str, Any]) -> None:
    body = json.dumps(known, ensure_ascii=False, separators=(",", ":")).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".facts-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
