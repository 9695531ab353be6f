"""Small installations that are to be harmed: their jobs can be held, and things done inside of them quickly."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, wait
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from tests import ledger
from tests.installation import PROJECT, Installation
from tests.servers import MariaDB, NotInstalled, Postgresql, Valkey
from tests.servers.processes import launch

# About 4,500 records; a restore of them takes a fraction of a second.
PROJECTS = 20

TABLES = (
    "auth_group",
    "auth_group_permissions",
    "eclick_client",
    "eclick_project",
    "eclick_project_members",
    "eclick_task",
    "eclick_subtask",
    "eclick_comment",
    "eclick_attachment",
    "eclick_activitylog",
)
# What is told as committed stays so when the server's processes are killed.
_SURVIVES_A_KILL = {
    Postgresql: {"synchronous_commit": "on"},
    MariaDB: {"innodb-flush-log-at-trx-commit": "2"},
}
_SERVERS: dict[str, type[Postgresql] | type[MariaDB]] = {"postgresql": Postgresql, "mariadb": MariaDB}


class Harmed(Installation):
    """`kind` is sqlite, sqlite-delete (without WAL), postgresql or mariadb; it has a server and a queue of its own."""

    def __init__(self, kind: str, **environment: str) -> None:
        self.kind = kind
        self._stack = ExitStack()
        self._remote: subprocess.Popen[bytes] | None = None
        self._first: tuple[str, Any] | None = None
        server: Postgresql | MariaDB | None = None
        try:
            self.queue = self._stack.enter_context(Valkey())
            if make := _SERVERS.get(kind):
                server = self._stack.enter_context(make(parameters=_SURVIVES_A_KILL[make]))
        except NotInstalled as error:
            self._stack.close()
            ledger.leave_out(*str(error).split(": ", 1))
        if kind == "sqlite-delete":
            environment = {"JOURNAL_MODE": "delete", "SQLITE_CACHE_KIBIBYTES": "64", **environment}
        super().__init__(
            redis_url=self.queue.url,
            server=server,
            projects=PROJECTS,
            DJANGO_SETTINGS_MODULE="tests.faults.settings",
            **environment,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._remote is not None:
            self._remote.kill()
            self._remote.communicate()
        super().__exit__(kind, error, trace)
        self._stack.close()

    # --- Things done inside -----------------------------------------------------------------------------------

    def do(self, function: str, *arguments: Any) -> Any:
        """Calls a function of tests/faults/remote.py."""
        if self._remote is None:
            with self.log("remote").open("ab") as log:
                self._remote = launch(
                    [sys.executable, "-m", "tests.faults.remote"],
                    death_signal=signal.SIGKILL,
                    cwd=PROJECT,
                    env=self.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                )
        assert self._remote.stdin is not None
        assert self._remote.stdout is not None
        self._remote.stdin.write(json.dumps([function, arguments]).encode() + b"\n")
        self._remote.stdin.flush()
        answer = json.loads(self._remote.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def change_everything(self) -> tuple[str, Any]:
        """A backup of what was there at first, and that; since then everything was changed once more."""
        self.release()
        self.wait_for(lambda: self.do("unfinished") == 0, "earlier jobs to end", 90)
        if self._first is None:
            self._first = self.do("make_backup"), self.contents()
        self.do("change")
        return self._first

    def restore(self, name: str) -> str:
        """Queues it for the worker. The job's id."""
        job: str = self.do("ask", "restore", {"name": name})
        assert "refused" not in job, job
        return job

    def wait_for_end(self, job: str, *, seconds: float = 90) -> dict[str, Any]:
        """The job's row once it has ended; looks after dead workers meanwhile."""

        def has_ended() -> bool:
            self.do("reap")
            return self.do("state", job)["state"] not in ("queued", "running")

        self.wait_for(has_ended, f"job {job} to end", seconds)
        row: dict[str, Any] = self.do("state", job)
        return row

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the application, by plain SQL."""
        read = {table: sorted(self.query(f"SELECT * FROM {table}"), key=repr) for table in TABLES}
        # last_login moves with each sign-in.
        read["auth_user"] = sorted(self.query("SELECT id, username, password, is_superuser FROM auth_user"), key=repr)
        return read

    # --- Holding ----------------------------------------------------------------------------------------------

    def hold(self, stage: str) -> None:
        """The next job that comes to this stage stands still there; see tests/faults/holding.py."""
        (self.folder / "held").unlink(missing_ok=True)
        beside = self.folder / "hold.new"
        beside.write_text(stage)
        beside.replace(self.folder / "hold")

    def wait_until_held(self, seconds: float = 90) -> None:
        self.wait_for(lambda: (self.folder / "held").exists(), "the job to be held", seconds, every=0.01)

    def release(self) -> None:
        (self.folder / "hold").unlink(missing_ok=True)


def on_each(threads: Executor, installations: Mapping[str, Harmed], act: Callable[[Harmed], None]) -> None:
    """`act(installation)` with all of them at the same time; what fails is raised with its kind of database."""
    running = {kind: threads.submit(act, installation) for kind, installation in installations.items()}
    wait(running.values())
    for kind, future in running.items():
        if error := future.exception():
            error.add_note(f"on {kind}")
            raise error
