"""MariaDB: a throwaway server from the system's binaries."""

import shutil
import socket
import subprocess
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import pymysql

from tests.servers.processes import NotInstalled, Server, unprivileged

# Tests ask what is in the database, not what survives a power cut; a benchmark passes durable=True.
NOT_DURABLE = {
    "innodb-flush-log-at-trx-commit": "0",
    "innodb-flush-method": "nosync",
    "innodb-doublewrite": "OFF",
    "innodb-log-file-size": "16M",
    "sync-frm": "OFF",
}
HOW_TO_GET_IT = "MariaDB: apt-get install mariadb-server"


class MariaDB(Server):
    """A server of its own, on a socket only, where root needs no password.

    `parameters` are options of mariadbd without their dashes. As root the server runs as `mysql`, else as `nobody`.
    """

    name = "MariaDB"

    def __init__(
        self, folder: Path | None = None, *, durable: bool = False, parameters: Mapping[str, str] | None = None
    ) -> None:
        self.binary = _find("mariadbd", "mysqld")
        self.installer = _find("mariadb-install-db", "mysql_install_db")
        self.parameters = {**({} if durable else NOT_DURABLE), **(parameters or {})}
        super().__init__(folder, user=unprivileged("mysql"))

    @cached_property
    def version(self) -> str:
        said = subprocess.run([self.binary, "--no-defaults", "--version"], capture_output=True, text=True, check=True)
        number = said.stdout.split(" Ver ", 1)[-1].split("-", 1)[0].strip()
        return f"{self.name} {number} (from {self.binary})"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    def url(self, database: str) -> str:
        """DATABASE_URL of a database on this server."""
        return f"mysql://root@/{quote(database)}?unix_socket={quote(str(self.socket))}"

    def connect(self, database: str | None = None) -> pymysql.Connection:
        """A connection that commits each statement."""
        return pymysql.connect(
            unix_socket=str(self.socket), user="root", database=database, charset="utf8mb4", autocommit=True
        )

    def create_database(self, name: str) -> None:
        self._execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")

    def drop_database(self, name: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS `{name}`")

    def prepare(self) -> None:
        options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        storage = [f"--{name}={value}" for name, value in self.parameters.items() if name.startswith("innodb-")]
        # The installer's temporary tables would meet those of another one in the system's folder.
        folders = [f"--datadir={self.data}", f"--tmpdir={self.folder}"]
        self.run([self.installer, "--no-defaults", *folders, *options, *storage])

    def command(self) -> list[str | Path]:
        parameters = {
            "datadir": str(self.data),
            "socket": str(self.socket),
            "pid-file": str(self.folder / "pid"),
            "tmpdir": str(self.folder),
            "character-set-server": "utf8mb4",
            **self.parameters,
        }
        options = [f"--{name}={value}" for name, value in parameters.items()]
        return [self.binary, "--no-defaults", "--skip-networking", "--skip-log-bin", *options]

    def ready(self) -> bool:
        # The server speaks first; asking for its greeting alone leaves no aborted connection in its log.
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(2)
                probe.connect(str(self.socket))
            self.connect().close()
        except (OSError, pymysql.OperationalError):
            return False
        return True

    def _execute(self, statement: str) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)


def _find(*names: str) -> Path:
    path = "/usr/sbin:/usr/local/sbin:/usr/libexec:/usr/bin"
    for name in names:
        if found := shutil.which(name) or shutil.which(name, path=path):
            return Path(found).resolve()
    raise NotInstalled(HOW_TO_GET_IT)
