"""restore_backup: asks first, names what is wrong, and ends with a status that tells."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import AbstractUser, User
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from backups_app import jobs
from backups_app.choices import BackupStatus, JobKind, JobState
from backups_app.engine import store
from backups_app.engine.errors import LoadFailed
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
    assert f"\nRestored {backup.name}: " in said
    assert said.endswith(f"To undo it: restore_backup {safety.name}\n")
    assert name_of_the_client() == "Before"


def test_it_tells_scripts_the_outcome_as_json(restore: Run, backup: Backup) -> None:
    out = StringIO()
    status, _ = restore(backup.name, "--here", "--force", "--no-safety-backup", "--json", out=out, err=StringIO())
    told = json.loads(out.getvalue())
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
        assert f"{backup.name}: made " in said
        assert re.search(r"eclick.client +1 +1 +0 +0 +1", said)
        assert name_of_the_client() == name


def test_force_skips_the_question_and_neither_the_preview_nor_what_stands_against_it(
    restore: Run, backup: Backup
) -> None:
    out, err = StringIO(), StringIO()
    User.objects.create_superuser("mallory")
    assert restore(backup.name, "--here", "--force", out=out, err=err)[0] == 0
    assert "! No superusers any more: mallory." in err.getvalue()
    assert re.search(r"eclick.client +1 +1 +0 +0 +1", err.getvalue())
    assert out.getvalue().startswith(f"Restored {backup.name}: ")
    asked = Job.objects.get(kind=JobKind.RESTORE).parameters
    preview = Job.objects.get(kind=JobKind.PREVIEW).result
    assert (asked["sha256"], asked["schema"]) == (preview["file"]["sha256"], preview["schema"])


def test_force_goes_on_where_the_database_is_too_broken_for_a_preview(
    restore: Run, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LoadFailed("The table is broken.")

    monkeypatch.setattr("backups_app.actions.preview.compare", fail)
    status, said = restore(backup.name, "--here", "--force")
    assert "There is no preview: The table is broken." in said
    assert (status, name_of_the_client()) == (0, "Before")


@pytest.mark.parametrize("wanted", ["12345", "nothing.json", "../secrets.env", ""])
def test_a_backup_that_there_is_not_is_named(wanted: str, restore: Run) -> None:
    status, said = restore(wanted, "--force")
    assert status == 1
    assert said == f"There is no backup and no file {wanted!r}. list_backups shows the backups that there are."


def test_a_backup_that_is_not_good_is_refused(restore: Run) -> None:
    bad = make_backup(status=BackupStatus.CORRUPTED)
    status, said = restore(bad.name, "--force", "--here")
    assert (status, said) == (1, f"{bad.name} is corrupted and can't be restored.")
    assert not Job.objects.exists()


class TestPlan:
    def test_it_shows_what_would_change_and_changes_nothing(self, restore: Run, backup: Backup) -> None:
        status, said = restore(backup.name, "--here", "--plan")
        assert status == 0
        assert "made by this installation" in said
        assert re.search(r"MODEL +NOW +IN THE FILE +ADDED +REMOVED +CHANGED", said)
        assert re.search(r"eclick.client +1 +1 +0 +0 +1", said)
        assert name_of_the_client() == "After"
        assert not Job.objects.filter(kind=JobKind.RESTORE).exists()

    def test_scripts_get_it_as_json(self, restore: Run, backup: Backup) -> None:
        status, said = restore(backup.name, "--here", "--plan", "--json")
        told = json.loads(said)
        assert status == 0
        assert told["can_be_restored"]
        assert told["file"]["sha256"] == backup.sha256
        changed = [entry for entry in told["differences"] if entry["changed"]]
        assert changed == [
            {"model": "eclick.client", "now": 1, "in_file": 1, "added": 0, "removed": 0, "changed": 1},
        ]

    def test_what_stands_against_it_ends_with_1_unless_its_override_is_given(
        self, restore: Run, backup: Backup
    ) -> None:
        User.objects.all().delete()
        folder = store.folder_path()
        assert folder is not None
        fixture = folder.parent / "clients.json"
        with fixture.open("w") as out:
            call_command("dumpdata", "eclick.client", stdout=out)

        status, said = restore(str(fixture), "--here", "--plan")
        assert status == 1
        assert "REFUSED without --accept-foreign" in said
        assert "REFUSED without --accept-lock-out" in said
        overrides = ("--accept-foreign", "--accept-lock-out")
        status, said = restore(str(fixture), "--here", "--plan", *overrides)
        assert status == 0
        assert "Accepted by --accept-foreign" in said

    def test_what_a_file_says_can_not_steer_the_terminal(self, restore: Run, backup: Backup, tmp_path: Path) -> None:
        fixture = tmp_path / "evil.json"
        user = {"username": "\x1b[2J[red]eve", "password": "!", "is_superuser": True}
        fixture.write_text(json.dumps([{"model": "auth.user", "pk": 1, "fields": user}]))
        _, said = restore(str(fixture), "--here", "--plan")
        assert "\x1b" not in said
        assert "\\x1b[2J[red]eve" in said


def test_a_file_by_its_path_is_restored_after_its_override(restore: Run, backup: Backup, tmp_path: Path) -> None:
    fixture = tmp_path / "clients.json"
    with fixture.open("w") as out:
        call_command("dumpdata", "eclick.client", indent=2, stdout=out)
    Client.objects.update(name="Later")

    status, said = restore(str(fixture), "--here", "--force")
    assert status == 1
    assert "can't be proven" in said
    assert name_of_the_client() == "Later"

    status, said = restore(str(fixture), "--here", "--force", "--accept-foreign")
    assert status == 0
    assert "\nRestored clients.json: 1 records" in said
    assert "auth.user: The file does not name it: its rows stay." in said
    assert name_of_the_client() == "After"


def test_a_path_into_the_backup_folder_is_the_backup_of_the_list(restore: Run, backup: Backup) -> None:
    folder = store.folder_path()
    assert folder is not None
    assert restore(str(folder / backup.name), "--here", "--force")[0] == 0
    backup.refresh_from_db()
    assert backup.status == BackupStatus.RESTORED


def test_a_file_of_the_folder_needs_no_list(restore: Run, backup: Backup) -> None:
    Backup.objects.all().delete()
    status, said = restore(backup.name, "--here", "--force")
    assert (status, name_of_the_client()) == (0, "Before"), said


def test_a_schema_that_changed_after_the_preview_is_refused(
    restore: Run, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Terminal):
        def readline(self, *_: object) -> str:
            MigrationRecorder(connection).record_applied("eclick", "0002_later")
            return "YES\n"

    monkeypatch.setattr("sys.stdin", Slow())
    try:
        status, said = restore(backup.name, "--here")
    finally:
        MigrationRecorder(connection).record_unapplied("eclick", "0002_later")
    assert status == 1
    assert "have changed since the preview" in said
    assert name_of_the_client() == "After"


def test_a_database_that_is_not_migrated_is_told_what_to_run(restore: Run, backup: Backup) -> None:
    recorder = MigrationRecorder(connection)
    applied = [key for key in recorder.applied_migrations() if key[0] == "backups_app"]
    for key in applied:
        recorder.record_unapplied(*key)
    try:
        status, said = restore(backup.name, "--here", "--force")
    finally:
        for key in applied:
            recorder.record_applied(*key)
    assert status == 1
    assert "is not migrated" in said
    assert "manage.py migrate" in said


def test_a_file_that_has_changed_fails_with_1_and_changes_nothing(restore: Run, backup: Backup) -> None:
    folder = store.folder_path()
    assert folder is not None
    path = folder / backup.name
    path.write_bytes(path.read_bytes().replace(b"Before", b"Behind"))
    status, said = restore(backup.name, "--force", "--here")
    assert status == 1
    assert "Not restored. The file was changed" in said
    assert name_of_the_client() == "After"
    assert not Job.objects.filter(kind=JobKind.RESTORE).exists()


def test_a_second_restore_is_told_of_the_first(restore: Run, backup: Backup) -> None:
    make_job(JobState.QUEUED, JobKind.RESTORE, exclusive_slot="restore")
    status, said = restore(backup.name, "--force", "--here")
    assert status == 1
    assert "A restore is under way already, asked for by amelie." in said


class TestWhatGoesWrongAfterTheCommit:
    """The data was replaced, so that is what is told, with all that was known at the commit."""

    @pytest.fixture
    def undone(self, restore: Run, backup: Backup, monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], Job]:
        def restore_with(trouble: BaseException) -> Job:
            def fail(*_: object, **__: object) -> None:
                raise trouble

            with monkeypatch.context() as patched, suppress(type(trouble)):
                succeed = jobs._succeed
                patched.setattr(
                    "backups_app.jobs._succeed",
                    lambda job, result: succeed(job, result) if job.kind == JobKind.PREVIEW else fail(),
                )
                restore(backup.name, "--here", "--force", "--reason", "A test")
            jobs.reap()
            return Job.objects.get(kind=JobKind.RESTORE)

        return restore_with

    @pytest.mark.parametrize(
        "trouble", [RuntimeError("a bug"), OperationalError("locked"), KeyboardInterrupt(), GeneratorExit()]
    )
    def test_it_counts_as_done_with_its_outcome_and_safety_backup(
        self, trouble: BaseException, undone: Callable[[BaseException], Job], backup: Backup
    ) -> None:
        """The last of them passes by everything, as the death of the process does."""
        job = undone(trouble)
        safety = Backup.objects.get(kind="safety")
        assert job.state == JobState.SUCCEEDED
        assert job.result["safety_backup"] == safety.name
        assert job.result["reason"] == "A test"
        assert job.result["after"]["eclick.client"] == 1
        assert store.exists(safety.name)
        assert Backup.objects.get(pk=backup.pk).status == BackupStatus.RESTORED
        assert name_of_the_client() == "Before"
