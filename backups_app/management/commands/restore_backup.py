"""restore_backup: brings the database back to a backup, from a terminal or a script."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backups_app import jobs
from backups_app.choices import JobKind
from backups_app.management.following import fail_unless_succeeded, start_and_follow
from backups_app.models import Backup, Job


class Command(BaseCommand):
    help = "Restores the database from a backup. Shows what it is about, asks for YES, queues it and follows it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", metavar="ID|NAME", help="The backup's id or name, as list_backups shows them.")
        parser.add_argument("--force", action="store_true", help="Do not ask for YES. Skips no other check.")
        parser.add_argument("--no-safety-backup", action="store_true", help="Make no safety backup (not recommended).")
        parser.add_argument(
            "--accept-foreign", action="store_true", help="Restore a file that this installation may not have made."
        )
        parser.add_argument(
            "--accept-lock-out", action="store_true", help="Restore a file in which nobody is an active superuser."
        )
        parser.add_argument("--reason", default="", help="Why; kept in the history.")
        parser.add_argument("--no-wait", action="store_true", help="Queue it and return at once.")
        parser.add_argument("--here", action="store_true", help="Run in this process, without broker or worker.")
        parser.add_argument("--json", action="store_true", help="The outcome as one JSON object.")

    def handle(self, *_args: Any, **options: Any) -> None:
        backup = _find(options["backup"])
        if not options["force"]:
            self._ask(backup)
        parameters: dict[str, Any] = {
            "backup_id": backup.pk,
            "name": backup.name,
            "sha256": backup.sha256,
            "reason": options["reason"],
            **{name: options[name] for name in jobs.OVERRIDES},
        }
        job = start_and_follow(
            JobKind.RESTORE, parameters, here=options["here"], no_wait=options["no_wait"], stdout=self.stdout
        )
        if not job.is_active:
            self._tell(job, as_json=options["json"])

    def _ask(self, backup: Backup) -> None:
        if not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask for YES. With --force it is not asked for.")
        self.stdout.write(
            f"{backup.name}: {backup.kind}, {backup.record_count:,} records, "
            f"made {backup.created_at:%Y-%m-%d %H:%M:%S %Z}."
        )
        self.stdout.write("The database goes back to exactly this. What was added or changed since is gone.")
        if input("Type YES to restore: ") != "YES":
            raise CommandError("Not restored: the answer was not YES.", returncode=3)

    def _tell(self, job: Job, *, as_json: bool) -> None:
        if as_json:
            told = {"job": str(job.pk), "state": job.state, "error": job.error_message, "result": job.result}
            self.stdout.write(json.dumps(told, indent=2))
        fail_unless_succeeded(job)
        if as_json:
            return
        result = job.result or {}
        records, seconds = result.get("records", 0), result.get("seconds", 0)
        self.stdout.write(f"Restored {job.backup_name}: {records:,} records in {seconds:.1f} s.")
        safety = result.get("safety_backup")
        self.stdout.write(f"To undo it: restore_backup {safety}" if safety else "There is no safety backup.")


def _find(wanted: str) -> Backup:
    """By id or by name. Raises CommandError with what there is."""
    found = Backup.objects.filter(pk=int(wanted)) if wanted.isascii() and wanted.isdigit() else None
    backup = (found or Backup.objects.filter(name=wanted)).first()
    if backup is None:
        raise CommandError(f"There is no backup {wanted!r}. list_backups shows those that there are.")
    if not backup.is_good:
        raise CommandError(f"{backup.name} is {backup.status} and can't be restored.")
    return backup
