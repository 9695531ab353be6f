"""rescan: bring the catalogue in line with the backup folder."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db.models import Min
from django.utils import timezone

from backups_app.actions.adopt import Adopter, Verdict
from backups_app.actions.copy import bring_back
from backups_app.actions.source import Source
from backups_app.actions.verify import Verifier, is_there
from backups_app.choices import BackupStatus, JobState
from backups_app.engine import store
from backups_app.engine.errors import StoreFailed
from backups_app.models import Backup, Job

# Clocks of file systems are coarse.
_SLACK = timedelta(seconds=1)


def rescan(*, adopter: Adopter) -> list[Verdict]:
    """Adopts the files that no row names, fetches lost ones from the second location, marks rows whose file is gone,
    and those whose file is back.

    One Verdict for each file that was unknown or fetched. Never removes a file or a row.
    """
    verdicts = []
    for name in unknown_files(besides=adopter.owner):
        try:
            verdicts.append(_adopt(name, adopter))
        except StoreFailed as error:
            verdicts.append(Verdict(file=name, reason=str(error)))
    verdicts += bring_back(adopter=adopter)
    mark_missing(Verifier(by=adopter.by, owner=adopter.owner, watch=adopter.watch))
    return verdicts


def unknown_files(*, besides: UUID | None = None) -> list[str]:
    """Names of files in the folder that no row names, but for those that a running job may be about to enter.

    `besides`: a job that writes none. Reads no file.
    """
    # In this order: a job that ends after this look has entered its file by the time that rows are read.
    running = Job.objects.filter(state=JobState.RUNNING).exclude(pk__in=[besides] if besides else [])
    since = running.aggregate(since=Min("started_at"))["since"]
    before = (since or timezone.now()) - _SLACK
    found = [name for name in store.list_names() if name.endswith(store.ENDINGS)]
    known = set(Backup.objects.values_list("name", flat=True))
    return [name for name in found if name not in known and _is_older(name, before)]


def mark_missing(verifier: Verifier) -> None:
    """A row is good only while its file is there; one that came back is looked at."""
    folder = store.folder_path()
    if folder is not None and not folder.is_dir():
        # The whole folder is away, a mount perhaps: that says nothing of the files.
        return
    # In this order: what has a row by now has its file too.
    backups = list(Backup.objects.exclude(status=BackupStatus.CORRUPTED))
    there = set(store.list_names())
    for backup in backups:
        is_missing = backup.status == BackupStatus.MISSING
        if (backup.name in there or is_there(backup.name)) == is_missing:
            verifier.verify(backup)


def _adopt(name: str, adopter: Adopter) -> Verdict:
    if store.is_name(name):
        return adopter.adopt_in_place(name)
    folder = store.folder_path()
    if folder is None:
        return Verdict(file=name, reason="It has not the name of a backup. Import it from a folder.")
    return adopter.copy(Source(name=name, path=str(folder / name)))


def _is_older(name: str, before: datetime) -> bool:
    try:
        if store.is_name(name):
            return store.written_at(name) < before
        folder = store.folder_path()
        # Somebody may be copying it in at this moment.
        return folder is None or Path(folder / name).stat().st_mtime < before.timestamp()
    except OSError:
        return False
