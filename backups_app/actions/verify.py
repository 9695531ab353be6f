"""verify: read a backup's file to its last byte, and say in the catalogue what it is worth."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import router, transaction
from django.db.models import F
from django.utils import timezone

from backups_app import audit
from backups_app.actions.create import scope
from backups_app.actions.source import Source, check_stored
from backups_app.audit import Actor
from backups_app.choices import BackupStatus
from backups_app.engine import store
from backups_app.engine.check import DAMAGED, Checked
from backups_app.engine.checksum import sha256_of
from backups_app.engine.errors import Cancelled, KeyMissing, StoreFailed, UnpackFailed
from backups_app.engine.progress import Stage, Watch
from backups_app.logs import log
from backups_app.models import Backup
from backups_app.notifications import mail_alarm

_FINDINGS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a look at one backup found. `problem` is "" for a good one; `is_told` False when nothing could be told."""

    backup: str
    status: str
    problem: str = ""
    provenance: str = ""
    is_told: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """For whom and in which job backups are verified. `take` says whether the next one may be read, and is in use."""

    by: Actor
    owner: UUID
    watch: Watch
    take: Callable[[Backup], bool] = lambda backup: True

    def verify_all(self, backups: Iterable[Backup]) -> list[Verified]:
        """Each is entered when it has been read: what is cancelled or killed in between keeps what was found."""
        verdicts: list[Verified] = []
        for backup in backups:
            if not self.take(backup):
                break
            try:
                found = self.verify(backup)
            except (StoreFailed, KeyMissing) as error:
                problem = f"{error} {error.hint}"
                found = Verified(backup=backup.name, status=backup.status, problem=problem, is_told=False)
            except Cancelled as stop:
                raise Cancelled(f"Cancelled; {len(verdicts):,} backups had been checked by then.") from stop
            if found is not None:
                verdicts.append(found)
        return verdicts

    def verify(self, backup: Backup) -> Verified | None:
        """None when the backup was deleted. Raises StoreFailed or KeyMissing where it can't be told."""
        if not is_there(backup.name):
            return self.enter(backup, BackupStatus.MISSING, "Its file is gone from the backup folder.")
        checked: Checked | None = None
        try:
            watch = self._watch(backup)
            with Source(name=backup.name).unpacked(watch=watch) as plain:
                checked = check_stored(plain, scope=scope(), watch=watch)
                problem = _problem(backup, checked, plain.stored_bytes)
        except UnpackFailed as error:
            problem = str(error)
        except KeyMissing:
            # Nobody here can look inside; that the bytes are those that were written can be told all the same.
            if sha256_of(store.blocks(backup.name)) == backup.sha256:
                raise
            problem = "Its SHA-256 is not what it was."
        except StoreFailed:
            if is_there(backup.name):
                raise
            return self.enter(backup, BackupStatus.MISSING, "Its file is gone from the backup folder.")
        except OSError as error:
            if error.errno != errno.EIO:
                raise StoreFailed(f"{backup.name} can't be read: {error.strerror or error}.") from error
            problem = "The disk can't read all of it any more."
        if problem:
            return self.enter(backup, BackupStatus.CORRUPTED, problem, checked)
        good = BackupStatus.RESTORED if backup.restored_at else BackupStatus.AVAILABLE
        return self.enter(backup, good, "", checked)

    def enter(
        self, backup: Backup, status: BackupStatus, problem: str, checked: Checked | None = None
    ) -> Verified | None:
        """Row and audit trail together. None when the row is gone, or is that of another file by now."""
        provenance = checked.provenance if checked else backup.provenance
        with transaction.atomic(using=router.db_for_write(Backup)):
            before = Backup.objects.select_for_update().filter(pk=backup.pk, sha256=backup.sha256).first()
            if before is None:
                return None
            if before.restored_at and status == BackupStatus.AVAILABLE:
                status = BackupStatus.RESTORED
            Backup.objects.filter(pk=backup.pk).update(
                status=status, problem=problem, provenance=provenance, checked_at=timezone.now()
            )
            audit.record(
                "backup.verified",
                by=self.by,
                outcome="failed" if problem else "succeeded",
                backup_name=backup.name,
                job_id=self.owner,
                status=status,
                before=before.status,
                provenance=provenance,
                reason=problem,
            )
            if problem:
                transaction.on_commit(lambda: _alarm(before, status, problem), using=router.db_for_write(Backup))
        return Verified(backup=backup.name, status=status, problem=problem, provenance=provenance)

    def _watch(self, backup: Backup) -> Watch:
        """The number of records is known before."""

        def report(stage: Stage, done: int, _total: int | None) -> None:
            self.watch.report(stage, done, max(done, backup.record_count))

        return Watch(report=report, is_cancelled=self.watch.is_cancelled)


def is_there(name: str) -> bool:
    """Raises StoreFailed where the folder as a whole is away, a mount perhaps: that says nothing of the files."""
    folder = store.folder_path()
    if folder is not None and not folder.is_dir():
        raise StoreFailed("The backup folder is not there.", hint="Mount it, or check BACKUPS_DIR; then check again.")
    try:
        return store.exists(name)
    except OSError as error:
        raise StoreFailed(f"The backup folder can't be read: {error.strerror or error}.") from error


def wanted(parameters: Mapping[str, Any]) -> list[Backup]:
    """Of a job's parameters: the one with `backup_id`, the `least_recently_checked` so many, or all, in that order."""
    if parameters.get("backup_id"):
        return list(Backup.objects.filter(pk=parameters["backup_id"]))
    ordered = Backup.objects.order_by(F("checked_at").asc(nulls_first=True), "-created_at", "-pk")
    number = parameters.get("least_recently_checked")
    return list(ordered[:number] if number else ordered)


def _problem(backup: Backup, checked: Checked, stored_bytes: int) -> str:
    """Why the file is not what was listed, or "". Whether it fits this project is no matter of the file."""
    damaged = [finding for finding in checked.refusals if finding.kind in DAMAGED]
    found = "; ".join(f"{finding.where}: {finding.detail}" for finding in damaged[:_FINDINGS_SHOWN])
    if stored_bytes != backup.size_bytes:
        return f"It has {stored_bytes:,} bytes, and had {backup.size_bytes:,}. {found}".strip()
    if checked.stored_sha256 != backup.sha256:
        return f"Its SHA-256 is {checked.stored_sha256}, and was {backup.sha256}. {found}".strip()
    return found


def _alarm(before: Backup, status: BackupStatus, problem: str) -> None:
    log.error("backup.not_good", backup=before.name, status=status, before=before.status, reason=problem)
    if before.is_good:
        text = f"The backup {before.name} is {status} and can't be restored any more.\n\n{problem}\n"
        mail_alarm(f"A backup is {status}: {before.name}", text)
