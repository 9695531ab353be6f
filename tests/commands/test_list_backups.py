"""list_backups: the catalogue for people, and as JSON for scripts."""

import json
from collections.abc import Callable
from functools import partial

import pytest

from backups_app.choices import BackupKind, BackupStatus
from tests.catalogue import make_backup
from tests.commands.conftest import Run, Terminal

pytestmark = pytest.mark.django_db


@pytest.fixture
def list_backups(run: Run) -> Callable[..., tuple[int, str]]:
    return partial(run, "list_backups")


def test_without_a_backup_it_says_how_to_make_one(list_backups: Run) -> None:
    assert list_backups() == (
        0,
        "There are no backups yet. Make one with: manage.py create_automatic_backup\n",
    )


def test_it_lists_them_newest_first_a_line_each(list_backups: Run) -> None:
    old = make_backup(BackupKind.AUTOMATIC, days_old=3, record_count=1234567)
    new = make_backup(status=BackupStatus.CORRUPTED)
    status, said = list_backups()
    titles, first, second = said.splitlines()
    assert status == 0
    assert titles.split() == ["ID", "NAME", "KIND", "STATUS", "RECORDS", "BYTES", "NOTE"]
    assert first.split() == [str(new.pk), new.name, "manual", "corrupted", "3", "4"]
    assert second.split() == [str(old.pk), old.name, "automatic", "available", "1,234,567", "4"]


def test_it_says_which_ones_loaddata_can_not_read(list_backups: Run) -> None:
    make_backup(needs_restore_backup=True)
    assert list_backups()[1].rstrip().endswith("needs restore_backup, not loaddata")


def test_in_a_pipe_no_name_is_cut_or_folded(list_backups: Run) -> None:
    backup = make_backup(needs_restore_backup=True)
    type(backup).objects.update(name="x" * 150)
    assert "x" * 150 in list_backups()[1]


def test_on_a_terminal_everything_is_there_too(list_backups: Run) -> None:
    backup = make_backup()
    assert backup.name in list_backups(out=Terminal())[1]


def test_as_json_it_is_one_array_with_all_that_is_known(list_backups: Run) -> None:
    backup = make_backup(BackupKind.AUTOMATIC, description="Über «all»\n")
    make_backup(days_old=1)
    status, said = list_backups("--json")
    told = json.loads(said)
    assert status == 0
    assert len(told) == 2
    assert told[0] == {
        "id": backup.pk,
        "name": backup.name,
        "kind": "automatic",
        "status": "available",
        "description": "Über «all»\n",
        "created_at": backup.created_at.isoformat(),
        "created_by": "amelie",
        "form": "plain",
        "records": 3,
        "size_bytes": 4,
        "sha256": backup.sha256,
        "needs_restore_backup": False,
        "copied_at": None,
        "copy_problem": "",
        "trust": "untested",
        "checked_at": None,
        "problem": "",
        "provenance": "",
    }


def test_as_json_nothing_is_an_empty_array(list_backups: Run) -> None:
    assert json.loads(list_backups("--json")[1]) == []
