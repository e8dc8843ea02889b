"""``python -m include.stacks.docker init | demo | backup | restore``; `make` calls it.

``init`` writes the stack's secrets to ``.env``, which git ignores and only its owner may read. It never changes a
value that is already there, so it can be run again after an update that needs another secret.
"""

import argparse
import base64
import os
import re
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

from include.stacks.airflow_api import ApiError

from .backup import back_up, restore
from .compose import ROOT, StackError
from .demo import run_demo

ENV_FILE = ROOT / ".env"
_BEGIN = time.monotonic()


def _password() -> str:
    return secrets.token_urlsafe(24)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


SECRETS: dict[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": _password,
    "AIRFLOW_DB_PASSWORD": _password,
    "MLFLOW_DB_PASSWORD": _password,
    "AIRFLOW_FERNET_KEY": _fernet_key,
    "AIRFLOW_JWT_SECRET": lambda: secrets.token_urlsafe(48),
    "AIRFLOW_API_SECRET": lambda: secrets.token_urlsafe(48),
    "AIRFLOW_ADMIN_PASSWORD": _password,
    "MLFLOW_SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "MLFLOW_ADMIN_PASSWORD": _password,
    "S3_ACCESS_KEY": lambda: secrets.token_hex(10),
    "S3_SECRET_KEY": lambda: secrets.token_hex(20),
}
"""Secrets the stack needs to start, each with its generator; hexadecimal where it is put in JSON and signed URLs."""

_SHOWN = {"Airflow": "AIRFLOW_ADMIN_PASSWORD", "MLflow": "MLFLOW_ADMIN_PASSWORD"}


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="docker_stack", description="Commands for the stack in Docker.")
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="write the secrets that .env lacks")
    init.add_argument("--env-file", type=Path, default=ENV_FILE, help="file to write (default .env)")
    commands.add_parser("demo", help="write sample data and run the sample pipeline")
    backup = commands.add_parser("backup", help="write databases and S3 store into a folder")
    backup.add_argument("--to", type=Path, default=ROOT / "backups", help="folder in which each backup gets a folder")
    restoring = commands.add_parser("restore", help="restore a backup")
    restoring.add_argument("folder", type=Path, help="folder that backup wrote")
    restoring.add_argument("--replace", action="store_true", help="discard the stack's present data")
    arguments = parser.parse_args()
    try:
        return _run(arguments)
    except (StackError, ApiError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "init":
            return _init(arguments.env_file)
        case "demo":
            run_demo(_say)
        case "backup":
            print(back_up(arguments.to.resolve(), _say))
        case "restore":
            restore(arguments.folder.resolve(), _say, replace=arguments.replace)
    return 0


def _say(text: str) -> None:
    print(f"[{time.monotonic() - _BEGIN:6.1f} s] {text}", flush=True)


def _init(env_file: Path) -> int:
    made = add_missing(env_file)
    if not made:
        print(f"{env_file}: no secret is missing, nothing was changed")
        return 0
    print(f"{env_file}: wrote {', '.join(made)}")
    for service, name in _SHOWN.items():
        if name in made:
            print(f"{service}: login admin / {made[name]}")
    return 0


def add_missing(path: Path) -> dict[str, str]:
    """Append the secrets that a file does not set, readable by its owner only, and return them."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    known = set(re.findall(r"^(\w+)=.", text, flags=re.MULTILINE))
    made = {name: make() for name, make in SECRETS.items() if name not in known}
    if made:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.fchmod(handle, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write("\n" * (bool(text) and not text.endswith("\n")))
            file.writelines(f"{name}={value}\n" for name, value in made.items())
    return made


if __name__ == "__main__":
    sys.exit(main())
