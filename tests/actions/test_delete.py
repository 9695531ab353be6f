"""Deleting: row before file, the last good one only by name, and never both of two at once."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import Error, connections

from backups_app.actions.delete import DeleteRefused, delete_backup, is_last_good
from backups_app.choices import BackupStatus, JobKind, JobState
from backups_app.engine.errors import StoreFailed
from backups_app.models import AuditEvent, Backup
from tests.catalogue import AMELIE, BRUNO, files, make_backup, make_job


@pytest.mark.django_db
class TestOne:
    def test_goes_with_its_file(self) -> None:
        kept, gone = make_backup(), make_backup()
        delete_backup(gone, by=AMELIE, reason="asked for")
        assert files() == {kept.name}
        assert list(Backup.objects.all()) == [kept]
        assert AuditEvent.objects.get().detail == {"reason": "asked for", "size": gone.size_bytes}

    @pytest.mark.parametrize("status", BackupStatus)
    def test_is_the_last_good_one_only_while_no_other_is_good(self, status: BackupStatus) -> None:
        backup = make_backup()
        other = make_backup(status=status)
        assert is_last_good(backup) == (not other.is_good)
        assert not is_last_good(other) or backup.status not in {"available", "restored"}

    def test_is_refused_when_it_is_the_last_good_one(self) -> None:
        backup = make_backup()
        for typed in ("", "yes", backup.name + " "):
            with pytest.raises(DeleteRefused, match="last good backup"):
                delete_backup(backup, by=AMELIE, reason="", confirmed_name=typed)
        assert files() == {backup.name}
        delete_backup(backup, by=AMELIE, reason="", confirmed_name=backup.name)
        assert files() == set()

    @pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
    def test_is_refused_while_a_job_uses_it(self, state: JobState) -> None:
        make_backup()
        backup = make_backup()
        make_job(state, backup_id=backup.pk)
        with pytest.raises(DeleteRefused, match="in use"):
            delete_backup(backup, by=AMELIE, reason="")
        assert backup.name in files()

    def test_is_refused_while_a_restore_is_under_way(self) -> None:
        make_backup()
        backup = make_backup()
        make_job(JobState.QUEUED, JobKind.RESTORE)
        with pytest.raises(DeleteRefused, match="restore is under way"):
            delete_backup(backup, by=AMELIE, reason="")
        assert backup.name in files()

    def test_that_somebody_else_has_deleted_is_left_at_that(self) -> None:
        make_backup()
        backup = make_backup()
        delete_backup(Backup.objects.get(pk=backup.pk), by=AMELIE, reason="")
        delete_backup(backup, by=BRUNO, reason="")
        assert [event.actor_name for event in AuditEvent.objects.all()] == ["amelie"]

    def test_whose_file_is_gone_goes_from_the_list(self, backup_folder: Path) -> None:
        make_backup()
        backup = make_backup()
        (backup_folder / backup.name).unlink()
        delete_backup(backup, by=AMELIE, reason="")
        assert not Backup.objects.filter(pk=backup.pk).exists()

    def test_whose_file_can_not_be_deleted_is_listed_as_before(self, monkeypatch: pytest.MonkeyPatch) -> None:
        make_backup()
        backup = make_backup(description="as before")
        before = Backup.objects.filter(pk=backup.pk).values().get()

        def refuse(*_arguments: Any) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "remove", refuse)
        with pytest.raises(StoreFailed, match="could not be deleted"):
            delete_backup(backup, by=AMELIE, reason="")
        assert Backup.objects.filter(pk=backup.pk).values().get() == before
        assert AuditEvent.objects.get().outcome == "failed"

    def test_whose_deleter_dies_between_row_and_file_leaves_a_file_and_never_a_row_without_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_backup()
        backup = make_backup()

        class Died(BaseException):
            pass

        def die(*_arguments: Any) -> None:
            raise Died

        monkeypatch.setattr(os, "remove", die)
        with pytest.raises(Died):
            delete_backup(backup, by=AMELIE, reason="")
        assert backup.name in files()
        assert not Backup.objects.filter(pk=backup.pk).exists()


def test_of_the_last_two_good_ones_that_are_deleted_at_once_one_stays(machinery: str) -> None:
    for _ in range(5):
        Backup.objects.all().delete()
        both = [make_backup(), make_backup()]
        start = threading.Barrier(2)
        refused: list[Exception] = []

        def delete(backup: Backup, start: threading.Barrier = start, refused: list[Exception] = refused) -> None:
            start.wait()
            try:
                delete_backup(backup, by=AMELIE, reason="")
            except (DeleteRefused, Error) as error:
                refused.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=delete, args=(backup,)) for backup in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Backup.objects.count() == 1
        assert len(refused) == 1
        assert isinstance(refused[0], DeleteRefused)
