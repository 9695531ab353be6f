"""import_backup: files from elsewhere become backups, or are named with the reason."""

import json
from functools import partial
from pathlib import Path

import pytest
from django.contrib.auth.models import AbstractUser
from django.core.management import call_command

from backups_app.models import Backup
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def take_in(run: Run) -> Run:
    return partial(run, "import_backup")


@pytest.fixture
def folder(tmp_path: Path, superuser: AbstractUser) -> Path:
    """One good file, one bad one."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with (folder / "users.json").open("w") as out:
        call_command("dumpdata", "auth.user", stdout=out)
    (folder / "bad.json").write_text("[")
    return folder


def test_a_file_becomes_a_backup(take_in: Run, folder: Path) -> None:
    status, said = take_in(str(folder / "users.json"), "--here")
    name = Backup.objects.get().name
    assert status == 0
    report = (
        "  users.json: Unsigned: who made it, and whether it is whole, can't be proven.\n"
        "  users.json: 1 records of 1 models. Migrations: The file does not tell them.\n"
        "  users.json: Superusers inside: amelie; staff: 1.\n"
    )
    assert said == f"{report}users.json -> {name}\n1 new backups, 0 known already, 0 refused.\n"
    assert take_in(str(folder / "users.json"), "--here") == (
        0,
        f"{report}users.json is {name} already\n0 new backups, 1 known already, 0 refused.\n",
    )


def test_of_a_folder_what_is_refused_is_named_and_told_by_the_exit_status(take_in: Run, folder: Path) -> None:
    status, said = take_in(str(folder), "--here")
    assert status == 1
    assert "REFUSED bad.json: 1 reason" in said
    assert "users.json -> uploaded_backup_" in said
    assert said.endswith("1 of 2 files were refused.")


def test_scripts_get_it_as_json(take_in: Run, folder: Path) -> None:
    _, said = take_in(str(folder / "users.json"), "--here", "--json")
    told = json.loads(said)
    assert told["state"] == "succeeded"
    report = told["files"][0].pop("report")
    assert (report["provenance"], report["models"]) == ("unsigned", [{"model": "auth.user", "records": 1}])
    assert told["files"] == [
        {"file": "users.json", "backup": Backup.objects.get().name, "is_new": True, "reason": ""},
    ]


@pytest.mark.parametrize("name", ["bad.json", "nothing.json"])
def test_nothing_good_fails_with_1(name: str, take_in: Run, folder: Path) -> None:
    status, said = take_in(str(folder / name), "--here")
    assert status == 1
    assert "Import failed: " in said
    assert not Backup.objects.exists()
