"""The Celery tasks: doors that only call backups_app.jobs."""

import ctypes
import os
import signal
import sys
import threading
from functools import partial
from typing import Any

from celery import shared_task
from celery.exceptions import Ignore
from celery.signals import worker_init, worker_process_init, worker_ready, worker_shutting_down
from django.db import OperationalError

from backups_app import dispatch, jobs
from backups_app.audit import Actor
from backups_app.choices import BackupKind, JobKind, Trigger
from backups_app.conf import backup_settings
from backups_app.heartbeat import beating_restore
from backups_app.logs import log

_PR_SET_PDEATHSIG = 1
_PARENT = "BACKUPS_WORKER_PARENT"
# So long a message waits that came while the database was locked or away.
_LATER_SECONDS = 20


# No result before the end: it would be written before the job looks whether the database is locked.
_heavy = partial(shared_task, bind=True, track_started=False)


@_heavy()
def create_backup(self: Any, job_id: str) -> dict[str, Any]:
    """Makes the backup that the job describes."""
    return _run(self, job_id)


@_heavy()
def restore(self: Any, job_id: str) -> dict[str, Any]:
    """Restores the database from the backup that the job names."""
    return _run(self, job_id)


@_heavy()
def preview(self: Any, job_id: str) -> dict[str, Any]:
    """Compares the file that the job names with the database."""
    return _run(self, job_id)


@_heavy()
def import_backup(self: Any, job_id: str) -> dict[str, Any]:
    """Takes in the files that the job names."""
    return _run(self, job_id)


@_heavy()
def rescan(self: Any, job_id: str) -> dict[str, Any]:
    """Brings the catalogue in line with the backup folder."""
    return _run(self, job_id)


@_heavy()
def copy_backup(self: Any, job_id: str) -> dict[str, Any]:
    """Copies the backup that the job names to the second location."""
    return _run(self, job_id)


@_heavy()
def validate_upload(self: Any, job_id: str) -> dict[str, Any]:
    """Looks at the file that was uploaded for the job, and makes a backup of a good one."""
    return _run(self, job_id)


@_heavy()
def clean_up(self: Any, job_id: str) -> dict[str, Any]:
    """Removes the backups that are past their days."""
    return _run(self, job_id)


@_heavy()
def verify(self: Any, job_id: str) -> dict[str, Any]:
    """Reads the backups that the job names to their last byte."""
    return _run(self, job_id)


@shared_task(ignore_result=True)
def look_after_jobs() -> None:
    """The caretaker: declares jobs lost whose worker is dead, has files adopted that they may have left, and copies
    made that are wanting.

    Beside a restore whose heart beats there is nothing to do, and the tables are locked.
    """
    if beating_restore():
        return
    jobs.reap()
    jobs.remove_left_over_uploads(is_worth_a_look=False)
    jobs.rescan_if_needed(is_worth_a_look=False)
    jobs.copy_if_needed()


@shared_task(bind=True, ignore_result=True, max_retries=None)
def start_nightly_backup(self: Any) -> None:
    """Queues the nightly backup, with the clean-up after it; while a restore locks the tables it waits."""
    if beating_restore():
        raise self.retry(countdown=_LATER_SECONDS)
    jobs.submit(
        JobKind.BACKUP,
        by=Actor(name="schedule"),
        trigger=Trigger.SCHEDULE,
        parameters={
            "kind": BackupKind.AUTOMATIC,
            "description": "Nightly backup",
            "clean_up_keep_days": backup_settings().KEEP_DAYS,
        },
    )


@shared_task(ignore_result=True)
def start_nightly_verify() -> None:
    """Queues the check of the least recently checked backups; while a restore locks the tables, the next night does."""
    if beating_restore():
        return
    jobs.verify_tonight()


def _run(task: Any, job_id: str) -> dict[str, Any]:
    try:
        job = jobs.run(job_id, worker=str(task.request.hostname), dies_with_parent=True)
    except jobs.NotOurs as error:
        # A message that came twice must not overwrite the result of the one that was handled.
        raise Ignore from error
    except OperationalError as error:
        _put_back(task, job_id, error)
        raise Ignore from error
    return {"job": str(job.pk), "state": job.state}


def _put_back(task: Any, job_id: str, error: Exception) -> None:
    """For a job that the database did not give or did not end; one that was claimed is never run again."""
    log.warning("job.put_back", job=job_id, reason=str(error))
    try:
        dispatch.send_later(job_id, task.name, seconds=_LATER_SECONDS)
    except dispatch.BrokerUnreachable as unreachable:
        log.warning("job.not_sent_again", job=job_id, reason=str(unreachable))


@worker_init.connect
def remember_the_parent(**_kwargs: Any) -> None:
    os.environ[_PARENT] = str(os.getpid())


@worker_process_init.connect
def die_with_the_parent(**_kwargs: Any) -> None:
    """A worker's child whose parent was killed would work on unseen, and nobody could stop it."""
    parent = os.environ.get(_PARENT, "")
    # With -P solo or threads the worker has no child: this is itself.
    if sys.platform == "linux" and parent != str(os.getpid()):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # It may have died before this was asked for.
        if parent not in ("", str(os.getppid())):
            os._exit(1)


@worker_shutting_down.connect
def cancel_running_jobs(sender: Any, **_kwargs: Any) -> None:
    """A worker that is asked to stop tidies up first; a job that knew nothing would be killed in the middle."""
    # Sent from inside of a signal handler, which must not wait for the database.
    threading.Thread(target=jobs.cancel_those_of, args=(str(sender),), name="cancel-running-jobs").start()


@worker_ready.connect
def send_waiting_jobs(sender: Any, **_kwargs: Any) -> None:
    """Once a start, and only by workers that take such jobs: messages may have been lost with the broker."""
    if not any(queue.name == "backups" for queue in sender.task_consumer.queues):
        return
    jobs.reap()
    sent = jobs.send_waiting()
    if sent:
        log.info("jobs.sent_again", count=sent)
    jobs.remove_left_over_uploads(is_worth_a_look=True)
    jobs.rescan_if_needed(is_worth_a_look=True)
