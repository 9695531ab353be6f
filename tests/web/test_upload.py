"""Uploading: who may is asked before the body is read, and what was not received whole leaves nothing."""

import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import pytest
from django.contrib.auth.models import AbstractUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import reverse

from backups_app import jobs
from backups_app.choices import BackupKind, JobKind, JobState
from backups_app.engine import quarantine
from backups_app.models import Backup, Job
from eclick.models import Client as Customer
from tests.servers import Valkey
from tests.web.html import Page

pytestmark = pytest.mark.django_db(transaction=True)

INDEX, UPLOAD = "/backup-management/", "/backup-management/upload/"
FIXTURE = json.dumps(
    [{"model": "eclick.client", "pk": 1, "fields": {"name": "Ada", "country": "AT", "hourly_rate": "95.50"}}]
).encode()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    """The quarantine of this test alone."""
    settings.STORAGES = {
        **settings.STORAGES,
        quarantine.ALIAS: {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "quarantine")},
        },
    }
    return tmp_path / "quarantine"


class Untouchable:
    """A body that nobody may read."""

    def read(self, *_: Any) -> NoReturn:
        raise AssertionError("the body was read")

    readline = read


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def send(browser: Client, content: bytes = FIXTURE, name: str = "a.json", **more: Any) -> Any:
    fields = {"description": "From outside", "file": SimpleUploadedFile(name, content), "is_whole": "yes", **more}
    return browser.post(UPLOAD, {key: value for key, value in fields.items() if value is not None})


def run_waiting() -> Job:
    job = Job.objects.get(kind=JobKind.VALIDATE, state=JobState.QUEUED)
    jobs.run(job.pk, worker="test", dies_with_parent=False)
    return Job.objects.get(pk=job.pk)


# --- Before the body -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "status"), [("nobody", 302), ("plain_user", 403), ("staff", 403)])
def test_the_body_of_who_may_not_is_never_read(
    who: str, status: int, request: Any, static_root: None, folder: Path
) -> None:
    browser = Client(enforce_csrf_checks=True)
    if who != "nobody":
        browser.force_login(request.getfixturevalue(who))
    body = {"wsgi.input": Untouchable(), "CONTENT_LENGTH": str(10**9)}
    response = browser.generic("POST", UPLOAD, content_type=MULTIPART_CONTENT, **body)
    assert response.status_code == status
    assert left(folder) == []


def test_a_body_that_says_it_is_too_large_is_never_read(browser: Client, folder: Path, settings: Any) -> None:
    settings.BACKUPS = {**settings.BACKUPS, "UPLOAD_MAX_BYTES": 1000}
    body = {"wsgi.input": Untouchable(), "CONTENT_LENGTH": str(10**6)}
    response = browser.generic("POST", UPLOAD, content_type=MULTIPART_CONTENT, **body)
    assert response.status_code == 413
    assert "1000 bytes are allowed (UPLOAD_MAX_BYTES)" in Page(response).with_id("upload-problem").text
    assert left(folder) == []


def test_without_a_csrf_token_nothing_is_left(superuser: AbstractUser, static_root: None, folder: Path) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(superuser)
    assert send(browser).status_code == 403
    assert left(folder) == []
    assert not Job.objects.exists()


def test_with_the_token_of_the_form_it_is_received(
    superuser: AbstractUser, static_root: None, folder: Path, queue: Valkey
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(superuser)
    browser.get(INDEX)
    fields = {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value}
    assert send(browser, **fields).status_code == 302
    assert Job.objects.get().state == JobState.QUEUED


# --- Receiving -------------------------------------------------------------------------------------------------------


def test_what_was_received_is_private_and_has_no_name_of_the_user_s(
    browser: Client, folder: Path, queue: Valkey
) -> None:
    assert send(browser, name="../../etc/pass\x1b[31mwd\u202e.json").status_code == 302
    job = Job.objects.get()
    assert left(folder) == [f"{job.pk}.upload"]
    path = folder / f"{job.pk}.upload"
    assert path.read_bytes() == FIXTURE
    assert path.stat().st_mode & 0o777 == 0o600
    assert job.parameters["file"].isprintable()
    assert "/" not in job.parameters["file"]


@pytest.mark.parametrize(
    ("more", "status", "problem"),
    [
        ({"file": None}, 422, "No file came"),
        ({"content": b""}, 422, "No file came"),
        ({"is_whole": None}, 400, "broke off"),
        ({"description": "x" * 2001}, 422, "too long"),
        ({"other": SimpleUploadedFile("b.json", b"[]")}, 422, "one file at a time"),
    ],
)
def test_what_is_not_one_whole_file_is_refused_with_nothing_left(
    browser: Client, folder: Path, more: dict[str, Any], status: int, problem: str
) -> None:
    response = send(browser, **more)
    assert response.status_code == status
    assert problem in Page(response).with_id("upload-problem").text
    assert left(folder) == []
    assert not Job.objects.exists()


def test_a_connection_that_ends_in_the_middle_leaves_nothing(browser: Client, folder: Path) -> None:
    fields = {"file": SimpleUploadedFile("a.json", b"[" + b" " * 100_000 + b"]"), "is_whole": "yes"}
    whole = encode_multipart(BOUNDARY, fields)
    body = {"wsgi.input": BytesIO(whole[:50_000]), "CONTENT_LENGTH": str(len(whole))}
    response = browser.generic("POST", UPLOAD, content_type=MULTIPART_CONTENT, **body)
    assert response.status_code == 400
    assert left(folder) == []


def test_more_bytes_than_allowed_leave_nothing(browser: Client, folder: Path, settings: Any) -> None:
    settings.BACKUPS = {**settings.BACKUPS, "UPLOAD_MAX_BYTES": 10_000}
    response = send(browser, b"[" + b" " * 20_000 + b"]")
    assert response.status_code == 422
    assert "too large" in Page(response).with_id("upload-problem").text
    assert left(folder) == []


def test_scripts_are_answered_with_json(browser: Client, folder: Path, queue: Valkey) -> None:
    headers = {"Accept": "application/json"}
    assert browser.post(UPLOAD, {"is_whole": "yes"}, headers=headers).json()["problem"].startswith("No file came")
    fields = {"file": SimpleUploadedFile("a.json", FIXTURE), "is_whole": "yes"}
    assert browser.post(UPLOAD, fields, headers=headers).json() == {"location": INDEX}


def test_without_a_queue_it_says_so_and_nothing_is_left(browser: Client, folder: Path) -> None:
    response = send(browser)
    assert response.status_code == 503
    assert "Nothing was started." in Page(response).with_id("upload-problem").text
    assert left(folder) == []


# --- What becomes of it ----------------------------------------------------------------------------------------------


def test_a_good_file_becomes_an_uploaded_backup(
    browser: Client, folder: Path, queue: Valkey, superuser: AbstractUser
) -> None:
    send(browser)
    job = run_waiting()
    backup = Backup.objects.get()
    assert (job.state, job.backup_name) == (JobState.SUCCEEDED, backup.name)
    assert (backup.kind, backup.description, backup.created_by_name) == (
        BackupKind.UPLOADED,
        "From outside",
        superuser.username,
    )
    assert backup.name.startswith("uploaded_backup_")
    assert job.result["provenance"] == "unsigned"
    assert job.result["models"] == [{"model": "eclick.client", "records": 1}]
    assert left(folder) == []
    assert not Customer.objects.exists()
    assert "eclick.client" in Page(browser.get(INDEX)).text


def test_our_own_download_comes_back_as_an_uploaded_backup(
    browser: Client, folder: Path, queue: Valkey, superuser: AbstractUser
) -> None:
    call_command("create_automatic_backup", "--here", verbosity=0)
    made = Backup.objects.get()
    content = b"".join(browser.get(reverse("backups:download", args=[made.pk])).streaming_content)
    made.delete()
    send(browser, content)
    job = run_waiting()
    assert (job.state, job.result["provenance"]) == (JobState.SUCCEEDED, "ours")
    assert Backup.objects.get().kind == BackupKind.UPLOADED
    assert job.result["superusers"] == [superuser.username]


def test_the_reasons_for_a_refusal_stay_and_the_file_goes(browser: Client, folder: Path, queue: Valkey) -> None:
    send(browser, b'[{"model": "eclick.client", "pk": "<b>one</b>", "fields": {}}]', name="<i>bad</i>.json")
    job = run_waiting()
    assert (job.state, job.error_code) == (JobState.FAILED, "upload-refused")
    assert [reason["kind"] for reason in job.result["reasons"]] == ["bad-value"]
    shown = Page(browser.get(INDEX))
    assert "eclick.client <b>one</b>" in shown.text
    assert "Correct the value in the file" in shown.text
    assert not shown.all("b")
    assert left(folder) == []
    assert not Backup.objects.exists()


def test_a_cancelled_one_leaves_nothing(browser: Client, folder: Path, queue: Valkey) -> None:
    send(browser)
    job = Job.objects.get()
    from tests.catalogue import AMELIE

    jobs.cancel(job.pk, by=AMELIE)
    assert left(folder) == []


def test_the_caretaker_removes_what_nobody_will_look_at(browser: Client, folder: Path, queue: Valkey) -> None:
    send(browser)
    waiting = Job.objects.get()
    (folder / f"{waiting.pk}.upload").rename(folder / "kept")
    ended = Job.objects.create(kind=JobKind.VALIDATE, state=JobState.LOST, trigger="page", queued_at=waiting.queued_at)
    names = [
        f"{waiting.pk}.upload",
        f"{ended.pk}.upload",
        "00000000-0000-0000-0000-000000000001.part",
        "00000000-0000-0000-0000-000000000002.part",
        "00000000-0000-0000-0000-000000000003.upload",
    ]
    for name in names:
        (folder / name).write_bytes(b"[]")
    os.utime(folder / names[2], (0, 0))
    jobs.remove_left_over_uploads(is_worth_a_look=False)
    assert left(folder) == sorted([names[0], names[3], names[4], "kept"])


def test_what_cannot_be_read_as_a_number_is_no_length(browser: Client) -> None:
    response = browser.generic("POST", UPLOAD, content_type=MULTIPART_CONTENT, CONTENT_LENGTH="many")
    assert response.status_code in (400, 422)
