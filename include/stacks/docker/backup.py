"""Back up and restore what the stack cannot recreate: both databases and the S3 store with all its versions.

The stack is stopped meanwhile, so that the three fit together and no record lacks its files. The store is copied as it
lies on disk: a copy through the S3 API would give each version a new id and time, and manifests name these.
``.env`` is not in a backup, because a backup that contains its own key protects nothing; keep the two apart.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .compose import Stack, StackError, compose, docker, has_volume, read_stack, running_steps, start

DATABASES = ("airflow", "mlflow")
_STORE = "s3.tar"
_CONTENTS = "backup.json"
_FORMAT = 1
_UNPACK = "find /data -mindepth 1 -delete && tar --extract --preserve-permissions --directory /data --file -"

Say = Callable[[str], None]


def back_up(folder: Path, say: Say) -> Path:
    """Write a backup into a new folder below ``folder`` and return that folder, which appears complete or not at all.

    Raises:
        StackError: there is nothing to back up, steps are running, or a command failed.
    """
    stack = read_stack()
    if not has_volume(stack.volume("postgres")):
        raise StackError(f"nothing to back up: there is no volume {stack.volume('postgres')}; `make stack-up` makes it")
    now = datetime.now(UTC)
    draft, final = (folder / f"{prefix}{now:%Y-%m-%dT%H%M%SZ}" for prefix in (".", ""))
    draft.mkdir(parents=True, mode=0o700)
    with _standing_still(stack, say):
        for database in DATABASES:
            say(f"database {database}")
            _dump(database, draft / f"{database}.dump")
        say("S3 store")
        _pack_store(stack, draft / _STORE)
    files = {path.name: _digest(path) for path in sorted(draft.iterdir())}
    contents = {"format": _FORMAT, "created": now.isoformat(), "keys": _keys(stack), "files": files}
    (draft / _CONTENTS).write_text(json.dumps(contents, indent=1) + "\n", encoding="utf-8")
    return draft.rename(final)


def restore(folder: Path, say: Say, *, replace: bool = False) -> None:
    """Restore a backup and start the stack.

    Args:
        folder: a folder that :func:`back_up` returned.
        say: receives a line about each part.
        replace: discard the stack's present data.

    Raises:
        StackError: the backup is incomplete, the keys have changed since, the stack has data, or a command failed.
    """
    stack = read_stack()
    _check(folder, stack)
    if not replace and has_volume(stack.volume("postgres")):
        raise StackError(
            f"the stack already has data (volume {stack.volume('postgres')}); REPLACE=1 discards it for the backup"
        )
    _refuse_while_steps_run(stack)
    say("stopping the stack")
    compose("down")
    compose("up", "--no-start", "--no-build", "--no-deps", "postgres", "s3")
    say("S3 store")
    _unpack_store(stack, folder / _STORE)
    _start_database()
    for database in DATABASES:
        say(f"database {database}")
        _load(database, folder / f"{database}.dump")
    say("starting the stack")
    start()


@contextmanager
def _standing_still(stack: Stack, say: Say) -> Iterator[None]:
    """Stop all services but the database within the block, then start those that were running."""
    _refuse_while_steps_run(stack)
    running = compose("ps", "--services", "--status", "running").split()
    if others := [service for service in running if service != "postgres"]:
        say("stopping the stack while it is copied")
    try:
        if others:
            compose("stop", *others)
        # Checked again: the scheduler may have started a step in between.
        _refuse_while_steps_run(stack)
        _start_database()
        yield
    finally:
        if others:
            say("starting the stack again")
            compose("start", *others)
        if "postgres" not in running:
            compose("stop", "postgres")


def _refuse_while_steps_run(stack: Stack) -> None:
    if steps := running_steps(stack.project):
        raise StackError(
            f"steps are running ({', '.join(steps)}) and would lose MLflow and the store: wait until they have ended; "
            "pause their DAGs if more keep starting"
        )


def _start_database() -> None:
    compose("up", "--detach", "--wait", "--no-build", "--no-deps", "postgres")


def _dump(database: str, path: Path) -> None:
    with path.open("xb") as target:
        _in_database("pg_dump", "--format=custom", database, target=target)


def _load(database: str, path: Path) -> None:
    _in_database("dropdb", "--force", "--if-exists", database)
    _in_database("createdb", f"--owner={database}", database)
    with path.open("rb") as source:
        # Restored as the role that owns the database; otherwise the service could not read its own tables.
        owner = ("--no-owner", f"--role={database}")
        _in_database("pg_restore", "--exit-on-error", *owner, f"--dbname={database}", source=source)


def _in_database(program: str, *arguments: str, **streams: Any) -> None:
    compose("exec", "--no-TTY", "postgres", program, "--username=postgres", *arguments, **streams)


def _pack_store(stack: Stack, path: Path) -> None:
    with path.open("xb") as target:
        _beside_store(stack, "readonly", "tar", "--create", "--directory=/data", "--file=-", ".", target=target)


def _unpack_store(stack: Stack, path: Path) -> None:
    with path.open("rb") as source:
        _beside_store(stack, "volume-nocopy", "sh", "-c", _UNPACK, source=source)


def _beside_store(stack: Stack, mode: str, *command: str, **streams: Any) -> None:
    """Run a command as root with the store's volume at /data, in an image that the stack has anyway."""
    mount = f"--mount=type=volume,source={stack.volume('s3')},target=/data,{mode}"
    options = ("--rm", "--interactive", "--network=none", "--user=0:0", "--entrypoint=", mount)
    docker("run", *options, stack.image("mlflow"), *command, **streams)


def _check(folder: Path, stack: Stack) -> None:
    """Refuse a folder that is not a complete backup of this stack."""
    try:
        contents = json.loads((folder / _CONTENTS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StackError(f"{folder} is not a backup: {error}; expected a folder that `make backup` wrote") from error
    if contents["format"] != _FORMAT:
        raise StackError(
            f"{folder} has format {contents['format']}, this version reads {_FORMAT}: use the version that wrote it"
        )
    if contents["keys"] != _keys(stack):
        raise StackError(
            f"{folder} was made with another AIRFLOW_FERNET_KEY or MLFLOW_ADMIN_PASSWORD than .env has now; "
            "without them connections and the login are lost: restore the .env of that time"
        )
    for name, digest in contents["files"].items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise StackError(f"{folder / name} is missing or damaged: take another backup")


def _keys(stack: Stack) -> str:
    """Return a digest of the secrets that the databases depend on; it does not reveal them."""
    secrets = (
        stack.value("scheduler", "AIRFLOW__CORE__FERNET_KEY"),
        stack.value("scheduler", "MLFLOW_TRACKING_PASSWORD"),
    )
    return hashlib.pbkdf2_hmac("sha256", "\n".join(secrets).encode(), b"nightshift backup", 200_000).hex()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
