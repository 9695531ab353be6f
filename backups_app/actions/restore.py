"""restore: bring the database back to exactly what a backup holds, all or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connections, router

from backups_app.actions.create import may_be_listed, scope, write_backup
from backups_app.actions.preview import plan_of
from backups_app.actions.refusals import Objection, Overrides, objections, superusers_after, superusers_now
from backups_app.actions.source import Source, check_stored
from backups_app.audit import Actor
from backups_app.choices import BackupKind
from backups_app.engine import store
from backups_app.engine.check import Checked
from backups_app.engine.errors import CommitUnknown, DiskFull, EngineError, KeysDangle
from backups_app.engine.forms import Plain
from backups_app.engine.inspection import schema_fingerprint
from backups_app.engine.load import Execute, Loaded, load
from backups_app.engine.progress import Stage, Watch
from backups_app.models import Backup


class RestoreRefused(EngineError):
    """The file must not, or not without an override, replace the data."""

    code = "restore-refused"
    hint = "The database was not touched."


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the one who asks has seen: the file's SHA-256 and the database's schema; "" where he has not."""

    sha256: str = ""
    schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`safety_backup` is published and in the catalogue, not read from there, or None when it was not wanted."""

    checked: Checked
    loaded: Loaded
    safety_backup: Backup | None


# Called last before COMMIT with what was done and the safety backup; raises when the job is no longer the caller's.
Fence = Callable[[Execute, Checked, Loaded, Backup | None], None]


def restore_backup(
    source: Source,
    *,
    expected: Expected,
    trigger: str,
    by: Actor,
    owner: UUID,
    watch: Watch,
    overrides: Overrides,
    mark: Callable[[Execute], None],
    fence: Fence,
) -> Restored:
    """Replaces what the database holds by the content of a file, which must be the one that is `expected`.

    Either all of it, proven inside of the transaction, or nothing. `mark` makes the session known by which the data is
    replaced, so that it can be ended when this process does not answer any more. Raises an EngineError; then the
    database is as it was, and no safety backup is left.
    """
    if not source.path:
        refuse_unless_good(source.name)
    with source.unpacked(watch=watch) as plain:
        return _restore(
            plain,
            source.name,
            expected=expected,
            trigger=trigger,
            by=by,
            owner=owner,
            watch=watch,
            overrides=overrides,
            mark=mark,
            fence=fence,
        )


def _restore(
    plain: Plain,
    file: str,
    *,
    expected: Expected,
    trigger: str,
    by: Actor,
    owner: UUID,
    watch: Watch,
    overrides: Overrides,
    mark: Callable[[Execute], None],
    fence: Fence,
) -> Restored:
    checked = check_stored(plain, scope=scope(), watch=watch)
    refuse_unless_expected(checked, expected)
    refuse_unless_fit(checked, by=by, overrides=overrides)
    if not overrides.no_safety_backup:
        _refuse_without_space()
    safety: list[Backup] = []

    def make_safety_backup() -> None:
        if overrides.no_safety_backup:
            return
        safety.append(
            write_backup(
                kind=BackupKind.SAFETY,
                trigger=trigger,
                description=f"Before restoring {file}",
                by=by,
                owner=owner,
                watch=watch.as_stage(Stage.SAFETY_BACKUP),
            )
        )

    def last(execute: Execute, loaded: Loaded) -> None:
        for backup in safety:
            # In the load's own transaction: in the list as soon as the data is replaced, and not before.
            _enter(backup, execute)
        fence(execute, checked, loaded, safety[0] if safety else None)

    try:
        loaded = load(
            plain.open,
            checked=checked,
            scope=scope(),
            watch=watch,
            mark=mark,
            under_lock=make_safety_backup,
            fence=last,
            clear_unnamed=overrides.clear_unnamed,
            keep_dangling=overrides.keep_dangling,
        )
    except CommitUnknown:
        # If it was committed after all, the backup of what was before is worth a file that no list shows.
        raise
    except BaseException as error:
        for backup in safety:
            # When this was declared lost in the meantime, the file may have been adopted.
            if not may_be_listed(backup.name):
                store.delete(backup.name)
        if isinstance(error, KeysDangle):
            # Known only now that all rows had been there together.
            error.hint = Objection(override="keep_dangling", reason=str(error)).hint
        raise
    _forget_what_was()
    return Restored(checked=checked, loaded=loaded, safety_backup=safety[0] if safety else None)


def _refuse_without_space() -> None:
    """The newest backup tells best how large the safety backup will be."""
    newest = Backup.objects.order_by("-created_at").values_list("size_bytes", flat=True).first() or 0
    free = store.free_bytes()
    if free is not None and free < newest:
        raise DiskFull(
            f"The safety backup will take about {newest:,} bytes; the backup folder's disk has {free:,} bytes free.",
            hint="Free space on that disk, or set BACKUPS_DIR to a larger one, then start the restore again."
            " The database was not touched.",
        )


def _enter(backup: Backup, execute: Execute) -> None:
    connection = connections[router.db_for_write(Backup)]
    fields = [field for field in Backup._meta.concrete_fields if not field.primary_key]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    execute(
        f"INSERT INTO {quote(Backup._meta.db_table)} ({columns}) VALUES ({marks})",  # noqa: S608 (quoted names)
        [field.get_db_prep_save(getattr(backup, field.attname), connection) for field in fields],
    )


def _forget_what_was() -> None:
    """What this process remembers of the data that is gone."""
    ContentType.objects.clear_cache()
    if apps.is_installed("django.contrib.sites"):
        from django.contrib.sites.models import Site

        Site.objects.clear_cache()


def refuse_unless_good(name: str) -> None:
    """Raises RestoreRefused for a backup of the list that was found corrupted or missing; only a check lifts that."""
    backup = Backup.objects.filter(name=name).first()
    if backup is not None and not backup.is_good:
        raise RestoreRefused(
            f"{name} is {backup.status}{f': {backup.problem}' if backup.problem else '.'}",
            hint="Put the right file back and verify it, or take another backup. The database was not touched.",
        )


def refuse_unless_expected(checked: Checked, expected: Expected) -> None:
    """Raises RestoreRefused when file or schema are not those that were listed or previewed."""
    if expected.sha256 and checked.stored_sha256 != expected.sha256:
        raise RestoreRefused(
            f"The file is not the one that was asked for: its SHA-256 is {checked.stored_sha256}, expected was "
            f"{expected.sha256}.",
            hint="See what was done to the file, and look at a preview of it again. The database was not touched.",
        )
    if expected.schema and schema_fingerprint(scope().using) != expected.schema:
        raise RestoreRefused(
            "The tables or the applied migrations have changed since the preview.",
            hint="Look at a preview again; what a restore does may be another thing now. The database was not touched.",
        )


def refuse_unless_fit(checked: Checked, *, by: Actor, overrides: Overrides) -> None:
    """Raises RestoreRefused with the first objection that is not waved through."""
    cleared = [table.label for table in plan_of(checked, clear_unnamed=overrides.clear_unnamed).cleared]
    superusers = superusers_after(checked, cleared, superusers_now(scope().using))
    for objection in objections(checked, by=by, superusers=superusers):
        if not objection.is_waved_through(overrides):
            raise RestoreRefused(objection.reason, hint=objection.hint)
