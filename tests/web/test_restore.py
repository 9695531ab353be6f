"""Restoring from the page: the preview, the confirmation, the outcome and the way back."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backups_app import jobs
from backups_app.choices import BackupKind, JobKind, JobState
from backups_app.models import Backup, Job
from eclick.models import Client as Customer
from tests.catalogue import make_backup, make_job
from tests.servers import Valkey
from tests.web.html import Page

pytestmark = pytest.mark.django_db(transaction=True)

INDEX = "/backup-management/"


@pytest.fixture
def backup(browser: Client, superuser: AbstractUser) -> Backup:
    """A real one, of one customer, who is renamed since."""
    Customer.objects.create(name="Before", country="AT", hourly_rate="95.50")
    call_command("create_automatic_backup", "--here", verbosity=0)
    Customer.objects.update(name="After")
    return Backup.objects.get()


def page(browser: Client, address: str) -> Page:
    response = browser.get(address)
    assert response.status_code == 200
    return Page(response)


def of(backup: Backup, what: str = "restore") -> str:
    return reverse(f"backups:{what}", args=[backup.pk])


def run_waiting(kind: JobKind) -> Job:
    job = Job.objects.get(kind=kind, state=JobState.QUEUED)
    jobs.run(job.pk, worker="test", dies_with_parent=False)
    return Job.objects.get(pk=job.pk)


def confirm(browser: Client, backup: Backup, **more: Any) -> int:
    browser.get(of(backup))
    answers = {"name": backup.name, "password": "amelie-password", "reason": "A test", **more}
    return browser.post(of(backup), answers).status_code


class TestPreview:
    def test_it_is_asked_for_by_a_button_and_shown_when_it_is_there(
        self, queue: Valkey, browser: Client, backup: Backup
    ) -> None:
        assert page(browser, of(backup)).the("form", action=of(backup, "preview"))
        assert browser.post(of(backup, "preview")).headers["Location"] == of(backup)
        assert "Waiting for a worker" in page(browser, of(backup)).text

        job = run_waiting(JobKind.PREVIEW)

        shown = page(browser, of(backup))
        assert "models would change" in shown.text
        assert "eclick.client" in shown.text
        hidden = shown.the("input", name="preview")
        assert hidden.attributes["value"] == str(job.pk)
        assert hidden.attributes["form"] == shown.the("form", method="post", **{"class": "confirm"}).attributes["id"]

    def test_what_stands_against_it_names_the_box_that_would_help(
        self, queue: Valkey, browser: Client, backup: Backup, superuser: AbstractUser
    ) -> None:
        type(superuser).objects.filter(pk=superuser.pk).update(username="renamed")
        browser.post(of(backup, "preview"))
        run_waiting(JobKind.PREVIEW)
        shown = page(browser, of(backup))
        assert "Your own account (renamed) is no active superuser in the file." in shown.text
        assert (
            "Refused, unless you tick “Restore even if nobody, or not I, could manage backups afterwards.”"
            in shown.text
        )

    def test_one_that_failed_says_why(self, browser: Client, backup: Backup, superuser: AbstractUser) -> None:
        make_job(
            JobState.FAILED,
            JobKind.PREVIEW,
            backup_id=backup.pk,
            requested_by_id=str(superuser.pk),
            error_message="The disk is gone.",
        )
        assert "The disk is gone." in page(browser, of(backup)).text

    def test_it_is_no_history(self, browser: Client, backup: Backup) -> None:
        make_job(JobState.SUCCEEDED, JobKind.PREVIEW, requested_by_name="who-previewed")
        assert "who-previewed" not in page(browser, INDEX).text


class TestConfirmed:
    def test_the_restore_has_to_find_what_the_preview_saw(
        self, queue: Valkey, browser: Client, backup: Backup, superuser: AbstractUser
    ) -> None:
        superuser.set_password("amelie-password")
        superuser.save()
        browser.force_login(superuser)
        browser.post(of(backup, "preview"))
        preview = run_waiting(JobKind.PREVIEW)
        assert confirm(browser, backup, preview=str(preview.pk), leave_out_unknown="on") == 302
        asked = Job.objects.get(kind=JobKind.RESTORE).parameters
        assert (asked["sha256"], asked["schema"]) == (preview.result["file"]["sha256"], preview.result["schema"])
        assert asked["leave_out_unknown"] is True
        assert asked["accept_foreign"] is False

    @pytest.mark.parametrize("preview", ["", str(uuid.UUID(int=1))])
    def test_without_a_preview_the_file_has_to_be_that_of_the_list(
        self, preview: str, queue: Valkey, browser: Client, backup: Backup, superuser: AbstractUser
    ) -> None:
        superuser.set_password("amelie-password")
        superuser.save()
        browser.force_login(superuser)
        assert confirm(browser, backup, preview=preview) == 302
        asked = Job.objects.get(kind=JobKind.RESTORE).parameters
        assert asked["sha256"] == backup.sha256
        assert "schema" not in asked


class TestOutcome:
    @pytest.fixture
    def restored(self, browser: Client, backup: Backup, superuser: AbstractUser) -> Job:
        call_command("restore_backup", backup.name, "--here", "--force", "--reason", "Went wrong", verbosity=0)
        browser.force_login(superuser)
        return Job.objects.get(kind=JobKind.RESTORE)

    def test_the_page_tells_what_was_done_and_leads_back(self, browser: Client, restored: Job) -> None:
        safety = Backup.objects.get(kind=BackupKind.SAFETY)
        shown = page(browser, INDEX)
        assert "The database was restored from" in shown.text
        assert "Went wrong" in shown.text
        assert safety.name in shown.text
        assert restored.result["sha256"] in shown.text
        assert of(safety) in {link.attributes.get("href") for link in shown.all("a") if "Undo" in link.text}

    def test_it_steps_back_into_the_history_when_something_else_was_done(self, browser: Client, restored: Job) -> None:
        make_job(JobState.SUCCEEDED, queued_at=timezone.now())
        shown = page(browser, INDEX)
        assert "The database was restored from" not in shown.text
        assert "Went wrong" in shown.text

    def test_without_its_safety_backup_there_is_no_way_back_to_offer(self, browser: Client, restored: Job) -> None:
        Backup.objects.filter(kind=BackupKind.SAFETY).delete()
        assert "Undo this restore" not in page(browser, INDEX).text


def test_the_history_names_files_that_were_looked_at(browser: Client) -> None:
    taken = make_backup()
    files = [
        {"file": "users.json", "backup": taken.name, "is_new": True, "reason": ""},
        {"file": "bad.json", "backup": "", "is_new": False, "reason": "1 reason: <b>"},
    ]
    make_job(JobState.SUCCEEDED, JobKind.IMPORT, result={"files": files})
    shown = page(browser, INDEX).text
    assert f"users.json: is now {taken.name}" in shown
    assert "bad.json: 1 reason: <b>" in shown
