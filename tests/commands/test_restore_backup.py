"""restore_backup: asks first, names what is wrong, and ends with a status that tells."""

import json
from collections.abc import Callable
from functools import partial
from io import StringIO

import pytest
from django.contrib.auth.models import AbstractUser

from backups_app.choices import BackupStatus, JobKind, JobState
from backups_app.engine import store
from backups_app.models import Backup, Job
from eclick.models import Client
from tests.catalogue import make_backup, make_job
from tests.commands.conftest import Run, Terminal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def restore(run: Run) -> Callable[..., tuple[int, str]]:
    return partial(run, "restore_backup")


@pytest.fixture
def backup(run: Run, superuser: AbstractUser) -> Backup:
    """A real one, of a database with one client, who is renamed since."""
    Client.objects.create(name="Before", country="AT", hourly_rate="95.50")
    assert run("create_automatic_backup", "--here")[0] == 0
    Client.objects.update(name="After")
    return Backup.objects.get()


def name_of_the_client() -> str:
    return Client.objects.get().name


@pytest.mark.parametrize("by", ["pk", "name"])
def test_it_brings_the_data_back_and_says_how_to_undo_it(by: str, restore: Run, backup: Backup) -> None:
    status, said = restore(str(getattr(backup, by)), "--here", "--force")

    safety = Backup.objects.get(kind="safety")
    assert status == 0
    assert said.startswith(f"Restored {backup.name}: ")
    assert said.endswith(f"To undo it: restore_backup {safety.name}\n")
    assert name_of_the_client() == "Before"


def test_it_tells_scripts_the_outcome_as_json(restore: Run, backup: Backup) -> None:
    status, said = restore(backup.name, "--here", "--force", "--no-safety-backup", "--json")
    told = json.loads(said)
    assert status == 0
    assert told["state"] == "succeeded"
    assert told["result"]["overrides"] == ["no_safety_backup"]
    assert not Backup.objects.filter(kind="safety").exists()


class TestAsking:
    def test_without_a_terminal_and_without_force_it_does_nothing(
        self, restore: Run, backup: Backup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", StringIO("YES\n"))
        status, said = restore(backup.name, "--here")
        assert status == 1
        assert "There is no terminal to ask for YES." in said
        assert name_of_the_client() == "After"

    @pytest.mark.parametrize(
        ("answer", "status", "name"), [("YES", 0, "Before"), ("yes", 3, "After"), ("", 3, "After")]
    )
    def test_on_a_terminal_only_yes_means_yes(
        self, answer: str, status: int, name: str, restore: Run, backup: Backup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
        ended, said = restore(backup.name, "--here")
        assert ended == status
        assert f"{backup.name}: automatic, {backup.record_count:,} records, made " in said
        assert name_of_the_client() == name


@pytest.mark.parametrize("wanted", ["12345", "nothing.json", "../secrets.env", ""])
def test_a_backup_that_there_is_not_is_named(wanted: str, restore: Run) -> None:
    status, said = restore(wanted, "--force")
    assert status == 1
    assert said == f"There is no backup {wanted!r}. list_backups shows those that there are."


def test_a_backup_that_is_not_good_is_refused(restore: Run) -> None:
    bad = make_backup(status=BackupStatus.CORRUPTED)
    status, said = restore(bad.name, "--force", "--here")
    assert (status, said) == (1, f"{bad.name} is corrupted and can't be restored.")
    assert not Job.objects.exists()


def test_a_file_that_has_changed_fails_with_1_and_changes_nothing(restore: Run, backup: Backup) -> None:
    folder = store.folder_path()
    assert folder is not None
    path = folder / backup.name
    path.write_bytes(path.read_bytes().replace(b"Before", b"Behind"))
    status, said = restore(backup.name, "--force", "--here")
    assert status == 1
    assert said.startswith("Restore failed: ")
    assert name_of_the_client() == "After"


def test_a_second_restore_is_told_of_the_first(restore: Run, backup: Backup) -> None:
    make_job(JobState.QUEUED, JobKind.RESTORE, exclusive_slot="restore")
    status, said = restore(backup.name, "--force", "--here")
    assert status == 1
    assert "A restore is under way already, asked for by amelie." in said
