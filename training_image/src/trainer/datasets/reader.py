"""Read the objects of one listing, each content once; facts known from an earlier preprocess come from the cache."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from trainer.errors import TryAgain
from trainer.storage import ObjectChanged, Storage, StoredObject, fetch_object, map_in_threads, read_object, readable

from .fact_cache import FactCache, ImageContent
from .image_facts import inspect_images

_log = logging.getLogger(__name__)
_BATCH = 256
_PROGRESS_SECONDS = 5.0
_SAVE_SECONDS = 30.0

_Item = TypeVar("_Item")


class SourceReader:
    """The objects of one folder of a source. Call ``save`` also after a failure, to keep the facts found so far."""

    def __init__(self, storage: Storage, cache: Path, uri: str, objects: Sequence[StoredObject]) -> None:
        """Load the known facts about the folder at ``uri``, whose listing is ``objects``."""
        self._storage = storage
        self._cache = cache
        self._uri = uri
        self._objects = objects
        self._threads = storage.threads(uri)
        self._facts = FactCache(cache, uri)

    def save(self) -> None:
        """Store the facts for the next preprocess."""
        self._facts.save(self._objects)

    def images(self, items: Sequence[StoredObject]) -> list[ImageContent]:
        """Return the digests and facts of images; only unknown images are read and decoded.

        Raises:
            BadData: an image was deleted.
            TryAgain: the store is unavailable, or an object changes while it is read.
        """
        for batch in self._batches([item for item in items if not self._facts.knows_image(item)], "images"):
            self._inspect(batch)
        return [self._facts.image(item) for item in items]

    def derived(self, items: Sequence[StoredObject], name: str, make: Callable[[bytes], Any]) -> list[Any]:
        """Return ``make`` of each object's content, called once per content and ``name``.

        The results must be JSON. Raises as ``images`` and ``make`` do.
        """
        unknown = [item for item in items if self._facts.derived(name, self._facts.content_hash_of(item)) is None]
        for batch in self._batches(unknown, "label files"):
            for item, (content_hash, content) in zip(
                batch, map_in_threads(self._read, batch, self._threads), strict=True
            ):
                self._facts.keep_content(item, content_hash)
                self._facts.keep_derived(name, content_hash, make(content))
        return [self._facts.derived(name, self._facts.content_hash_of(item)) for item in items]

    def _batches(self, items: Sequence[_Item], what: str) -> Iterator[Sequence[_Item]]:
        """Yield the items in batches; log progress and save from time to time."""
        logged = saved = time.monotonic()
        for start in range(0, len(items), _BATCH):
            yield items[start : start + _BATCH]
            now, done = time.monotonic(), min(start + _BATCH, len(items))
            if now - logged >= _PROGRESS_SECONDS or (done == len(items) and len(items) > _BATCH):
                _log.info("validated %s / %s %s", f"{done:,}", f"{len(items):,}", what)
                logged = now
            if now - saved >= _SAVE_SECONDS:
                self.save()
                saved = now

    def _inspect(self, items: Sequence[StoredObject]) -> None:
        fetched = map_in_threads(self._fetch, items, self._threads)
        new = {
            content_hash: path for content_hash, path in fetched if not self._facts.knows_image_content(content_hash)
        }
        for content_hash, facts in zip(new, inspect_images(list(new.values())), strict=True):
            self._facts.keep_image(content_hash, facts)
        for item, (content_hash, _) in zip(items, fetched, strict=True):
            self._facts.keep_content(item, content_hash)

    def _fetch(self, item: StoredObject) -> tuple[str, Path]:
        """Copy an image into the cache, from which training will read it."""
        with self._change_as_try_again(item):
            content_hash, path = fetch_object(self._cache, self._storage, self._uri, item)
        self._check_size(item, path.stat().st_size)
        return content_hash, path

    def _read(self, item: StoredObject) -> tuple[str, bytes]:
        """Read an object of which only facts are cached."""
        with self._change_as_try_again(item):
            content_hash, content = read_object(self._cache, self._storage, self._uri, item)
        self._check_size(item, len(content))
        return content_hash, content

    @contextmanager
    def _change_as_try_again(self, item: StoredObject) -> Iterator[None]:
        try:
            yield
        except ObjectChanged as error:
            raise TryAgain(
                f"{readable(self._uri)}: {item.key} changed while it was read; wait until its writer is done"
            ) from error

    def _check_size(self, item: StoredObject, size: int) -> None:
        if size != item.size:
            raise TryAgain(
                f"{readable(self._uri)}: {item.key} changed while it was read (had {item.size} bytes, read {size}); "
                "wait until its writer is done"
            )
