"""What people and files call things is shown as text: no markup on the pages, nothing that steers a terminal."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from backups_app.choices import JobKind, JobState
from backups_app.management.adopted import tell_of_adopted
from backups_app.management.following import fail_unless_succeeded
from backups_app.models import AuditEvent, Backup, Job
from backups_app.text import printable
from tests.catalogue import backup_folder, browser, fresh_cache, make_backup, make_job, static_root  # noqa: F401
from tests.web.html import Page

pytestmark = pytest.mark.django_db

MARKUP = """<script>alert(1)</script><b onclick="x">'"{{ 7 }}{% x %}</b><img src=x onerror=y>"""
STEERING = "[red]red[/red]\x1b[31m\x1b]0;title\x07\x9b2J\r\x08‮"


def outcome() -> dict[str, Any]:
    remark = {"kind": MARKUP, "where": MARKUP, "detail": MARKUP}
    return {
        "records": 1,
        "seconds": 1,
        "sha256": MARKUP,
        "reason": MARKUP,
        "proven": True,
        "durations": [],
        "overrides": [],
        "remarks": [remark],
        "before": {MARKUP: 1},
        "after": {MARKUP: 2},
        "safety_backup": MARKUP,
    }


def preview() -> dict[str, Any]:
    counted = {"now": 1, "in_file": 2, "added": 1, "removed": 0, "changed": 0}
    return {
        "file": {"provenance": "unsigned", "records": 1, "sha256": MARKUP},
        "migrations": "older",
        "red_flags": [MARKUP],
        "objections": [{"reason": MARKUP, "override": "", "hint": MARKUP}],
        "differences": [{"model": MARKUP, **counted}],
        "remarks": [{"kind": "x", "where": MARKUP, "detail": MARKUP}],
        "schema": "",
    }


@pytest.fixture
def marked(db: None) -> Backup:
    """Everything that the pages show of people and files, with markup in it."""
    backup = make_backup(description=MARKUP, created_by_name=MARKUP, restored_by_name=MARKUP)
    Backup.objects.update(name=MARKUP[:255], model_counts=[{"model": MARKUP, "records": 1}])
    told = {"requested_by_name": MARKUP[:150], "backup_name": MARKUP, "backup_id": backup.pk}
    failed = {"error_message": MARKUP, "error_hint": MARKUP, "traceback": MARKUP}
    make_job(JobState.ERRORED, **told, **failed)
    make_job(JobState.SUCCEEDED, JobKind.RESTORE, **told, result=outcome())
    files = [{"file": MARKUP, "backup": "", "is_new": False, "reason": MARKUP}]
    make_job(JobState.SUCCEEDED, JobKind.IMPORT, **told, result={"files": files})
    AuditEvent.objects.create(
        event="x.y", at=backup.created_at, actor_name=MARKUP[:150], backup_name=MARKUP, detail={MARKUP: MARKUP}
    )
    backup.refresh_from_db()
    return backup


def pages(backup: Backup, user: Any) -> dict[str, str]:
    Job.objects.create(
        kind=JobKind.PREVIEW,
        state=JobState.SUCCEEDED,
        trigger="page",
        backup_id=backup.pk,
        requested_by_id=str(user.pk),
        queued_at=backup.created_at,
        finished_at=backup.created_at,
        result=preview(),
    )
    event, job = AuditEvent.objects.get(), Job.objects.filter(kind=JobKind.BACKUP).get()
    return {
        "the page": reverse("backups:index"),
        "the restore": reverse("backups:restore", args=[backup.pk]),
        "the deletion": reverse("backups:delete", args=[backup.pk]),
        "the admin's backups": "/admin/backups_app/backup/",
        "the admin's backup": f"/admin/backups_app/backup/{backup.pk}/change/",
        "the admin's jobs": "/admin/backups_app/job/",
        "the admin's job": f"/admin/backups_app/job/{job.pk}/change/",
        "the admin's events": "/admin/backups_app/auditevent/",
        "the admin's event": f"/admin/backups_app/auditevent/{event.pk}/change/",
    }


def test_no_page_makes_markup_of_a_name_or_description(browser: Client, superuser: Any, marked: Backup) -> None:  # noqa: F811
    for what, path in pages(marked, superuser).items():
        response = browser.get(path)
        assert response.status_code == 200, what
        shown = Page(response)
        inline = [element for element in shown.all("script") if not element.attributes.get("src")]
        assert all("json" in element.attributes.get("type", "") for element in inline), what
        names = {name for element in shown.elements for name in element.attributes}
        assert not names & {"onclick", "onerror"}, what
        assert "<script>alert(1)</script>" in shown.text, what
        assert b"<script>alert" not in response.content, what


def test_a_message_makes_no_markup_of_a_name(browser: Client, marked: Backup) -> None:  # noqa: F811
    response = browser.get(reverse("backups:download", args=[marked.pk]), follow=True)
    assert b"<script>alert" not in response.content
    assert "is not the name of a backup file" in Page(response).text


def steers(text: str) -> list[str]:
    return [sign for sign in text if not sign.isprintable() and sign != "\n"]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_list_on_a_terminal_shows_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    make_backup()
    Backup.objects.update(name=STEERING)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "300")
    for out in (StringIO(), Terminal()):
        call_command("list_backups", stdout=out)
        said = out.getvalue()
        assert "[red]red[/red]" in said
        assert "\x1b]0" not in said
        assert "\x1b[31m" not in said
        assert not {"\x07", "\x9b", "\x08", "\u202e"} & set(said)


def in_words(job: Job) -> str:
    with pytest.raises(CommandError) as raised:
        fail_unless_succeeded(job)
    return str(raised.value)


def told(job: Job) -> str:
    out = StringIO()
    with pytest.raises(CommandError) as raised:
        tell_of_adopted(job, as_json=False, out=call_wrapper(out))
    return f"{out.getvalue()}{raised.value}"


def call_wrapper(out: StringIO) -> Any:
    from django.core.management.base import OutputWrapper

    return OutputWrapper(out)


@pytest.mark.parametrize("say", [in_words, told])
def test_what_a_command_says_of_a_job_does_not_steer_the_terminal(say: Callable[[Job], str]) -> None:
    state = JobState.ERRORED if say is in_words else JobState.SUCCEEDED
    files = [{"file": STEERING, "backup": "", "is_new": False, "reason": STEERING}]
    trace = f"Traceback:\n  {STEERING}"
    job = make_job(state, error_message=STEERING, error_hint=STEERING, traceback=trace, result={"files": files})
    said = say(job)
    assert "[red]red[/red]" in said
    assert not steers(said)


def test_printable_text_stays_as_it_is() -> None:
    assert printable("Übergröße 日本 [red] <b> \\x1b") == "Übergröße 日本 [red] <b> \\x1b"
    assert not steers(printable("".join(map(chr, range(0x3000)))))
