"""The page: what it shows of backups, jobs and the queue, and asking for a backup."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backups_app import cache, leases
from backups_app.choices import BackupKind, BackupStatus, JobKind, JobState, Trigger
from backups_app.models import Backup, Job
from tests.catalogue import make_backup, make_job
from tests.servers import Valkey
from tests.web.html import Page

pytestmark = pytest.mark.django_db

INDEX = "/backup-management/"


def page(browser: Client, address: str = INDEX, status: int = 200) -> Page:
    response = browser.get(address)
    assert response.status_code == status
    return Page(response)


def rows(shown: Page) -> list[str]:
    return [row.attributes["id"] for row in shown.all("tr") if row.attributes.get("id", "").startswith("backup-")]


def make_rows(count: int) -> None:
    """Without files, which the list does not look at."""
    now = timezone.now()
    Backup.objects.bulk_create(
        Backup(
            name=f"auto_backup_20260101_000000_{number}.json",
            kind=BackupKind.AUTOMATIC,
            size_bytes=10,
            sha256="0" * 64,
            record_count=1,
            created_at=now - timedelta(minutes=number),
        )
        for number in range(count)
    )


class TestWithoutABackup:
    def test_it_invites_to_make_the_first_one(self, queue: Valkey, browser: Client) -> None:
        shown = page(browser)
        assert "There is no backup yet" in shown.text
        assert "None yet." in shown.text
        assert "Nothing has been done yet." in shown.text
        assert shown.the("form", action=reverse("backups:create"))

    def test_it_has_the_words_of_the_description(self, browser: Client) -> None:
        titles = {element.text for tag in ("h1", "h2", "button") for element in page(browser).all(tag)}
        assert {"Backup Management", "Create Backup", "Existing Backups"} <= titles


class TestTheList:
    def test_shows_each_backup_newest_first(self, browser: Client) -> None:
        old, new, middle = (make_backup(days_old=days) for days in (3, 1, 2))
        assert rows(page(browser)) == [f"backup-{backup.pk}" for backup in (new, middle, old)]

    def test_shows_what_is_known_of_a_backup(self, browser: Client) -> None:
        backup = make_backup(BackupKind.AUTOMATIC, content=b"x" * 2048, record_count=1234567, duration_seconds=65)
        row = page(browser).with_id(f"backup-{backup.pk}").text
        for known in (backup.name, "Automatic", "Available", "1,234,567", "2.0", "KB", "just now", "amelie"):
            assert known in row.replace("\xa0", " ")
        assert backup.sha256 in row
        assert "2,048" in row
        assert "1 min 05 s" in row

    def test_names_each_action_with_the_backup_for_those_who_can_t_see(self, browser: Client) -> None:
        backup = make_backup()
        labels = {link.attributes.get("aria-label") for link in page(browser).all("a")}
        assert {f"Download {backup.name}", f"Delete {backup.name}"} <= labels

    def test_shows_markup_in_a_description_as_text(self, browser: Client) -> None:
        markup = """<script>alert(1)</script><b onclick="x">'"&amp;{{ 7 }}"""
        backup = make_backup(description=markup)
        shown = page(browser)
        assert markup in shown.with_id(f"backup-{backup.pk}").text
        assert not [element for element in shown.elements if "onclick" in element.attributes]

    def test_says_which_backups_are_not_good(self, browser: Client) -> None:
        make_backup()
        bad = make_backup(status=BackupStatus.MISSING)
        shown = page(browser)
        assert "Missing" in shown.with_id(f"backup-{bad.pk}").text
        assert "2 (1 good)" in shown.text

    def test_says_which_backups_loaddata_can_not_read(self, browser: Client) -> None:
        backup = make_backup(needs_restore_backup=True)
        assert "need restore_backup" in page(browser).with_id(f"backup-{backup.pk}").text

    def test_is_cut_into_pages(self, browser: Client) -> None:
        make_rows(60)
        lengths = [len(rows(page(browser, f"{INDEX}?page={number}"))) for number in (1, 2, 3)]
        assert lengths == [25, 25, 10]
        assert {link.text for link in page(browser, f"{INDEX}?page=2").all("a")} >= {"Newer", "Older"}
        all_of_them = {row for number in (1, 2, 3) for row in rows(page(browser, f"{INDEX}?page={number}"))}
        assert len(all_of_them) == 60

    @pytest.mark.parametrize(("asked", "given"), [("0", 3), ("99", 3), ("-1", 3), ("x", 1), ("", 1), ("1'--", 1)])
    def test_gives_the_nearest_page_to_whoever_asks_for_one_that_is_not(
        self, asked: str, given: int, browser: Client
    ) -> None:
        make_rows(60)
        assert f"{given} / 3" in page(browser, f"{INDEX}?page={asked}").text

    def test_costs_the_same_few_queries_however_long_it_is(
        self,
        queue: Valkey,
        browser: Client,
        django_assert_num_queries: Callable[..., Any],
        django_assert_max_num_queries: Callable[..., Any],
    ) -> None:
        make_rows(2)
        make_job(JobState.SUCCEEDED)
        with django_assert_max_num_queries(20) as few:
            page(browser)
        Backup.objects.all().delete()
        make_rows(200)
        for _ in range(30):
            make_job(JobState.SUCCEEDED)
        with django_assert_num_queries(len(few)):
            page(browser)


class TestTheHistory:
    def test_shows_the_newest_jobs_with_how_they_ended(self, browser: Client) -> None:
        for number in range(12):
            make_job(JobState.FAILED, error_message=f"Reason {number}.", error_hint="Do this.")
        text = page(browser).text
        assert "Reason 11. Do this." in text
        assert "Reason 2." in text
        assert "Reason 1." not in text

    def test_folds_a_bug_s_traceback_away_and_shows_its_markup_as_text(self, browser: Client) -> None:
        make_job(JobState.ERRORED, error_message="An unforeseen error", traceback="<i>Traceback</i> here")
        shown = page(browser)
        assert shown.the("pre").text == "<i>Traceback</i> here"
        assert any("<i>Traceback</i> here" in details.text for details in shown.all("details"))


class TestTheCard:
    def test_of_a_running_job_is_on_the_page(self, queue: Valkey, browser: Client) -> None:
        job = make_job(JobState.RUNNING)
        now = time.time()
        cache.write_progress(
            job.pk, {"state": "running", "stage": "dump", "done": 5, "total": 10, "beat_at": now, "started_at": now}
        )
        with held(job):
            shown = page(browser)
        assert shown.with_id("progress-title").text == "Creating a backup"
        assert shown.all("progress")[0].attributes["value"] == "50"
        assert shown.with_id("progress").attributes["hx-get"].endswith("/progress/")

    def test_of_a_waiting_job_is_on_the_page(self, queue: Valkey, browser: Client) -> None:
        make_job()
        assert page(browser).with_id("progress-title").text == "Waiting for a worker"

    def test_of_a_job_that_is_being_cancelled_says_so(self, queue: Valkey, browser: Client) -> None:
        job = make_job(JobState.RUNNING, cancel_asked_at=timezone.now())
        with held(job):
            assert page(browser).with_id("progress-title").text == "Cancelling…"

    def test_of_a_silent_job_warns(self, queue: Valkey, browser: Client) -> None:
        job = make_job(JobState.RUNNING)
        cache.write_progress(job.pk, {"state": "running", "beat_at": time.time() - 45})
        with held(job):
            assert "The worker gives no sign of life." in page(browser).text

    def test_of_a_clean_up_says_so(self, queue: Valkey, browser: Client) -> None:
        job = make_job(JobState.RUNNING, JobKind.CLEAN_UP)
        with held(job):
            assert page(browser).with_id("progress-title").text == "Cleaning up"

    def test_is_gone_when_nothing_runs_or_waits(self, queue: Valkey, browser: Client) -> None:
        make_job(JobState.SUCCEEDED)
        assert not page(browser).has_id("progress")

    def test_of_a_job_whose_worker_died_is_gone_and_the_history_says_lost(self, queue: Valkey, browser: Client) -> None:
        make_job(JobState.RUNNING)
        shown = page(browser)
        assert not shown.has_id("progress")
        assert "Lost" in shown.text
        assert "The worker that ran it (heavy@there) died." in shown.text

    def test_can_be_polled_and_cancelled_with_the_addresses_that_it_holds(self, queue: Valkey, browser: Client) -> None:
        job = make_job()
        shown = page(browser)
        poll = shown.with_id("progress").attributes["hx-get"]
        (form,) = [form for form in shown.all("form") if form.attributes["action"].endswith("/cancel/")]
        assert form.attributes["method"] == "post"
        assert Page(browser.get(poll)).with_id("progress-title").text == "Waiting for a worker"
        browser.post(form.attributes["action"])
        job.refresh_from_db()
        assert job.state == JobState.CANCELLED


def held(job: Job) -> Any:
    assert job.claim is not None
    return leases.hold(job.claim)


class TestTheQueue:
    def test_that_answers_is_not_spoken_of(self, queue: Valkey, browser: Client) -> None:
        assert not page(browser).with_class("problem")

    def test_that_is_absent_is_a_problem_with_its_next_step(self, browser: Client) -> None:
        make_job()
        started = time.monotonic()
        (problem,) = page(browser).with_class("problem")
        assert time.monotonic() - started < 3
        assert problem.attributes["role"] == "alert"
        assert "The queue can’t be reached" in problem.text
        assert "REDIS_URL" in problem.text

    def test_that_is_frozen_is_said_within_a_few_seconds(self, queue: Valkey, browser: Client) -> None:
        make_job()
        queue.freeze()
        started = time.monotonic()
        assert page(browser).with_class("problem")
        assert time.monotonic() - started < 6


class TestCreating:
    @pytest.mark.django_db(transaction=True)
    def test_queues_a_manual_backup_and_shows_it(self, queue: Valkey, browser: Client, superuser: AbstractUser) -> None:
        response = browser.post(reverse("backups:create"), {"description": "  before the <move>  "}, follow=True)

        job = Job.objects.get()
        assert response.redirect_chain == [(INDEX, 302)]
        assert Page(response).with_id("progress-title").text == "Waiting for a worker"
        assert (job.kind, job.state, job.trigger) == (JobKind.BACKUP, JobState.QUEUED, Trigger.PAGE)
        assert job.parameters == {"kind": "manual", "description": "before the <move>"}
        assert (job.requested_by_id, job.requested_by_name) == (str(superuser.pk), "amelie")
        assert queue.ask("LLEN backups") == ":1"

    @pytest.mark.django_db(transaction=True)
    def test_without_a_queue_says_that_nothing_was_started_and_why(self, browser: Client) -> None:
        response = browser.post(reverse("backups:create"), follow=True)
        text = Page(response).text
        assert response.status_code == 200
        assert "The queue can't be reached" in text
        assert "Nothing was started. Start Redis or Valkey" in text
        assert Job.objects.get().state == JobState.FAILED

    def test_needs_no_description(self, browser: Client) -> None:
        assert browser.post(reverse("backups:create")).status_code == 302
        assert Job.objects.get().parameters["description"] == ""

    @pytest.mark.parametrize(("description", "said"), [("x" * 2001, "at most 2000 characters"), ("x\x00", "Null")])
    def test_with_a_wrong_description_says_so_and_keeps_it(self, description: str, said: str, browser: Client) -> None:
        response = browser.post(reverse("backups:create"), {"description": description})
        shown = Page(response)
        assert response.status_code == 422
        assert said in shown.text
        assert shown.the("input", id="id_description").attributes["value"] == description
        assert not Job.objects.exists()

    def test_with_the_longest_description_works(self, browser: Client) -> None:
        assert browser.post(reverse("backups:create"), {"description": "ß" * 2000}).status_code == 302
