"""A real worker brings the data back, asked for by the command and by the page."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.installation import PASSWORD, Browser, Installation

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

TABLES = (
    "auth_user",
    "auth_group",
    "auth_group_permissions",
    "eclick_client",
    "eclick_project",
    "eclick_project_members",
    "eclick_task",
    "eclick_subtask",
    "eclick_comment",
    "eclick_attachment",
    "eclick_activitylog",
)


@pytest.fixture
def browser(installation: Installation) -> Iterator[Browser]:
    opened = Browser(installation.start_web())
    opened.sign_in()
    yield opened
    installation.stop("web")


def contents(installation: Installation) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the application, by plain SQL. last_login moves with each sign-in."""
    read = {table: installation.query(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES if table != "auth_user"}
    read["auth_user"] = installation.query("SELECT id, username, password, is_superuser FROM auth_user ORDER BY 1")
    return read


def change_everything(installation: Installation) -> None:
    installation.manage("shell", "-c", CHANGES)


CHANGES = """
from django.contrib.auth import get_user_model
from eclick.models import Attachment, Client, Comment, Project, Task
Attachment.objects.all().delete()
Task.objects.filter(pk__lte=500).delete()
Comment.objects.update(text="overwritten")
Project.objects.update(budget=1)
Client.objects.create(name="Added later", country="DE", hourly_rate=1)
get_user_model().objects.create_user("added-later")
"""


def test_the_command_brings_back_exactly_what_was(installation: Installation) -> None:
    before = contents(installation)
    installation.manage("create_automatic_backup")
    wanted = installation.backups()[0]["name"]
    change_everything(installation)
    changed = contents(installation)

    plan = json.loads(installation.manage("restore_backup", wanted, "--plan", "--json").stdout)
    tasks, clients = (
        next(each for each in plan["differences"] if each["model"] == model)
        for model in ("eclick.task", "eclick.client")
    )
    assert plan["can_be_restored"]
    assert tasks["added"] == len(before["eclick_task"]) - len(changed["eclick_task"]) > 0
    assert (clients["added"], clients["removed"], clients["changed"]) == (0, 1, 0)
    assert contents(installation) == changed

    ended = installation.manage("restore_backup", wanted, "--force", "--reason", "A test")

    assert contents(installation) == before
    assert changed != before
    listed = {backup["name"]: backup for backup in installation.backups()}
    assert listed[wanted]["status"] == "restored"
    safety = next(backup for backup in listed.values() if backup["kind"] == "safety")
    assert safety["name"] in ended.stdout
    assert safety["name"].startswith("pre_restore_safety_")

    # The way back is a restore like any other.
    installation.manage("restore_backup", safety["name"], "--force")
    assert contents(installation) == changed
    installation.manage("restore_backup", wanted, "--force")


def test_the_page_restores_after_confirmation_and_signs_everybody_out(
    installation: Installation, browser: Browser
) -> None:
    installation.manage("create_automatic_backup")
    backup = installation.backups()[0]
    before = contents(installation)
    change_everything(installation)
    path = f"/backup-management/{backup['id']}/restore/"
    browser.get(path)

    refused, page = browser.post(path, name=backup["name"], password="wrong", reason="A test")
    assert refused == 422
    assert "That is not your password" in page
    assert contents(installation) != before

    browser.post(path, name=backup["name"], password=PASSWORD, reason="A test")
    installation.wait_for_state("succeeded", seconds=60)

    assert contents(installation) == before
    _, page = browser.get("/backup-management/")
    assert "has to sign in again" in page
    assert 'name="password"' in page


def test_while_a_restore_runs_others_wait_and_its_progress_is_seen(
    installation: Installation, browser: Browser
) -> None:
    installation.manage("create_automatic_backup")
    backup = installation.backups()[0]
    before = contents(installation)
    child = installation.child("worker")
    path = f"/backup-management/{backup['id']}/restore/"
    browser.get(path)
    browser.post(path, name=backup["name"], password=PASSWORD, reason="A test")
    stranger = Browser(browser.address)
    installation.wait_for(lambda: stranger.get("/admin/login/")[0] == 503, "the site to close", 30, every=0.01)
    child.suspend()
    try:
        status, closed = stranger.get("/admin/login/", seconds=5)
        _, own = browser.get("/backup-management/", seconds=5)
        token = re.search(r"/backup-management/jobs/[^\"]+/progress/", own)
        assert token is not None
        polled_status, polled = stranger.get(token[0], seconds=5)
        second = installation.manage("restore_backup", backup["name"], "--force", check=False)
    finally:
        child.resume()
    installation.wait_for_state("succeeded", seconds=60)

    assert status == 503
    assert "Back in a moment" in closed
    assert "Cancel this job" in own
    assert "Cancel this job" not in closed
    assert polled_status == 200
    assert "Cancel this job" not in polled
    assert second.returncode == 1
    assert contents(installation) == before
    assert stranger.get("/admin/login/")[0] == 200
