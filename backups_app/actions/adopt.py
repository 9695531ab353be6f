"""adopt: a file that the catalogue does not know becomes a backup, once it was read to its last byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import router, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from backups_app import audit
from backups_app.actions.create import scope
from backups_app.actions.report import report_on
from backups_app.actions.source import Source, check_stored
from backups_app.audit import Actor
from backups_app.choices import BackupKind, BackupStatus
from backups_app.conf import backup_settings
from backups_app.engine import store
from backups_app.engine.check import NEVER, OURS, Checked
from backups_app.engine.dump import CHANGED_BY_LOADDATA, WRAPPED
from backups_app.engine.errors import EngineError, KeyMissing, UnpackFailed
from backups_app.engine.forms import limits_of_outside, unpacked
from backups_app.engine.guard import Limits
from backups_app.engine.progress import Stage, Watch
from backups_app.models import Backup

_FINDINGS_SHOWN = 10


class ImportTooLarge(EngineError):
    """A file from outside has more bytes than are allowed."""

    code = "import-too-large"

    def __init__(self, name: str, most_bytes: int) -> None:
        super().__init__(
            f"{name} is too large: {most_bytes:,} bytes are allowed.",
            hint="Raise UPLOAD_MAX_BYTES if you trust the file. Nothing was taken in.",
        )


def upload_limits() -> Limits:
    """What a file from outside is held to, by the settings."""
    configured = backup_settings()
    return Limits(file_bytes=configured.UPLOAD_MAX_BYTES, record_bytes=configured.UPLOAD_MAX_RECORD_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a file. `backup` names what it is in the list now, "" when it was refused for `reason`."""

    file: str
    backup: str = ""
    is_new: bool = False
    reason: str = ""
    report: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """As it is kept in the job's row; without a report that was not made."""
        told = {name: getattr(self, name) for name in ("file", "backup", "is_new", "reason")}
        return told if self.report is None else {**told, "report": dict(self.report)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopter:
    """For whom and in which job files are adopted."""

    by: Actor
    trigger: str
    owner: UUID
    watch: Watch
    description: str = ""

    def adopt_in_place(self, name: str) -> Verdict:
        """For a file of the store that no row names. It keeps its name, or is copied where that would tell lies."""
        source = Source(name=name)
        try:
            with source.unpacked(limits=limits_of_outside(), watch=self.watch) as plain:
                checked = check_stored(plain, scope=scope(), watch=self.watch)
        except (UnpackFailed, KeyMissing) as error:
            return Verdict(file=name, reason=f"{error} {error.hint}")
        verdict = _known(name, checked) or _refused(name, checked)
        if verdict:
            return verdict
        kind = _kind_of(checked)
        if not store.is_name_of(name, kind) or store.forms_of(name) != plain.forms:
            return self.copy(source)
        return self._enter(name, name, checked, kind)

    def copy(self, source: Source, *, as_upload: bool = False) -> Verdict:
        """For a file from anywhere. What is checked is the copy, so nobody can exchange it in between.

        It is held to the limits for what comes from outside. `as_upload`: it becomes an uploaded backup of this
        moment, whoever made it.
        """
        limits = upload_limits()
        with store.open_part(str(self.owner)) as part:
            with source.open() as stream:
                while block := stream.read(store.BLOCK_BYTES):
                    if part.stream.tell() + len(block) > limits.file_bytes:
                        raise ImportTooLarge(source.name, limits.file_bytes)
                    part.stream.write(block)
                    self.watch.step(Stage.RECEIVE, 0, None)
            part.stream.flush()
            size = part.stream.tell()
            try:
                with unpacked(
                    lambda: part.path.open("rb"),
                    stored_bytes=size,
                    is_local=True,
                    limits=limits_of_outside(),
                    watch=self.watch,
                ) as plain:
                    checked = check_stored(plain, scope=scope(), watch=self.watch, limits=limits)
            except (UnpackFailed, KeyMissing) as error:
                return Verdict(file=source.name, reason=f"{error} {error.hint}")
            report = report_on(checked)
            verdict = _known(source.name, checked) or _refused(source.name, checked)
            if verdict:
                return replace(verdict, report=report)
            kind = BackupKind.UPLOADED if as_upload else _kind_of(checked)
            is_fit = store.is_name_of(source.name, kind) and store.forms_of(source.name) == plain.forms
            is_free = is_fit and not Backup.objects.filter(name=source.name).exists()
            at = timezone.localtime(_made_at(checked, kind))
            name = part.publish(kind, at, wanted=source.name if is_free else "", forms=plain.forms)
        return replace(self._enter(source.name, name, checked, kind), report=report)

    def _enter(self, file: str, name: str, checked: Checked, kind: BackupKind) -> Verdict:
        """Dying before it leaves a good file, which a rescan finds."""
        with transaction.atomic(using=router.db_for_write(Backup)):
            backup, is_new = Backup.objects.get_or_create(name=name, defaults=self._fields(name, checked, kind))
            if is_new:
                audit.record(
                    "backup.adopted",
                    by=self.by,
                    outcome="succeeded",
                    backup_name=name,
                    job_id=self.owner,
                    kind=kind,
                    provenance=checked.provenance,
                    records=checked.record_count,
                    sha256=checked.stored_sha256,
                    file=file,
                )
        return Verdict(file=file, backup=backup.name, is_new=is_new)

    def _fields(self, name: str, checked: Checked, kind: BackupKind) -> dict[str, Any]:
        manifest = checked.manifest or {}
        findings = list(manifest.get("findings") or ())
        counts = [{"model": model, "records": records} for model, records in checked.models]
        return {
            "kind": kind,
            "trigger": self.trigger,
            "description": self.description,
            "size_bytes": store.size_of(name),
            "sha256": checked.stored_sha256,
            "record_count": checked.record_count,
            "model_counts": counts,
            "findings": findings,
            "needs_restore_backup": any(found.get("kind") in (WRAPPED, CHANGED_BY_LOADDATA) for found in findings),
            "created_at": _made_at(checked, kind),
            # Who made one of ours is not told by the file.
            "created_by_id": self.by.id if kind == BackupKind.UPLOADED else "",
            "created_by_name": self.by.name if kind == BackupKind.UPLOADED else "",
            "job_id": self.owner,
            "checked_at": timezone.now(),
            "provenance": checked.provenance,
        }


def _known(file: str, checked: Checked) -> Verdict | None:
    known = Backup.objects.filter(sha256=checked.stored_sha256).exclude(status=BackupStatus.MISSING).first()
    return Verdict(file=file, backup=known.name, reason="It is in the list already.") if known else None


def _refused(file: str, checked: Checked) -> Verdict | None:
    """Whole and ours is always good: the code that it fits may come back. Of others each value must have its place."""
    never = [finding for finding in checked.refusals if finding.kind in NEVER]
    if checked.provenance == OURS:
        return None
    if never:
        shown = "; ".join(f"{finding.where}: {finding.detail}" for finding in never[:_FINDINGS_SHOWN])
        return Verdict(file=file, reason=f"{len(never):,} {'reason' if len(never) == 1 else 'reasons'}: {shown}")
    if not checked.record_count:
        return Verdict(file=file, reason="It holds no records.")
    return None


def _kind_of(checked: Checked) -> BackupKind:
    """Ours keeps its own; whatever can't be proven came from outside."""
    kind = (checked.manifest or {}).get("kind")
    return BackupKind(kind) if checked.provenance == OURS and kind in BackupKind.values else BackupKind.UPLOADED


def _made_at(checked: Checked, kind: BackupKind) -> datetime:
    told = (checked.manifest or {}).get("created_at") if kind != BackupKind.UPLOADED else None
    return (parse_datetime(str(told)) if told else None) or timezone.now()
