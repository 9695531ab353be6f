"""What the history tells of jobs that have ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backups_app.actions.refusals import flag_of
from backups_app.choices import JobKind, JobState
from backups_app.models import Backup, Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    model: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Of a restore. `undo` is the safety backup while it is in the list."""

    records: int
    seconds: float
    sha256: str
    reason: str
    proven: bool
    durations: list[tuple[str, float]]
    overrides: list[str]
    remarks: list[Mapping[str, str]]
    counts: list[Count]
    safety_backup: str
    undo: Backup | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A job, and what came of it.

    `outcome` of a restore, `files` of an import or rescan, `report` of a validation, `bad` of a check.
    """

    job: Job
    outcome: Outcome | None
    files: list[Mapping[str, Any]]
    report: Mapping[str, Any] | None
    verified: list[Mapping[str, Any]]

    @property
    def bad(self) -> list[Mapping[str, Any]]:
        return [found for found in self.verified if found["problem"]]


def history(jobs: Iterable[Job]) -> list[History]:
    listed = list(jobs)
    names = {str((job.result or {}).get("safety_backup") or "") for job in listed}
    undos = {backup.name: backup for backup in Backup.objects.filter(name__in=names) if backup.is_good}
    return [
        History(
            job=job,
            outcome=_outcome(job, undos),
            files=(job.result or {}).get("files", []),
            report=job.result if job.kind == JobKind.VALIDATE else None,
            verified=(job.result or {}).get("backups", []),
        )
        for job in listed
    ]


def _outcome(job: Job, undos: Mapping[str, Backup]) -> Outcome | None:
    result = job.result
    if job.kind != JobKind.RESTORE or job.state != JobState.SUCCEEDED or not result:
        return None
    before, after = result.get("before", {}), result.get("after", {})
    safety = result.get("safety_backup", "")
    return Outcome(
        records=result.get("records", 0),
        seconds=result.get("seconds", 0),
        sha256=result.get("sha256", ""),
        reason=result.get("reason", ""),
        proven=bool(result.get("proven")),
        durations=result.get("durations", []),
        overrides=[flag_of(name) for name in result.get("overrides", [])],
        remarks=result.get("remarks", []),
        counts=[Count(model=model, before=before.get(model, 0), after=after[model]) for model in sorted(after)],
        safety_backup=safety,
        undo=undos.get(safety),
    )
