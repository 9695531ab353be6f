"""Downloading: the exact bytes under the right name, or a sentence that says why not."""

import hashlib
from pathlib import Path

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from backups_app.models import AuditEvent, Backup
from tests.catalogue import make_backup
from tests.web.html import close_file_of

pytestmark = pytest.mark.django_db

CONTENT = bytes(range(256)) * 5000


def address(backup: Backup) -> str:
    return reverse("backups:download", args=[backup.pk])


def test_gives_the_exact_bytes(browser: Client) -> None:
    backup = make_backup(content=CONTENT)
    response = browser.get(address(backup))
    assert response.status_code == 200
    assert response.streaming
    downloaded = response.getvalue()
    assert downloaded == CONTENT
    assert hashlib.sha256(downloaded).hexdigest() == backup.sha256 == response.headers["X-Content-SHA256"]


def test_is_a_file_to_keep_and_never_one_to_show(browser: Client) -> None:
    backup = make_backup(content=CONTENT)
    response = browser.get(address(backup))
    assert response.getvalue()
    assert response.headers["Content-Disposition"] == f'attachment; filename="{backup.name}"'
    assert response.headers["Content-Length"] == str(len(CONTENT))
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"


def test_a_look_at_the_headers_counts_as_no_download(browser: Client) -> None:
    response = browser.head(address(make_backup(content=CONTENT)))
    close_file_of(response)
    assert response.headers["Content-Length"] == str(len(CONTENT))
    assert not AuditEvent.objects.exists()


def test_a_file_that_has_changed_comes_as_it_is_beside_the_hash_that_it_should_have(
    browser: Client, backup_folder: Path
) -> None:
    backup = make_backup(content=CONTENT)
    (backup_folder / backup.name).write_bytes(b"cut")
    response = browser.get(address(backup))
    assert response.headers["Content-Length"] == "3"
    assert response.getvalue() == b"cut"
    assert response.headers["X-Content-SHA256"] == hashlib.sha256(CONTENT).hexdigest()


def test_a_file_that_is_gone_is_said_on_the_page(browser: Client, backup_folder: Path) -> None:
    backup = make_backup()
    (backup_folder / backup.name).unlink()
    assert said(browser, backup) == f"The file of {backup.name} is gone from the backup folder."
    assert not AuditEvent.objects.exists()


def test_a_folder_in_place_of_the_file_is_said_on_the_page(browser: Client, backup_folder: Path) -> None:
    backup = make_backup()
    (backup_folder / backup.name).unlink()
    (backup_folder / backup.name).mkdir()
    assert said(browser, backup) == f"Can’t read {backup.name}: Is a directory"


@pytest.mark.parametrize("name", ["../secrets.env", "/etc/passwd", "backup_1.json", "x\ny"])
def test_a_name_that_is_none_of_a_backup_is_never_opened(name: str, browser: Client) -> None:
    backup = make_backup()
    Backup.objects.filter(pk=backup.pk).update(name=name)
    backup.name = name
    assert "is not the name of a backup file" in said(browser, backup)


def said(browser: Client, backup: Backup) -> str:
    response = browser.get(address(backup))
    assert (response.status_code, response.headers["Location"]) == (302, reverse("backups:index"))
    (message,) = get_messages(response.wsgi_request)
    assert browser.get(reverse("backups:index")).status_code == 200
    return str(message)
