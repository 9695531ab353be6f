"""rescan_backups: the list shows what the folder holds."""

import json
import os
from pathlib import Path

import pytest
from django.contrib.auth.models import AbstractUser

from backups_app.models import Backup
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_files_that_the_list_does_not_show_are_adopted(run: Run, superuser: AbstractUser, backup_folder: Path) -> None:
    run("create_automatic_backup", "--here")
    name = Backup.objects.get().name
    Backup.objects.all().delete()
    os.utime(backup_folder / name, (0, 0))

    status, said = run("rescan_backups", "--here", "--json")

    assert status == 0
    assert json.loads(said)["files"] == [{"file": name, "backup": name, "is_new": True, "reason": ""}]
    assert Backup.objects.get().name == name
    assert run("rescan_backups", "--here") == (0, "0 new backups, 0 known already, 0 refused.\n")


def test_what_is_no_backup_ends_with_1_and_stays(run: Run, backup_folder: Path) -> None:
    backup_folder.mkdir()
    (backup_folder / "odd.json").write_text("[")
    os.utime(backup_folder / "odd.json", (0, 0))
    status, said = run("rescan_backups", "--here")
    assert status == 1
    assert "REFUSED odd.json" in said
    assert (backup_folder / "odd.json").exists()
