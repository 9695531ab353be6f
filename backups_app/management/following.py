"""Follows a job from a terminal until it ends."""

from __future__ import annotations

import time
from collections.abc import Mapping
from getpass import getuser
from typing import Any, TextIO
from uuid import UUID

from django.core.management.base import CommandError, OutputWrapper
from django.db import OperationalError, connections, router
from django.db.migrations.executor import MigrationExecutor
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from backups_app import cache, dispatch, jobs
from backups_app.audit import Actor
from backups_app.choices import JobKind, JobState, Trigger
from backups_app.heartbeat import beating_restore, is_beating
from backups_app.models import Job
from backups_app.text import printable

POLL_SECONDS = 0.5
WORKER_GRACE_SECONDS = 5.0
_REAP_SECONDS = 15.0

EXIT_STATUSES = {
    JobState.SUCCEEDED: 0,
    JobState.FAILED: 1,
    JobState.ERRORED: 2,
    JobState.CANCELLED: 3,
    JobState.LOST: 4,
}


def start_and_follow(
    kind: JobKind, parameters: Mapping[str, Any], *, here: bool, no_wait: bool, stdout: OutputWrapper
) -> Job:
    """Asks for a job in the name of this command's caller, and follows it unless told otherwise.

    The job that comes back has ended, or waits when `no_wait`. Raises CommandError when it was refused, or on Ctrl-C.
    """
    start = jobs.run_here if here else jobs.submit
    try:
        job = start(kind, by=Actor(name=f"{_user()} (command)"), trigger=Trigger.COMMAND, parameters=parameters)
    except jobs.Refused as refusal:
        raise CommandError(str(refusal)) from refusal
    except KeyboardInterrupt:
        said = "What ran here was cancelled." if here else "The page shows whether the job was queued by then."
        raise CommandError(f"Interrupted. {said}", returncode=130) from None
    except OperationalError as error:
        if not beating_restore():
            raise
        raise CommandError(
            "A restore has locked the database. Nothing was queued; ask again when it is over."
        ) from error
    if job.is_active and no_wait:
        stdout.write(f"Queued as job {job.pk}.")
        return job
    return follow_or_leave(job, stdout=stdout)


def follow_or_leave(job: Job, *, stdout: OutputWrapper) -> Job:
    """Follows a job that has not ended yet. Ctrl-C ends the following, not the job: CommandError with status 130."""
    try:
        return follow(job.pk, out=terminal_of(stdout)) if job.is_active else job
    except KeyboardInterrupt:
        raise CommandError(f"No longer following. Job {job.pk} goes on.", returncode=130) from None


def fail_unless_succeeded(job: Job) -> None:
    """Raises CommandError with what went wrong, what to do, and the exit status that tells the state."""
    if job.state == JobState.SUCCEEDED:
        return
    lines = "\n".join(line for line in (job.error_message, job.error_hint, job.traceback) if line).split("\n")
    # Messages name what a file says, which can't steer the terminal.
    text = "\n".join(map(printable, lines))
    raise CommandError(f"{job.get_kind_display()} {job.state}: {text}", returncode=EXIT_STATUSES[JobState(job.state)])


def refuse_unless_migrated() -> None:
    """Raises CommandError where the tables of backups_app are not there, or not those of this version."""
    executor = MigrationExecutor(connections[router.db_for_write(Job)])
    missing = [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if any(migration.app_label == Job._meta.app_label for migration in missing):
        raise CommandError(
            f"The database is not migrated: {len(missing):,} migrations are not applied. Run migrate first:\n"
            "  manage.py migrate"
        )


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown"


def terminal_of(stdout: OutputWrapper) -> TextIO:
    """The stream inside of Django's wrapper, which would end every piece of output with a newline."""
    stream: TextIO = vars(stdout)["_out"]
    return stream


def follow(job_id: UUID, *, out: TextIO) -> Job:
    """Shows the job's progress until it has ended, and returns its last state. Quiet when `out` is no terminal."""
    console = Console(file=out, force_terminal=None)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        line = bar.add_task("queued", total=None, rate="")
        queued_since, next_reap, has_warned = time.monotonic(), time.monotonic() + _REAP_SECONDS, False
        while True:
            try:
                job = Job.objects.get(pk=job_id)
            except OperationalError:
                # Locked, or away for a moment: the job knows more, and says whether it still lives.
                if not is_beating(cache.read_progress(job_id) or {}):
                    raise
                connections[router.db_for_read(Job)].close()
                time.sleep(POLL_SECONDS)
                continue
            if not job.is_active:
                return job
            _show(bar, line, job)
            if job.state == JobState.QUEUED and not has_warned:
                waited = time.monotonic() - queued_since
                if waited > WORKER_GRACE_SECONDS:
                    has_warned = True
                    _say_if_nobody_works(console)
            if time.monotonic() > next_reap:
                next_reap = time.monotonic() + _REAP_SECONDS
                jobs.reap()
            time.sleep(POLL_SECONDS)


def _show(bar: Progress, line: Any, job: Job) -> None:
    progress = cache.read_progress(job.pk) or {}
    rate = progress.get("rate")
    bar.update(
        line,
        description=printable(str(progress.get("stage") or job.state)),
        completed=progress.get("done") or 0,
        total=progress.get("total"),
        rate=f"{rate:,.0f} records/s" if rate else "",
    )


def _say_if_nobody_works(console: Console) -> None:
    if dispatch.workers_on(dispatch.BACKUPS_QUEUE, timeout_seconds=2):
        console.print("Waiting: the worker is busy with another job.")
        return
    console.print(
        "No worker answers, so nothing happens yet. Start one with\n"
        "  celery -A celery_worker worker -Q backups -c 1\n"
        "or run this command with --here. The job stays queued; Ctrl-C ends only the following."
    )
