"""Run moto's S3 server in the place of SeaweedFS; its content is in /data while it is stopped."""

import copyreg
import logging
import pickle
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.models import s3_backends
from moto.s3.utils import _VersionedKeyStore

PORT = 8333
STATE = Path("/data/state.pickle")


def with_versions(keys: Any) -> tuple[Callable[..., Any], tuple[dict[str, list[Any]]]]:
    """Pickle a bucket's keys with all their versions: as a dictionary they have the latest only."""
    return keys_of, (dict(keys.lists()),)


def keys_of(versions: dict[str, list[Any]]) -> Any:
    """Undo :func:`with_versions`."""
    keys = _VersionedKeyStore()
    for name, found in versions.items():
        keys.setlist(name, found)
    return keys


def load() -> None:
    """Take up what was there before."""
    if not STATE.exists():
        return
    accounts, buckets = pickle.loads(STATE.read_bytes())
    s3_backends.bucket_accounts.update(accounts)
    for account, partition, found in buckets:
        s3_backends[account][partition].buckets.update(found)


def store() -> None:
    """Write all buckets, with all versions."""
    buckets = [
        (account, partition, backend.buckets)
        for account, partitions in s3_backends.items()
        for partition, backend in partitions.items()
    ]
    draft = STATE.with_suffix(".new")
    draft.write_bytes(pickle.dumps((s3_backends.bucket_accounts, buckets)))
    draft.replace(STATE)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    copyreg.pickle(_VersionedKeyStore, with_versions)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    load()
    server = ThreadedMotoServer(ip_address="0.0.0.0", port=PORT, verbose=False)
    server.start()
    stopped.wait()
    server.stop()
    store()


main()
