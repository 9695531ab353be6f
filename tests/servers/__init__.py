"""Throwaway real servers, started from the binaries found, each in a fresh folder; they die with their starter.

Nothing here knows pytest or Django, so benchmarks and functional tests use it too. A server that happens to run on the
machine is never touched: all of these listen on a socket, or a free loopback port, of their own.

    with Postgresql() as server:
        server.create_database("shop")
        os.environ["DATABASE_URL"] = server.url("shop")

Start them in the main thread: Linux ends a child when the thread that started it ends.
"""

from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import Postgresql
from tests.servers.processes import NotInstalled, Server, ServerFailed
from tests.servers.s3 import S3
from tests.servers.valkey import Redis, Valkey

__all__ = ["S3", "MariaDB", "NotInstalled", "Postgresql", "Redis", "Server", "ServerFailed", "Valkey"]
