"""After a restore everybody signs in again, whatever keeps the sessions."""

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backups_app import cache
from backups_app.choices import JobKind, JobState, Trigger
from backups_app.models import Job
from tests.catalogue import fresh_cache, make_job, other_connection, static_root  # noqa: F401 (fixtures)
from tests.servers import Valkey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("static_root")]

BACKENDS = ["db", "cached_db", "signed_cookies", "cache", "file"]


def commit_a_restore(*, hours_ago: int = 0) -> None:
    now = timezone.now() - timedelta(hours=hours_ago)
    Job.objects.create(
        kind=JobKind.RESTORE, state=JobState.SUCCEEDED, trigger=Trigger.PAGE, queued_at=now, committed_at=now
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_restore_ends_every_session_when_it_is_used_next(
    superuser: AbstractUser, settings: Any, tmp_path: Path, backend: str
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{backend}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    client = Client()
    assert client.login(username=superuser.username, password=f"password of {superuser.username}")
    assert client.get(reverse("admin:index")).status_code == 200

    commit_a_restore()

    assert client.get(reverse("admin:index")).status_code == 302
    assert "sign in again" in client.get(reverse("admin:index"), follow=True).content.decode()
    assert client.login(username=superuser.username, password=f"password of {superuser.username}")
    assert client.get(reverse("admin:index")).status_code == 200


def test_a_clock_that_was_set_back_keeps_nobody_signed_in(superuser: AbstractUser, client: Client) -> None:
    commit_a_restore()
    client.login(username=superuser.username, password=f"password of {superuser.username}")
    assert client.get(reverse("admin:index")).status_code == 200
    commit_a_restore(hours_ago=1)
    assert client.get(reverse("admin:index")).status_code == 302


def test_it_takes_effect_with_the_commit(superuser: AbstractUser, client: Client) -> None:
    client.force_login(superuser)
    job = make_job(JobState.RUNNING, kind=JobKind.RESTORE)
    restoring = other_connection("default")
    with restoring.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("UPDATE backups_app_job SET committed_at = %s WHERE id = %s", [timezone.now(), job.pk.hex])
        assert cursor.rowcount == 1
        assert client.get(reverse("admin:index")).status_code == 200

        cursor.execute("COMMIT")
        assert client.get(reverse("admin:index")).status_code == 302
    restoring.close()


def test_while_a_restore_runs_visitors_are_asked_to_come_back(queue: Valkey, client: Client) -> None:
    job_id = uuid.uuid4()
    cache.close_site(job_id)
    try:
        response = client.get("/admin/login/")
    finally:
        cache.open_site(job_id)

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "Back in a moment" in response.content.decode()
    assert client.get("/admin/login/").status_code == 200
