"""Ways of restoring: each brings its own file, made before its first turn, into the full database with the same rows.

The others are asked for what they do fastest and in one transaction where they can.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks import worker
from benchmarks.databases import NAME, Database
from benchmarks.peers import ENGINE, WORKER, Peer, in_django, program
from benchmarks.processes import Taken, python, run
from tests.servers import MariaDB, Postgresql

ASIDES, LOADDATA, DBRESTORE = "asides", "loaddata", "dbrestore"
PG_RESTORE, PSQL, MARIADB, SQLITE_RESTORE = "pg_restore", "psql", "mariadb", "sqlite3 .restore"
# What loaddata finds by itself, and what a job that runs meanwhile writes.
_NOT_FOR_LOADDATA = ("contenttypes", "auth.permission", "backups_app")


def peers(database: Database) -> list[Peer]:
    """In the order in which they take turns; loaddata is the last, since it leaves many dead rows."""
    found = [
        Peer(name=ASIDES, measure=_asides, is_ours=True, is_rare=True),
        Peer(name=ENGINE, measure=_engine, is_ours=True),
        Peer(name=WORKER, measure=_through_worker, is_ours=True),
        Peer(name=DBRESTORE, measure=_dbrestore),
    ]
    match database.server:
        case Postgresql():
            found += [Peer(name=PG_RESTORE, measure=_pg_restore), Peer(name=PSQL, measure=_psql)]
        case MariaDB():
            if shutil.which("mariadb") and shutil.which("mariadb-dump"):
                found.append(Peer(name=MARIADB, measure=_mariadb))
        case None:
            if shutil.which("sqlite3"):
                found.append(Peer(name=SQLITE_RESTORE, measure=_sqlite_restore))
    return [*found, Peer(name=LOADDATA, measure=_loaddata, is_slow=True)]


def _asides(database: Database) -> Taken:
    file = _our_file(database)
    return in_django(database, "asides", str(file))


def _engine(database: Database) -> Taken:
    file = _our_file(database)
    return in_django(database, "load", str(file))


def _through_worker(database: Database) -> Taken:
    return worker.measure(database, "restore_job")


def _our_file(database: Database) -> Path:
    file = database.folder / "engine-to-restore.json"
    if not file.exists():
        python("benchmarks.in_django", "dump", str(file), environment=database.environment)
    return file


def _loaddata(database: Database) -> Taken:
    file = database.folder / "loaddata.json"
    if not file.exists():
        excluded = [f"--exclude={label}" for label in _NOT_FOR_LOADDATA]
        arguments = [str(file), "dumpdata", f"--output={file}", "-v0", *excluded]
        python("benchmarks.in_django", "command", *arguments, environment=database.environment)
    return in_django(database, "command", str(file), "loaddata", str(file), "-v0")


def _dbrestore(database: Database) -> Taken:
    file = database.folder / "dbbackup" / "to-restore.dump"
    if not file.exists():
        arguments = [str(file), "dbbackup", "-v0", "--noinput", f"--output-filename={file.name}"]
        python("benchmarks.in_django", "command", *arguments, environment=database.environment)
    return in_django(database, "command", str(file), "dbrestore", "-v0", "--noinput", f"--input-filename={file.name}")


def _pg_restore(database: Database) -> Taken:
    file = database.folder / "to-restore.dump"
    if not file.exists():
        run([*database.client("pg_dump"), "--format=custom", f"--file={file}", NAME], database.environment)
    options = ["--clean", "--if-exists", "--single-transaction", f"--dbname={NAME}"]
    return program([*database.client("pg_restore"), *options, file], database, file)


def _psql(database: Database) -> Taken:
    file = database.folder / "to-restore.sql"
    if not file.exists():
        options = ["--clean", "--if-exists", f"--file={file}"]
        run([*database.client("pg_dump"), *options, NAME], database.environment)
    options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--file={file}"]
    return program([*database.client("psql"), *options, NAME], database, file)


def _mariadb(database: Database) -> Taken:
    file = database.folder / "to-restore.sql"
    if not file.exists():
        options = ["--single-transaction", "--quick", f"--result-file={file}"]
        run([*database.client("mariadb-dump"), *options, NAME], database.environment)
    return program([*database.client("mariadb"), f"--execute=source {file}", NAME], database, file)


def _sqlite_restore(database: Database) -> Taken:
    file = database.folder / "to-restore.sqlite3"
    if not file.exists():
        run([*database.client("sqlite3"), f".backup {file}"], database.environment)
    return program([*database.client("sqlite3"), f".restore {file}"], database, file)
