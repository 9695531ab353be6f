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
from contextlib import suppress
from dataclasses import asdict, fields
from datetime import timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import IntegrityError, InterfaceError, OperationalError, connections, router, transaction
from django.utils import timezone

from backups_app import audit, cache, dispatch, leases
from backups_app.actions.adopt import Adopter, Verdict
from backups_app.actions.clean_up import clean_up
from backups_app.actions.copy import copy_backup, wanting
from backups_app.actions.create import create_backup
from backups_app.actions.import_backup import ImportRefused, import_backups
from backups_app.actions.preview import preview_restore
from backups_app.actions.refusals import Overrides
from backups_app.actions.rescan import rescan, unknown_files
from backups_app.actions.restore import Expected, RestoreRefused, refuse_unless_good, restore_backup
from backups_app.actions.source import Source
from backups_app.actions.validate import UploadRefused, validate_upload
from backups_app.actions.verify import Verifier, wanted
from backups_app.audit import Actor
from backups_app.choices import ACTIVE_STATES, BackupKind, BackupStatus, JobKind, JobState, Trigger
from backups_app.conf import backup_settings
from backups_app.engine import quarantine, store
from backups_app.engine.check import Checked
from backups_app.engine.errors import Cancelled, CommitUnknown, EngineError, StoreFailed
from backups_app.engine.load import Execute, Loaded
from backups_app.engine.progress import Stopwatch, Watch
from backups_app.exclusion import active_restore, blocker_of, slot_of
from backups_app.heartbeat import Heartbeat, beating_restore, is_beating, write_ending
from backups_app.logs import log
from backups_app.models import Backup, Job

# How long a restore waits for a worker while none lives; it must not fire next morning.
FORGOTTEN_AFTER = timedelta(minutes=2)
# A rescan by itself that did not succeed is not repeated at once.
RESCAN_AGAIN_AFTER = timedelta(hours=1)
# So a copy that failed is tried again, and so often.
COPY_AGAIN_AFTER = timedelta(hours=1)
COPY_TRIES = 24
OVERRIDES = tuple(field.name for field in fields(Overrides))


class NotOurs(Exception):
    """The job was claimed by somebody else, ended, or was declared lost in the meantime."""


class Refused(Exception):
    """The job can't be asked for now; `str(error)` says why and what to do."""


def submit(
    kind: JobKind, *, by: Actor, trigger: Trigger, parameters: Mapping[str, Any], job_id: uuid.UUID | None = None
) -> Job:
    """Enters a job and rings for a worker once the row is committed. `job_id`: where something bears its id already.

    When the queue can't be reached the job is failed at once with that reason; look at the returned job's state.
    Raises Refused for a second restore, and for one from a backup that is not good.
    """
    job = _enter(kind, by=by, trigger=trigger, parameters=parameters, job_id=job_id)
    transaction.on_commit(lambda: _ring(job), using=_database())
    return job


def run_here(kind: JobKind, *, by: Actor, trigger: Trigger, parameters: Mapping[str, Any]) -> Job:
    """Enters a job and runs it in this process, without broker or worker, and then what follows it.

    Raises Refused when another job stands in its way.
    """
    job = _enter(kind, by=by, trigger=trigger, parameters={**parameters, "here": True})
    try:
        run(job.pk, worker=_this_process(), dies_with_parent=False)
    except NotOurs as error:
        _finish(job.pk, {JobState.QUEUED}, to=JobState.CANCELLED, finished_at=timezone.now(), error_message=str(error))
        raise Refused(f"{error} Nothing was done.") from error
    for follower in (follower_of(job), _copy_after(job)):
        if follower is None:
            continue
        # A worker that has just started may have taken it.
        with suppress(NotOurs):
            run(follower.pk, worker=_this_process(), dies_with_parent=False)
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
        write_ending(job, last=heartbeat.snapshot())
    _ring_for_blocked()
    return job


def cancel(job_id: uuid.UUID | str, *, by: Actor) -> bool:
    """Asks a job to stop: a waiting one ends at once, a running one between two batches. False if it has ended.

    A job whose heart beats is asked through the cache alone, because its tables may be locked while it runs.
    """
    is_heard = cache.ask_to_cancel(job_id, asdict(by))
    if is_heard and is_beating(cache.read_progress(job_id) or {}):
        return True
    now = timezone.now()
    with transaction.atomic(using=_database()):
        ended = _finish(
            job_id,
            {JobState.QUEUED},
            to=JobState.CANCELLED,
            cancel_asked_at=now,
            finished_at=now,
            error_message="Cancelled while waiting.",
        )
        if ended:
            _record(ended, "cancel_asked", by=by)
    if ended:
        write_ending(ended)
        return True
    return _note_cancel(job_id, by=by)


def cancel_those_of(worker: str) -> None:
    """Asks the jobs that `worker` runs to stop, because it stops itself."""
    try:
        for job in Job.objects.filter(state=JobState.RUNNING, worker=worker):
            cancel(job.pk, by=Actor(name=f"{worker} (stopping)"))
    finally:
        connections.close_all()


def reap() -> list[Job]:
    """Finds running jobs whose worker is proven dead, tidies up after them and declares them lost.

    A restore's session is ended before that, since it might still commit; until it has ended, the site stays closed.
    """
    lost = []
    for job in Job.objects.filter(state=JobState.RUNNING):
        if job.claim is None:
            continue
        if leases.is_held(job.claim):
            _keep_site_closed(job)
        elif job.kind == JobKind.RESTORE and not leases.end_session(job.claim):
            log.warning("job.session_lives", job=str(job.pk))
            _keep_site_closed(job)
        elif ended := _end_lost(job):
            write_ending(ended)
            lost.append(ended)
    _ring_for_blocked()
    _cancel_forgotten_restore()
    return lost


def _end_lost(job: Job) -> Job | None:
    """None when it has ended otherwise, or has not ended yet."""
    # It may have been committed since it was looked up.
    if Job.objects.filter(pk=job.pk, committed_at__isnull=False).exists():
        _end_committed(job)
        return None
    try:
        store.discard_part(str(job.pk))
        if target := backup_settings().COPY_TO:
            store.discard_part(str(job.pk), alias=target)
    except OSError as error:
        log.warning("job.part_not_removed", job=str(job.pk), reason=error.strerror)
    is_restore = job.kind == JobKind.RESTORE
    left = "The database is as it was before." if is_restore else "No half-made backup was left behind."
    try:
        return _finish(
            job.pk,
            {JobState.RUNNING},
            claim=job.claim,
            to=JobState.LOST,
            finished_at=timezone.now(),
            error_code="worker-died",
            error_message=f"The worker that ran it ({job.worker}) died.",
            error_hint=f"{left} Check the worker's log, and start it again.",
        )
    except OperationalError as error:
        if job.kind != JobKind.RESTORE:
            raise
        # On SQLite whoever replaces the data keeps everybody from writing; the next look finds it gone.
        log.warning("job.session_lives", job=str(job.pk), reason=str(error))
        _keep_site_closed(job)
        return None


def _keep_site_closed(job: Job) -> None:
    """While a restore's session lives, although its process may not say so any more."""
    if job.kind != JobKind.RESTORE:
        return
    cache.close_site(job.pk)
    # It may have ended just now, and opened the site before it was closed here.
    if not Job.objects.filter(pk=job.pk, state=JobState.RUNNING).exists():
        cache.open_site(job.pk)


def send_waiting() -> int:
    """Rings again for jobs that wait, whose messages a broker may have lost. Called once when a worker starts."""
    waiting = list(Job.objects.filter(state=JobState.QUEUED))
    for job in waiting:
        try:
            dispatch.send(job)
        except dispatch.BrokerUnreachable as error:
            log.warning("job.not_sent_again", job=str(job.pk), reason=str(error))
    return len(waiting)


def remove_left_over_uploads(*, is_worth_a_look: bool) -> None:
    """Removes from the quarantine what no job will look at any more: what broke off, and what an ended job left.

    `is_worth_a_look`: also where asking for the names costs more than a look into a folder.
    """
    if not quarantine.is_local() and not is_worth_a_look:
        return
    try:
        found = quarantine.received()
        # In this order: whose row is not there yet was received just now, and is left alone below.
        jobs = {job.pk: job for job in Job.objects.filter(pk__in=found)}
        for upload_id in found:
            job = jobs.get(upload_id)
            if quarantine.is_forgotten(upload_id) if job is None else not job.is_active:
                quarantine.discard(upload_id)
                log.info("upload.left_over_removed", upload=str(upload_id))
    except StoreFailed as error:
        log.warning("upload.not_removed", reason=str(error))


def rescan_if_needed(*, is_worth_a_look: bool) -> Job | None:
    """Asks for a rescan when files lie in the backup folder that nobody knows of, such as a killed job's.

    `is_worth_a_look`: also where asking for the names costs more than a look into a folder.
    """
    if (store.folder_path() is None and not is_worth_a_look) or Job.objects.filter(state__in=ACTIVE_STATES).exists():
        return None
    found = set(unknown_files())
    last = Job.objects.filter(kind=JobKind.RESCAN).order_by("-queued_at").first()
    if last is not None and last.state != JobState.SUCCEEDED and timezone.now() - last.queued_at < RESCAN_AGAIN_AFTER:
        return None
    told = {file["file"] for file in (last.result or {}).get("files", ())} if last else set()
    if not found - told:
        return None
    return submit(JobKind.RESCAN, by=Actor(name="caretaker"), trigger=Trigger.SCHEDULE, parameters={})


def copy_if_needed() -> Job | None:
    """Asks for the copy of one good backup that has none at the second location, one after the other.

    Some were made before there was a second location, adopted, or failed to be copied an hour ago.
    """
    if not backup_settings().COPY_TO or Job.objects.filter(state__in=ACTIVE_STATES).exists():
        return None
    for backup in wanting():
        tries = Job.objects.filter(kind=JobKind.COPY, backup_id=backup.pk)
        is_early = tries.filter(queued_at__gt=timezone.now() - COPY_AGAIN_AFTER).exists()
        if not is_early and tries.count() < COPY_TRIES:
            parameters = {"backup_id": backup.pk, "name": backup.name}
            return submit(JobKind.COPY, by=Actor(name="caretaker"), trigger=Trigger.SCHEDULE, parameters=parameters)
    return None


def verify_tonight() -> Job | None:
    """Asks for a check of the backups that nobody has looked at for longest; None when one is under way, or nothing."""
    is_asked = Job.objects.filter(kind=JobKind.VERIFY, trigger=Trigger.SCHEDULE, state__in=ACTIVE_STATES).exists()
    if is_asked or not Backup.objects.exists():
        return None
    parameters = {"least_recently_checked": backup_settings().VERIFY_A_NIGHT}
    return submit(JobKind.VERIFY, by=Actor(name="schedule"), trigger=Trigger.SCHEDULE, parameters=parameters)


def active() -> Job | None:
    """The job that a page shows first: the running one, else the one that waits longest."""
    running = Job.objects.filter(state=JobState.RUNNING).order_by("started_at").first()
    return running or Job.objects.filter(state=JobState.QUEUED).order_by("queued_at").first()


def follower_of(job: Job) -> Job | None:
    """The clean-up that was asked for together with the backup `job`; None before that has succeeded."""
    return Job.objects.filter(kind=JobKind.CLEAN_UP, parameters__after=str(job.pk)).first()


def _copy_after(job: Job) -> Job | None:
    return Job.objects.filter(kind=JobKind.COPY, parameters__after=str(job.pk)).first()


def _enter(
    kind: JobKind, *, by: Actor, trigger: Trigger, parameters: Mapping[str, Any], job_id: uuid.UUID | None = None
) -> Job:
    if kind == JobKind.RESTORE:
        _refuse_beside_a_beating_restore()
    if kind == JobKind.RESTORE and not parameters.get("path"):
        try:
            refuse_unless_good(parameters["name"])
        except RestoreRefused as error:
            raise Refused(f"{error} {error.hint}") from error
    job = Job(
        id=job_id or uuid.uuid4(),
        kind=kind,
        trigger=trigger,
        parameters=dict(parameters),
        requested_by_id=by.id,
        requested_by_name=by.name,
        queued_at=timezone.now(),
        exclusive_slot=slot_of(kind),
        backup_id=parameters.get("backup_id"),
        backup_name=parameters.get("name", "")[:255],
    )
    try:
        with transaction.atomic(using=_database()):
            job.save(force_insert=True)
    except IntegrityError as error:
        other = active_restore()
        raise Refused(_under_way(other and other.requested_by_name)) from error
    return job


def refuse_second_restore() -> None:
    """Raises Refused while another restore waits or runs, so that nobody looks at a preview for nothing."""
    _refuse_beside_a_beating_restore()
    if other := active_restore():
        raise Refused(_under_way(other.requested_by_name))


def _refuse_beside_a_beating_restore() -> None:
    """Asked of the cache, before the tables that may be locked."""
    if running := beating_restore():
        raise Refused(_under_way(running.get("asked_by")))


def _under_way(asked_by: object) -> str:
    who = f", asked for by {asked_by}" if asked_by else ""
    return f"A restore is under way already{who}. Wait for it to end, or cancel it."


def _ring(job: Job) -> None:
    try:
        dispatch.send(job)
    except dispatch.BrokerUnreachable as error:
        ended = _finish(
            job.pk,
            {JobState.QUEUED},
            to=JobState.FAILED,
            finished_at=timezone.now(),
            error_code="broker-unreachable",
            error_message=f"{error} Nothing was started.",
            error_hint="Start Redis or Valkey, or check REDIS_URL; then ask again.",
        )
        job.refresh_from_db()
        if ended:
            write_ending(ended)
        return
    job.sent_at = timezone.now()
    Job.objects.filter(pk=job.pk).update(sent_at=job.sent_at)


def _ring_for_blocked() -> None:
    """Rings for the jobs that gave way, a restore before all others. Called when a job has ended."""
    blocked = Job.objects.filter(state=JobState.QUEUED, blocked_at__isnull=False)
    for job in sorted(blocked, key=lambda job: (job.exclusive_slot is None, job.queued_at)):
        if blocker_of(job) is not None:
            continue
        if Job.objects.filter(pk=job.pk, blocked_at__isnull=False).update(blocked_at=None, sent_at=timezone.now()):
            try:
                dispatch.send(job)
            except dispatch.BrokerUnreachable as error:
                Job.objects.filter(pk=job.pk).update(blocked_at=timezone.now())
                log.warning("job.not_sent_again", job=str(job.pk), reason=str(error))


def _cancel_forgotten_restore() -> None:
    job = active_restore()
    if job is None or job.state != JobState.QUEUED:
        return
    # One that gave way waits for a worker from when it was rung for again.
    if timezone.now() - (job.sent_at or job.queued_at) < FORGOTTEN_AFTER:
        return
    if blocker_of(job) is not None or dispatch.workers_on("backups", timeout_seconds=2):
        return
    ended = _finish(
        job.pk,
        {JobState.QUEUED},
        to=JobState.CANCELLED,
        finished_at=timezone.now(),
        error_code="no-worker",
        error_message="No worker took the restore within two minutes, so it was cancelled.",
        error_hint="The database was not touched. Start a worker for the queue backups, then ask again.",
    )
    if ended:
        write_ending(ended)


def _claim(job_id: uuid.UUID | str, claim: uuid.UUID, worker: str) -> Job:
    moved = _move(
        job_id, {JobState.QUEUED}, to=JobState.RUNNING, new_claim=claim, worker=worker, started_at=timezone.now()
    )
    if not moved:
        raise NotOurs(f"Job {job_id} does not wait any more.")
    job = Job.objects.get(pk=job_id)
    blocker = blocker_of(job)
    if blocker is not None:
        _move(job.pk, {JobState.RUNNING}, claim=claim, to=JobState.QUEUED, started_at=None, blocked_at=timezone.now())
        # It may have ended between the look and the giving back; then nobody else would ring.
        _ring_for_blocked()
        raise NotOurs(f"Job {job_id} waits for {blocker}.")
    return job


def _run_claimed(job: Job, heartbeat: Heartbeat) -> None:
    try:
        _ACTIONS[JobKind(job.kind)](job, _actor(job), heartbeat.watch())
    except Cancelled as stop:
        if heartbeat.lease_lost:
            _end(job, JobState.LOST, code="lease-lost", message="The database ended the job's session.")
            return
        who = cache.who_asked_to_cancel(job.pk)
        _note_cancel(job.pk, by=Actor(id=str(who.get("id", "")), name=str(who.get("name", ""))))
        _end(job, JobState.CANCELLED, message=str(stop))
    except CommitUnknown as error:
        _end_as_committed(job, error)
    except EngineError as error:
        _end(job, JobState.FAILED, code=error.code, message=str(error), hint=error.hint)
    except (OperationalError, InterfaceError) as error:
        _end(
            job,
            JobState.FAILED,
            code="database-failed",
            message=f"The database did not do what was asked: {error}",
            hint="Check that it runs and has space, and whether something held a lock for long; then start it again.",
        )
    except SoftTimeLimitExceeded:
        _end(
            job,
            JobState.FAILED,
            code="time-limit",
            message="It took longer than the time limit allows and was stopped; nothing was left behind.",
            hint="Raise BACKUPS_TIME_LIMIT, or find out what slowed it down.",
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
            trace=traceback.format_exc(),
        )
    except (KeyboardInterrupt, SystemExit):
        # Somebody ended the process that a command runs the job in.
        _end(job, JobState.CANCELLED, message="Interrupted; nothing was left behind.")
        raise


def _create_backup(job: Job, by: Actor, watch: Watch) -> None:
    parameters: dict[str, Any] = job.parameters

    def settle(backup: Backup) -> None:
        if watch.is_cancelled() or cache.is_cancel_asked(job.pk):
            raise Cancelled(_TOO_LATE_TO_KEEP)
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
        if backup_settings().COPY_TO:
            _follow_with(job, JobKind.COPY, by, backup_id=backup.pk, name=backup.name)
        keep_days = parameters.get("clean_up_keep_days")
        if keep_days:
            _follow_with(job, JobKind.CLEAN_UP, by, keep_days=keep_days)

    create_backup(
        kind=BackupKind(parameters.get("kind", BackupKind.MANUAL)),
        trigger=job.trigger,
        description=parameters.get("description", ""),
        by=by,
        owner=job.pk,
        watch=watch,
        settle=settle,
    )


def _follow_with(job: Job, kind: JobKind, by: Actor, **parameters: Any) -> None:
    """Enters it together with the backup's success; a backup that ran beside the queue has it run there too."""
    enter = _enter if job.parameters.get("here") else submit
    enter(kind, by=by, trigger=Trigger(job.trigger), parameters={**parameters, "after": str(job.pk)})


def _clean_up(job: Job, by: Actor, watch: Watch) -> None:
    deleted = clean_up(keep_days=job.parameters["keep_days"], by=by, watch=watch)
    with transaction.atomic(using=_database()):
        _succeed(job, {"deleted": deleted})
        audit.record("clean_up.ended", by=by, outcome=JobState.SUCCEEDED, job_id=job.pk, deleted=deleted)


def _preview(job: Job, by: Actor, watch: Watch) -> None:
    source = _source(job)
    previewed = preview_restore(source, by=by, watch=watch, clear_unnamed=_overrides(job).clear_unnamed)
    with transaction.atomic(using=_database()):
        _succeed(job, previewed.as_dict(source))
        _record(job, "ended", by=by, outcome=JobState.SUCCEEDED, sha256=previewed.checked.stored_sha256)


def _import(job: Job, by: Actor, watch: Watch) -> None:
    try:
        verdicts = import_backups(job.parameters["path"], adopter=_adopter(job, by, watch))
    except ImportRefused as error:
        told = {"files": [verdict.as_dict() for verdict in error.verdicts]}
        _end(job, JobState.FAILED, code=error.code, message=_storable(str(error)), hint=error.hint, result=told)
        return
    _tell_of_adopted(job, by, verdicts)


def _validate(job: Job, by: Actor, watch: Watch) -> None:
    """The quarantined file is gone when the job has ended, however it did: `_finish` and `_succeed` see to that."""
    parameters: dict[str, Any] = job.parameters
    adopter = Adopter(
        by=by, trigger=job.trigger, owner=job.pk, watch=watch, description=parameters.get("description", "")
    )
    try:
        verdict, report = validate_upload(job.pk, file=parameters.get("file", ""), adopter=adopter)
    except UploadRefused as error:
        _end(job, JobState.FAILED, code=error.code, message=str(error), hint=error.hint, result=error.report)
        return
    with transaction.atomic(using=_database()):
        _succeed(job, {**report, "backup": verdict.backup, "is_new": verdict.is_new, "note": verdict.reason})
        job.backup_name = verdict.backup
        Job.objects.filter(pk=job.pk).update(backup_name=verdict.backup)
        _record(job, "ended", by=by, outcome=JobState.SUCCEEDED, adopted=[verdict.backup] if verdict.is_new else [])
    _discard_upload(job.pk, job.kind)


def _discard_upload(job_id: uuid.UUID | str, kind: str) -> None:
    if kind != JobKind.VALIDATE:
        return
    try:
        quarantine.discard(uuid.UUID(str(job_id)))
    except StoreFailed as error:
        # The caretaker tries again.
        log.warning("upload.not_removed", reason=str(error))


def _rescan(job: Job, by: Actor, watch: Watch) -> None:
    _tell_of_adopted(job, by, rescan(adopter=_adopter(job, by, watch)))


def _copy(job: Job, by: Actor, watch: Watch) -> None:
    backup = Backup.objects.filter(pk=job.parameters["backup_id"]).first()
    if backup is None:
        raise Cancelled(f"{job.backup_name} was deleted in the meantime.")
    row = Backup.objects.filter(pk=backup.pk)
    try:
        copy_backup(backup, owner=job.pk, watch=watch)
    except Cancelled:
        raise
    except EngineError as error:
        row.update(copied_at=None, copy_problem=_storable(str(error)))
        raise
    with transaction.atomic(using=_database()):
        row.update(copied_at=timezone.now(), copy_problem="")
        _succeed(job, {"backup": backup.name, "sha256": backup.sha256})
        audit.record(
            "copy.ended",
            by=by,
            outcome=JobState.SUCCEEDED,
            backup_name=backup.name,
            job_id=job.pk,
            size=backup.size_bytes,
            sha256=backup.sha256,
        )


def _verify(job: Job, by: Actor, watch: Watch) -> None:
    def take(backup: Backup) -> bool:
        """Not beside a restore that waits; while it is read, nobody deletes it."""
        if active_restore() is not None:
            return False
        taken = Job.objects.filter(pk=job.pk, claim=job.claim).update(backup_id=backup.pk, backup_name=backup.name)
        return bool(taken)

    backups = wanted(job.parameters)
    found = Verifier(by=by, owner=job.pk, watch=watch, take=take).verify_all(backups)
    job.backup_id, job.backup_name = job.parameters.get("backup_id"), job.parameters.get("name", "")
    with transaction.atomic(using=_database()):
        result = {"backups": [asdict(verified) for verified in found], "left": len(backups) - len(found)}
        _succeed(job, result)
        bad = [verified.backup for verified in found if verified.problem]
        _record(job, "ended", by=by, outcome=JobState.SUCCEEDED, checked=len(found), bad=bad)


def _adopter(job: Job, by: Actor, watch: Watch) -> Adopter:
    return Adopter(by=by, trigger=job.trigger, owner=job.pk, watch=watch)


def _tell_of_adopted(job: Job, by: Actor, verdicts: list[Verdict]) -> None:
    adopted = [verdict.backup for verdict in verdicts if verdict.is_new]
    with transaction.atomic(using=_database()):
        _succeed(job, {"files": [verdict.as_dict() for verdict in verdicts]})
        _record(job, "ended", by=by, outcome=JobState.SUCCEEDED, adopted=adopted)


def _restore(job: Job, by: Actor, watch: Watch) -> None:
    parameters: dict[str, Any] = job.parameters
    stopwatch = Stopwatch()

    def outcome(checked: Checked, loaded: Loaded, safety: Backup | None) -> dict[str, Any]:
        return {**_outcome(job, checked, loaded, safety), "durations": stopwatch.seconds()}

    restored = restore_backup(
        _source(job),
        expected=Expected(sha256=parameters.get("sha256", ""), schema=parameters.get("schema", "")),
        trigger=job.trigger,
        by=by,
        owner=job.pk,
        watch=stopwatch.watch(watch),
        overrides=_overrides(job),
        mark=lambda execute: _mark(job, execute),
        fence=lambda execute, checked, loaded, safety: _fence(job, execute, outcome(checked, loaded, safety)),
    )
    result = outcome(restored.checked, restored.loaded, restored.safety_backup)
    with transaction.atomic(using=_database()):
        _succeed(job, result)
        _mark_restored(job)
        said = {
            name: value for name, value in result.items() if name not in ("before", "after", "remarks", "durations")
        }
        audit.record(
            "backup.restored", by=by, outcome=JobState.SUCCEEDED, backup_name=job.backup_name, job_id=job.pk, **said
        )


def _mark(job: Job, execute: Execute) -> None:
    """Makes the session known that may be ended with the claim; a claim that was taken before is seen here."""
    if job.claim is not None:
        leases.mark_session(execute, job.claim)
    if not Job.objects.filter(pk=job.pk, claim=job.claim, state=JobState.RUNNING).exists():
        raise NotOurs(f"Job {job.pk} was taken away; nothing was changed.")


def _source(job: Job) -> Source:
    return Source(name=job.parameters["name"], path=job.parameters.get("path", ""))


def _overrides(job: Job) -> Overrides:
    return Overrides(**{name: bool(job.parameters.get(name)) for name in OVERRIDES})


def _outcome(job: Job, checked: Checked, loaded: Loaded, safety: Backup | None) -> dict[str, Any]:
    """What is kept of a restore."""
    return {
        "records": loaded.record_count,
        "proven": loaded.proven,
        "sha256": checked.stored_sha256,
        "provenance": checked.provenance,
        "seconds": round((timezone.now() - (job.started_at or job.queued_at)).total_seconds(), 3),
        "safety_backup": safety.name if safety else "",
        "reason": job.parameters.get("reason", ""),
        "overrides": [name for name in OVERRIDES if job.parameters.get(name)],
        "before": dict(loaded.before),
        "after": dict(loaded.after),
        "remarks": [asdict(remark) for remark in (*checked.remarks, *loaded.remarks)],
    }


def _fence(job: Job, execute: Execute, result: dict[str, Any]) -> None:
    """The last statement before COMMIT, in the transaction of the load: only while the claim is still ours.

    What was done is committed with the data, so that it is known even when the process dies right afterwards.
    """
    connection = connections[_database()]
    columns = {field.name: field for field in Job._meta.concrete_fields}

    def prepared(name: str, value: Any) -> Any:
        return columns[name].get_db_prep_save(value, connection)

    changed = execute(
        "UPDATE backups_app_job SET committed_at = %s, result = %s WHERE id = %s AND claim = %s AND state = %s",
        [
            prepared("committed_at", timezone.now()),
            prepared("result", result),
            prepared("id", job.pk),
            prepared("claim", job.claim),
            JobState.RUNNING.value,
        ],
    )
    if changed != 1:
        raise NotOurs(f"Job {job.pk} was taken away; nothing was changed.")


def _end_as_committed(job: Job, error: CommitUnknown) -> None:
    """What the database holds decides, once the session has ended; if that can't be seen now, the caretaker will."""
    connections[_database()].close_if_unusable_or_obsolete()
    if job.claim is None or not leases.end_session(job.claim):
        return
    if Job.objects.filter(pk=job.pk, committed_at__isnull=False).exists():
        _end_committed(job)
    else:
        hint = "The database was not touched: it is as it was. See what it says, then start the restore again."
        _end(job, JobState.FAILED, code=error.code, message=str(error), hint=hint)


def _end_committed(job: Job) -> None:
    """For a restore that did not come from its commit to its row: what was committed with the data decides."""
    with transaction.atomic(using=_database()):
        ended = _finish(job.pk, {JobState.RUNNING}, claim=job.claim, to=JobState.SUCCEEDED, finished_at=timezone.now())
        if ended:
            _mark_restored(ended)
    if ended:
        write_ending(ended)


def _mark_restored(job: Job) -> None:
    if job.parameters.get("path"):
        # A file that is no backup of the list, whatever it is called.
        return
    Backup.objects.filter(name=job.backup_name).update(
        status=BackupStatus.RESTORED, restored_at=timezone.now(), restored_by_name=job.requested_by_name
    )


_ACTIONS = {
    JobKind.BACKUP: _create_backup,
    JobKind.RESTORE: _restore,
    JobKind.PREVIEW: _preview,
    JobKind.IMPORT: _import,
    JobKind.RESCAN: _rescan,
    JobKind.COPY: _copy,
    JobKind.VALIDATE: _validate,
    JobKind.CLEAN_UP: _clean_up,
    JobKind.VERIFY: _verify,
}

_TOO_LATE_TO_KEEP = "Cancelled at the last moment; nothing was left behind."


def _succeed(job: Job, result: dict[str, Any], *, backup: Backup | None = None) -> None:
    """Ends the job unless somebody asked to cancel its backup or took it away.

    Raises Cancelled or NotOurs then, which undoes the transaction around it.
    """
    moved = _move(
        job.pk,
        {JobState.RUNNING},
        claim=job.claim,
        unless_cancelled=backup is not None,
        to=JobState.SUCCEEDED,
        finished_at=timezone.now(),
        result=result,
        backup_id=backup.pk if backup else job.backup_id,
        backup_name=backup.name if backup else job.backup_name,
    )
    if moved:
        return
    if Job.objects.filter(pk=job.pk, claim=job.claim, cancel_asked_at__isnull=False).exists():
        raise Cancelled(_TOO_LATE_TO_KEEP)
    raise NotOurs(f"Job {job.pk} was taken away.")


def _end(
    job: Job,
    state: JobState,
    *,
    message: str,
    code: str = "",
    hint: str = "",
    trace: str = "",
    result: Mapping[str, Any] | None = None,
) -> None:
    """Ends a running job in any other way; does nothing when it was taken away.

    A restore that was committed has succeeded, whatever came after.
    """
    # What went wrong may have been the session itself.
    connections[_database()].close_if_unusable_or_obsolete()
    if Job.objects.filter(pk=job.pk, claim=job.claim, committed_at__isnull=False).exists():
        # The data was replaced, whatever went wrong afterwards.
        log.warning("job.failed_after_commit", job=str(job.pk), reason=message)
        _end_committed(job)
        return
    _finish(
        job.pk,
        {JobState.RUNNING},
        claim=job.claim,
        to=state,
        finished_at=timezone.now(),
        error_code=code[:64],
        error_message=_storable(message),
        error_hint=hint,
        traceback=_storable(trace),
        result=None if result is None else dict(result),
    )


def _finish(job_id: uuid.UUID | str, from_states: set[JobState], **changes: Any) -> Job | None:
    """Moves a job to its end and says so in the audit trail, or does neither. Whoever asked for it is named."""
    with transaction.atomic(using=_database()):
        if not _move(job_id, from_states, **changes):
            return None
        job = Job.objects.get(pk=job_id)
        _record(job, "ended", by=_actor(job), outcome=job.state, reason=job.error_message)
    _discard_upload(job.pk, job.kind)
    return job


def _note_cancel(job_id: uuid.UUID | str, *, by: Actor) -> bool:
    """Writes into the row, once, that somebody asked a running job to stop. False if it does not run."""
    running = Job.objects.filter(pk=job_id, state=JobState.RUNNING)
    with transaction.atomic(using=_database()):
        if running.filter(cancel_asked_at__isnull=True).update(cancel_asked_at=timezone.now()):
            _record(Job.objects.get(pk=job_id), "cancel_asked", by=by)
    return running.exists()


def _record(job: Job, what: str, *, by: Actor, outcome: str = "", **detail: Any) -> None:
    audit.record(f"{job.kind.replace('-', '_')}.{what}", by=by, job_id=job.pk, outcome=outcome, **detail)


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
    """The one way a job changes its state; when it ends, what it had for itself alone is free again.

    False when it is not in one of `from_states`, or the claim is another's.
    """
    rows = Job.objects.filter(pk=job_id, state__in=from_states)
    if claim is not None:
        rows = rows.filter(claim=claim)
    if unless_cancelled:
        rows = rows.filter(cancel_asked_at__isnull=True)
    if to not in ACTIVE_STATES:
        changes["exclusive_slot"] = None
    return rows.update(state=to, claim=new_claim, **changes) == 1


def _actor(job: Job) -> Actor:
    return Actor(id=job.requested_by_id, name=job.requested_by_name)


def _database() -> str:
    """The alias where jobs, backups and the audit trail are."""
    return router.db_for_write(Job)


def _this_process() -> str:
    return f"here@{socket.gethostname()}"


def _storable(text: str) -> str:
    """Without what some database would refuse: NUL, and halves of characters as undecodable file names have them."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
