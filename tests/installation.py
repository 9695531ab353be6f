"""A whole E-Click for tests: its own data folder, database and queue, and real processes that can be killed.

Knows nothing of Django or pytest. What it reads of the database it reads with plain SQL.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from http.cookiejar import CookieJar
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import psutil

from tests.servers import MariaDB, Postgresql
from tests.servers.processes import free_port, fresh_folder, launch

PROJECT = Path(__file__).resolve().parent.parent
USERNAME, PASSWORD = "ada", "a-long-enough-password"

WORKERS = {
    "worker": ["worker", "-Q", "backups", "-c", "1", "-n", "heavy@%h", "--without-mingle", "--without-gossip"],
    "second worker": ["worker", "-Q", "backups", "-c", "1", "-n", "second@%h", "--without-mingle", "--without-gossip"],
    "ticks": ["worker", "-Q", "ticks", "-c", "1", "-n", "ticks@%h", "--without-mingle", "--without-gossip"],
    "beat": ["beat", "--pidfile="],
}

# In one process: each command takes a second to start.
SET_UP = """
import sys, django
from django.core.management import call_command

django.setup()
username, projects = sys.argv[1], int(sys.argv[2])
call_command("migrate", verbosity=0, skip_checks=False)
call_command("collectstatic", interactive=False, verbosity=0)
call_command("createsuperuser", interactive=False, verbosity=0, username=username, email="ada@example.org")
if projects:
    call_command("seed_demo", projects=projects, verbosity=0)
"""


class Installation:
    """Made migrated, with a superuser and `projects` demo projects; leaving it ends its processes."""

    def __init__(
        self,
        *,
        redis_url: str,
        server: Postgresql | MariaDB | None = None,
        projects: int = 0,
        **environment: str,
    ) -> None:
        self.folder = fresh_folder("installation")
        self.server = server
        self.database = f"eclick_{self.folder.name.replace('-', '_').replace('.', '_')}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        url = f"sqlite:///{self.folder / 'db.sqlite3'}"
        if server is not None:
            server.create_database(self.database)
            url = server.url(self.database)
        inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        self.environment = {
            **inherited,
            "PYTHONPATH": str(PROJECT),
            "DJANGO_SETTINGS_MODULE": "eclick.settings",
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": "a-key-for-tests-only-that-is-long-enough-to-pass-the-deployment-check",
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
            **environment,
        }
        # Millions of rows take minutes on a busy machine.
        self._run([sys.executable, "-c", SET_UP, USERNAME, str(projects)], seconds=600)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(*self._processes)
        if self.server is not None:
            with suppress(Exception):
                self.server.drop_database(self.database)

    # --- Commands ---------------------------------------------------------------------------------------------

    def manage(self, *arguments: str, check: bool = True, seconds: float = 170) -> subprocess.CompletedProcess[str]:
        """`manage.py` with these arguments, to its end. With `check`, a failure raises with all it said."""
        return self._run([sys.executable, "manage.py", *arguments], check=check, seconds=seconds)

    def _run(
        self, command: Sequence[str], *, check: bool = True, seconds: float = 170
    ) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            command,
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if check and ended.returncode:
            raise AssertionError(f"{' '.join(command[1:])} ended with {ended.returncode}:\n{ended.stderr}")
        return ended

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """`manage.py` with these arguments, not waited for."""
        return self._launch([sys.executable, "manage.py", *arguments], "command")

    def backups(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(self.manage("list_backups", "--json").stdout)
        return listed

    def files(self) -> list[str]:
        """Every name in the backup folder, hidden ones too."""
        folder = self.folder / "backups"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    # --- Processes --------------------------------------------------------------------------------------------

    def start(self, *names: str) -> None:
        """Starts workers or beat, and waits until workers are ready to take messages."""
        for name in names:
            log = self.log(name)
            before = log.stat().st_size if log.exists() else 0
            self._processes[name] = self._launch(
                [sys.executable, "-m", "celery", "-A", "celery_worker", *WORKERS[name]], name
            )
            ready = "beat: Starting" if name == "beat" else "ready."
            self.wait_for(lambda: ready in log.read_text()[before:], f"{name} to be ready", 60)  # noqa: B023

    def start_web(self) -> str:
        """Starts the web server. Returns its address."""
        port = free_port()
        self._processes["web"] = self._launch(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "--config",
                "scripts/gunicorn_settings.py",
                "--bind",
                f"127.0.0.1:{port}",
                "eclick.wsgi",
            ],
            "web",
        )
        self.wait_for(lambda: _listens(port), "the web server", 60)
        return f"http://127.0.0.1:{port}"

    def stop(self, *names: str) -> None:
        for name in names:
            process = self._processes.pop(name, None)
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)

    def kill(self, name: str) -> None:
        """SIGKILL for a worker's parent process alone; what becomes of its child is the question."""
        process = self._processes.pop(name)
        process.kill()
        process.wait(20)

    def is_running(self, name: str) -> bool:
        return name in self._processes

    def parent(self, name: str) -> psutil.Process:
        return psutil.Process(self._processes[name].pid)

    def child(self, name: str) -> psutil.Process:
        """The process that does the work of a prefork worker."""
        children = self.parent(name).children()
        assert len(children) == 1, children
        return children[0]

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _launch(self, command: Sequence[str], name: str) -> subprocess.Popen[bytes]:
        with self.log(name).open("ab") as log:
            return launch(
                command,
                death_signal=signal.SIGKILL,
                cwd=PROJECT,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    # --- The database -----------------------------------------------------------------------------------------

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        if self.server is None:
            with closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=20)) as connection:
                return connection.execute(sql).fetchall()
        with closing(self.server.connect(self.database)) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            return list(cursor.fetchall())

    def newest_job(self) -> dict[str, str]:
        """State, reason and worker of the last job that changes something by request; empty when there is none."""
        rows = self.query(
            "SELECT state, error_message, worker, error_code FROM backups_app_job "
            "WHERE kind NOT IN ('preview', 'rescan') ORDER BY queued_at DESC LIMIT 1"
        )
        return dict(zip(("state", "reason", "worker", "code"), rows[0], strict=True)) if rows else {}

    def wait_for(self, condition: Callable[[], Any], what: str, seconds: float, *, every: float = 0.05) -> float:
        """Waits until `condition` is true. Returns the seconds that took; fails with the logs' ends after `seconds`."""
        started = time.monotonic()
        while not condition():
            if time.monotonic() - started > seconds:
                logs = "\n".join(f"--- {path.name}\n{path.read_text()[-1500:]}" for path in self.folder.glob("*.log"))
                raise AssertionError(f"Waited {seconds} s for {what} in vain; job: {self.newest_job()}\n{logs}")
            time.sleep(every)
        return time.monotonic() - started

    def wait_for_state(self, *states: str, seconds: float = 150) -> float:
        return self.wait_for(lambda: self.newest_job().get("state") in states, f"a job to be {states}", seconds)

    def hold_in_mid_backup(self) -> psutil.Process:
        """Queues a backup and freezes the worker's child while it writes. Returns the frozen child.

        On a busy machine the backup may have ended by the time it is looked at: then there is another.
        """
        for _ in range(5):
            child = self.child("worker")
            asking = self.begin("create_automatic_backup", "--no-wait")
            self.wait_for(self._has_begun_to_write, "the worker to write", 60, every=0.002)
            child.suspend()
            asking.wait(60)
            if self.newest_job()["state"] == "running" and self._has_begun_to_write():
                return child
            child.resume()
            self.wait_for_state("succeeded")
        raise AssertionError("Five backups ended before they could be held.")

    def _has_begun_to_write(self) -> bool:
        parts = (self.folder / "backups").glob(".*.part")
        return any(part.stat().st_size > 0 for part in parts)


class Browser:
    """Just enough of one to sign in and use the page without JavaScript."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._cookies))

    def get(self, path: str, seconds: float = 30) -> tuple[int, str]:
        return self._open(Request(self.address + path), seconds)

    def post(self, path: str, seconds: float = 30, **fields: str) -> tuple[int, str]:
        token = next((str(cookie.value) for cookie in self._cookies if cookie.name == "csrftoken"), "")
        data = urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        return self._open(Request(self.address + path, data=data, headers={"Referer": self.address + path}), seconds)

    def download(self, path: str) -> bytes:
        with self._opener.open(self.address + path, timeout=120) as response:
            content: bytes = response.read()
        return content

    def sign_in(self) -> None:
        self.get("/admin/login/")
        status, _ = self.post("/admin/login/?next=/backup-management/", username=USERNAME, password=PASSWORD)
        assert status == 200

    def _open(self, request: Request, seconds: float) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=seconds) as response:
                return response.status, response.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
