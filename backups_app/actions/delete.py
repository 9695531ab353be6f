"""delete: take a backup out of the catalogue and remove its file."""

from typing import Any

from django.db import router, transaction

from backups_app import audit
from backups_app.actions.copy import remove_copy
from backups_app.audit import Actor
from backups_app.choices import ACTIVE_STATES, GOOD_STATUSES, JobKind
from backups_app.engine import store
from backups_app.engine.errors import StoreFailed
from backups_app.models import Backup, Job


class DeleteRefused(Exception):
    """`str(error)` says why and what to do."""


def delete_backup(backup: Backup, *, by: Actor, reason: str, confirmed_name: str = "") -> str:
    """Removes row and file, the row first: dying in between leaves a file that a rescan finds, never a lying row.

    Its copy at the second location goes too; returns why that is left, or "".
    The last good backup goes only when `confirmed_name` is its name. Raises DeleteRefused, or StoreFailed when the
    file can't be removed; the row is there again then.
    """
    if not _take_out(backup, confirmed_name):
        return ""
    try:
        store.delete(backup.name)
    except StoreFailed as error:
        backup.save(force_insert=True)
        audit.record("backup.deleted", by=by, backup_name=backup.name, outcome="failed", reason=str(error))
        raise
    left = remove_copy(backup)
    more: dict[str, Any] = {"copy": left} if left else {}
    audit.record(
        "backup.deleted",
        by=by,
        backup_name=backup.name,
        outcome="succeeded",
        reason=reason,
        size=backup.size_bytes,
        **more,
    )
    return left


def is_last_good(backup: Backup) -> bool:
    return backup.is_good and not Backup.objects.filter(status__in=GOOD_STATUSES).exclude(pk=backup.pk).exists()


def _take_out(backup: Backup, confirmed_name: str) -> bool:
    """Removes the row. False when somebody else has done so. Raises DeleteRefused."""
    with transaction.atomic(using=router.db_for_write(Backup)):
        # Locked, so that two who delete the last two good backups at once see each other.
        good = set(Backup.objects.select_for_update().filter(status__in=GOOD_STATUSES).values_list("pk", flat=True))
        if Job.objects.filter(kind=JobKind.RESTORE, state__in=ACTIVE_STATES).exists():
            raise DeleteRefused("A restore is under way. Nothing can be deleted until it has ended.")
        if Job.objects.filter(backup_id=backup.pk, state__in=ACTIVE_STATES).exists():
            raise DeleteRefused(f"{backup.name} is in use by a running job. Wait for it to end, or cancel it.")
        if good == {backup.pk} and confirmed_name != backup.name:
            raise DeleteRefused(f"{backup.name} is the last good backup. To delete it all the same, type its name.")
        # Not backup.delete(), which would take the id from the object.
        deleted, _ = Backup.objects.filter(pk=backup.pk).delete()
    return bool(deleted)
