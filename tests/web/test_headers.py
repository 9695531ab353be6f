"""What browsers are told about every answer: nothing inline, no frames, no guessing, no other site."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client
from django.urls import reverse

from backups_app import cache
from backups_app.choices import JobState
from tests.catalogue import make_backup, make_job
from tests.servers import Valkey
from tests.web.html import Page
from tests.web.test_access import token_for

pytestmark = pytest.mark.django_db

PAGES = ["/admin/login/", "/admin/", "/admin/backups_app/backup/", "/admin/backups_app/job/", "/backup-management/"]


def policy_of(response: Any) -> dict[str, list[str]]:
    directives = (directive.split() for directive in response.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in directives}


def check_headers(response: Any) -> None:
    policy = policy_of(response)
    assert policy["default-src"] in (["'self'"], ["'none'"])
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["base-uri"] in (["'self'"], ["'none'"])
    assert policy["form-action"] == ["'self'"]
    assert policy.get("object-src", policy["default-src"]) == ["'none'"]
    sources = {source for name in policy for source in policy[name]}
    assert sources <= {"'self'", "'none'", "data:"}
    assert "data:" not in policy.get("script-src", [])
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def check_nothing_inline(response: Any) -> None:
    """What the policy forbids, and a browser would leave out without a word to the visitor."""
    for element in Page(response).elements:
        assert not [name for name in element.attributes if name.startswith("on") or name == "style"], element
        assert element.tag != "style"
        assert element.tag != "script" or element.attributes.get("src") or "json" in element.attributes["type"]
        assert not element.attributes.get("href", "").startswith("javascript:")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_them_and_nothing_that_the_policy_forbids(path: str, browser: Client) -> None:
    make_backup()
    if path.endswith("login/"):
        browser.logout()
    response = browser.get(path)
    assert response.status_code == 200
    check_headers(response)
    check_nothing_inline(response)


@pytest.mark.parametrize("name", ["restore", "delete"])
def test_the_pages_of_a_backup_have_them(name: str, browser: Client) -> None:
    response = browser.get(reverse(f"backups:{name}", args=[make_backup().pk]))
    check_headers(response)
    check_nothing_inline(response)


def test_poll_and_cancel_have_them(browser: Client) -> None:
    token = token_for(browser, make_job(JobState.SUCCEEDED))
    for response in (
        browser.get(reverse("backups:progress", args=[token])),
        browser.get(reverse("backups:progress", args=["forged"])),
        browser.post(reverse("backups:cancel", args=["forged"])),
        browser.delete(reverse("backups:cancel", args=[token])),
    ):
        check_headers(response)
        assert response.headers["Cache-Control"] == "no-store"


def test_errors_have_them(browser: Client, plain_user: AbstractUser) -> None:
    browser.raise_request_exception = False
    answers = {404: browser.get("/nowhere/"), 405: browser.get(reverse("backups:create"))}
    answers[400] = browser.get("/admin/", headers={"Host": "somewhere.else"})
    browser.force_login(plain_user)
    answers[403] = browser.get("/backup-management/")
    for status, response in answers.items():
        assert response.status_code == status
        check_headers(response)


def test_a_bug_s_page_has_them(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.raise_request_exception = False
    monkeypatch.setattr("backups_app.views.backups.statistics", lambda: 1 / 0)
    response = browser.get("/backup-management/")
    assert response.status_code == 500
    check_headers(response)
    assert b"division" not in response.content


@pytest.fixture
def closed_site(queue: Valkey, browser: Client) -> Iterator[Any]:
    job = make_job(JobState.RUNNING, "restore")
    cache.close_site(job.pk)
    yield browser.get("/anything/")
    cache.open_site(job.pk)


def test_a_cache_that_names_no_job_closes_the_site_without_an_error(queue: Valkey, browser: Client) -> None:
    cache.close_site("no id of a job")
    assert browser.get("/anything/").status_code == 503
    cache.open_site("no id of a job")


def test_the_closed_site_has_them(closed_site: Any) -> None:
    assert closed_site.status_code == 503
    check_headers(closed_site)
    check_nothing_inline(closed_site)


@pytest.mark.parametrize("name", ["backup_20260101_000000.json", "backup_20260101_000000.json.gz"])
def test_a_download_is_kept_as_it_is_stored(name: str, browser: Client, backup_folder: Path) -> None:
    backup = make_backup(content=b"\x1f\x8b stored")
    (backup_folder / backup.name).rename(backup_folder / name)
    type(backup).objects.update(name=name)
    response = browser.get(reverse("backups:download", args=[backup.pk]), headers={"Accept-Encoding": "gzip"})
    assert response.getvalue() == b"\x1f\x8b stored"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    expected = "application/json" if name.endswith(".json") else "application/octet-stream"
    assert response.headers["Content-Type"] == expected
    assert "Content-Encoding" not in response.headers
    assert response.headers["Content-Length"] == "9"
    check_headers(response)


def test_cookies_are_for_the_server_alone(browser: Client, superuser: AbstractUser) -> None:
    fresh = Client()
    fresh.get("/admin/login/")
    fresh.post("/admin/login/", {"username": superuser.username, "password": f"password of {superuser.username}"})
    for name in ("sessionid", "csrftoken"):
        assert fresh.cookies[name]["httponly"]
        assert fresh.cookies[name]["samesite"] == "Lax"


PRODUCTION = {"HTTPS_ONLY": "yes", "ALLOWED_HOSTS": "eclick.example.com"}
SHOW = """
import django, json
django.setup()
from django.conf import settings
names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "DEBUG"]
print(json.dumps([getattr(settings, name) for name in names]))
"""


def test_behind_https_the_deployment_check_finds_nothing_and_cookies_are_secure(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "eclick.settings",
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "a-key-for-tests-only-that-is-long-enough-to-pass-the-deployment-check",
        **PRODUCTION,
    }
    for command in (["manage.py", "check", "--deploy", "--fail-level", "WARNING"], ["-c", SHOW]):
        ended = subprocess.run(
            [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == [True, True, True, False]
