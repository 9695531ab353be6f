"""verify_backup: its exit status tells whether backups are good."""

import json
from pathlib import Path

import pytest
from django.contrib.auth.models import AbstractUser

from backups_app.models import Backup, Job
from tests.catalogue import make_backup
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def backup(run: Run, superuser: AbstractUser) -> Backup:
    run("create_automatic_backup", "--here")
    return Backup.objects.get()


@pytest.mark.parametrize("by", ["pk", "name"])
def test_a_good_one_ends_with_0(by: str, run: Run, backup: Backup) -> None:
    status, said = run("verify_backup", str(getattr(backup, by)), "--here")
    assert (status, said) == (0, f"{backup.name} available\n1 checked, 0 not good.\n")
    assert Backup.objects.get().checked_at


def test_a_bad_one_ends_with_1_and_its_reason(run: Run, backup: Backup, backup_folder: Path) -> None:
    (backup_folder / backup.name).write_bytes(b"[")
    status, said = run("verify_backup", backup.name, "--here")
    assert status == 1
    assert f"{backup.name} corrupted: It has 1 bytes, and had {backup.size_bytes:,}." in said


def test_all_are_looked_at_and_told_to_scripts(run: Run, backup: Backup, backup_folder: Path) -> None:
    gone = make_backup(days_old=1)
    (backup_folder / gone.name).unlink()
    status, said = run("verify_backup", "--all", "--here", "--json")
    told, _ = json.JSONDecoder().raw_decode(said)
    assert status == 1
    assert told["state"] == "succeeded"
    assert {found["backup"]: (found["status"], found["is_told"]) for found in told["backups"]} == {
        backup.name: ("available", True),
        gone.name: ("missing", True),
    }


def test_what_the_storage_can_t_tell_ends_with_1_and_changes_nothing(
    run: Run, backup: Backup, backup_folder: Path
) -> None:
    backup_folder.rename(backup_folder.with_name("unmounted"))
    status, said = run("verify_backup", backup.name, "--here")
    assert status == 1
    assert "NOT CHECKED: The backup folder is not there." in said
    assert Backup.objects.get().status == "available"


def test_all_of_none_ends_with_0(run: Run) -> None:
    assert run("verify_backup", "--all", "--here") == (0, "0 checked, 0 not good.\n")


def test_one_that_there_is_not_is_named(run: Run) -> None:
    status, said = run("verify_backup", "nothing.json")
    assert status == 1
    assert said == "There is no backup 'nothing.json'. list_backups shows the backups that there are."
    assert not Job.objects.exists()


def test_without_waiting_it_is_queued(run: Run, backup: Backup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backups_app.dispatch.send", lambda job: None)
    status, said = run("verify_backup", backup.name, "--no-wait")
    assert status == 0
    assert said.startswith("Queued as job ")
