"""After a restore everybody signs in again, whatever keeps the sessions."""

import uuid

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backups_app import cache
from backups_app.choices import JobKind, JobState, Trigger
from backups_app.models import Job
from tests.catalogue import fresh_cache, static_root  # noqa: F401 (fixtures)
from tests.servers import Valkey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("static_root")]

BACKENDS = ["db", "cached_db", "signed_cookies", "cache"]


def commit_a_restore() -> None:
    now = timezone.now()
    Job.objects.create(
        kind=JobKind.RESTORE, state=JobState.SUCCEEDED, trigger=Trigger.PAGE, queued_at=now, committed_at=now
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_restore_ends_every_session_when_it_is_used_next(
    superuser: AbstractUser, settings: object, backend: str
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{backend}"  # type: ignore[attr-defined]
    client = Client()
    assert client.login(username=superuser.username, password=f"password of {superuser.username}")
    assert client.get(reverse("admin:index")).status_code == 200

    commit_a_restore()

    assert client.get(reverse("admin:index")).status_code == 302
    assert "sign in again" in client.get(reverse("admin:index"), follow=True).content.decode()
    assert client.login(username=superuser.username, password=f"password of {superuser.username}")
    assert client.get(reverse("admin:index")).status_code == 200


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
