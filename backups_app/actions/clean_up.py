"""clean up: remove the automatic backups that are past their days."""

from collections.abc import Sequence
from dataclasses import dataclass

from backups_app.actions.delete import DeleteRefused, delete_backup
from backups_app.audit import Actor
from backups_app.choices import BackupKind
from backups_app.engine.errors import Cancelled
from backups_app.engine.progress import Stage, Watch
from backups_app.models import Backup


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    backup: Backup
    keep: bool
    reason: str


def judge(backups: Sequence[Backup], *, keep_days: int) -> list[Verdict]:
    """What stays and what goes, and why; newest first. Pure.

    Only automatic backups ever go. The days count back from the newest good automatic backup and not from now, so
    that a schedule that has died deletes nothing, and that newest one stays whatever its age.
    """
    ordered = sorted(backups, key=lambda backup: (backup.created_at, backup.pk), reverse=True)
    newest = next((backup for backup in ordered if backup.kind == BackupKind.AUTOMATIC and backup.is_good), None)
    verdicts = []
    for backup in ordered:
        if backup.kind != BackupKind.AUTOMATIC:
            verdicts.append(Verdict(backup=backup, keep=True, reason=f"{backup.kind} backups are kept"))
        elif newest is None or backup == newest:
            verdicts.append(Verdict(backup=backup, keep=True, reason="no newer good automatic backup"))
        elif (newest.created_at - backup.created_at).days < keep_days:
            verdicts.append(Verdict(backup=backup, keep=True, reason=f"within {keep_days} days of {newest.name}"))
        else:
            verdicts.append(Verdict(backup=backup, keep=False, reason=f"{keep_days} days or more before {newest.name}"))
    return verdicts


def clean_up(*, keep_days: int, by: Actor, watch: Watch) -> list[str]:
    """Deletes what `judge` condemns, oldest first. Returns the names. Raises Cancelled, keeping the rest."""
    condemned = [verdict for verdict in judge(list(Backup.objects.all()), keep_days=keep_days) if not verdict.keep]
    deleted: list[str] = []
    for done, verdict in enumerate(reversed(condemned)):
        watch.report(Stage.CHECK, done, len(condemned))
        if watch.is_cancelled():
            raise Cancelled(f"Cancelled after deleting {len(deleted)} of {len(condemned)} backups.")
        try:
            delete_backup(verdict.backup, by=by, reason=verdict.reason)
        except DeleteRefused:
            continue
        deleted.append(verdict.backup.name)
    return deleted
