"""Deleting on the page: asked first, and the last good backup only by its name."""

import os
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backups_app.choices import BackupStatus, JobState
from backups_app.models import AuditEvent, Backup
from tests.catalogue import files, make_backup, make_job
from tests.web.html import Page

pytestmark = pytest.mark.django_db


def address(backup: Backup) -> str:
    return reverse("backups:delete", args=[backup.pk])


def is_there(backup: Backup) -> bool:
    is_listed = Backup.objects.filter(pk=backup.pk).exists()
    assert is_listed == (backup.name in files())
    return is_listed


def test_it_asks_first_and_says_what_will_go(browser: Client) -> None:
    make_backup()
    backup = make_backup(record_count=1234567)
    shown = Page(browser.get(address(backup)))
    assert f"The file {backup.name} with 1,234,567 records" in shown.text
    assert "The database is not touched." in shown.text
    assert shown.the("button", type="submit", **{"class": "button dangerous"}).text == f"Delete {backup.name}"
    assert not shown.all("input", name="name")
    assert is_there(backup)


def test_it_deletes_file_and_row_and_says_so(browser: Client) -> None:
    other, backup = make_backup(), make_backup()
    response = browser.post(address(backup), follow=True)
    assert response.redirect_chain == [(reverse("backups:index"), 302)]
    assert f"The backup {backup.name} was deleted." in Page(response).text
    assert not is_there(backup)
    assert is_there(other)
    event = AuditEvent.objects.get()
    assert (event.event, event.actor_name, event.backup_name, event.outcome) == (
        "backup.deleted",
        "amelie",
        backup.name,
        "succeeded",
    )


def test_the_last_good_backup_needs_its_name_typed(browser: Client) -> None:
    make_backup(status=BackupStatus.CORRUPTED)
    backup = make_backup()
    shown = Page(browser.get(address(backup)))
    assert "It is the last good backup" in shown.text
    assert shown.all("input", name="name")

    for typed in ("", backup.name.upper(), backup.name[:-1], "yes"):
        response = browser.post(address(backup), {"name": typed})
        assert response.status_code == 422
        assert "is the last good backup. To delete it all the same, type its name." in Page(response).text
        assert is_there(backup)
    assert not AuditEvent.objects.exists()

    assert browser.post(address(backup), {"name": backup.name}).status_code == 302
    assert not is_there(backup)


def test_a_backup_that_is_not_good_goes_although_it_is_the_last(browser: Client) -> None:
    backup = make_backup(status=BackupStatus.CORRUPTED)
    assert browser.post(address(backup)).status_code == 302
    assert not is_there(backup)


def test_a_backup_in_use_stays(browser: Client) -> None:
    make_backup()
    backup = make_backup()
    make_job(JobState.RUNNING, backup_id=backup.pk)
    response = browser.post(address(backup))
    assert response.status_code == 422
    assert "is in use by a running job" in Page(response).text
    assert is_there(backup)


def test_a_file_that_can_not_be_deleted_keeps_its_row_and_is_said(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backup()
    backup = make_backup()

    def refuse(*_arguments: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "remove", refuse)
    response = browser.post(address(backup))
    assert response.status_code == 422
    assert f"{backup.name} could not be deleted: Operation not permitted. Check the" in Page(response).text
    assert is_there(backup)


def test_deleting_twice_is_told_the_second_time(browser: Client) -> None:
    make_backup()
    backup = make_backup()
    browser.post(address(backup))
    assert browser.post(address(backup)).status_code == 404
