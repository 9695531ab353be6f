"""Ways of making a backup: the engine, the whole way through a worker, and the usual tools."""

from __future__ import annotations

import shutil

from benchmarks import worker
from benchmarks.databases import NAME, Database
from benchmarks.peers import ENGINE, WORKER, Peer, in_django_once, program_once
from benchmarks.processes import Taken
from tests.servers import MariaDB, Postgresql

DUMPDATA, DBBACKUP, PG_DUMP = "dumpdata", "dbbackup", "pg_dump -Fc"
MARIADB_DUMP, SQLITE_BACKUP = "mariadb-dump", "sqlite3 .backup"


def peers(database: Database) -> list[Peer]:
    """In the order in which they take turns; the database's own tool only if it is installed."""
    found = [
        Peer(name=ENGINE, measure=_engine, is_ours=True),
        Peer(name=WORKER, measure=_through_worker, is_ours=True),
        Peer(name=DUMPDATA, measure=_dumpdata, is_slow=True),
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
    return in_django_once(database, file, "dump", str(file))


def _through_worker(database: Database) -> Taken:
    return worker.measure(database, "backup_job")


def _dumpdata(database: Database) -> Taken:
    file = database.folder / "dumpdata.json"
    return in_django_once(database, file, "command", str(file), "dumpdata", f"--output={file}", "-v0")


def _dbbackup(database: Database) -> Taken:
    file = database.folder / "dbbackup" / "dbbackup.dump"
    arguments = ["dbbackup", "-v0", "--noinput", f"--output-filename={file.name}"]
    return in_django_once(database, file, "command", str(file), *arguments)


def _pg_dump(database: Database) -> Taken:
    file = database.folder / "pg_dump.dump"
    return program_once([*database.client("pg_dump"), "--format=custom", f"--file={file}", NAME], database, file)


def _mariadb_dump(database: Database) -> Taken:
    file = database.folder / "mariadb-dump.sql"
    options = ["--single-transaction", "--quick", f"--result-file={file}"]
    return program_once([*database.client("mariadb-dump"), *options, NAME], database, file)


def _sqlite_backup(database: Database) -> Taken:
    file = database.folder / "backup.sqlite3"
    return program_once([*database.client("sqlite3"), f".backup {file}"], database, file)
