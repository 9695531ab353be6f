"""Keys and passwords appear in nothing that an installation writes or shows, through a backup and a restore."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from eclick import celery
from tests.installation import PASSWORD, Browser, Installation
from tests.servers import Valkey

pytestmark = pytest.mark.servers

MARKS = {
    "SECRET_KEY": "marked-signing-key-that-is-long-enough-to-pass-the-deployment-check-3141",
    "SECRET_KEY_FALLBACKS": "marked-earlier-signing-key-that-is-long-enough-2718",
    "QUEUE_PASSWORD": "marked-queue-password-1414",
}


@pytest.fixture
def installation() -> Iterator[Installation]:
    with Valkey(address="tcp") as queue:
        queue.ask(f"CONFIG SET requirepass {MARKS['QUEUE_PASSWORD']}")
        address = queue.url.replace("redis://", f"redis://:{MARKS['QUEUE_PASSWORD']}@")
        extra = {name: MARKS[name] for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS")}
        with Installation(redis_url=address, projects=1, **extra) as made:
            yield made


def command_lines() -> str:
    told = []
    for process in psutil.process_iter(["cmdline"]):
        told += process.info["cmdline"] or []
    return "\n".join(told)


def test_nothing_that_is_written_or_shown_holds_a_secret(installation: Installation) -> None:
    installation.start("worker", "ticks")
    browser = Browser(installation.start_web())
    browser.sign_in()
    said = [command_lines()]
    said.append(installation.manage("create_automatic_backup", "--description", "Marked").stdout)
    said.append(installation.manage("restore_backup", "1", "--force", "--reason", "Marked").stdout)
    failing = installation.manage("restore_backup", "1", "--here", "--force", "--plan", check=False)
    said += [failing.stdout, failing.stderr]
    browser.sign_in()
    said += [browser.get(path)[1] for path in ("/backup-management/", "/nowhere/", "/admin/backups_app/job/")]
    token = token_on(browser, installation)
    browser.get(f"/backup-management/jobs/{token}/progress/")
    browser.get(f"/backup-management/jobs/{token[:-3]}xyz/progress/")
    browser.post(f"/backup-management/jobs/{token[:-3]}xyz/cancel/")

    written = "\n".join([*said, *logs_and_files(installation.folder), rows(installation.folder / "db.sqlite3")])
    assert "Marked" in written
    for name, mark in {**MARKS, "the password": PASSWORD, "a token": token}.items():
        assert mark not in written, name


def token_on(browser: Browser, installation: Installation) -> str:
    """One that is good, as the page holds it."""
    script = (
        "from django.http import HttpRequest\n"
        "from backups_app.models import Job\n"
        "from backups_app.tokens import make_token\n"
        "print(make_token(Job.objects.first().pk, HttpRequest()))\n"
    )
    return installation.manage("shell", "-v0", "-c", script).stdout.strip().splitlines()[-1]


def logs_and_files(folder: Path) -> list[str]:
    texts = [path.read_text(errors="replace") for path in (*folder.glob("*.log"), *folder.glob("backups/*.json"))]
    assert len(texts) >= 4
    return texts


def rows(database: Path) -> str:
    """Every row of the machinery's tables, as text."""
    tables = ("backups_app_job", "backups_app_backup", "backups_app_auditevent", "django_celery_results_taskresult")
    with closing(sqlite3.connect(database)) as connection:
        return json.dumps([connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables], default=str)


def test_celery_reads_and_writes_nothing_but_json() -> None:
    conf = celery.app.conf
    assert set(conf.accept_content) == set(conf.result_accept_content) == {"json"}
    assert conf.task_serializer == conf.result_serializer == "json"
