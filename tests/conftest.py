"""Databases, a queue and people for the tests, and the line at the end that says what all this ran on.

A test that takes `database` runs once on each kind of database and is given its alias:

    def test_a_row_comes_back(database):
        Author.objects.using(database).create(...)
"""

import json
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import connections
from django.test import TransactionTestCase
from pytest_django.fixtures import _get_databases_for_setup

from tests import ledger
from tests.emptying import empty
from tests.installations import Installations
from tests.ledger import pytest_sessionfinish, pytest_terminal_summary, pytest_testnodedown  # noqa: F401 (hooks)
from tests.routers import NEEDED_BY_MODEL, postgresql_has
from tests.servers import S3, NotInstalled, Postgresql, Redis, Valkey
from tests.servers.chromium import find_binary as find_chromium
from tests.servers.chromium import version as chromium_version
from tests.spreading import pytest_xdist_make_scheduler  # noqa: F401 (hook)

KINDS = {"sqlite": "default", "postgresql": "postgresql", "mariadb": "mariadb"}
EXTENSIONS = ("citext", "hstore")


# --- Databases ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Start the servers that the collected tests need, before Django makes its test databases on them.

    Each xdist worker has servers of its own, so names of databases need no suffix.
    """
    needed, _serialized = _get_databases_for_setup(request.session.items)
    started = [server for alias, server in settings.SERVERS.items() if alias in needed]
    for server in started:
        server.start()
        ledger.note(server.version)
        if isinstance(server, Postgresql):
            _make_extensions(server)
            _name_missing_types()
    if "default" in needed:
        ledger.note(f"SQLite {sqlite3.sqlite_version}")
    yield
    for server in started:
        server.stop()


def _make_extensions(server: Postgresql) -> None:
    """In the template of all later databases, since test databases are made and migrated in one go."""
    with server.connect("template1") as connection:
        for name in EXTENSIONS:
            if name in server.extensions:
                connection.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")


def _name_missing_types() -> None:
    """Cages that stay away from this run because the server lacks their column types."""
    for needed in NEEDED_BY_MODEL.values():
        if not postgresql_has(needed):
            ledger.left_out[f"PostgreSQL's type {needed}"] = "apt-get install postgresql"


def _kinds() -> Iterator[Any]:
    for kind, alias in KINDS.items():
        mark = pytest.mark.django_db(transaction=True, databases=[alias])
        yield pytest.param(alias, id=kind, marks=[mark] if alias in settings.DATABASES else [])


@pytest.fixture(params=_kinds())
def database(request: pytest.FixtureRequest) -> str:
    """The alias of a real database of each kind in turn, empty but for what migrate makes; no other may be touched."""
    alias: str = request.param
    if alias not in settings.DATABASES:
        _leave_out_server(alias)
    return alias


@pytest.fixture(params=[pytest.param("postgresql", id="postgresql", marks=list(_kinds())[1].marks)])
def postgresql(request: pytest.FixtureRequest) -> str:
    """Like `database`, for what only PostgreSQL has."""
    if request.param not in settings.DATABASES:
        _leave_out_server(request.param)
    return request.param


@pytest.fixture(params=[pytest.param("mariadb", id="mariadb", marks=list(_kinds())[2].marks)])
def mariadb(request: pytest.FixtureRequest) -> str:
    """Like `database`, for what only MariaDB has."""
    if request.param not in settings.DATABASES:
        _leave_out_server(request.param)
    return request.param


def _leave_out_server(alias: str) -> None:
    name, how = settings.NOT_INSTALLED[alias].split(": ", 1)
    ledger.leave_out(name, how)


@pytest.fixture(autouse=True, scope="session")
def _quick_emptying() -> Iterator[None]:
    def empty_all(case: TransactionTestCase) -> None:
        for alias in case._databases_names(include_mirrors=False):
            empty(alias)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_all)
        yield


@pytest.fixture
def zoo(database: str) -> str:
    """`database` with every cage of the zoo filled; on PostgreSQL the second house too."""
    from tests.zoo.samples import fill

    fill(database)
    return database


@pytest.fixture
def child_environment() -> Callable[..., dict[str, str]]:
    """Makes the environment of a process that shall see the databases of this test.

    `child_environment("mariadb", MYSQL_DRIVER="pymysql")`: its default database is this test's MariaDB.
    """

    def make(default: str = "default", **more: str) -> dict[str, str]:
        urls = {alias: _url(alias) for alias in settings.DATABASES}
        urls["default"] = urls[default]
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "DATABASE_URL": urls["default"],
            "TESTS_DATABASES": json.dumps(urls),
            **more,
        }

    return make


def _url(alias: str) -> str:
    name = str(connections[alias].settings_dict["NAME"])
    server = settings.SERVERS.get(alias)
    return server.url(name) if server else f"sqlite:///{name}"


# --- The queue, the browser --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """A Valkey for this session; hand its `url` to processes. Thaw it and restart it when you are done with harming it.

    This process's own settings lead elsewhere: see `queue`.
    """
    try:
        server = Valkey()
    except NotInstalled as error:
        ledger.leave_out(*str(error).split(": ", 1))
    with server:
        ledger.note(server.version)
        yield server


@pytest.fixture
def stock_redis() -> Iterator[Redis]:
    """The system's own redis-server, on a loopback port, as a big installation has it."""
    try:
        server = Redis(address="tcp")
    except NotInstalled as error:
        ledger.leave_out(*str(error).split(": ", 1))
    with server:
        ledger.note(server.version)
        yield server


@pytest.fixture
def queue(valkey: Valkey) -> Iterator[Valkey]:
    """During this test settings.REDIS_URL answers, from an empty Valkey; without this fixture nobody listens there."""
    address = Path(settings.DATA_DIR, "queue")
    valkey.forget()
    address.symlink_to(valkey.socket)
    yield valkey
    address.unlink()
    valkey.thaw()
    valkey.start()
    # Hanging up on every client keeps their pools from reaching it in the next test.
    valkey.forget()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    """An S3 endpoint for this session; see `s3`."""
    try:
        server = S3()
    except NotInstalled as error:
        ledger.leave_out(*str(error).split(": ", 1))
    with server:
        ledger.note(server.version)
        yield server


@pytest.fixture
def s3(s3_server: S3) -> S3:
    """An S3 endpoint with an empty bucket."""
    s3_server.start()
    s3_server.forget()
    return s3_server


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The program of a real browser."""
    try:
        binary = find_chromium()
    except NotInstalled as error:
        ledger.leave_out(*str(error).split(": ", 1))
    ledger.note(chromium_version(binary))
    return binary


@pytest.fixture(scope="session")
def installations() -> Iterator[Installations]:
    """Whole installations with real workers, made when first asked for."""
    made = Installations()
    yield made
    made.close()


# --- People ------------------------------------------------------------------------------------------------------


@pytest.fixture
def people_on(request: pytest.FixtureRequest) -> str:
    """Where the people below live: in the test's `database`, else in the default one."""
    for name in ("database", "postgresql", "mariadb"):
        if name in request.fixturenames:
            alias: str = request.getfixturevalue(name)
            return alias
    request.getfixturevalue("db")
    return "default"


@pytest.fixture
def superuser(people_on: str) -> AbstractUser:
    return _user(people_on, "amelie", is_staff=True, is_superuser=True)


@pytest.fixture
def other_superuser(people_on: str) -> AbstractUser:
    return _user(people_on, "bruno", is_staff=True, is_superuser=True)


@pytest.fixture
def inactive_superuser(people_on: str) -> AbstractUser:
    return _user(people_on, "cecil", is_staff=True, is_superuser=True, is_active=False)


@pytest.fixture
def staff(people_on: str) -> AbstractUser:
    return _user(people_on, "dora", is_staff=True)


@pytest.fixture
def plain_user(people_on: str) -> AbstractUser:
    return _user(people_on, "emil")


def _user(alias: str, username: str, **more: Any) -> AbstractUser:
    """Their password is "password of <username>"."""
    return (
        get_user_model()
        .objects.db_manager(alias)
        .create_user(username=username, email=f"{username}@example.com", password=f"password of {username}", **more)
    )


# --- Seeds -------------------------------------------------------------------------------------------------------


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """One seed, the one that pytest-randomly prints, repeats Hypothesis's examples too."""
    # A run that was started in the background, or by nohup, inherits ignored signals; tests send them.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    import hypothesis

    hypothesis.settings.register_profile(
        "eclick", derandomize=False, database=None, deadline=None, print_blob=True, suppress_health_check=()
    )
    hypothesis.settings.load_profile("eclick")
    seed = config.getoption("randomly_seed", None)
    if isinstance(seed, int) and hypothesis.core.global_force_seed is None:
        hypothesis.core.global_force_seed = seed
