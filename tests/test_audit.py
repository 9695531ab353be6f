"""Every operation leaves one row in the audit trail and one line in the log: who, what, which backup, how it ended."""

# ruff: noqa: F811 (fixtures are imported, and asked for by their names)

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.test import Client

from backups_app import audit, jobs
from backups_app.actions.delete import delete_backup
from backups_app.audit import Actor
from backups_app.choices import BackupKind, JobKind, JobState, Trigger
from backups_app.models import AuditEvent, Backup, Job
from tests.catalogue import (  # noqa: F401 (fixtures)
    AMELIE,
    BRUNO,
    backup_folder,
    browser,
    fresh_cache,
    make_backup,
    make_job,
    static_root,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO, logger="backups_app")
    return lambda: [
        record.getMessage()
        for record in caplog.records
        if record.name == "backups_app" and record.levelno == logging.INFO
    ]


def a_backup() -> tuple[str, Actor]:
    job = make_job()
    jobs.run(job.pk, worker="heavy@test", dies_with_parent=False)
    return Job.objects.get().backup_name, AMELIE


def a_failed_backup() -> tuple[str, Actor]:
    jobs.submit(JobKind.BACKUP, by=AMELIE, trigger=Trigger.PAGE, parameters={})
    return "", AMELIE


def a_lost_backup() -> tuple[str, Actor]:
    make_job(JobState.RUNNING)
    jobs.reap()
    return "", AMELIE


def a_deletion() -> tuple[str, Actor]:
    make_backup()
    gone = make_backup()
    delete_backup(gone, by=BRUNO, reason="asked for")
    return gone.name, BRUNO


def a_clean_up() -> tuple[str, Actor]:
    job = make_job(kind=JobKind.CLEAN_UP, parameters={"keep_days": 3})
    jobs.run(job.pk, worker="heavy@test", dies_with_parent=False)
    return "", AMELIE


OPERATIONS = {
    "backup.created": (a_backup, "succeeded"),
    "backup.ended (failed)": (a_failed_backup, "failed"),
    "backup.ended (lost)": (a_lost_backup, "lost"),
    "backup.deleted": (a_deletion, "succeeded"),
    "clean_up.ended": (a_clean_up, "succeeded"),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_leaves_one_row_and_one_line(name: str, log: Callable[[], list[str]]) -> None:
    operate, outcome = OPERATIONS[name]
    backup_name, by = operate()

    event = AuditEvent.objects.get()
    assert event.event == name.split()[0]
    assert (event.actor_id, event.actor_name) == (by.id, by.name)
    assert (event.backup_name, event.outcome) == (backup_name, outcome)
    (line,) = log()
    assert line.startswith(f"{event.event} by={by.name!r} backup={backup_name or '-'!r} job=")
    assert f"outcome={outcome!r}" in line


def test_cancelling_leaves_who_asked_beside_whose_job_it_was(log: Callable[[], list[str]]) -> None:
    jobs.cancel(make_job().pk, by=BRUNO)
    assert [(event.event, event.actor_name, event.outcome) for event in AuditEvent.objects.order_by("id")] == [
        ("backup.ended", "amelie", "cancelled"),
        ("backup.cancel_asked", "bruno", ""),
    ]
    assert len(log()) == 2


def test_a_download_leaves_who_took_what(
    browser: Client, superuser: AbstractUser, log: Callable[[], list[str]]
) -> None:
    backup = make_backup()
    browser.get(f"/backup-management/{backup.pk}/download/").close()

    event = AuditEvent.objects.get()
    assert (event.event, event.actor_id, event.actor_name) == ("backup.downloaded", str(superuser.pk), "amelie")
    assert (event.backup_name, event.outcome) == (backup.name, "started")
    assert len(log()) == 1


def test_the_clean_up_says_why_each_backup_went() -> None:
    old = make_backup(BackupKind.AUTOMATIC, days_old=9)
    new = make_backup(BackupKind.AUTOMATIC)
    job = make_job(kind=JobKind.CLEAN_UP, parameters={"keep_days": 3})
    jobs.run(job.pk, worker="heavy@test", dies_with_parent=False)

    event = AuditEvent.objects.get(event="backup.deleted")
    assert event.backup_name == old.name
    assert event.detail["reason"] == f"3 days or more before {new.name}"
    assert AuditEvent.objects.get(event="clean_up.ended").detail == {"deleted": [old.name]}


def test_the_trail_outlives_the_user_and_the_backup(browser: Client, superuser: AbstractUser) -> None:
    make_backup()
    gone = make_backup()
    browser.post(f"/backup-management/{gone.pk}/delete/")
    Backup.objects.all().delete()
    superuser.delete()

    event = AuditEvent.objects.get()
    assert (event.event, event.actor_name, event.backup_name) == ("backup.deleted", "amelie", gone.name)


def test_what_is_rolled_back_is_neither_in_the_trail_nor_in_the_log(log: Callable[[], list[str]]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record("backup.created", by=AMELIE)
        raise ZeroDivisionError
    assert not AuditEvent.objects.exists()
    assert log() == []


def test_who_or_what_is_not_known_is_a_dash_in_the_log(log: Callable[[], list[str]]) -> None:
    audit.record("backup.created", by=Actor())
    assert log() == ["backup.created by='-' backup='-' job='-' outcome='-'"]


def test_a_name_with_a_line_break_stays_one_line(log: Callable[[], list[str]]) -> None:
    audit.record("backup.created", by=Actor(name="eve\n2026-01-01 info backups_app: backup.deleted by='amelie'"))
    (line,) = log()
    assert "\n" not in line


def test_neither_token_nor_password_nor_session_is_ever_logged(
    client: Client, superuser: AbstractUser, static_root: None, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    """The whole way: sign in, ask, follow, cancel, be refused, break; everything that anybody logs is looked at."""
    caplog.set_level(logging.DEBUG)
    client.post("/admin/login/", {"username": "amelie", "password": "password of amelie", "next": "/"})
    job = make_job(JobState.RUNNING)
    with leased(job):
        page = client.get("/backup-management/").content.decode()
        token = page.split("/jobs/")[1].split("/")[0]
        for browser in (client, Client(raise_request_exception=False)):
            for path in ("progress", "cancel"):
                for method in ("get", "post", "put", "delete"):
                    getattr(browser, method)(f"/backup-management/jobs/{token}/{path}/")
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr("backups_app.views.progress.read_token", None)
            assert client.get(f"/backup-management/jobs/{token}/progress/").status_code == 500

    assert "page.errored" in caplog.text
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    everything = caplog.text + repr([vars(record) for record in caplog.records if record.name != "django.db.backends"])
    for secret in (token, "password of amelie", session, settings.SECRET_KEY):
        assert secret not in everything


def leased(job: Job) -> Any:
    from backups_app import leases

    assert job.claim is not None
    return leases.hold(job.claim)
