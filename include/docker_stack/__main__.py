"""``python -m include.docker_stack init``: give the stack its secrets, once; `make stack-init` calls it.

They are written to ``.env``, which git ignores and only its owner may read. What stands there is never changed, so
the command may be run again after an update that needs one more.
"""

import argparse
import base64
import os
import re
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

ENV_FILE = Path(__file__).resolve().parents[2] / ".env"


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
"""What the stack cannot start without, and how it is made; hexadecimal where it stands in JSON and signed addresses."""

SHOWN = ("AIRFLOW_ADMIN_PASSWORD", "MLFLOW_ADMIN_PASSWORD")


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="docker_stack", description="Secrets of the stack in Docker.")
    parser.add_argument("--env-file", type=Path, default=ENV_FILE, help="file to write (default .env)")
    parser.add_argument("command", choices=("init",))
    arguments = parser.parse_args()
    made = add_missing(arguments.env_file)
    if not made:
        print(f"{arguments.env_file}: nothing is missing, nothing was changed")
        return 0
    print(f"{arguments.env_file}: wrote {', '.join(made)}")
    for name in SHOWN:
        if name in made:
            print(f"{name.removesuffix('_PASSWORD').replace('_ADMIN', '').title()}: login admin / {made[name]}")
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
