"""rescan_backups: brings the list in line with the backup folder."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from backups_app.choices import JobKind
from backups_app.management.adopted import tell_of_adopted
from backups_app.management.following import refuse_unless_migrated, start_and_follow


class Command(BaseCommand):
    help = "Adopts the files of the backup folder that the list does not show, and marks those that are gone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-wait", action="store_true", help="Queue it and return at once.")
        parser.add_argument("--here", action="store_true", help="Run in this process, without broker or worker.")
        parser.add_argument("--json", action="store_true", help="The outcome as one JSON object.")

    def handle(self, *_args: Any, **options: Any) -> None:
        refuse_unless_migrated()
        job = start_and_follow(JobKind.RESCAN, {}, here=options["here"], no_wait=options["no_wait"], stdout=self.stdout)
        if not job.is_active:
            tell_of_adopted(job, as_json=options["json"], out=self.stdout)
