"""Backups, jobs and people for tests of the machinery to begin with: rows that are real, with files that are there.

`backup_folder` and `fresh_cache` are fixtures for everybody who imports them.
"""

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import connections
from django.test import Client
from django.utils import timezone

from backups_app import cache
from backups_app.audit import Actor
from backups_app.choices import BackupKind, JobKind, JobState, Trigger
from backups_app.engine import store
from backups_app.engine.progress import Stage
from backups_app.heartbeat import Heartbeat
from backups_app.models import AuditEvent, Backup, Job

AMELIE = Actor(id="7", name="amelie")
BRUNO = Actor(id="8", name="bruno")


class MachineryOn:
    """A router that keeps the tables of backups_app on one database."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def db_for_read(self, model: Any, **_hints: Any) -> str | None:
        return self.alias if model._meta.app_label == "backups_app" else None

    db_for_write = db_for_read


@pytest.fixture(autouse=True)
def backup_folder(tmp_path: Path, settings: Any) -> Path:
    """An empty backup folder for this test alone; its path."""
    folder = tmp_path / "backups"
    settings.STORAGES = {
        **settings.STORAGES,
        "backups": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder)},
        },
    }
    return folder


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    """The cache is asked again, although it may have failed in the test before."""
    cache._breaker.closed_at = 0.0
    yield
    cache._breaker.closed_at = 0.0


@pytest.fixture
def static_root() -> None:
    """WhiteNoise, which every request passes, warns when the folder that it serves is not there."""
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)


@pytest.fixture
def browser(client: Client, superuser: AbstractUser, static_root: None) -> Client:
    """The superuser amelie's, signed in."""
    client.force_login(superuser)
    return client


@pytest.fixture
def machinery(database: str, settings: Any) -> str:
    """The tables of backups_app, and what is backed up, on each kind of database in turn; its alias."""
    settings.DATABASE_ROUTERS = ["tests.routers.ZooRouter", MachineryOn(database)]
    settings.BACKUPS = {**settings.BACKUPS, "DATABASE": database}
    return database


@pytest.fixture
def in_the_middle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Job], Any]], None]:
    """`in_the_middle(act)`: `act(job)` is called once, in the job's own thread, after some records were dumped."""

    def arrange(act: Callable[[Job], Any]) -> None:
        report, done_for = Heartbeat._report, set()

        def report_and_act(self: Heartbeat, stage: Stage, done: int, total: int | None) -> None:
            report(self, stage, done, total)
            if stage == Stage.DUMP and self._job.pk not in done_for:
                done_for.add(self._job.pk)
                act(self._job)

        monkeypatch.setattr(Heartbeat, "_report", report_and_act)

    return arrange


def files() -> set[str]:
    """Everything that lies in the backup folder, hidden files too."""
    folder = store.folder_path()
    assert folder is not None
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def make_backup(
    kind: BackupKind = BackupKind.MANUAL, *, content: bytes = b"[\n]\n", days_old: float = 0, **fields: Any
) -> Backup:
    """A backup with its file, as if made `days_old` days ago."""
    created_at = timezone.now() - timedelta(days=days_old)
    with store.open_part(str(uuid.uuid4())) as part:
        part.stream.write(content)
        name = part.publish(kind, timezone.localtime(created_at))
    return Backup.objects.create(
        **{
            "name": name,
            "kind": kind,
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "record_count": 3,
            "created_at": created_at,
            "created_by_name": "amelie",
            **fields,
        }
    )


def make_job(state: JobState = JobState.QUEUED, kind: JobKind = JobKind.BACKUP, **fields: Any) -> Job:
    now = timezone.now()
    is_running = state == JobState.RUNNING
    return Job.objects.create(
        **{
            "kind": kind,
            "state": state,
            "trigger": Trigger.PAGE,
            "parameters": {"kind": BackupKind.MANUAL, "description": ""},
            "requested_by_id": AMELIE.id,
            "requested_by_name": AMELIE.name,
            "queued_at": now,
            "started_at": now if state != JobState.QUEUED else None,
            "claim": uuid.uuid4() if is_running else None,
            "worker": "heavy@there" if is_running else "",
            **fields,
        }
    )


def trail() -> list[tuple[str, str, str]]:
    """The audit trail, oldest first: what, who, how it ended."""
    return list(AuditEvent.objects.order_by("id").values_list("event", "actor_name", "outcome"))


def other_connection(alias: str) -> Any:
    """A second session on the same database, as another process would have it."""
    return connections[alias].copy()


def lease_file(claim: uuid.UUID) -> Path:
    return Path(settings.BACKUPS["STATE_DIR"]) / "leases" / str(claim)


def end_every_session(alias: str) -> None:
    """As an administrator does, or a restart of the server: all sessions on this database but the one that asks."""
    administrator = other_connection(alias)
    with administrator.cursor() as cursor:
        if administrator.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        else:
            cursor.execute(
                "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
            )
            for (session,) in cursor.fetchall():
                cursor.execute(f"KILL {session}")
    administrator.close()


def wait_until(is_so: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it became so in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.01)
    return is_so()
