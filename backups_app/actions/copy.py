"""copy: a backup's file once more, at a second location, proven by reading it back; and back from there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q, QuerySet

from backups_app.actions.adopt import Adopter, Verdict
from backups_app.choices import GOOD_STATUSES, BackupStatus
from backups_app.conf import backup_settings
from backups_app.engine import store
from backups_app.engine.checksum import sha256_of
from backups_app.engine.errors import Cancelled, EngineError, StoreFailed
from backups_app.engine.progress import Stage, Watch
from backups_app.models import Backup


class CopyFailed(EngineError):
    """There is no proven second copy."""

    code = "copy-failed"
    hint = (
        "The backup itself is not touched. It is tried again within the hour, a day long; see what stands in its way."
    )


def copy_backup(backup: Backup, *, owner: UUID, watch: Watch) -> None:
    """Copies the file to BACKUPS["COPY_TO"] under its own name, and reads the copy to its end.

    Raises StoreFailed or CopyFailed; then nothing of that name is there that is not whole. One that is there already,
    since a worker died right after it was made, is proven and kept.
    """
    target = backup_settings().COPY_TO
    if not store.exists(backup.name, alias=target):
        _bring(backup, owner=owner, watch=watch, of=store.ALIAS, to=target)
    elif _sha256(backup, watch=watch, alias=target) != backup.sha256:
        raise CopyFailed(
            f"At the second location another file is called {backup.name}; it was left as it is.",
            hint="Look what it is, and move it away. The backup itself is not touched.",
        )


def wanting() -> QuerySet[Backup]:
    """Good backups that have no copy, oldest first."""
    return Backup.objects.filter(status__in=GOOD_STATUSES, copied_at=None).order_by("created_at", "pk")


def remove_copy(backup: Backup) -> str:
    """Of a backup that is deleted. Returns why the copy is left, or ""."""
    target = backup_settings().COPY_TO
    if backup.copied_at is None or not target:
        return ""
    try:
        store.delete(backup.name, alias=target)
    except (StoreFailed, OSError) as error:
        return f"Its copy at the second location is left: {error}"
    return ""


def bring_back(*, adopter: Adopter) -> list[Verdict]:
    """Fetches files that the first location has lost and the second has. One Verdict for each."""
    target = backup_settings().COPY_TO
    if not target or _is_away():
        return []
    verdicts = []
    # In this order: what has a row by now has its file too.
    copied = list(Backup.objects.exclude(Q(copied_at=None) | Q(status=BackupStatus.CORRUPTED)))
    there = set(store.list_names())
    for backup in copied:
        # One that was deleted meanwhile has no file on purpose.
        if backup.name in there or not Backup.objects.filter(pk=backup.pk).exists():
            continue
        try:
            _bring(backup, owner=adopter.owner, watch=adopter.watch, of=target, to=store.ALIAS)
        except Cancelled:
            raise
        except EngineError as error:
            verdicts.append(Verdict(file=backup.name, reason=f"It did not come back from the second location. {error}"))
        else:
            verdicts.append(
                Verdict(file=backup.name, backup=backup.name, reason="It came back from the second location.")
            )
    return verdicts


def _is_away() -> bool:
    """The whole folder, a mount perhaps: nothing is written into the place where it should be."""
    folder = store.folder_path()
    return folder is not None and not folder.is_dir()


def _bring(backup: Backup, *, owner: UUID, watch: Watch, of: str, to: str) -> None:
    digest = hashlib.sha256()
    with store.open_part(str(owner), alias=to) as part:
        for block in _blocks(backup, watch=watch, alias=of):
            digest.update(block)
            part.stream.write(block)
        if digest.hexdigest() != backup.sha256:
            raise CopyFailed(
                f"The file of {backup.name} is not the one that was made: its SHA-256 is {digest.hexdigest()}, "
                f"and {backup.sha256} is right. It was not copied.",
                hint="Verify the backup. If it is damaged, make another one.",
            )
        part.publish_as(backup.name)
    if _sha256(backup, watch=watch, alias=to) != backup.sha256:
        store.delete(backup.name, alias=to)
        raise CopyFailed(f"What was read back of the copy of {backup.name} is not what was written; it was removed.")


def _sha256(backup: Backup, *, watch: Watch, alias: str) -> str:
    return sha256_of(_blocks(backup, watch=watch, alias=alias))


def _blocks(backup: Backup, *, watch: Watch, alias: str) -> Iterator[bytes]:
    done = 0
    try:
        for block in store.blocks(backup.name, alias=alias):
            done += len(block)
            watch.report(Stage.COPY, done, backup.size_bytes)
            if watch.is_cancelled():
                raise Cancelled(f"Cancelled after {done:,} bytes; nothing was left behind.")
            yield block
    except OSError as error:
        raise CopyFailed(f"{backup.name} can't be read: {error.strerror or error}.") from error
