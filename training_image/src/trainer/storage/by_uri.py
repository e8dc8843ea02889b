"""Choose the storage by URI: folders, buckets, or archives in either."""

import threading
from datetime import datetime
from pathlib import Path

from trainer.settings import Settings

from .archives import ArchiveStorage, archive_in
from .folders import FileStorage
from .interface import Storage, StoredObject


class DatasetStorage:
    """Storage for every kind of dataset URI; boto3 is imported only when a URI names a bucket."""

    def __init__(self, settings: Settings) -> None:
        """Prepare; nothing is opened yet."""
        self._settings = settings
        self._files = FileStorage()
        self._archives = ArchiveStorage(self, settings.trainer_cache_dir, settings.trainer_archive_max_gb)
        self._buckets: Storage | None = None
        self._lock = threading.Lock()

    def list_objects(self, uri: str, as_of: datetime | None = None) -> list[StoredObject]:
        """List all objects below a URI, ordered by key."""
        return self._storage_of(uri).list_objects(uri, as_of)

    def find_object(self, uri: str, key: str, as_of: datetime | None = None) -> StoredObject | None:
        """Return one object below a URI, None if it is not there."""
        return self._storage_of(uri).find_object(uri, key, as_of)

    def fetch(self, uri: str, item: StoredObject, target: Path) -> str:
        """Copy one object to a local file and return its BLAKE3."""
        return self._storage_of(uri).fetch(uri, item, target)

    def threads(self, uri: str) -> int:
        """Return how many objects below a URI are best fetched at once."""
        return self._storage_of(uri).threads(uri)

    def _storage_of(self, uri: str) -> Storage:
        if archive_in(uri) is not None:
            return self._archives
        return self._bucket_storage() if uri.startswith("s3://") else self._files

    def _bucket_storage(self) -> Storage:
        with self._lock:
            if self._buckets is None:
                from trainer.storage.s3 import S3Storage  # imports boto3

                self._buckets = S3Storage(self._settings)
            return self._buckets
