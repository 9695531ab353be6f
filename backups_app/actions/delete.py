"""delete: take a backup out of the catalogue and remove its file."""

from backups_app import audit
from backups_app.audit import Actor
from backups_app.choices import ACTIVE_STATES, GOOD_STATUSES
from backups_app.engine import store
from backups_app.models import Backup, Job


class DeleteRefused(Exception):
    """`str(error)` says why and what to do."""


def delete_backup(backup: Backup, *, by: Actor, reason: str, confirmed_name: str = "") -> None:
    """Removes row and file, the row first: dying in between leaves a file that a rescan finds, never a lying row.

    The last good backup goes only when `confirmed_name` is its name. Raises DeleteRefused.
    """
    if Job.objects.filter(backup_id=backup.pk, state__in=ACTIVE_STATES).exists():
        raise DeleteRefused(f"{backup.name} is in use by a running job. Wait for it to end, or cancel it.")
    if is_last_good(backup) and confirmed_name != backup.name:
        raise DeleteRefused(f"{backup.name} is the last good backup. To delete it all the same, type its name.")
    pk, name = backup.pk, backup.name
    deleted, _ = Backup.objects.filter(pk=pk).delete()
    if not deleted:
        return
    store.delete(name)
    audit.record("backup.deleted", by=by, backup_name=name, outcome="succeeded", reason=reason, size=backup.size_bytes)


def is_last_good(backup: Backup) -> bool:
    return backup.is_good and not Backup.objects.filter(status__in=GOOD_STATUSES).exclude(pk=backup.pk).exists()
