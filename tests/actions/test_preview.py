"""What a preview tells: the file, what stands against it, the red flags, and every difference."""

import json
import os
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import AbstractUser, User
from django.core.management import call_command
from django.db import connection

from backups_app.actions.preview import Preview, preview_restore
from backups_app.actions.source import Source
from backups_app.audit import Actor
from backups_app.engine.errors import StoreFailed
from backups_app.engine.progress import Watch
from backups_app.models import Backup, Job
from eclick.models import Client

pytestmark = pytest.mark.django_db(transaction=True)

CRON = Actor(name="root (command)")


@pytest.fixture
def source(superuser: AbstractUser) -> Source:
    """A backup of amelie and three clients."""
    for name in ("One", "Two", "Three"):
        Client.objects.create(name=name, country="AT", hourly_rate="95.50")
    call_command("create_automatic_backup", "--here", stdout=StringIO())
    return Source(name=Backup.objects.get().name)


def preview(source: Source, *, by: Actor = CRON, clear_unnamed: bool = False) -> Preview:
    return preview_restore(source, by=by, watch=Watch(), clear_unnamed=clear_unnamed)


def difference(shown: Preview, model: str) -> tuple[int, ...]:
    found = next(each for each in shown.differences if each.model == model)
    return found.now, found.in_file, found.added, found.removed, found.changed


def test_rows_that_come_go_and_change_are_counted_by_model(source: Source) -> None:
    Client.objects.filter(name="One").delete()
    Client.objects.filter(name="Two").update(country="DE")
    Client.objects.create(name="Four", country="AT", hourly_rate=1)
    Client.objects.create(name="Five", country="AT", hourly_rate=1)

    shown = preview(source)

    assert difference(shown, "eclick.client") == (4, 3, 1, 2, 1)
    assert difference(shown, "auth.user") == (1, 1, 0, 0, 0)
    assert not shown.objections
    assert not shown.red_flags


def test_it_changes_nothing_and_asks_for_no_lock(source: Source) -> None:
    Client.objects.update(name="After")
    preview(source)
    assert {client.name for client in Client.objects.all()} == {"After"}
    assert not Job.objects.exclude(kind="backup").exists()


def test_superusers_who_come_and_go_are_red_flags(source: Source, superuser: AbstractUser) -> None:
    superuser.delete()
    User.objects.create_superuser("mallory")
    shown = preview(source, by=Actor(id="9", name="mallory"))
    assert shown.red_flags == (
        "Your own account (mallory) is no active superuser in the file.",
        "No superusers any more: mallory.",
        "Superusers that are none now: amelie.",
    )
    assert [objection.override for objection in shown.objections] == ["accept_lock_out"]


def test_a_table_that_becomes_empty_is_a_red_flag(superuser: AbstractUser) -> None:
    call_command("create_automatic_backup", "--here", stdout=StringIO())
    Client.objects.create(name="New", country="AT", hourly_rate=1)
    shown = preview(Source(name=Backup.objects.get().name))
    assert shown.red_flags == ("eclick.client becomes empty: it has 1 records now.",)


def test_a_changed_file_is_not_compared(source: Source, backup_folder: Path) -> None:
    path = backup_folder / source.name
    path.write_bytes(path.read_bytes().replace(b"Three", b"Drei!"))
    shown = preview(source)
    assert [objection.override for objection in shown.objections] == [""]
    assert "was changed" in shown.objections[0].reason
    assert not shown.differences


def test_of_a_plain_fixture_models_that_it_does_not_name_keep_their_rows(
    source: Source, tmp_path: Path, superuser: AbstractUser
) -> None:
    fixture = tmp_path / "clients.json"
    with fixture.open("w") as out:
        call_command("dumpdata", "eclick.client", indent=2, stdout=out)
    outside = Source(name="clients.json", path=str(fixture))

    shown = preview(outside)

    assert [each.model for each in shown.differences] == ["eclick.client"]
    assert [objection.override for objection in shown.objections] == ["accept_foreign"]
    assert "auth.user" in {remark.where for remark in shown.remarks if remark.kind == "unnamed"}

    cleared = preview(outside, clear_unnamed=True)
    assert difference(cleared, "auth.user") == (1, 0, 0, 1, 0)
    assert "auth.user becomes empty: it has 1 records now." in cleared.red_flags
    assert [objection.override for objection in cleared.objections] == ["accept_foreign", "accept_lock_out"]


@pytest.mark.parametrize("name", ["nothing.json", ""])
def test_a_file_that_can_not_be_read_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(StoreFailed, match=r"can't be read|no regular file"):
        preview(Source(name="nothing.json", path=str(tmp_path / name)))


def test_a_pipe_is_no_file_and_nobody_waits_for_its_other_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreFailed, match="no regular file"):
        preview(Source(name="pipe", path=str(tmp_path / "pipe")))


def test_it_is_kept_as_plain_json(source: Source) -> None:
    told = json.loads(json.dumps(preview(source).as_dict(source)))
    assert told["file"]["name"] == source.name
    assert told["file"]["database"]["vendor"] == connection.vendor
    assert told["migrations"] == "same"
