"""Bring the database's schema to that of this image's MLflow, or wait until it is: `schema.py migrate|wait SECONDS`.

Several may run at once, so a lock of the database makes the others wait. Credentials are those of PostgreSQL's own
variables; DATABASE_URI has none.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import sqlalchemy
from sqlalchemy.exc import OperationalError

LOCK = 20260101
PAUSE_SECONDS = 2.0


def main(command: str, seconds: float) -> int:
    """Migrate or wait; 1 if it was not done in time."""
    engine = sqlalchemy.create_engine(os.environ["DATABASE_URI"], connect_args={"connect_timeout": 10})
    deadline = time.monotonic() + seconds
    if not _eventually(lambda: _answers(engine), deadline):
        print(f"{engine.url}: no answer in {seconds:.0f} s; expected a database, see `database` and its credentials")
        return 1
    if command == "migrate":
        _migrate(engine)
    elif not _eventually(lambda: _is_current(engine), deadline):
        print(
            f"{engine.url}: not this image's schema after {seconds:.0f} s; expected the Job `migrate` to bring it there"
        )
        return 1
    print(f"{engine.url}: the schema is that of this image")
    return 0


def _eventually(happened: Callable[[], bool], deadline: float) -> bool:
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def _answers(engine: sqlalchemy.Engine) -> bool:
    try:
        engine.connect().close()
    except OperationalError as error:
        print(f"waiting: {str(error.orig).strip().splitlines()[0]}", flush=True)
        return False
    return True


def _migrate(engine: sqlalchemy.Engine) -> None:
    uri = os.environ["DATABASE_URI"]
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        if _is_current(engine):
            return
        # The tables of runs first: with those of users there, the database would no longer count as empty.
        subprocess.run([sys.executable, "-m", "mlflow", "db", "upgrade", uri], check=True)
        subprocess.run([sys.executable, "-m", "mlflow.server.auth", "db", "upgrade", "--url", uri], check=True)


def _is_current(engine: sqlalchemy.Engine) -> bool:
    # Here, because they take seconds, which nobody has to wait who only waits for a database.
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from mlflow.server.auth.db import utils as auth
    from mlflow.store.db import utils as store

    head = ScriptDirectory.from_config(auth._get_alembic_config("")).get_current_head()
    with engine.connect() as connection:
        users = MigrationContext.configure(connection, opts={"version_table": "alembic_version_auth"})
        return users.get_current_revision() == head and store._get_schema_version(engine) == (
            store._get_latest_schema_revision()
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
