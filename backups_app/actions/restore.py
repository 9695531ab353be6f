"""restore: bring the database back to exactly what a backup holds, all or nothing."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from django.contrib.contenttypes.models import ContentType

from backups_app.actions.create import scope, write_backup
from backups_app.audit import Actor
from backups_app.choices import BackupKind
from backups_app.engine import store
from backups_app.engine.check import Checked, check
from backups_app.engine.errors import CommitUnknown, EngineError
from backups_app.engine.load import Loaded, load
from backups_app.engine.progress import Stage, Watch
from backups_app.models import Backup

# Runs SQL on the connection of the load and returns how many rows it changed.
Execute = Callable[[str, Sequence[Any]], int]

_FINDINGS_SHOWN = 10


class RestoreRefused(EngineError):
    """The file must not, or not without an override, replace the data."""

    code = "restore-refused"
    hint = "The database was not touched."


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the one who asks takes upon himself; each has its own flag and its own confirmation, and is recorded."""

    no_safety_backup: bool = False
    accept_foreign: bool = False
    accept_lock_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`safety_backup` is published and in the catalogue, or None when it was not wanted."""

    loaded: Loaded
    safety_backup: Backup | None
    seconds: float


def restore_backup(
    *,
    name: str,
    sha256: str,
    trigger: str,
    by: Actor,
    owner: UUID,
    watch: Watch,
    overrides: Overrides,
    mark: Callable[[Execute], None],
    fence: Callable[[Execute], None],
) -> Restored:
    """Replaces what the database holds by the content of the file `name`, whose SHA-256 must be `sha256`.

    Either all of it, proven inside of the transaction, or nothing. `mark` makes the session known by which the data is
    replaced, so that it can be ended when this process does not answer any more. `fence` is called last before COMMIT
    and raises when the job is no longer the caller's. Raises an EngineError; then the database is as it was, and no
    safety backup is left.
    """
    started = time.monotonic()

    def open_stream() -> BinaryIO:
        file: Any = store.open_file(name)
        return file  # type: ignore[no-any-return]

    checked = check(open_stream, scope=scope(), watch=watch)
    refuse_unless_fit(checked, sha256=sha256, by=by, overrides=overrides)
    safety: list[Backup] = []

    def make_safety_backup() -> None:
        if overrides.no_safety_backup:
            return
        safety.append(
            write_backup(
                kind=BackupKind.SAFETY,
                trigger=trigger,
                description=f"Before restoring {name}",
                by=by,
                owner=owner,
                watch=_as_stage(watch, Stage.SAFETY_BACKUP),
            )
        )

    try:
        loaded = load(
            open_stream,
            checked=checked,
            scope=scope(),
            watch=watch,
            mark=mark,
            under_lock=make_safety_backup,
            fence=fence,
        )
    except CommitUnknown:
        # If it was committed after all, the backup of what was before is worth a file that no list shows.
        raise
    except BaseException:
        for backup in safety:
            store.delete(backup.name)
        raise
    for backup in safety:
        # Not earlier: the catalogue is in the database that was locked.
        backup.save(force_insert=True)
    ContentType.objects.clear_cache()
    return Restored(loaded=loaded, safety_backup=safety[0] if safety else None, seconds=time.monotonic() - started)


def refuse_unless_fit(checked: Checked, *, sha256: str, by: Actor, overrides: Overrides) -> None:
    """Raises RestoreRefused. Called again at the start of the job: the file may have changed since it was asked for."""
    if sha256 and checked.sha256 != sha256:
        raise RestoreRefused(
            f"The file is not the one in the catalogue: its SHA-256 is {checked.sha256}, expected was {sha256}."
        )
    if checked.provenance == "changed":
        raise RestoreRefused("The file was changed after it was made: its digests or its signature do not fit.")
    if checked.refusals:
        shown = "; ".join(f"{finding.where}: {finding.detail}" for finding in checked.refusals[:_FINDINGS_SHOWN])
        raise RestoreRefused(f"The file can't be restored here ({len(checked.refusals):,} reasons): {shown}")
    if checked.provenance != "ours" and not overrides.accept_foreign:
        raise RestoreRefused(
            f"It can't be proven that this installation made the file ({checked.provenance}). "
            f"Its superusers are: {', '.join(checked.superusers) or 'none'}.",
            hint="If you trust the file, confirm that (--accept-foreign). The database was not touched.",
        )
    if overrides.accept_lock_out:
        return
    if not checked.superusers:
        raise RestoreRefused(
            "Nobody in the file is an active superuser: after the restore nobody could manage backups.",
            hint="If that is meant, confirm it (--accept-lock-out). The database was not touched.",
        )
    # Who has an id is a user of this database; commands are given by people of the machine.
    if by.id and by.name not in checked.superusers:
        raise RestoreRefused(
            f"You ({by.name}) are no active superuser in the file, so after the restore you could not manage backups. "
            f"Those who could: {', '.join(checked.superusers)}.",
            hint="If that is meant, confirm it (--accept-lock-out). The database was not touched.",
        )


def _as_stage(watch: Watch, stage: Stage) -> Watch:
    return Watch(report=lambda _stage, done, total: watch.report(stage, done, total), is_cancelled=watch.is_cancelled)
