"""create_automatic_backup: for cron, systemd and the Windows Task Scheduler."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backups_app import jobs
from backups_app.choices import BackupKind, JobKind
from backups_app.conf import backup_settings
from backups_app.management.following import fail_unless_succeeded, follow_or_leave, start_and_follow
from backups_app.models import Backup, Job


class Command(BaseCommand):
    help = "Queues an automatic backup and follows it. The exit status tells how it ended."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--description", type=_description, default="", help="A text to find the backup by.")
        parser.add_argument(
            "--cleanup", action="store_true", help="Afterwards delete automatic backups past their days."
        )
        parser.add_argument(
            "--keep-days", type=_days, metavar="N", help="Days that --cleanup keeps (default: KEEP_DAYS)."
        )
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--no-wait", action="store_true", help="Queue it and return at once.")
        how.add_argument("--here", action="store_true", help="Run in this process, without broker or worker.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["keep_days"] and not options["cleanup"]:
            raise CommandError("--keep-days says what --cleanup keeps; give both, or neither.")
        parameters: dict[str, Any] = {"kind": BackupKind.AUTOMATIC, "description": options["description"]}
        if options["cleanup"]:
            parameters["clean_up_keep_days"] = options["keep_days"] or backup_settings().KEEP_DAYS
        job = start_and_follow(
            JobKind.BACKUP, parameters, here=options["here"], no_wait=options["no_wait"], stdout=self.stdout
        )
        if job.is_active:
            return
        self._tell_of_backup(job)
        follower = jobs.follower_of(job)
        if follower is not None:
            self._tell_of_clean_up(follow_or_leave(follower, stdout=self.stdout))

    def _tell_of_backup(self, job: Job) -> None:
        fail_unless_succeeded(job)
        backup = Backup.objects.filter(name=job.backup_name).first()
        if backup is None:
            self.stdout.write(f"{job.backup_name} was made, and has been deleted since.")
            return
        self.stdout.write(
            f"{backup.name}: {backup.record_count:,} records, {backup.size_bytes:,} bytes, SHA-256 {backup.sha256}"
        )

    def _tell_of_clean_up(self, job: Job) -> None:
        fail_unless_succeeded(job)
        deleted = (job.result or {})["deleted"]
        self.stdout.write(f"Clean-up: {len(deleted)} deleted.")
        for name in deleted:
            self.stdout.write(f"  {name}")


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of days of at least 1")
    return int(text)


def _description(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ArgumentTypeError(f"{text!r} is not written in UTF-8") from None
    longest = Backup._meta.get_field("description").max_length or 0
    if len(text) > longest:
        raise ArgumentTypeError(f"it has {len(text):,} characters, and {longest:,} are the most")
    return text
