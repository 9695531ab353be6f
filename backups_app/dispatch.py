"""The only sender of Celery messages."""

from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError

from backups_app.choices import JobKind
from backups_app.models import Job

BACKUPS_QUEUE = "backups"

TASKS = {
    JobKind.BACKUP: "backups_app.tasks.create_backup",
    JobKind.RESTORE: "backups_app.tasks.restore",
    JobKind.PREVIEW: "backups_app.tasks.preview",
    JobKind.IMPORT: "backups_app.tasks.import_backup",
    JobKind.RESCAN: "backups_app.tasks.rescan",
    JobKind.COPY: "backups_app.tasks.copy_backup",
    JobKind.VALIDATE: "backups_app.tasks.validate_upload",
    JobKind.CLEAN_UP: "backups_app.tasks.clean_up",
    JobKind.VERIFY: "backups_app.tasks.verify",
}

# A stopped or frozen broker is told at once; Celery's defaults would wait for over 40 seconds.
_IMPATIENT = {
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}


class BrokerUnreachable(Exception):
    """The queue did not take the message; `str(error)` is for people."""


def send(job: Job) -> None:
    """Rings the doorbell for `job`. Raises BrokerUnreachable within a few seconds."""
    _send(str(job.pk), TASKS[JobKind(job.kind)])


def _send(job_id: str, task: str, **options: Any) -> None:
    try:
        with current_app.connection_for_write(transport_options=_transport_options()) as connection:
            current_app.send_task(task, args=[job_id], task_id=job_id, connection=connection, retry=False, **options)
    except (OperationalError, OSError) as error:
        raise BrokerUnreachable(f"The queue can't be reached ({_cause(error)}).") from error


def send_later(job_id: str, task: str, *, seconds: int) -> None:
    """Puts the message of a job back. Raises BrokerUnreachable as `send` does."""
    _send(job_id, task, countdown=seconds)


def is_broker_reachable() -> bool:
    try:
        with current_app.connection_for_write(transport_options=_transport_options()) as connection:
            connection.ensure_connection(max_retries=0, interval_start=0, interval_step=0)
    except (OperationalError, OSError):
        return False
    return True


def workers_on(queue: str, *, timeout_seconds: float) -> list[str]:
    """Names of the workers that take messages from `queue` and answer; empty also when the broker is gone."""
    try:
        with current_app.connection_for_write(transport_options=_transport_options()) as connection:
            # Without this a broadcast would wait for a broker that is gone as long as it takes.
            connection.ensure_connection(max_retries=0, interval_start=0, interval_step=0)
            replies = current_app.control.inspect(timeout=timeout_seconds, connection=connection).active_queues()
    except (OperationalError, OSError):
        return []
    return sorted(name for name, queues in (replies or {}).items() if queue in {taken["name"] for taken in queues})


def _transport_options() -> dict[str, object]:
    return {**current_app.conf.broker_transport_options, **_IMPATIENT}


def _cause(error: BaseException) -> str:
    """The first line of the innermost cause, without the broker's address, which may hold a password."""
    while error.__cause__ is not None:
        error = error.__cause__
    return type(error).__name__
