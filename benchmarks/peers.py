"""What is measured on a database: the engine, the whole way through a worker, and the usual tools."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import worker
from benchmarks.databases import NAME, Database
from benchmarks.processes import Taken, python, run_measured
from tests.servers import MariaDB, Postgresql

ENGINE, WORKER, DUMPDATA, DBBACKUP, PG_DUMP = "engine", "worker", "dumpdata", "dbbackup", "pg_dump -Fc"
MARIADB_DUMP, SQLITE_BACKUP = "mariadb-dump", "sqlite3 .backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """`measure` makes one backup and leaves nothing behind. `is_ours` tells our two ways from the others."""

    name: str
    measure: Callable[[Database], Taken]
    is_ours: bool = False


def peers(database: Database) -> list[Peer]:
    """In the order in which they take turns; the database's own tool only if it is installed."""
    found = [
        Peer(name=ENGINE, measure=_engine, is_ours=True),
        Peer(name=WORKER, measure=_through_worker, is_ours=True),
        Peer(name=DUMPDATA, measure=_dumpdata),
        Peer(name=DBBACKUP, measure=_dbbackup),
    ]
    match database.server:
        case Postgresql():
            found.append(Peer(name=PG_DUMP, measure=_pg_dump))
        case MariaDB():
            if shutil.which("mariadb-dump"):
                found.append(Peer(name=MARIADB_DUMP, measure=_mariadb_dump))
        case None:
            if shutil.which("sqlite3"):
                found.append(Peer(name=SQLITE_BACKUP, measure=_sqlite_backup))
    return found


def _engine(database: Database) -> Taken:
    file = database.folder / "engine.json"
    return _in_django(database, file, "engine", str(file))


def _through_worker(database: Database) -> Taken:
    try:
        return worker.measure({**database.environment, "DJANGO_SETTINGS_MODULE": "eclick.settings"}, database.folder)
    finally:
        shutil.rmtree(database.folder / "backups", ignore_errors=True)


def _dumpdata(database: Database) -> Taken:
    file = database.folder / "dumpdata.json"
    return _in_django(database, file, "command", str(file), "dumpdata", f"--output={file}", "-v0")


def _dbbackup(database: Database) -> Taken:
    name = "dbbackup.dump"
    file = database.folder / "dbbackup" / name
    return _in_django(database, file, "command", str(file), "dbbackup", "-v0", "--noinput", f"--output-filename={name}")


def _pg_dump(database: Database) -> Taken:
    assert isinstance(database.server, Postgresql)
    file = database.folder / "pg_dump.dump"
    program = database.environment["PG_DUMP"]
    host, user = f"--host={database.server.folder}", "--username=postgres"
    return _program([program, "--format=custom", host, user, f"--file={file}", NAME], database, file)


def _mariadb_dump(database: Database) -> Taken:
    assert isinstance(database.server, MariaDB)
    file = database.folder / "mariadb-dump.sql"
    options = [f"--socket={database.server.socket}", "--user=root", "--single-transaction", "--quick"]
    return _program(["mariadb-dump", "--no-defaults", *options, f"--result-file={file}", NAME], database, file)


def _sqlite_backup(database: Database) -> Taken:
    file = database.folder / "backup.sqlite3"
    return _program(["sqlite3", database.folder / "db.sqlite3", f".backup {file}"], database, file)


def _in_django(database: Database, file: Path, *arguments: str) -> Taken:
    try:
        said = python("benchmarks.in_django", *arguments, environment=database.environment)
        return Taken(**json.loads(said.splitlines()[-1]))
    finally:
        file.unlink(missing_ok=True)


def _program(command: list[str | Path], database: Database, file: Path) -> Taken:
    try:
        return run_measured(command, database.environment, file)
    finally:
        file.unlink(missing_ok=True)
