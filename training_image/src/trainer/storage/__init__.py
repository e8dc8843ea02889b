"""Read objects from folders, archives and S3 behind one interface.

``Storage`` lists and reads; ``DatasetStorage`` picks the implementation by URI. Objects go through a
content-addressed cache (``cached_object``) that ``eviction`` keeps below its limits. ``s3`` is a room of its own, and
the only importer of boto3.

Third-party errors end here: callers see ``TryAgain``, ``BadRequest``, ``NothingThere`` or ``ObjectChanged``.
"""

from .addresses import without_secrets
from .by_uri import DatasetStorage
from .content_hash import content_hash_of
from .folders import folder_of, root_folder
from .interface import NothingThere, ObjectChanged, Storage, StoredObject, absolute_uri, readable, uri_below
from .object_cache import cached_object, fetch_object, read_object
from .thread_pool import map_in_threads

__all__ = [
    "DatasetStorage",
    "NothingThere",
    "ObjectChanged",
    "Storage",
    "StoredObject",
    "absolute_uri",
    "cached_object",
    "content_hash_of",
    "eviction",
    "fetch_object",
    "folder_of",
    "map_in_threads",
    "read_object",
    "readable",
    "root_folder",
    "uri_below",
    "without_secrets",
]
