"""verify_backup: reads backups to their last byte and says whether they are what was written."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backups_app.choices import JobKind
from backups_app.management.following import fail_unless_succeeded, refuse_unless_migrated, start_and_follow
from backups_app.models import Backup, Job
from backups_app.text import printable


class Command(BaseCommand):
    help = "Reads a backup, or all of them, to the last byte and compares it with what was written."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("backup", metavar="ID|NAME", nargs="?", help="As list_backups shows them.")
        which.add_argument("--all", action="store_true", help="Every backup, the least recently checked first.")
        parser.add_argument("--no-wait", action="store_true", help="Queue it and return at once.")
        parser.add_argument("--here", action="store_true", help="Run in this process, without broker or worker.")
        parser.add_argument("--json", action="store_true", help="The outcome as one JSON object.")

    def handle(self, *_args: Any, **options: Any) -> None:
        refuse_unless_migrated()
        parameters = {} if options["all"] else _parameters_of(options["backup"])
        job = start_and_follow(
            JobKind.VERIFY, parameters, here=options["here"], no_wait=options["no_wait"], stdout=self.stdout
        )
        if not job.is_active:
            self._tell(job, as_json=options["json"])

    def _tell(self, job: Job, *, as_json: bool) -> None:
        result = job.result or {}
        found, left = result.get("backups", []), result.get("left", 0)
        if as_json:
            told = {"job": str(job.pk), "state": job.state, "error": job.error_message, "backups": found, "left": left}
            self.stdout.write(json.dumps(told, indent=2))
        fail_unless_succeeded(job)
        bad = [verified for verified in found if verified["problem"]]
        if not as_json:
            for verified in found:
                problem = f": {verified['problem']}" if verified["problem"] else ""
                word = verified["status"] if verified["is_told"] else "NOT CHECKED"
                self.stdout.write(printable(f"{verified['backup']} {word}{problem}"))
            self.stdout.write(f"{len(found):,} checked, {len(bad):,} not good.")
        if bad:
            raise CommandError(f"{len(bad):,} of {len(found):,} backups are not good.")
        if not found and job.backup_id:
            raise CommandError(f"{job.backup_name} was not checked: it was deleted meanwhile.")
        if left:
            raise CommandError(f"{left:,} backups were left for the next time: a restore waited, or they are gone.")


def _parameters_of(wanted: str) -> dict[str, Any]:
    is_number = wanted.isascii() and wanted.isdigit() and len(wanted) <= 18
    found = Backup.objects.filter(pk=int(wanted)) if is_number else Backup.objects.filter(name=wanted)
    backup = found.first()
    if backup is None:
        raise CommandError(f"There is no backup {wanted!r}. list_backups shows the backups that there are.")
    return {"backup_id": backup.pk, "name": backup.name}
