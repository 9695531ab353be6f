"""How restores end when something breaks around their commit, and what is asked of the cache instead of the tables."""

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.db import OperationalError, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backups_app import cache, heartbeat, jobs, tasks
from backups_app.choices import BackupKind, JobKind, JobState, Trigger
from backups_app.engine import load as load_module
from backups_app.engine.progress import Stage
from backups_app.heartbeat import Heartbeat, beating_restore
from backups_app.models import Backup, Job
from eclick.models import Client
from tests.catalogue import (  # noqa: F401 (fixtures)
    AMELIE,
    backup_folder,
    end_every_session,
    files,
    fresh_cache,
    make_job,
)
from tests.servers import Valkey

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def backup(superuser: AbstractUser) -> Backup:
    """Of one client, who is renamed since."""
    Client.objects.create(name="Before", country="AT", hourly_rate="95.50")
    jobs.run_here(JobKind.BACKUP, by=AMELIE, trigger=Trigger.COMMAND, parameters={"kind": BackupKind.MANUAL})
    Client.objects.update(name="After")
    return Backup.objects.get()


def restore(backup: Backup) -> Job:
    parameters = {"name": backup.name, "backup_id": backup.pk, "accept_lock_out": True}
    return jobs.run_here(JobKind.RESTORE, by=AMELIE, trigger=Trigger.COMMAND, parameters=parameters)


def around_the_commit(monkeypatch: pytest.MonkeyPatch, act: Callable[[Callable[[], None]], None]) -> None:
    """`act` is called in place of the load's commit, with that."""
    open_target = load_module.open_target

    def open_and_arrange(connection: Any) -> Any:
        target = open_target(connection)
        commit = target.commit
        target.commit = lambda: act(commit)
        return target

    monkeypatch.setattr(load_module, "open_target", open_and_arrange)


def test_a_session_that_is_ended_while_it_commits_does_not_make_a_failure_of_a_restore_that_was_committed(
    backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commit_and_break(commit: Callable[[], None]) -> None:
        commit()
        raise OperationalError("the server closed the connection")

    around_the_commit(monkeypatch, commit_and_break)

    job = restore(backup)

    assert job.state == JobState.SUCCEEDED
    assert Client.objects.get().name == "Before"
    backup.refresh_from_db()
    assert backup.status == "restored"
    assert any(name.startswith("pre_restore_safety_") for name in files())


def test_a_session_that_is_ended_before_it_has_committed_fails_the_restore_and_leaves_nothing(
    backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(_commit: Callable[[], None]) -> None:
        raise OperationalError("the server closed the connection")

    around_the_commit(monkeypatch, break_off)

    job = restore(backup)

    assert (job.state, job.error_code) == (JobState.FAILED, "database-failed")
    assert Client.objects.get().name == "After"
    assert files() == {backup.name}


def test_what_goes_wrong_after_the_commit_does_not_undo_the_success(
    backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any, **_more: Any) -> None:
        raise OperationalError("the table is gone")

    monkeypatch.setattr(jobs, "_succeed", refuse)

    job = restore(backup)

    assert job.state == JobState.SUCCEEDED
    assert job.exclusive_slot is None
    assert Client.objects.get().name == "Before"


def test_a_restore_that_is_seen_to_run_refuses_a_second_one_without_a_query(queue: Valkey) -> None:
    running = make_job(JobState.RUNNING, kind=JobKind.RESTORE)
    cache.close_site(running.pk)
    cache.write_progress(running.pk, Heartbeat(running, Lease(), dies_with_parent=False).snapshot())

    with CaptureQueriesContext(connections["default"]) as asked, pytest.raises(jobs.Refused, match="amelie"):
        jobs.submit(JobKind.RESTORE, by=AMELIE, trigger=Trigger.PAGE, parameters={"name": "none.json"})

    assert not asked.captured_queries


def test_a_restore_that_has_fallen_silent_is_asked_for_in_the_database(queue: Valkey) -> None:
    dead = make_job(JobState.RUNNING, kind=JobKind.RESTORE)
    cache.close_site(dead.pk)
    progress = Heartbeat(dead, Lease(), dies_with_parent=False).snapshot()
    cache.write_progress(dead.pk, {**progress, "beat_at": time.time() - 60})

    assert beating_restore() is None


def test_the_site_is_opened_when_a_restore_is_declared_lost(queue: Valkey) -> None:
    dead = make_job(JobState.RUNNING, kind=JobKind.RESTORE)
    cache.close_site(dead.pk)

    assert [job.pk for job in jobs.reap()] == [dead.pk]

    assert cache.closed_for() is None


def test_nobody_opens_the_site_that_is_closed_for_another(queue: Valkey) -> None:
    other = uuid.uuid4()
    cache.close_site(other)

    cache.open_site(uuid.uuid4())

    assert cache.closed_for() == str(other)


@pytest.mark.parametrize("stage", sorted(heartbeat._LOCKED))
def test_while_a_restore_locks_the_file_its_side_thread_asks_the_database_nothing(stage: Stage) -> None:
    beat = Heartbeat(make_job(JobState.RUNNING, kind=JobKind.RESTORE), Lease(), dies_with_parent=False)
    beat.watch().report(stage, 1, 2)

    with CaptureQueriesContext(connections["default"]) as asked:
        assert beat._may_go_on()

    assert not asked.captured_queries


def test_a_restore_that_gave_way_waits_two_minutes_for_a_worker_from_then_on() -> None:
    now = timezone.now()
    job = make_job(
        kind=JobKind.RESTORE,
        exclusive_slot="restore",
        queued_at=now - timedelta(hours=1),
        sent_at=now - timedelta(seconds=30),
    )
    jobs.reap()
    job.refresh_from_db()
    assert job.state == JobState.QUEUED

    Job.objects.filter(pk=job.pk).update(sent_at=now - timedelta(minutes=3))
    jobs.reap()

    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.CANCELLED, "no-worker")


def test_the_message_of_a_job_that_a_locked_database_does_not_give_is_put_back(
    queue: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any, **_more: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(jobs, "run", refuse)
    job = make_job()

    assert tasks.create_backup.apply(args=[str(job.pk)]).state == "IGNORED"

    assert queue.ask("LLEN backups") == ":1"


class Lease:
    def is_mine(self) -> bool:
        return True
