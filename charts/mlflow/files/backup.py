"""The S3 side of backup and restore: `backup.py store|fetch|put`.

    store   after pg_dump: copy artifacts that are new, then the dump, then backup.json, which makes it a backup
    fetch   before the database is touched: check that a backup is whole and that nobody is at work, bring its dump
    put     after the database: copy the backup's artifacts back

A backup is a folder named by its time. Artifacts lie beside all backups, by etag and key: each is copied once, and a
backup names those that were there. The dump comes first, because a record is written after its artifacts: whatever the
dump names is in the copy.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import sqlalchemy
from botocore.exceptions import ClientError

DUMP = Path(os.environ["SCRATCH"]) / "mlflow.dump"
FORMAT = 1
LETTING_GO_SECONDS = 300


class BackupError(Exception):
    """Something is not as it has to be; the message says what."""


class Bucket(NamedTuple):
    """A folder of a bucket, with the client that reaches it."""

    client: Any
    name: str
    prefix: str
    endpoint: str

    def key(self, *parts: str) -> str:
        """Return the key of something in the folder."""
        return "/".join((self.prefix, *parts))

    def objects(self, *parts: str) -> Iterator[tuple[str, str, int]]:
        """Yield key below the folder, etag and size of each object."""
        prefix = self.key(*parts, "")
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield found["Key"][len(prefix) :], found["ETag"].strip('"'), found["Size"]

    def read(self, *parts: str) -> bytes:
        """Return an object's content."""
        return bytes(self.client.get_object(Bucket=self.name, Key=self.key(*parts))["Body"].read())

    def write(self, content: bytes, *parts: str) -> None:
        """Write an object."""
        self.client.put_object(Bucket=self.name, Key=self.key(*parts), Body=content)

    def remove(self, *parts: str) -> None:
        """Remove everything in a folder or the object of that name."""
        for key, _, _ in list(self.objects(*parts)):
            self.client.delete_object(Bucket=self.name, Key=self.key(*parts, key))


def main(command: str) -> int:
    """Run one step; 1 with a reason if it cannot be done."""
    artifacts, backups = _bucket("S3"), _bucket("BACKUP_S3")
    try:
        if command == "store":
            store(artifacts, backups, keep=int(os.environ["BACKUP_KEEP"]))
        elif command == "fetch":
            fetch(backups, os.environ["RESTORE_FROM"], replace=os.environ["RESTORE_REPLACE"] == "true")
        else:
            put(artifacts, backups, os.environ["RESTORE_FROM"])
    except BackupError as error:
        print(error)
        return 1
    return 0


def _bucket(prefix: str) -> Bucket:
    endpoint = os.environ[f"{prefix}_ENDPOINT_URL"]
    client = boto3.client("s3", endpoint_url=endpoint or None, region_name=os.environ[f"{prefix}_REGION"])
    return Bucket(client, os.environ[f"{prefix}_BUCKET"], os.environ[f"{prefix}_PREFIX"], endpoint)


def store(artifacts: Bucket, backups: Bucket, keep: int) -> None:
    """Write a backup of DUMP and of the artifacts, then remove the oldest above ``keep``."""
    name = f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    there = {key for key, _, _ in backups.objects("objects")}
    copied, contents = 0, []
    for key, etag, size in artifacts.objects():
        kept = f"{etag}/{key}"
        if kept not in there:
            try:
                _copy(artifacts, artifacts.key(key), backups, backups.key("objects", kept))
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                    raise
                print(f"{key} was removed meanwhile")
                continue
            copied += 1
        contents.append({"key": key, "etag": etag, "size": size})
    backups.client.upload_file(str(DUMP), backups.name, backups.key(name, DUMP.name))
    document = {"format": FORMAT, "created": name, "dump": _digest(DUMP), "artifacts": contents}
    backups.write(json.dumps(document).encode(), name, "backup.json")
    print(f"{name}: {len(contents)} artifacts, {copied} of them new, and the database ({DUMP.stat().st_size} bytes)")
    _prune(backups, keep)


def _prune(backups: Bucket, keep: int) -> None:
    """Remove the oldest backups, what is left of incomplete ones, and artifacts that no kept backup names."""
    names = {key.split("/")[0] for key, _, _ in backups.objects() if not key.startswith("objects/")}
    complete = sorted(name for name in names if any(key == "backup.json" for key, _, _ in backups.objects(name)))
    kept = complete[-keep:]
    for name in sorted(names - set(kept)):
        backups.remove(name)
        print(f"removed {name}")
    named = {f"{entry['etag']}/{entry['key']}" for name in kept for entry in _contents(backups, name)["artifacts"]}
    for key, _, _ in list(backups.objects("objects")):
        if key not in named:
            backups.client.delete_object(Bucket=backups.name, Key=backups.key("objects", key))


def fetch(backups: Bucket, name: str, *, replace: bool) -> None:
    """Bring the dump of a backup that is whole, once nobody is at work in a database that may be written.

    Raises:
        BackupError: the backup is not whole, the database has tables, or somebody is at work in it.
    """
    contents = _contents(backups, name)
    there = {key: size for key, _, size in backups.objects("objects")}
    missing = [
        entry["key"] for entry in contents["artifacts"] if there.get(f"{entry['etag']}/{entry['key']}") != entry["size"]
    ]
    if missing:
        raise BackupError(f"{name} is not whole: {len(missing)} artifacts are missing or cut, such as {missing[0]}")
    backups.client.download_file(backups.name, backups.key(name, DUMP.name), str(DUMP))
    if _digest(DUMP) != contents["dump"]:
        raise BackupError(f"{name} is not whole: its dump is not the one that was written")
    engine = sqlalchemy.create_engine(os.environ["DATABASE_URI"])
    with engine.connect() as connection:
        if not replace and (tables := sqlalchemy.inspect(connection).get_table_names()):
            raise BackupError(
                f"the database has {len(tables)} tables; restore.replace=true throws them away for the backup"
            )
    _wait_until_let_go(engine)
    print(f"{name} is whole: {len(there)} artifacts and a dump of {DUMP.stat().st_size} bytes")


def _wait_until_let_go(engine: sqlalchemy.Engine) -> None:
    others = sqlalchemy.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    deadline = time.monotonic() + LETTING_GO_SECONDS
    while True:
        with engine.connect() as connection:
            count = connection.execute(others).scalar_one()
        if not count:
            return
        if time.monotonic() > deadline:
            raise BackupError(
                f"{count} others are connected to the database after {LETTING_GO_SECONDS} s; expected none: "
                "stop MLflow's servers"
            )
        time.sleep(2)


def put(artifacts: Bucket, backups: Bucket, name: str) -> None:
    """Copy a backup's artifacts back where they are missing or others are in their place."""
    there = {(key, etag) for key, etag, _ in artifacts.objects()}
    sizes = {key: size for key, _, size in artifacts.objects()}
    copied = 0
    contents = _contents(backups, name)["artifacts"]
    for entry in contents:
        key, etag = entry["key"], entry["etag"]
        # What was copied in parts has another etag than before, so that its size has to do.
        if (key, etag) in there or ("-" in etag and sizes.get(key) == entry["size"]):
            continue
        _copy(backups, backups.key("objects", etag, key), artifacts, artifacts.key(key))
        copied += 1
    print(f"{name}: {len(contents)} artifacts, {copied} of them copied back")


def _contents(backups: Bucket, name: str) -> dict[str, Any]:
    try:
        contents: dict[str, Any] = json.loads(backups.read(name, "backup.json"))
    except backups.client.exceptions.NoSuchKey:
        known = sorted({key.split("/")[0] for key, _, _ in backups.objects() if key.endswith("/backup.json")})
        raise BackupError(f"there is no backup {name}; expected one of {', '.join(known) or 'none'}") from None
    if contents["format"] != FORMAT:
        raise BackupError(f"{name} has format {contents['format']}; expected {FORMAT}")
    return contents


def _copy(source: Bucket, key: str, target: Bucket, target_key: str) -> None:
    """Copy within a store where both are in one, through this process where they are not."""
    if source.endpoint == target.endpoint:
        origin = {"Bucket": source.name, "Key": key}
        target.client.copy(origin, target.name, target_key, SourceClient=source.client)
    else:
        body = source.client.get_object(Bucket=source.name, Key=key)["Body"]
        target.client.upload_fileobj(body, target.name, target_key)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
