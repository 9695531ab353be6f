"""Installations on each kind of database, each with servers and a queue of its own, made once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from tests import ledger
from tests.installation import Installation
from tests.servers import MariaDB, NotInstalled, Postgresql, Redis, Valkey

S = TypeVar("S", Postgresql, MariaDB, Redis, Valkey)

# On SQLite with Valkey, as `make run` has it; else with a stock Redis. mariadb is with mysqlclient.
KINDS = ("sqlite", "postgresql", "mariadb", "mariadb-pymysql")
# About 42,000 records: enough to be caught in the middle.
PROJECTS = 200


class Installations:
    """Keeps what it made until it is closed, whatever the order of the tests is."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._made: dict[str, Installation] = {}

    def get(self, kind: str) -> Installation:
        """The installation of this kind, with worker, ticks and beat running."""
        if kind not in self._made:
            made = self._make(kind)
            made.start("worker", "ticks", "beat")
            self._made[kind] = made
        return self._made[kind]

    def close(self) -> None:
        self._stack.close()

    def _make(self, kind: str) -> Installation:
        more: dict[str, str] = {}
        server: Postgresql | MariaDB | None = None
        queue = self._started(Valkey) if kind == "sqlite" else self._started(lambda: Redis(address="tcp"))
        if kind == "postgresql":
            server = self._started(Postgresql)
        elif kind.startswith("mariadb"):
            more["MYSQL_DRIVER"] = "pymysql" if kind == "mariadb-pymysql" else "mysqlclient"
            if more["MYSQL_DRIVER"] == "mysqlclient":
                _need_mysqlclient()
            server = self._started(MariaDB)
        made = Installation(redis_url=queue.url, server=server, projects=PROJECTS, **more)
        return self._stack.enter_context(made)

    def _started(self, make: Callable[[], S]) -> S:
        try:
            server = make()
        except NotInstalled as error:
            ledger.leave_out(*str(error).split(": ", 1))
        self._stack.enter_context(server)
        ledger.note(server.version)
        return server


def _need_mysqlclient() -> None:
    try:
        import MySQLdb
    except ImportError:
        ledger.leave_out("mysqlclient", "apt-get install libmariadb-dev pkg-config, then run the tests again")
    else:
        # PyMySQL may stand in for it in this process.
        if "pymysql" not in MySQLdb.__name__:
            ledger.note(f"mysqlclient {'.'.join(map(str, MySQLdb.version_info[:3]))}")
