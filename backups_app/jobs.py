"""One job's life: submit, claim, run, finish, cancel, reap.

    queued --claim--> running --> succeeded
      |                  |------> failed      foreseen: a sentence, and what to do
      |                  |------> errored     a bug: the traceback is kept
      |                  |------> cancelled
      |                  `------> lost        the worker died
      |-----------------------> cancelled
      `-----------------------> failed        the queue could not be reached

The row is the truth. Each arrow is one UPDATE that names the state, and for running jobs the claim, that it leaves
from; whoever changes no row has lost the race and does nothing more.
"""

import socket
import traceback
import uuid
from collections.abc import Mapping
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.utils import timezone

from backups_app import audit, cache, dispatch, leases
from backups_app.actions.clean_up import clean_up
from backups_app.actions.create import create_backup
from backups_app.audit import Actor
from backups_app.choices import ACTIVE_STATES, BackupKind, JobKind, JobState, Trigger
from backups_app.engine import store
from backups_app.engine.errors import Cancelled, EngineError
from backups_app.engine.progress import Watch
from backups_app.heartbeat import Heartbeat, write_ending
from backups_app.logs import log
from backups_app.models import Backup, Job


class NotOurs(Exception):
    """The job was claimed by somebody else, ended, or was declared lost in the meantime."""


def submit(kind: JobKind, *, by: Actor, trigger: Trigger, parameters: Mapping[str, Any]) -> Job:
    """Enters a job and rings for a worker once the row is committed.

    When the queue can't be reached the job is failed at once with that reason; look at the returned job's state.
    """
    job = _enter(kind, by=by, trigger=trigger, parameters=parameters)
    transaction.on_commit(lambda: _ring(job))
    return job


def run_here(kind: JobKind, *, by: Actor, trigger: Trigger, parameters: Mapping[str, Any]) -> Job:
    """Enters a job and runs it in this process, without broker or worker."""
    job = _enter(kind, by=by, trigger=trigger, parameters=parameters)
    run(job.pk, worker=f"here@{socket.gethostname()}", dies_with_parent=False)
    job.refresh_from_db()
    return job


def run(job_id: uuid.UUID | str, *, worker: str, dies_with_parent: bool) -> Job:
    """Claims and runs a job to its end. Raises NotOurs when there is nothing to claim."""
    claim = uuid.uuid4()
    with leases.hold(claim) as lease:
        job = _claim(job_id, claim, worker)
        with Heartbeat(job, lease, dies_with_parent=dies_with_parent) as heartbeat:
            _run_claimed(job, heartbeat)
    job.refresh_from_db()
    write_ending(job)
    return job


def cancel(job_id: uuid.UUID | str, *, by: Actor) -> bool:
    """Asks a job to stop: a waiting one ends at once, a running one between two batches. False if it has ended."""
    now = timezone.now()
    cache.ask_to_cancel(job_id)
    if _move(
        job_id, {JobState.QUEUED}, to=JobState.CANCELLED, finished_at=now, error_message="Cancelled while waiting."
    ):
        _say_ended(Job.objects.get(pk=job_id), by=by)
        return True
    return Job.objects.filter(pk=job_id, state=JobState.RUNNING).update(cancel_asked_at=now) == 1


def reap() -> list[Job]:
    """Finds running jobs whose worker is proven dead, declares them lost and tidies up after them."""
    lost = []
    for job in Job.objects.filter(state=JobState.RUNNING):
        claim = job.claim
        if claim is None or leases.is_held(claim):
            continue
        moved = _move(
            job.pk,
            {JobState.RUNNING},
            claim=claim,
            to=JobState.LOST,
            finished_at=timezone.now(),
            error_code="worker-died",
            error_message=f"The worker that ran it ({job.worker}) died.",
            error_hint="Nothing was left behind. Check the worker's log, and start it again.",
        )
        if not moved:
            continue
        store.discard_part(str(job.pk))
        job.refresh_from_db()
        _say_ended(job, by=_actor(job))
        lost.append(job)
    return lost


def send_waiting() -> int:
    """Rings again for jobs that wait, whose messages a broker may have lost. Called once when a worker starts."""
    waiting = list(Job.objects.filter(state=JobState.QUEUED))
    for job in waiting:
        try:
            dispatch.send(job)
        except dispatch.BrokerUnreachable as error:
            log.warning("job.not_sent_again", job=str(job.pk), reason=str(error))
    return len(waiting)


def active() -> Job | None:
    """The job that a page shows first: the running one, else the one that waits longest."""
    jobs = Job.objects.filter(state__in=ACTIVE_STATES).order_by("-state", "queued_at")
    return jobs.first()


def _enter(kind: JobKind, *, by: Actor, trigger: Trigger, parameters: Mapping[str, Any]) -> Job:
    return Job.objects.create(
        kind=kind,
        trigger=trigger,
        parameters=dict(parameters),
        requested_by_id=by.id,
        requested_by_name=by.name,
        queued_at=timezone.now(),
    )


def _ring(job: Job) -> None:
    try:
        dispatch.send(job)
    except dispatch.BrokerUnreachable as error:
        _move(
            job.pk,
            {JobState.QUEUED},
            to=JobState.FAILED,
            finished_at=timezone.now(),
            error_code="broker-unreachable",
            error_message=f"{error} Nothing was started.",
            error_hint="Start Redis or Valkey, or check REDIS_URL; then ask again.",
        )
        job.refresh_from_db()
        _say_ended(job, by=_actor(job))
        return
    job.sent_at = timezone.now()
    Job.objects.filter(pk=job.pk).update(sent_at=job.sent_at)


def _claim(job_id: uuid.UUID | str, claim: uuid.UUID, worker: str) -> Job:
    moved = _move(
        job_id, {JobState.QUEUED}, to=JobState.RUNNING, new_claim=claim, worker=worker, started_at=timezone.now()
    )
    if not moved:
        raise NotOurs(f"Job {job_id} does not wait any more.")
    return Job.objects.get(pk=job_id)


def _run_claimed(job: Job, heartbeat: Heartbeat) -> None:
    by = _actor(job)
    try:
        _ACTIONS[JobKind(job.kind)](job, by, heartbeat.watch())
    except Cancelled as stop:
        if heartbeat.lease_lost:
            _end(job, JobState.LOST, code="lease-lost", message="The database ended the job's session.", by=by)
        else:
            _end(job, JobState.CANCELLED, message=str(stop), by=by)
    except EngineError as error:
        _end(job, JobState.FAILED, code=error.code, message=str(error), hint=error.hint, by=by)
    except SoftTimeLimitExceeded:
        _end(
            job,
            JobState.FAILED,
            code="time-limit",
            message="It took longer than the time limit allows and was stopped; nothing was left behind.",
            hint="Raise BACKUPS_TIME_LIMIT, or find out what slowed it down.",
            by=by,
        )
    except NotOurs:
        log.warning("job.fenced", job=str(job.pk))
    except Exception as error:  # noqa: BLE001 (the door of all jobs: bugs end here, with their traceback)
        log.exception("job.errored", job=str(job.pk))
        _end(
            job,
            JobState.ERRORED,
            code=type(error).__name__,
            message=f"An unforeseen error: {type(error).__name__}: {error}",
            hint="This is a bug. Please report it with the traceback below.",
            by=by,
            trace=traceback.format_exc(),
        )


def _create_backup(job: Job, by: Actor, watch: Watch) -> None:
    parameters: dict[str, Any] = job.parameters

    def settle(backup: Backup) -> None:
        result = {"backup": backup.name, "records": backup.record_count, "sha256": backup.sha256}
        _succeed(job, result, backup=backup)
        audit.record(
            "backup.created",
            by=by,
            outcome=JobState.SUCCEEDED,
            backup_name=backup.name,
            job_id=job.pk,
            kind=backup.kind,
            records=backup.record_count,
            size=backup.size_bytes,
            seconds=round(backup.duration_seconds, 3),
        )

    create_backup(
        kind=BackupKind(parameters.get("kind", BackupKind.MANUAL)),
        trigger=job.trigger,
        description=parameters.get("description", ""),
        by=by,
        owner=job.pk,
        watch=watch,
        settle=settle,
    )
    keep_days = parameters.get("clean_up_keep_days")
    if keep_days:
        _follow_with_clean_up(job, by, keep_days)


def _follow_with_clean_up(job: Job, by: Actor, keep_days: int) -> None:
    """In the same way as the backup: beside the queue where that ran without it."""
    start = run_here if job.parameters.get("here") else submit
    start(JobKind.CLEAN_UP, by=by, trigger=Trigger(job.trigger), parameters={"keep_days": keep_days})


def _clean_up(job: Job, by: Actor, watch: Watch) -> None:
    deleted = clean_up(keep_days=job.parameters["keep_days"], by=by, watch=watch)
    _succeed(job, {"deleted": deleted})
    audit.record("clean_up.ended", by=by, outcome=JobState.SUCCEEDED, job_id=job.pk, deleted=deleted)


_ACTIONS = {JobKind.BACKUP: _create_backup, JobKind.CLEAN_UP: _clean_up}


def _succeed(job: Job, result: dict[str, Any], *, backup: Backup | None = None) -> None:
    """Ends the job unless somebody asked to cancel it or took it away.

    Raises Cancelled or NotOurs then, which undoes the transaction around it.
    """
    moved = _move(
        job.pk,
        {JobState.RUNNING},
        claim=job.claim,
        unless_cancelled=True,
        to=JobState.SUCCEEDED,
        finished_at=timezone.now(),
        result=result,
        backup_id=backup.pk if backup else None,
        backup_name=backup.name if backup else "",
    )
    if moved:
        return
    if Job.objects.filter(pk=job.pk, claim=job.claim, cancel_asked_at__isnull=False).exists():
        raise Cancelled("Cancelled at the last moment; nothing was left behind.")
    raise NotOurs(f"Job {job.pk} was taken away.")


def _end(
    job: Job, state: JobState, *, message: str, by: Actor, code: str = "", hint: str = "", trace: str = ""
) -> None:
    moved = _move(
        job.pk,
        {JobState.RUNNING},
        claim=job.claim,
        to=state,
        finished_at=timezone.now(),
        error_code=code,
        error_message=message,
        error_hint=hint,
        traceback=trace,
    )
    if moved:
        job.refresh_from_db()
        _say_ended(job, by=by)


def _say_ended(job: Job, *, by: Actor) -> None:
    write_ending(job)
    audit.record(
        f"{job.kind.replace('-', '_')}.ended",
        by=by,
        outcome=job.state,
        job_id=job.pk,
        reason=job.error_message,
    )


def _move(
    job_id: uuid.UUID | str,
    from_states: set[JobState],
    *,
    to: JobState,
    claim: uuid.UUID | None = None,
    new_claim: uuid.UUID | None = None,
    unless_cancelled: bool = False,
    **changes: Any,
) -> bool:
    """The one way a job changes its state. False when it is not in one of `from_states`, or the claim is another's."""
    rows = Job.objects.filter(pk=job_id, state__in=from_states)
    if claim is not None:
        rows = rows.filter(claim=claim)
    if unless_cancelled:
        rows = rows.filter(cancel_asked_at__isnull=True)
    return rows.update(state=to, claim=new_claim, **changes) == 1


def _actor(job: Job) -> Actor:
    return Actor(id=job.requested_by_id, name=job.requested_by_name)
