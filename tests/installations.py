"""Makes installations on each kind of database, with the servers that belong to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from tests import ledger
from tests.installation import Installation
from tests.servers import MariaDB, NotInstalled, Postgresql, Redis, Valkey

S = TypeVar("S", Postgresql, MariaDB, Redis)


@contextmanager
def open_installation(kind: str, valkey: Valkey, *, projects: int) -> Iterator[Installation]:
    """`kind`: sqlite (on `valkey`), postgresql, mariadb (mysqlclient) or mariadb-pymysql (on a stock Redis)."""
    more: dict[str, str] = {}
    with ExitStack() as stack:
        server: Postgresql | MariaDB | None = None
        if kind == "sqlite":
            valkey.forget()
            redis_url = valkey.url
        else:
            redis_url = _started(stack, lambda: Redis(address="tcp")).url
        if kind == "postgresql":
            server = _started(stack, Postgresql)
        elif kind.startswith("mariadb"):
            server = _started(stack, MariaDB)
            more["MYSQL_DRIVER"] = "pymysql" if kind == "mariadb-pymysql" else "mysqlclient"
            if more["MYSQL_DRIVER"] == "mysqlclient":
                _need_mysqlclient()
        yield stack.enter_context(Installation(redis_url=redis_url, server=server, projects=projects, **more))


def _started(stack: ExitStack, make: Callable[[], S]) -> S:
    try:
        server = make()
    except NotInstalled as error:
        ledger.leave_out(*str(error).split(": ", 1))
    stack.enter_context(server)
    ledger.note(server.version)
    return server


def _need_mysqlclient() -> None:
    try:
        import MySQLdb
    except ImportError:
        ledger.leave_out("mysqlclient", "apt-get install libmariadb-dev pkg-config, then run the tests again")
    else:
        # PyMySQL may stand in for it in this process.
        if "pymysql" in MySQLdb.__name__:
            return
        ledger.note(f"mysqlclient {'.'.join(map(str, MySQLdb.version_info[:3]))}")
