"""Verify: the list says of each file what it is worth, and nothing bad is restored."""

import hashlib
import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from backups_app import jobs
from backups_app.actions.adopt import Adopter
from backups_app.actions.delete import DeleteRefused, delete_backup
from backups_app.actions.rescan import rescan
from backups_app.actions.verify import Verified, Verifier, wanted
from backups_app.choices import BackupStatus, JobKind, JobState, Trigger
from backups_app.engine.errors import Cancelled, StoreFailed
from backups_app.engine.progress import Watch
from backups_app.models import AuditEvent, Backup, Job
from eclick.models import Client
from tests.catalogue import AMELIE, BRUNO, make_backup, make_job, trail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def backup(superuser: AbstractUser) -> Backup:
    """A real one, of one client."""
    Client.objects.create(name="Before", country="AT", hourly_rate="95.50")
    call_command("create_automatic_backup", "--here", stdout=StringIO())
    return Backup.objects.get()


@pytest.fixture
def path(backup: Backup, backup_folder: Path) -> Path:
    return backup_folder / backup.name


@pytest.fixture
def verifier() -> Verifier:
    return Verifier(by=AMELIE, owner=uuid.uuid4(), watch=Watch())


def verify(verifier: Verifier, backup: Backup) -> Verified:
    found = verifier.verify(Backup.objects.get(pk=backup.pk))
    assert found is not None
    return found


def status_of(backup: Backup) -> str:
    return str(Backup.objects.get(pk=backup.pk).status)


class TestOne:
    def test_a_whole_one_is_checked_from_now_on(self, backup: Backup, verifier: Verifier) -> None:
        assert (backup.trust, backup.provenance) == ("untested", "ours")
        assert verify(verifier, backup) == Verified(backup=backup.name, status="available", provenance="ours")
        backup.refresh_from_db()
        assert (backup.trust, backup.status, backup.problem) == ("checked", "available", "")
        assert ("backup.verified", "amelie", "succeeded") in trail()

    @pytest.mark.parametrize(
        ("damage", "problem"),
        [
            (lambda content: content.replace(b"Before", b"Behind"), "Its SHA-256 is"),
            (lambda content: content[:-20], "bytes, and had"),
            (lambda content: content + b"\n", "bytes, and had"),
            (lambda content: b"", "It has 0 bytes"),
        ],
        ids=["edited", "cut", "longer", "empty"],
    )
    def test_a_changed_one_is_corrupted_with_the_reason(
        self, damage: Callable[[bytes], bytes], problem: str, backup: Backup, path: Path, verifier: Verifier
    ) -> None:
        path.write_bytes(damage(path.read_bytes()))
        found = verify(verifier, backup)
        assert found.status == "corrupted"
        assert problem in found.problem
        backup.refresh_from_db()
        assert (backup.status, backup.problem, backup.trust) == ("corrupted", found.problem, "untested")
        assert ("backup.verified", "amelie", "failed") in trail()

    def test_a_signature_is_checked_even_where_size_and_hash_are_right(
        self, backup: Backup, path: Path, verifier: Verifier
    ) -> None:
        content = path.read_bytes().replace(b'"kind":"automatic"', b'"kind":"AUTOMATIC"')
        path.write_bytes(content)
        Backup.objects.update(sha256=hashlib.sha256(content).hexdigest())
        found = verify(verifier, backup)
        assert (found.status, found.provenance) == ("corrupted", "changed")
        assert "Its signature is wrong." in found.problem

    def test_one_that_is_gone_is_missing_and_good_again_when_it_is_back(
        self, backup: Backup, path: Path, verifier: Verifier
    ) -> None:
        content = path.read_bytes()
        path.unlink()
        assert verify(verifier, backup).status == "missing"
        path.write_bytes(content[:-1])
        assert verify(verifier, backup).status == "corrupted"
        path.write_bytes(content)
        assert verify(verifier, backup).status == "available"
        assert Backup.objects.get().problem == ""

    def test_one_that_was_restored_says_so_again(self, backup: Backup, path: Path, verifier: Verifier) -> None:
        Backup.objects.update(status=BackupStatus.MISSING, restored_at=timezone.now())
        assert verify(verifier, backup).status == "restored"

    def test_a_folder_that_is_away_says_nothing_of_its_files(
        self, backup: Backup, path: Path, verifier: Verifier
    ) -> None:
        path.parent.rename(path.parent.with_name("unmounted"))
        with pytest.raises(StoreFailed, match="not there"):
            verify(verifier, backup)
        (found,) = verifier.verify_all([backup])
        assert (found.status, found.is_told) == ("available", False)
        assert status_of(backup) == "available"

    def test_one_that_was_deleted_meanwhile_is_no_finding(self, backup: Backup, verifier: Verifier) -> None:
        Backup.objects.all().delete()
        assert verifier.verify(backup) is None

    def test_one_that_does_not_fit_this_project_any_more_is_good_all_the_same(self, verifier: Verifier) -> None:
        odd = make_backup(content=b'[{"model": "gone.thing", "pk": 1, "fields": {"a": 1}}]')
        assert verify(verifier, odd).status == "available"
        assert Backup.objects.get().provenance == "unsigned"

    def test_two_at_once_find_the_same(self, backup: Backup, verifier: Verifier) -> None:
        other = Verifier(by=BRUNO, owner=uuid.uuid4(), watch=Watch(report=lambda *_: verifier.verify(backup) and None))
        assert verify(other, backup).status == "available"


class TestAlarm:
    def test_admins_are_told_once_and_the_log_each_time(
        self, backup: Backup, path: Path, verifier: Verifier, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.ADMINS = [("Ada", "ada@example.com")]
        path.unlink()
        with caplog.at_level(logging.ERROR, logger="backups_app"):
            verify(verifier, backup)
            verify(verifier, backup)
        assert [record.message.split()[0] for record in caplog.records] == ["backup.not_good"] * 2
        (letter,) = mail.outbox
        assert letter.to == ["ada@example.com"]
        assert backup.name in letter.subject
        assert "missing" in letter.body

    def test_a_mail_server_that_fails_stops_nothing(
        self, backup: Backup, path: Path, verifier: Verifier, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.ADMINS = [("Ada", "ada@example.com")]
        settings.EMAIL_BACKEND = "django.core.mail.backends.nowhere.EmailBackend"
        path.unlink()
        assert verify(verifier, backup).status == "missing"
        assert "alarm.not_mailed" in caplog.text


class TestRestoring:
    @pytest.fixture
    def corrupted(self, backup: Backup, path: Path, verifier: Verifier) -> Backup:
        content = path.read_bytes()
        path.write_bytes(content[:-9])
        verify(verifier, backup)
        path.write_bytes(content)
        return backup

    def test_a_corrupted_one_is_refused_when_it_is_asked_for_until_a_check_finds_it_good(
        self, corrupted: Backup, verifier: Verifier
    ) -> None:
        parameters = {"backup_id": corrupted.pk, "name": corrupted.name}
        with pytest.raises(jobs.Refused, match="is corrupted: It has"):
            jobs.submit(JobKind.RESTORE, by=AMELIE, trigger=Trigger.PAGE, parameters=parameters)
        assert not Job.objects.filter(kind=JobKind.RESTORE).exists()

        verify(verifier, corrupted)
        job = jobs.run_here(JobKind.RESTORE, by=AMELIE, trigger=Trigger.COMMAND, parameters=parameters)
        assert (job.state, status_of(corrupted)) == (JobState.SUCCEEDED, "restored")

    def test_one_that_was_found_corrupted_after_it_was_asked_for_is_refused_at_the_start(self, backup: Backup) -> None:
        job = make_job(
            kind=JobKind.RESTORE,
            parameters={"backup_id": backup.pk, "name": backup.name},
            exclusive_slot="restore",
        )
        Backup.objects.update(status=BackupStatus.CORRUPTED, problem="It has 3 bytes, and had 5.")
        jobs.run(job.pk, worker="test", dies_with_parent=False)
        job.refresh_from_db()
        assert (job.state, job.error_code) == (JobState.FAILED, "restore-refused")
        assert "is corrupted: It has 3 bytes" in job.error_message


class TestRescan:
    def test_one_that_came_back_as_another_is_corrupted(self, backup: Backup, path: Path) -> None:
        adopter = Adopter(by=AMELIE, trigger="command", owner=uuid.uuid4(), watch=Watch())
        content = path.read_bytes()
        path.unlink()
        rescan(adopter=adopter)
        assert status_of(backup) == "missing"
        path.write_bytes(content[:-9])
        rescan(adopter=adopter)
        assert status_of(backup) == "corrupted"


class TestJob:
    def run(self, **parameters: Any) -> Job:
        return jobs.run_here(JobKind.VERIFY, by=AMELIE, trigger=Trigger.COMMAND, parameters=parameters)

    def test_it_keeps_what_it_found(self, backup: Backup) -> None:
        gone = make_backup(content=b"[\n]\n", name="uploaded_backup_20260101_000000.json")
        job = self.run()
        assert job.state == JobState.SUCCEEDED
        assert {found["backup"]: found["status"] for found in job.result["backups"]} == {
            backup.name: "available",
            gone.name: "missing",
        }
        assert (job.backup_id, job.backup_name) == (None, "")
        ended = AuditEvent.objects.get(event="verify.ended")
        assert ended.detail == {"checked": 2, "bad": [gone.name]}

    def test_cancelled_it_keeps_what_was_checked_by_then_and_changes_nothing_else(self, backup: Backup) -> None:
        other = make_backup(days_old=2)
        checked: list[str] = []
        watch = Watch(is_cancelled=lambda: len(checked) == 2)
        verifier = Verifier(
            by=AMELIE, owner=uuid.uuid4(), watch=watch, take=lambda backup: checked.append(backup.name) or True
        )
        with pytest.raises(Cancelled, match="1 backups had been checked"):
            verifier.verify_all([other, backup])
        other.refresh_from_db()
        backup.refresh_from_db()
        assert other.checked_at is not None
        assert backup.checked_at is None

    def test_a_file_that_is_being_checked_is_not_deleted(self, backup: Backup, monkeypatch: pytest.MonkeyPatch) -> None:
        refused: list[str] = []

        def try_to_delete(self: Verifier, backup: Backup) -> Watch:
            try:
                delete_backup(backup, by=BRUNO, reason="a test", confirmed_name=backup.name)
            except DeleteRefused as refusal:
                refused.append(str(refusal))
            return Watch()

        monkeypatch.setattr(Verifier, "_watch", try_to_delete)
        assert self.run().state == JobState.SUCCEEDED
        assert refused == [f"{backup.name} is in use by a running job. Wait for it to end, or cancel it."]
        assert Backup.objects.exists()

    def test_it_makes_way_for_a_restore_that_was_asked_for(
        self, backup: Backup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_backup(days_old=2)
        verify_one = Verifier.verify

        def ask_for_a_restore(self: Verifier, backup: Backup) -> Verified | None:
            make_job(kind=JobKind.RESTORE, exclusive_slot="restore")
            return verify_one(self, backup)

        monkeypatch.setattr(Verifier, "verify", ask_for_a_restore)
        job = self.run()
        assert (len(job.result["backups"]), job.result["left"]) == (1, 1)

    def test_one_that_died_changed_nothing(self, backup: Backup) -> None:
        make_job(JobState.RUNNING, JobKind.VERIFY, backup_id=backup.pk)
        jobs.reap()
        assert Job.objects.get(kind=JobKind.VERIFY).state == JobState.LOST
        assert Backup.objects.get().checked_at is None


class TestNightly:
    @pytest.fixture(autouse=True)
    def no_queue(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("backups_app.dispatch.send", lambda job: None)

    def test_those_are_read_that_nobody_has_looked_at_for_longest(self, settings: Any) -> None:
        settings.BACKUPS = {**settings.BACKUPS, "VERIFY_A_NIGHT": 2}
        now = timezone.now()
        make_backup(checked_at=now)
        long_ago = make_backup(checked_at=now - timedelta(days=9))
        make_backup(checked_at=now - timedelta(days=8))
        never = make_backup()
        job = jobs.verify_tonight()
        assert job is not None
        assert (job.kind, job.trigger, job.requested_by_name) == (JobKind.VERIFY, Trigger.SCHEDULE, "schedule")
        assert wanted(job.parameters) == [never, long_ago]

    def test_none_is_asked_for_while_one_is_under_way_or_there_is_nothing(self) -> None:
        assert jobs.verify_tonight() is None
        make_backup()
        assert jobs.verify_tonight() is not None
        assert jobs.verify_tonight() is None


def test_a_restore_with_the_command_is_refused_too(backup: Backup) -> None:
    Backup.objects.update(status=BackupStatus.CORRUPTED)
    with pytest.raises(CommandError, match="is corrupted"):
        call_command("restore_backup", backup.name, "--here", "--force")
