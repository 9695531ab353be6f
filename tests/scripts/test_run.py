"""`make run`: what it reads from its environment, and the whole thing, really started and stopped."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from scripts import run
from scripts.environment import PROJECT
from scripts.ports import LOOPBACK, PortNotFree, free_port, require_free
from scripts.private_files import read_secrets
from scripts.run import CannotRun, Place, only_one
from scripts.test import clean_environment
from tests.scripts.waiting import eventually, is_alive
from tests.servers.processes import fresh_folder, remove_folder


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "PORT", "DATA_DIR", "ALLOWED_HOSTS", "ADMIN_USERNAME", "ADMIN_PASSWORD", "MAKELEVEL"):
        monkeypatch.delenv(name, raising=False)


# --- Where it runs -----------------------------------------------------------------------------------------------


def test_by_default_it_listens_to_this_machine_and_keeps_everything_in_the_project() -> None:
    assert Place.from_environment() == Place("127.0.0.1", 8000, PROJECT)


def test_host_port_and_data_dir_are_honoured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOST", "::1")
    monkeypatch.setenv("PORT", "9001")
    monkeypatch.setenv("DATA_DIR", "data")
    monkeypatch.chdir(tmp_path)
    place = Place.from_environment()
    assert place == Place("::1", 9001, tmp_path / "data")
    assert place.listen == "[::1]:9001"
    assert place.url == "http://[::1]:9001/"


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "80.5", "٣٠٠٠٠٠"])
def test_a_port_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(CannotRun, match=f"PORT={port} is not a port"):
        Place.from_environment()


@pytest.mark.parametrize(
    ("host", "given", "allowed"),
    [
        ("127.0.0.1", "", "localhost,127.0.0.1,[::1]"),
        ("192.0.2.7", "", "localhost,127.0.0.1,[::1],192.0.2.7"),
        ("::1", "eclick.example.com", "eclick.example.com,[::1]"),
        ("0.0.0.0", "eclick.example.com", "eclick.example.com"),
    ],
)
def test_it_answers_to_the_address_that_it_listens_on(
    monkeypatch: pytest.MonkeyPatch, host: str, given: str, allowed: str
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", given)
    assert Place(host, 8000, PROJECT).allowed_hosts() == allowed


def test_on_all_addresses_it_answers_to_the_names_of_the_machine() -> None:
    place = Place("0.0.0.0", 8000, PROJECT)
    assert os.uname().nodename in place.allowed_hosts().split(",")
    assert "*" not in place.allowed_hosts()
    assert place.url == "http://127.0.0.1:8000/"


def test_the_first_superusers_password_is_kept_from_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "secret")
    assert "ADMIN_PASSWORD" not in run.children_environment(Place.from_environment())


def test_a_data_dir_is_used_by_one_at_a_time(tmp_path: Path) -> None:
    place = Place("127.0.0.1", 8000, tmp_path)
    run.make_data_dir(place)
    with (
        only_one(place),
        pytest.raises(CannotRun, match=rf"already runs .*process {os.getpid()}, http"),
        only_one(place),
    ):
        raise AssertionError("two at once")
    with (tmp_path / "run" / "lock").open() as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_data_dir_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotRun, match=r"DATA_DIR=.*file/data can't be used: Not a directory"):
        run.make_data_dir(Place("127.0.0.1", 8000, tmp_path / "file" / "data"))


# --- The whole of it ---------------------------------------------------------------------------------------------


class Running:
    """One `scripts/run.py`, seen from outside."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.output = data_dir.with_name(data_dir.name + ".output")
        variables = {"DATA_DIR": str(data_dir), "PORT": str(self.port), **environment}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(PROJECT / "scripts" / "run.py")],
                env={**clean_environment(), **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_it_runs(self) -> None:
        def settled() -> bool:
            return "Ctrl-C stops it." in self.said() or self.process.poll() is not None

        eventually(settled, seconds=120)
        assert self.process.poll() is None, self.said()

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def get(self, path: str) -> str:
        """Where a visitor ends up."""
        return str(self._visitor().open(f"http://{LOOPBACK}:{self.port}{path}", timeout=10).url)

    def sign_in(self, username: str, password: str) -> str:
        """The page that the login form leads to."""
        visitor = self._visitor()
        address = f"http://{LOOPBACK}:{self.port}/admin/login/?next=/admin/"
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', visitor.open(address, timeout=10).read().decode())
        assert token
        form = {"username": username, "password": password, "csrfmiddlewaretoken": token.group(1)}
        return str(visitor.open(address, urllib.parse.urlencode(form).encode(), timeout=10).url)

    def backups(self) -> list[dict[str, object]]:
        listed = subprocess.run(
            [sys.executable, str(PROJECT / "manage.py"), "list_backups", "--json"],
            env={**clean_environment(), "DATA_DIR": str(self.data_dir), "DJANGO_SETTINGS_MODULE": "eclick.settings"},
            capture_output=True,
            text=True,
            check=True,
        )
        backups: list[dict[str, object]] = json.loads(listed.stdout)
        return backups

    def _visitor(self) -> urllib.request.OpenerDirector:
        return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Starts E-Click in a folder of its own (the same one each time), and ends it however the test went."""
    folder = fresh_folder("run")
    started: list[Running] = []

    def begin(**environment: str) -> Running:
        started.append(Running(folder / "data", **environment))
        return started[-1]

    yield begin
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
    remove_folder(folder)


@pytest.mark.servers
@pytest.mark.timeout(300)
def test_one_command_leads_to_a_first_backup_and_a_second_start_goes_on(start: Callable[..., Running]) -> None:
    first = start()
    first.wait_until_it_runs()
    secrets = read_secrets(first.data_dir / "secrets.env")
    assert (first.data_dir / "secrets.env").stat().st_mode & 0o777 == 0o600
    assert f"admin, password {secrets['ADMIN_PASSWORD']}" in first.said()
    assert first.sign_in("admin", secrets["ADMIN_PASSWORD"]).endswith("/admin/")
    assert "/login/" in first.get("/backup-management/")
    (backup,) = first.backups()
    assert (backup["kind"], backup["status"], backup["description"]) == ("automatic", "available", "First backup")
    assert str(backup["sha256"]) in first.said()
    *_, manifest, end = (first.data_dir / "backups" / str(backup["name"])).read_text().splitlines()
    assert manifest.startswith('{"model":"backups_app.manifest"'), "backups/README.md says so"
    assert end == "]"

    family = first.family()
    assert len(family) >= 8, "Valkey, web with two workers, two Celery workers with a child each, beat"
    assert not any(secret in " ".join(process.cmdline()) for secret in secrets.values() for process in family)
    assert first.stop(signal.SIGINT) == 0
    assert not any(is_alive(process.pid) for process in family)
    assert [line for line in first.said().splitlines() if line.startswith("Stop")] == [
        "Stopping web and beat (at most 15 s) ...",
        "Stopping worker and ticks (at most 20 s) ...",
        "Stopping valkey (at most 10 s) ...",
        "Stopped.",
    ]

    second = start()
    second.wait_until_it_runs()
    assert f"password: in {second.data_dir / 'secrets.env'}" in second.said()
    assert secrets["ADMIN_PASSWORD"] not in second.said()
    assert second.backups() == [backup]
    assert read_secrets(second.data_dir / "secrets.env") == secrets

    refused = start()
    assert refused.process.wait(60) == 1
    assert (
        f"E-Click already runs with this DATA_DIR ({second.data_dir}): process {second.process.pid}" in refused.said()
    )

    family = second.family()
    second.process.kill()
    eventually(lambda: not any(is_alive(process.pid) for process in family), what="a killed manager left processes")


@pytest.mark.servers
def test_a_taken_port_is_said_before_anything_is_started(start: Callable[..., Running]) -> None:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        refused = start(PORT=str(listener.getsockname()[1]))
        assert refused.process.wait(60) == 1
    assert "is taken by another program. Nothing was started." in refused.said()
    assert sorted(path.name for path in refused.data_dir.iterdir()) == ["run"]


@pytest.mark.servers
def test_a_redis_that_does_not_answer_is_said(start: Callable[..., Running]) -> None:
    refused = start(REDIS_URL=f"redis://:hidden@127.0.0.1:{free_port()}/0")
    assert refused.process.wait(120) == 1
    assert "does not answer" in refused.said()
    assert "unset REDIS_URL" in refused.said()
    assert "hidden" not in refused.said()
    assert not (refused.data_dir / "valkey").exists()


def test_the_port_of_the_running_one_is_refused_for_others() -> None:
    """The check that `make run` makes is the one the server itself would fail at."""
    with socket.socket(socket.AF_INET6) as listener:
        listener.bind(("::1", 0))
        listener.listen()
        with pytest.raises(PortNotFree, match="on ::1 is taken"):
            require_free("::1", listener.getsockname()[1], patience=0)
