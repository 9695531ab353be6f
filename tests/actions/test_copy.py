"""Every backup once more at a second location, proven there, and back from there."""

import hashlib
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from backups_app import jobs, tasks
from backups_app.actions.adopt import Adopter
from backups_app.actions.delete import delete_backup
from backups_app.actions.rescan import rescan
from backups_app.choices import BackupKind, BackupStatus, JobKind, JobState, Trigger
from backups_app.engine import store
from backups_app.engine.progress import Watch
from backups_app.models import AuditEvent, Backup, Job
from tests.catalogue import AMELIE, make_backup, make_job
from tests.servers.trouble import Trouble

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = "backups_copy"


@pytest.fixture
def second(settings, tmp_path) -> Path:
    """The folder of the second location, which is not made yet."""
    folder = tmp_path / "second"
    local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}}
    settings.STORAGES = {**settings.STORAGES, SECOND: local}
    settings.BACKUPS = {**settings.BACKUPS, "COPY_TO": SECOND, "STATE_DIR": tmp_path / "state"}
    return folder


def copy(backup: Backup) -> Job:
    job = jobs.run_here(
        JobKind.COPY, by=AMELIE, trigger=Trigger.COMMAND, parameters={"backup_id": backup.pk, "name": backup.name}
    )
    backup.refresh_from_db()
    return job


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_backup_is_followed_by_its_copy(second: Path) -> None:
    made = jobs.run_here(
        JobKind.BACKUP, by=AMELIE, trigger=Trigger.COMMAND, parameters={"kind": BackupKind.MANUAL, "description": ""}
    )
    backup = Backup.objects.get()
    followed = Job.objects.get(kind=JobKind.COPY)
    assert (made.state, followed.state) == (JobState.SUCCEEDED, JobState.SUCCEEDED)
    assert names(second) == [backup.name]
    assert hashlib.sha256((second / backup.name).read_bytes()).hexdigest() == backup.sha256
    assert backup.copied_at is not None
    assert AuditEvent.objects.get(event="copy.ended").backup_name == backup.name


def test_without_a_second_location_no_copy_is_asked_for() -> None:
    make_backup()
    assert jobs.copy_if_needed() is None


def test_a_damaged_file_is_not_copied_and_said_so(second: Path, backup_folder: Path) -> None:
    backup = make_backup()
    (backup_folder / backup.name).write_bytes(b"[\n \n]\n")
    job = copy(backup)
    assert (job.state, job.error_code) == (JobState.FAILED, "copy-failed")
    assert names(second) == []
    assert backup.copied_at is None
    assert "is not the one that was made" in backup.copy_problem


def test_a_file_that_is_gone_is_not_copied(second: Path, backup_folder: Path) -> None:
    backup = make_backup()
    (backup_folder / backup.name).unlink()
    assert copy(backup).state == JobState.FAILED
    assert names(second) == []
    assert "can't be read" in backup.copy_problem


def test_a_copy_that_reads_back_otherwise_is_removed(second: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = make_backup()
    publish = store._publish_in_folder

    def publish_and_rot(path, names):
        name = publish(path, names)
        path.with_name(name).write_bytes(b"rotten")
        return name

    monkeypatch.setattr(store, "_publish_in_folder", publish_and_rot)
    job = copy(backup)
    assert job.state == JobState.FAILED
    assert "it was removed" in backup.copy_problem
    assert names(second) == []


def test_another_file_of_that_name_is_left_alone(second: Path) -> None:
    backup = make_backup()
    second.mkdir()
    (second / backup.name).write_bytes(b"somebody else's")
    assert copy(backup).state == JobState.FAILED
    assert (second / backup.name).read_bytes() == b"somebody else's"
    assert "another file" in backup.copy_problem


def test_a_copy_that_a_worker_made_before_it_died_is_proven_and_kept(second: Path, backup_folder: Path) -> None:
    backup = make_backup()
    second.mkdir()
    (second / backup.name).write_bytes((backup_folder / backup.name).read_bytes())
    assert copy(backup).state == JobState.SUCCEEDED
    assert backup.copied_at is not None


def test_what_a_killed_worker_left_half_is_removed(second: Path) -> None:
    second.mkdir()
    job = make_job(JobState.RUNNING, JobKind.COPY)
    (second / f".{job.pk}.part").write_bytes(b"half")
    jobs.reap()
    job.refresh_from_db()
    assert job.state == JobState.LOST
    assert names(second) == []


def test_one_that_failed_is_tried_again_after_an_hour_and_not_for_ever(second: Path, queue: object) -> None:
    backup = make_backup()
    failed = make_job(JobState.FAILED, JobKind.COPY, backup_id=backup.pk)
    assert jobs.copy_if_needed() is None

    Job.objects.filter(pk=failed.pk).update(queued_at=timezone.now() - jobs.COPY_AGAIN_AFTER - timedelta(seconds=1))
    asked = jobs.copy_if_needed()
    assert asked is not None
    assert (asked.kind, asked.backup_id) == (JobKind.COPY, backup.pk)
    assert jobs.copy_if_needed() is None

    Job.objects.all().delete()
    for _ in range(jobs.COPY_TRIES):
        make_job(JobState.FAILED, JobKind.COPY, backup_id=backup.pk, queued_at=failed.queued_at - timedelta(days=1))
    assert jobs.copy_if_needed() is None


def test_the_caretaker_has_old_backups_copied_one_after_the_other(second: Path, queue: object) -> None:
    new, old = make_backup(), make_backup(days_old=3)
    make_backup(status=BackupStatus.CORRUPTED, days_old=9)
    tasks.look_after_jobs.apply().get()
    assert Job.objects.get().backup_id == old.pk
    Job.objects.update(state=JobState.SUCCEEDED)
    Backup.objects.filter(pk=old.pk).update(copied_at=timezone.now())
    tasks.look_after_jobs.apply().get()
    assert set(Job.objects.values_list("backup_id", flat=True)) == {new.pk, old.pk}


def test_deleting_a_backup_deletes_its_copy(second: Path) -> None:
    backup, _other = make_backup(), make_backup(days_old=1)
    copy(backup)
    assert delete_backup(backup, by=AMELIE, reason="") == ""
    assert names(second) == []


def test_a_copy_that_can_not_be_reached_is_left_and_told(second: Path, settings, backup_folder: Path) -> None:
    backup, _other = make_backup(), make_backup(days_old=1)
    copy(backup)
    settings.STORAGES = {**settings.STORAGES, SECOND: unreachable()}
    left = delete_backup(backup, by=AMELIE, reason="")
    assert "can't be reached" in left
    assert backup.name not in names(backup_folder)
    assert AuditEvent.objects.get(event="backup.deleted").detail["copy"] == left


def unreachable() -> dict:
    options = {"bucket_name": "copies", "endpoint_url": "http://127.0.0.1:1", "access_key": "a", "secret_key": "b"}
    return {
        "BACKEND": "backups_app.engine.s3.S3BackupStorage",
        "OPTIONS": {**options, "region_name": "us-east-1", "attempts": 1},
    }


def look_around() -> list:
    return rescan(adopter=Adopter(by=AMELIE, trigger=Trigger.COMMAND, owner=uuid.uuid4(), watch=Watch()))


def test_a_rescan_fetches_a_lost_file_from_the_second_location(second: Path, backup_folder: Path) -> None:
    backup, _other = make_backup(), make_backup(days_old=1)
    copy(backup)
    content = (backup_folder / backup.name).read_bytes()
    (backup_folder / backup.name).unlink()
    Backup.objects.filter(pk=backup.pk).update(status=BackupStatus.MISSING)
    found = look_around()
    backup.refresh_from_db()
    assert [(verdict.file, verdict.reason) for verdict in found] == [
        (backup.name, "It came back from the second location.")
    ]
    assert (backup_folder / backup.name).read_bytes() == content
    assert backup.status == BackupStatus.AVAILABLE


def test_a_damaged_copy_does_not_come_back(second: Path, backup_folder: Path) -> None:
    backup, _other = make_backup(), make_backup(days_old=1)
    copy(backup)
    (second / backup.name).write_bytes(b"rotten")
    (backup_folder / backup.name).unlink()
    found = look_around()
    backup.refresh_from_db()
    assert "did not come back" in found[0].reason
    assert backup.name not in names(backup_folder)
    assert backup.status == BackupStatus.MISSING


@pytest.mark.servers
@pytest.mark.parametrize("harm", ["reset upload", "stall"])
def test_a_copy_into_object_storage_that_breaks_off_leaves_nothing_and_the_next_one_works(
    second: Path, settings, s3, harm: str
) -> None:
    backup = make_backup(content=b"[\n" + bytes(500_000) + b"]\n")
    with Trouble(s3.port) as network:
        options = s3.options(port=network.port, connect_timeout=5, read_timeout=5, attempts=1)
        entry = {"BACKEND": "backups_app.engine.s3.S3BackupStorage", "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, SECOND: entry}
        network.make(harm, after=200_000)
        job = copy(backup)
        assert (job.state, job.error_code) == (JobState.FAILED, "store-failed")
        assert backup.copy_problem
        assert names(s3.bucket) == []

        network.make("none")
        assert copy(backup).state == JobState.SUCCEEDED
        assert (backup.copied_at is not None, backup.copy_problem) == (True, "")
    assert names(s3.bucket) == [backup.name]
