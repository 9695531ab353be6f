"""Throwaway databases of each kind, filled with the same rows."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from benchmarks.processes import PROJECT, run
from tests.servers import MariaDB, NotInstalled, Postgresql

# The databases by the names of --databases; the two drivers of MariaDB read the same rows on the same server.
KINDS = ("sqlite", "postgresql", "mariadb", "mariadb-pymysql")
ROWS_A_PROJECT = 212
# So much of its history MariaDB may still have to purge when the next turn begins.
_PURGED = 100
_PURGE_LIMIT_SECONDS = 60
NAME = "benchmark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A filled database, as one of KINDS sees it."""

    kind: str
    version: str
    environment: dict[str, str]
    server: Postgresql | MariaDB | None

    @property
    def folder(self) -> Path:
        return Path(self.environment["DATA_DIR"])

    def client(self, name: str) -> list[str | Path]:
        """The beginning of a command by which the database's own program `name` connects."""
        match self.server:
            case Postgresql():
                return [self.server.binaries / name, f"--host={self.server.folder}", "--username=postgres"]
            case MariaDB():
                return [name, "--no-defaults", f"--socket={self.server.socket}", "--user=root"]
            case _:
                return [name, self.folder / "db.sqlite3"]

    def rest(self) -> None:
        """What the last turn left to do is done, so that the next does not pay for it."""
        match self.server:
            case Postgresql():
                with self.server.connect(NAME) as connection:
                    connection.execute("VACUUM ANALYZE")
                    connection.execute("CHECKPOINT")
            case MariaDB():
                self._wait_for_purge()
            case _:
                with closing(sqlite3.connect(self.folder / "db.sqlite3")) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _wait_for_purge(self) -> None:
        """Of deleted rows; MariaDB takes them away in the background."""
        ask = "SELECT count FROM information_schema.innodb_metrics WHERE name = 'trx_rseg_history_len'"
        deadline = time.monotonic() + _PURGE_LIMIT_SECONDS
        while time.monotonic() < deadline:
            said = run([*self.client("mariadb"), "--skip-column-names", f"--execute={ask}"], self.environment)
            if int(said or 0) <= _PURGED:
                return
            time.sleep(0.2)

    def server_cpu_seconds(self) -> float:
        """What the server's processes have used so far, those that ended too; SQLite has none."""
        if self.server is None:
            return 0.0
        leader, *others = self.server.family()
        own = leader.cpu_times()
        ended = own.children_user + own.children_system
        return float(own.user + own.system + ended + sum(map(_own_cpu_seconds, others)))


@contextmanager
def filled(kinds: list[str], rows: int, folder: Path, redis_url: str) -> Iterator[list[Database]]:
    """The databases of `kinds`, all of one server or file. Raises NotInstalled when there is no such server."""
    driver = {"mariadb": "mysqlclient", "mariadb-pymysql": "pymysql"}
    if "mariadb" in kinds and find_spec("MySQLdb") is None:
        raise NotInstalled("mysqlclient: pip install --require-hashes -r requirements-mysqlclient.txt")
    with _served(kinds[0], folder) as (url, version, server):
        binaries = {"PG_BINARIES": str(server.binaries)} if isinstance(server, Postgresql) else {}
        databases = [
            Database(
                kind=kind,
                version=version,
                environment={**_environment(folder, url, redis_url, driver.get(kind, "")), **binaries},
                server=server,
            )
            for kind in kinds
        ]
        environment = databases[0].environment
        manage = [sys.executable, "manage.py"]
        run([*manage, "migrate", "-v0"], environment)
        run([*manage, "seed_demo", "--projects", str(max(1, round(rows / ROWS_A_PROJECT))), "-v0"], environment)
        yield databases


@contextmanager
def _served(kind: str, folder: Path) -> Iterator[tuple[str, str, Postgresql | MariaDB | None]]:
    """Servers with their usual settings: they forget nothing in a power cut."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'db.sqlite3'}", f"SQLite {sqlite3.sqlite_version}", None
        return
    server = Postgresql(durable=True) if kind == "postgresql" else MariaDB(durable=True)
    with server:
        server.create_database(NAME)
        yield server.url(NAME), server.version.split(" (", 1)[0], server


def _environment(folder: Path, url: str, redis_url: str, driver: str) -> dict[str, str]:
    """Nothing of the caller's settings reaches what is measured; DEBUG is off."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        **inherited,
        "PYTHONPATH": str(PROJECT),
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "a-key-for-benchmarks-only-that-is-long-enough-to-pass-the-deployment-check",
        **({"MYSQL_DRIVER": driver} if driver else {}),
    }


def _own_cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
