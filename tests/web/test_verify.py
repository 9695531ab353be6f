"""Verifying from the page, and what the list says of trust."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backups_app import jobs
from backups_app.choices import BackupStatus, JobKind, JobState
from backups_app.models import Job
from tests.catalogue import make_backup, make_job
from tests.servers import Valkey
from tests.web.html import Page

pytestmark = pytest.mark.django_db(transaction=True)

INDEX = "/backup-management/"


def test_a_button_with_the_backup_s_name_asks_for_it_and_the_history_tells(queue: Valkey, browser: Client) -> None:
    backup = make_backup()
    shown = Page(browser.get(INDEX))
    assert "untested" in shown.text
    address = reverse("backups:verify", args=[backup.pk])
    assert shown.the("form", action=address)
    assert shown.the("button", **{"aria-label": f"Verify {backup.name}"})

    assert browser.post(address).headers["Location"] == INDEX
    assert "Waiting for a worker" in Page(browser.get(INDEX)).text
    job = Job.objects.get(kind=JobKind.VERIFY, state=JobState.QUEUED)
    jobs.run(job.pk, worker="test", dies_with_parent=False)

    shown = Page(browser.get(INDEX))
    assert "checked just now" in shown.text
    assert "1 checked, 0 not good" in shown.text


def test_a_bad_one_says_what_is_wrong_and_can_be_verified_but_not_restored(browser: Client) -> None:
    backup = make_backup(status=BackupStatus.CORRUPTED, problem="It has <b>1</b> bytes.", checked_at=timezone.now())
    shown = Page(browser.get(INDEX))
    assert "It has <b>1</b> bytes." in shown.text
    assert shown.the("button", **{"aria-label": f"Verify {backup.name}"})
    assert f"Restore {backup.name}" not in {link.attributes.get("aria-label") for link in shown.all("a")}


def test_the_history_names_those_that_were_not_good(browser: Client) -> None:
    found = {"backup": "backup_1.json", "status": "missing", "problem": "Its file is gone.", "is_told": True}
    make_job(JobState.SUCCEEDED, JobKind.VERIFY, result={"backups": [found], "left": 0})
    assert "backup_1.json: Its file is gone." in Page(browser.get(INDEX)).text
