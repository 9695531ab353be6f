"""Who may run beside whom.

A restore runs beside nothing: it waits for running jobs, and from its queueing on all others wait for it, and a second
restore is refused by a unique slot in the database. Whoever claims looks around afterwards and gives the job back when
it stands in another one's way; since both write before they look, at least one of two sees the other.
"""

from backups_app.choices import JobKind, JobState
from backups_app.models import Job

_SLOT = "restore"


def slot_of(kind: str) -> str | None:
    """What a job of this kind takes for itself from queueing to ending."""
    return _SLOT if kind == JobKind.RESTORE else None


def active_restore() -> Job | None:
    """The restore that waits or runs."""
    return Job.objects.filter(exclusive_slot=_SLOT).first()


def blocker_of(job: Job) -> Job | None:
    """The job that must end before `job` may run."""
    others = Job.objects.exclude(pk=job.pk)
    if job.kind == JobKind.RESTORE:
        return others.filter(state=JobState.RUNNING).first()
    return others.filter(exclusive_slot=_SLOT).first()
