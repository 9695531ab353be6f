"""create: dump the database into a new file and enter it in the catalogue."""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import Error, connections, router, transaction
from django.utils import timezone

from backups_app.audit import Actor
from backups_app.choices import BackupKind, Provenance
from backups_app.conf import backup_settings
from backups_app.engine import store
from backups_app.engine.dump import Dumped, Scope, dump
from backups_app.engine.forms import Packed, configured_forms, packed
from backups_app.engine.progress import Stage, Watch
from backups_app.models import Backup

# Records the end of the job together with the new row; raises when the job is no longer the caller's.
Settle = Callable[[Backup], None]


def create_backup(
    *,
    kind: BackupKind,
    trigger: str,
    description: str,
    by: Actor,
    owner: UUID,
    watch: Watch,
    settle: Settle,
) -> Backup:
    """Makes a backup that is whole, or nothing: after any exception neither file nor row is left, or both are.

    `owner` is the id of the job that asks. The row appears after the file, in the transaction that `settle` ends the
    job in; dying between the two leaves a good file that a rescan finds. Both are left when the exception came after
    the commit, as a time limit's may.
    """
    backup = write_backup(kind=kind, trigger=trigger, description=description, by=by, owner=owner, watch=watch)
    try:
        with transaction.atomic(using=router.db_for_write(Backup)):
            backup.save(force_insert=True)
            settle(backup)
    except BaseException:
        if not may_be_listed(backup.name):
            store.delete(backup.name)
        raise
    return backup


def write_backup(*, kind: BackupKind, trigger: str, description: str, by: Actor, owner: UUID, watch: Watch) -> Backup:
    """Publishes the file and returns its row, not yet saved. Only reads the database."""
    started = time.monotonic()
    with store.open_part(str(owner)) as part:
        with packed(part.stream, configured_forms()) as packing:
            within = kind is BackupKind.SAFETY
            dumped = dump(packing.stream, scope=scope(), kind=kind, watch=watch, is_within_load=within)
        watch.step(Stage.PUBLISH, dumped.record_count, dumped.record_count)
        name = part.publish(kind, timezone.localtime(), forms=packing.forms)
    backup = _row(name, dumped, packing, kind=kind, trigger=trigger, description=description, by=by, owner=owner)
    backup.duration_seconds = time.monotonic() - started
    return backup


def may_be_listed(name: str) -> bool:
    """True also when the database can't tell: a file without a row does no harm, a row without its file lies."""
    try:
        # What went wrong may have been the session itself.
        connections[router.db_for_write(Backup)].close_if_unusable_or_obsolete()
        return Backup.objects.using(router.db_for_write(Backup)).filter(name=name).exists()
    except Error:
        return True


def scope() -> Scope:
    """What this project backs up, by its settings."""
    configured = backup_settings()
    return Scope(using=configured.DATABASE, exclude=configured.EXCLUDE, include=configured.INCLUDE)


def _row(
    name: str,
    dumped: Dumped,
    packing: Packed,
    *,
    kind: BackupKind,
    trigger: str,
    description: str,
    by: Actor,
    owner: UUID,
) -> Backup:
    manifest: Any = dumped.manifest
    return Backup(
        name=name,
        kind=kind,
        trigger=trigger,
        description=description,
        size_bytes=packing.size_bytes,
        sha256=packing.sha256,
        record_count=dumped.record_count,
        model_counts=[entry for entry in manifest["tables"] if entry["records"]],
        findings=manifest["findings"],
        needs_restore_backup=dumped.needs_restore,
        created_at=timezone.now(),
        created_by_id=by.id,
        created_by_name=by.name,
        job_id=owner,
        provenance=Provenance.OURS,
    )
