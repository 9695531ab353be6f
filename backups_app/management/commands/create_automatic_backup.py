"""create_automatic_backup: for cron, systemd and the Windows Task Scheduler."""

from __future__ import annotations

from argparse import ArgumentTypeError
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backups_app import jobs
from backups_app.audit import Actor
from backups_app.choices import BackupKind, JobKind, JobState, Trigger
from backups_app.conf import backup_settings
from backups_app.management.following import EXIT_STATUSES, follow, terminal_of
from backups_app.models import Backup, Job


class Command(BaseCommand):
    help = "Queues an automatic backup and follows it. The exit status tells how it ended."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--description", default="", help="A text to find the backup by.")
        parser.add_argument(
            "--cleanup", action="store_true", help="Afterwards delete automatic backups past their days."
        )
        parser.add_argument(
            "--keep-days", type=_days, metavar="N", help="Days that --cleanup keeps (default: KEEP_DAYS)."
        )
        parser.add_argument("--no-wait", action="store_true", help="Queue it and return at once.")
        parser.add_argument("--here", action="store_true", help="Run in this process, without broker or worker.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["keep_days"] and not options["cleanup"]:
            raise CommandError("--keep-days says what --cleanup keeps; give both, or neither.")
        parameters: dict[str, Any] = {"kind": BackupKind.AUTOMATIC, "description": options["description"]}
        if options["cleanup"]:
            parameters["clean_up_keep_days"] = options["keep_days"] or backup_settings().KEEP_DAYS
        by = Actor(name=f"{_user()} (command)")
        if options["here"]:
            job = jobs.run_here(JobKind.BACKUP, by=by, trigger=Trigger.COMMAND, parameters={**parameters, "here": True})
        else:
            job = jobs.submit(JobKind.BACKUP, by=by, trigger=Trigger.COMMAND, parameters=parameters)
            if job.is_active and options["no_wait"]:
                self.stdout.write(f"Queued as job {job.pk}.")
                return
            if job.is_active:
                job = self._follow(job)
        self._tell(job)

    def _follow(self, job: Job) -> Job:
        try:
            return follow(job.pk, out=terminal_of(self.stdout))
        except KeyboardInterrupt:
            raise CommandError(f"No longer following. Job {job.pk} goes on.", returncode=130) from None

    def _tell(self, job: Job) -> None:
        if job.state != JobState.SUCCEEDED:
            text = "\n".join(line for line in (job.error_message, job.error_hint, job.traceback) if line)
            raise CommandError(f"Backup {job.state}: {text}", returncode=EXIT_STATUSES[JobState(job.state)])
        backup = Backup.objects.filter(name=job.backup_name).first()
        if backup is None:
            self.stdout.write(f"{job.backup_name} was made, and has been deleted since.")
            return
        self.stdout.write(
            f"{backup.name}: {backup.record_count:,} records, {backup.size_bytes:,} bytes, SHA-256 {backup.sha256}"
        )


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of days of at least 1")
    return int(text)


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown"
