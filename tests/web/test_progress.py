"""Following and cancelling one job: by token, from the cache, past sessions and users; from the row where it is silent.

The tests without `db` are refused every query, which is what a page needs while its tables are locked.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backups_app import cache, jobs, leases
from backups_app.choices import JobKind, JobState
from backups_app.models import AuditEvent, Job
from backups_app.tokens import make_token, session_digest
from tests.catalogue import BRUNO, make_job, other_connection
from tests.servers import Valkey
from tests.web.html import Page

JOB = uuid.UUID("0b7c0c1e-0000-4000-8000-000000000007")

pytestmark = pytest.mark.usefixtures("static_root")


@pytest.fixture
def follower(client: Client) -> Client:
    """A browser whose session cookie the tokens below are made for; whether that session exists nobody asks."""
    client.cookies["sessionid"] = "the-session-of-amelie"
    return client


def owner() -> HttpRequest:
    request = HttpRequest()
    request.COOKIES["sessionid"] = "the-session-of-amelie"
    return request


def address(name: str, job_id: object = JOB) -> str:
    return reverse(f"backups:{name}", args=[make_token(job_id, owner())])


def tell(job_id: object = JOB, **told: Any) -> None:
    now = time.time()
    running = {
        "kind": "backup",
        "state": "running",
        "stage": "dump",
        "done": 1200,
        "total": 5000,
        "rate": 400.0,
        "started_at": now - 65,
        "beat_at": now,
        "is_cancelling": False,
    }
    assert cache.write_progress(job_id, {**running, **told})


def card(browser: Client, job_id: object = JOB) -> Page:
    response = browser.get(address("progress", job_id))
    assert response.status_code == 200
    return Page(response)


def figures(page: Page) -> dict[str, str]:
    names = [element.text for element in page.all("dt")]
    return dict(zip(names, [element.text for element in page.all("dd")], strict=True))


def asks_again(page: Page) -> bool:
    return page.with_id("progress").attributes.get("hx-trigger") == "every 1s"


class TestARunningJobWithoutAnyQuery:
    def test_is_shown_with_its_figures(self, queue: Valkey, follower: Client) -> None:
        tell()
        page = card(follower)
        assert page.with_id("progress-title").text == "Creating a backup"
        assert figures(page) == {
            "Stage": "dump",
            "Records": "1,200 of 5,000",
            "Percent": "24 %",
            "Records/s": "400",
            "Elapsed": "1 min 05 s",
            "Remaining": "about 10 s",
            "Last sign of life": "just now",
        }
        assert page.the("progress").attributes["value"] == "24"
        assert page.with_id("cancel-button").text == "Cancel this job"
        assert asks_again(page)

    def test_is_shown_without_what_is_not_known_yet(self, queue: Valkey, follower: Client) -> None:
        tell(stage="check", done=0, total=None, rate=None)
        page = card(follower)
        assert set(figures(page)) == {"Stage", "Elapsed", "Last sign of life"}
        assert "value" not in page.the("progress").attributes

    def test_is_never_more_than_wholly_done(self, queue: Valkey, follower: Client) -> None:
        tell(done=5001, total=5000)
        assert figures(card(follower))["Percent"] == "100 %"

    def test_shows_strangers_the_stage_and_the_percent_and_nothing_else(self, queue: Valkey, client: Client) -> None:
        tell(message="a secret", backup_name="a secret")
        page = Page(client.get(address("progress")))
        assert page.with_id("progress").text == "dump, 24 % Sign in to see more"
        assert not page.has_id("cancel-button")
        assert asks_again(page)

    def test_shows_another_session_no_more_than_strangers(self, queue: Valkey, client: Client) -> None:
        tell()
        client.cookies["sessionid"] = "another"
        assert Page(client.get(address("progress"))).with_id("progress").text == "dump, 24 % Sign in to see more"

    def test_is_cancelled(self, queue: Valkey, follower: Client) -> None:
        tell()
        page = Page(follower.post(address("cancel"), headers={"HX-Request": "true"}))
        assert cache.is_cancel_asked(JOB)
        assert page.with_id("progress-title").text == "Cancelling…"
        assert not page.has_id("cancel-button")
        assert asks_again(page)

    def test_is_cancelled_without_scripts_too(self, queue: Valkey, follower: Client) -> None:
        tell()
        response = follower.post(address("cancel"))
        assert (response.status_code, response.headers["Location"]) == (302, reverse("backups:index"))
        assert cache.is_cancel_asked(JOB)

    def test_is_cancelled_in_the_name_of_who_opened_the_page(self, queue: Valkey, follower: Client) -> None:
        cache.remember_follower(session_digest(owner()), {"id": "7", "name": "amelie"})
        tell()
        follower.post(address("cancel"))
        assert cache.who_asked_to_cancel(JOB) == {"id": "7", "name": "amelie"}

    def test_is_cancelled_by_no_other_session(self, queue: Valkey, client: Client) -> None:
        tell()
        client.cookies["sessionid"] = "another"
        assert client.post(address("cancel")).status_code == 403
        assert client.get(address("cancel")).status_code == 405
        assert cache.is_cancel_asked(JOB) is False

    @pytest.mark.parametrize("state", ["succeeded", "failed", "errored", "cancelled", "lost"])
    def test_that_has_ended_asks_no_more_and_has_the_page_refreshed(
        self, state: str, queue: Valkey, follower: Client
    ) -> None:
        tell(state=state, backup_name="backup_1.json", message="<b>Because</b> of it.", hint="Do this.")
        page = card(follower)
        assert not asks_again(page)
        assert not page.has_id("cancel-button")
        (refresh,) = page.all("div", **{"hx-trigger": "load"})
        assert refresh.attributes["hx-get"] == reverse("backups:index")
        assert refresh.attributes["hx-target"] == "#refreshed"
        assert "<b>Because</b> of it." in page.with_id("progress").text
        assert "Do this." in page.with_id("progress").text
        assert figures(page)["Elapsed"] == "1 min 05 s"
        assert page.with_id("progress-title").text.startswith(
            {"succeeded": "Done: backup_1.json", "cancelled": "Cancelled", "lost": "Lost"}.get(state, "Failed")
        )

    def test_that_has_ended_tells_strangers_only_that(self, queue: Valkey, client: Client) -> None:
        tell(state="failed", message="a secret", backup_name="a secret")
        page = Page(client.get(address("progress")))
        assert page.with_id("progress").text == "ended Sign in to see more"
        assert not asks_again(page)

    @pytest.mark.parametrize("name", ["progress", "cancel"])
    def test_is_answered_with_the_headers_that_later_middlewares_would_set(
        self, name: str, queue: Valkey, follower: Client
    ) -> None:
        tell()
        response = follower.generic("GET" if name == "progress" else "POST", address(name))
        policy = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        assert response.headers["Content-Security-Policy"] == policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("token", ["x", "a:b:c", "%00", "é"])
    def test_can_not_be_followed_with_a_made_up_token(self, token: str, client: Client) -> None:
        response = client.get(reverse("backups:progress", args=[token]))
        page = Page(response)
        assert response.status_code == 286  # htmx asks no more
        assert page.with_id("progress").text == "This page is out of date. Reload it"
        assert "hx-trigger" not in page.with_id("progress").attributes
        assert client.post(reverse("backups:cancel", args=[token])).status_code == 403

    def test_can_not_be_followed_for_ever(self, queue: Valkey, follower: Client) -> None:
        tell()
        path, cancel = address("progress"), address("cancel")
        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            assert follower.get(path).status_code == 286
            assert follower.post(cancel).status_code == 403


@pytest.mark.django_db(transaction=True)
class TestWhereTheCacheIsSilent:
    def test_a_job_that_waits_is_shown_to_wait(self, queue: Valkey, follower: Client) -> None:
        page = card(follower, make_job().pk)
        assert page.with_id("progress-title").text == "Waiting for a worker"
        assert page.has_id("cancel-button")
        assert asks_again(page)

    def test_a_waiting_clean_up_can_be_cancelled(self, queue: Valkey, follower: Client) -> None:
        job = make_job(kind=JobKind.CLEAN_UP)
        page = Page(follower.post(address("cancel", job.pk), headers={"HX-Request": "true"}))
        assert page.with_id("progress-title").text == "Cancelled"
        assert Job.objects.get().state == JobState.CANCELLED

    @pytest.mark.parametrize("state", ["succeeded", "failed", "errored", "cancelled", "lost"])
    def test_a_job_that_ended_while_the_cache_was_away_is_shown_to_have_ended(
        self, state: str, follower: Client
    ) -> None:
        job = make_job(JobState(state), error_message="Because.", finished_at=timezone.now())
        page = card(follower, job.pk)
        assert not asks_again(page)
        assert "Because." in page.with_id("progress").text

    def test_the_last_word_of_a_job_that_ended_meanwhile_is_not_believed(self, queue: Valkey, follower: Client) -> None:
        job = make_job(JobState.SUCCEEDED, backup_name="backup_1.json", finished_at=timezone.now())
        tell(job.pk, beat_at=time.time() - 20)
        page = card(follower, job.pk)
        assert page.with_id("progress-title").text == "Done: backup_1.json"
        assert not asks_again(page)

    def test_a_job_whose_worker_died_is_declared_lost_by_whoever_looks(self, queue: Valkey, follower: Client) -> None:
        job = make_job(JobState.RUNNING)
        tell(job.pk, beat_at=time.time() - 6)
        page = card(follower, job.pk)
        assert page.with_id("progress-title").text == "Lost"
        assert Job.objects.get().state == JobState.LOST

    def test_a_job_that_lives_in_silence_is_shown_with_a_warning(self, queue: Valkey, follower: Client) -> None:
        job = make_job(JobState.RUNNING)
        assert job.claim is not None
        tell(job.pk, beat_at=time.time() - 61)
        with leases.hold(job.claim):
            page = card(follower, job.pk)
        assert page.with_id("progress-title").text == "Creating a backup"
        assert "The worker gives no sign of life." in page.with_id("progress").text
        assert figures(page)["Last sign of life"] in {"1 min 01 s ago", "1 min 02 s ago"}
        assert asks_again(page)

    def test_a_running_job_is_shown_to_run(self, follower: Client) -> None:
        job = make_job(JobState.RUNNING)
        assert job.claim is not None
        with leases.hold(job.claim):
            assert card(follower, job.pk).with_id("progress-title").text == "Creating a backup"
            jobs.cancel(job.pk, by=BRUNO)
            assert card(follower, job.pk).with_id("progress-title").text == "Cancelling…"

    def test_a_running_job_is_cancelled_through_its_row(self, follower: Client) -> None:
        job = make_job(JobState.RUNNING)
        assert job.claim is not None
        with leases.hold(job.claim):
            follower.post(address("cancel", job.pk))
        assert Job.objects.get().cancel_asked_at is not None
        assert AuditEvent.objects.get().event == "backup.cancel_asked"

    def test_a_database_that_does_not_answer_either_breaks_nothing(
        self, follower: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_arguments: Any, **_more: Any) -> None:
            raise OperationalError("database is locked")

        monkeypatch.setattr(jobs, "reap", refuse)
        monkeypatch.setattr(jobs, "cancel", refuse)
        assert asks_again(card(follower))
        assert follower.post(address("cancel")).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_database_that_somebody_locks_delays_neither_poll_nor_cancel(
    queue: Valkey, follower: Client, settings: Any
) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = True
    tell()
    with locked_for_writing():
        started = time.monotonic()
        assert follower.get(address("progress")).status_code == 200
        assert follower.post(address("cancel")).status_code == 302
        assert time.monotonic() - started < 1


@contextmanager
def locked_for_writing() -> Iterator[None]:
    somebody = other_connection("default")
    with somebody.cursor() as cursor:
        cursor.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        somebody.close()


@pytest.mark.django_db
def test_a_poll_of_a_running_job_asks_the_database_nothing(
    queue: Valkey, browser: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    """With a real session, which a middleware behind would read and a later one save."""
    request = HttpRequest()
    request.COOKIES = {name: morsel.value for name, morsel in browser.cookies.items()}
    tell()
    with django_assert_num_queries(0, connection=connection):
        browser.get(reverse("backups:progress", args=[make_token(JOB, request)]))
        browser.post(reverse("backups:cancel", args=[make_token(JOB, request)]))
    assert cache.is_cancel_asked(JOB)
