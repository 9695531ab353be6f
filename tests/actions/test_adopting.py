"""Files that the catalogue does not know become backups: by import from anywhere, by rescan in the folder."""

import json
import os
import shutil
import uuid
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import AbstractUser
from django.core.management import call_command
from django.utils import timezone

from backups_app import jobs
from backups_app.actions.adopt import Adopter, Verdict
from backups_app.actions.import_backup import ImportRefused, import_backups
from backups_app.actions.rescan import rescan, unknown_files
from backups_app.choices import BackupKind, BackupStatus, JobKind, JobState
from backups_app.engine.errors import StoreFailed
from backups_app.engine.progress import Watch
from backups_app.models import Backup, Job
from eclick.models import Client
from tests.catalogue import AMELIE, files, make_backup, make_job, trail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def adopter() -> Adopter:
    return Adopter(by=AMELIE, trigger="command", owner=uuid.uuid4(), watch=Watch())


@pytest.fixture
def backup(superuser: AbstractUser) -> Backup:
    """A real one, of one client, a day old."""
    Client.objects.create(name="Before", country="AT", hourly_rate="95.50")
    call_command("create_automatic_backup", "--here", stdout=StringIO())
    return Backup.objects.get()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.fixture
def plain(elsewhere: Path, superuser: AbstractUser) -> Path:
    """A fixture as dumpdata makes it."""
    path = elsewhere / "users.json"
    with path.open("w") as out:
        call_command("dumpdata", "auth.user", indent=2, stdout=out)
    return path


@pytest.fixture
def age(backup_folder: Path) -> Callable[[str], None]:
    """Makes a file of the folder older than any job."""

    def age(name: str) -> None:
        os.utime(backup_folder / name, (0, timezone.now().timestamp() - 3600))

    return age


def adopted(verdicts: list[Verdict]) -> list[str]:
    return [verdict.backup for verdict in verdicts if verdict.is_new]


class TestImport:
    def test_one_of_ours_keeps_kind_name_and_date(
        self, backup: Backup, backup_folder: Path, elsewhere: Path, adopter: Adopter
    ) -> None:
        shutil.move(backup_folder / backup.name, elsewhere / backup.name)
        Backup.objects.all().delete()

        import_backups(str(elsewhere / backup.name), adopter=adopter)

        taken = Backup.objects.get()
        assert (taken.name, taken.kind, taken.sha256) == (backup.name, "automatic", backup.sha256)
        assert (taken.record_count, taken.size_bytes) == (backup.record_count, backup.size_bytes)
        assert abs(taken.created_at - backup.created_at) < timedelta(seconds=5)
        assert files() == {backup.name}
        assert (elsewhere / backup.name).exists()
        assert ("backup.adopted", "amelie", "succeeded") in trail()

    def test_one_of_ours_under_another_name_gets_the_name_of_its_date(
        self, backup: Backup, backup_folder: Path, elsewhere: Path, adopter: Adopter
    ) -> None:
        shutil.move(backup_folder / backup.name, elsewhere / "copy (2).json")
        Backup.objects.all().delete()
        import_backups(str(elsewhere / "copy (2).json"), adopter=adopter)
        assert Backup.objects.get().name.startswith(backup.name[:26])

    def test_a_name_that_is_taken_is_left_to_its_owner(
        self, backup: Backup, backup_folder: Path, elsewhere: Path, adopter: Adopter
    ) -> None:
        shutil.move(backup_folder / backup.name, elsewhere / backup.name)
        Backup.objects.all().delete()
        (backup_folder / backup.name).write_bytes(b"another")
        (verdict,) = import_backups(str(elsewhere / backup.name), adopter=adopter)
        assert verdict.backup != backup.name
        assert (backup_folder / backup.name).read_bytes() == b"another"

    def test_a_plain_fixture_becomes_an_uploaded_backup(self, plain: Path, adopter: Adopter) -> None:
        import_backups(str(plain), adopter=adopter)
        taken = Backup.objects.get()
        assert (taken.kind, taken.record_count, taken.created_by_name) == ("uploaded", 1, "amelie")
        assert taken.name.startswith("uploaded_backup_")
        assert taken.model_counts == [{"model": "auth.user", "records": 1}]

    def test_a_signed_name_does_not_make_a_fixture_ours(self, plain: Path, adopter: Adopter) -> None:
        disguised = plain.rename(plain.with_name("auto_backup_20260101_000000.json"))
        import_backups(str(disguised), adopter=adopter)
        assert Backup.objects.get().kind == BackupKind.UPLOADED

    def test_what_is_in_the_list_already_is_not_copied_again(
        self, backup: Backup, backup_folder: Path, elsewhere: Path, adopter: Adopter
    ) -> None:
        shutil.copy(backup_folder / backup.name, elsewhere / "copy.json")
        (verdict,) = import_backups(str(elsewhere), adopter=adopter)
        assert (verdict.backup, verdict.is_new) == (backup.name, False)
        assert files() == {backup.name}

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "JSON"),
            (b"[]", "no records"),
            (b'{"model": "auth.user"}', "list of records"),
            (b'[{"model": "eclick.client", "pk": 1, "fields": {"hourly_rate": "much"}}]', "hourly_rate"),
        ],
    )
    def test_what_is_no_backup_is_refused_with_its_reason_and_leaves_nothing(
        self, content: bytes, reason: str, elsewhere: Path, adopter: Adopter
    ) -> None:
        (elsewhere / "bad.json").write_bytes(content)
        with pytest.raises(ImportRefused, match=reason):
            import_backups(str(elsewhere / "bad.json"), adopter=adopter)
        assert not Backup.objects.exists()
        assert files() == set()

    def test_a_changed_file_of_ours_is_refused(
        self, backup: Backup, backup_folder: Path, elsewhere: Path, adopter: Adopter
    ) -> None:
        content = (backup_folder / backup.name).read_bytes().replace(b"Before", b"Behind")
        (elsewhere / backup.name).write_bytes(content)
        with pytest.raises(ImportRefused, match="not those that were written"):
            import_backups(str(elsewhere), adopter=adopter)

    def test_of_a_folder_good_files_are_taken_and_bad_ones_named(
        self, plain: Path, elsewhere: Path, adopter: Adopter
    ) -> None:
        (elsewhere / "bad.json").write_text("[")
        (elsewhere / ".hidden.json").write_text("[")
        (elsewhere / "notes.txt").write_text("no")
        (elsewhere / "link.json").symlink_to(plain)
        verdicts = import_backups(str(elsewhere), adopter=adopter)
        assert [(verdict.file, bool(verdict.backup)) for verdict in verdicts] == [
            ("bad.json", False),
            ("users.json", True),
        ]

    def test_a_folder_without_files_and_a_path_that_is_not_there_are_named(
        self, elsewhere: Path, adopter: Adopter
    ) -> None:
        with pytest.raises(ImportRefused, match="There is no file"):
            import_backups(str(elsewhere), adopter=adopter)
        with pytest.raises(StoreFailed, match="can't be read"):
            import_backups(str(elsewhere / "nothing"), adopter=adopter)


class TestRescan:
    def test_what_a_killed_job_left_is_adopted_under_its_name(
        self, backup: Backup, adopter: Adopter, age: Callable[[str], None]
    ) -> None:
        Backup.objects.all().delete()
        age(backup.name)
        assert adopted(rescan(adopter=adopter)) == [backup.name]
        again = Backup.objects.get()
        assert (again.kind, again.sha256, again.status) == ("automatic", backup.sha256, "available")
        assert rescan(adopter=adopter) == []

    def test_a_file_that_a_running_job_may_be_about_to_enter_is_left_alone(
        self, backup: Backup, adopter: Adopter
    ) -> None:
        Backup.objects.all().delete()
        make_job(JobState.RUNNING, started_at=timezone.now() - timedelta(minutes=1))
        assert rescan(adopter=adopter) == []

    def test_a_foreign_file_becomes_uploaded_once_and_the_original_stays(
        self, plain: Path, backup_folder: Path, adopter: Adopter, age: Callable[[str], None]
    ) -> None:
        backup_folder.mkdir()
        shutil.copy(plain, backup_folder / "users.json")
        age("users.json")
        (name,) = adopted(rescan(adopter=adopter))
        assert Backup.objects.get().kind == BackupKind.UPLOADED
        assert adopted(rescan(adopter=adopter)) == []
        assert files() == {"users.json", name}

    def test_a_file_that_is_none_is_told_and_left(
        self, backup_folder: Path, adopter: Adopter, age: Callable[[str], None]
    ) -> None:
        backup_folder.mkdir()
        name = "backup_20260101_000000.json"
        (backup_folder / name).write_text("[")
        age(name)
        (verdict,) = rescan(adopter=adopter)
        assert (verdict.file, verdict.backup) == (name, "")
        assert files() == {name}

    def test_a_row_without_its_file_is_missing_until_the_file_is_back(
        self, backup_folder: Path, adopter: Adopter
    ) -> None:
        kept, gone = make_backup(), make_backup(content=b"[]\n")
        (backup_folder / gone.name).rename(backup_folder / "aside")
        rescan(adopter=adopter)
        assert Backup.objects.get(pk=gone.pk).status == BackupStatus.MISSING
        assert Backup.objects.get(pk=kept.pk).status == BackupStatus.AVAILABLE

        (backup_folder / "aside").rename(backup_folder / gone.name)
        rescan(adopter=adopter)
        assert Backup.objects.get(pk=gone.pk).status == BackupStatus.AVAILABLE

    def test_a_folder_that_is_away_as_a_whole_says_nothing(self, backup_folder: Path, adopter: Adopter) -> None:
        backup = make_backup()
        backup_folder.rename(backup_folder.with_name("unmounted"))
        assert rescan(adopter=adopter) == []
        assert Backup.objects.get(pk=backup.pk).status == BackupStatus.AVAILABLE


class TestByItself:
    @pytest.fixture(autouse=True)
    def no_queue(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("backups_app.dispatch.send", lambda job: None)

    def test_an_unknown_file_is_a_reason_to_rescan_once(
        self, backup: Backup, adopter: Adopter, backup_folder: Path, age: Callable[[str], None]
    ) -> None:
        assert jobs.rescan_if_needed(is_worth_a_look=False) is None
        (backup_folder / "backup_20260101_000000.json").write_text("[")
        age("backup_20260101_000000.json")
        asked = jobs.rescan_if_needed(is_worth_a_look=False)
        assert asked is not None
        assert asked.kind == JobKind.RESCAN
        assert jobs.rescan_if_needed(is_worth_a_look=False) is None

        jobs.run(asked.pk, worker="test", dies_with_parent=False)
        assert Job.objects.get(pk=asked.pk).state == JobState.SUCCEEDED
        assert unknown_files() == ["backup_20260101_000000.json"]
        assert jobs.rescan_if_needed(is_worth_a_look=False) is None

    def test_one_that_failed_is_not_repeated_at_once(self, backup_folder: Path, age: Callable[[str], None]) -> None:
        backup_folder.mkdir()
        (backup_folder / "backup_20260101_000000.json").write_text("[")
        age("backup_20260101_000000.json")
        make_job(JobState.ERRORED, JobKind.RESCAN)
        assert jobs.rescan_if_needed(is_worth_a_look=False) is None
        Job.objects.update(queued_at=timezone.now() - timedelta(hours=2))
        assert jobs.rescan_if_needed(is_worth_a_look=False) is not None


def test_its_verdicts_are_kept_as_plain_json(plain: Path) -> None:
    out = StringIO()
    call_command("import_backup", str(plain), "--here", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["state"] == "succeeded"
    assert told["files"][0]["file"] == "users.json"
    assert Job.objects.get(kind=JobKind.IMPORT).result == {"files": told["files"]}
