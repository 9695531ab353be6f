"""restore_backup: brings the database back to a backup, from a terminal or a script."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backups_app import jobs
from backups_app.actions.refusals import Overrides
from backups_app.choices import JobKind, JobState
from backups_app.engine import store
from backups_app.management.following import fail_unless_succeeded, refuse_unless_migrated, start_and_follow
from backups_app.management.previews import refused_because, show_preview
from backups_app.models import Backup, Job
from backups_app.text import printable


class Command(BaseCommand):
    help = "Restores the database from a backup. Shows what would change, asks for YES, queues it and follows it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "backup", metavar="ID|NAME|PATH", help="The backup's id or name, as list_backups shows them, or a file."
        )
        parser.add_argument("--plan", action="store_true", help="Show what would change, and end.")
        parser.add_argument("--force", action="store_true", help="Do not ask for YES. Skips no other check.")
        parser.add_argument("--no-safety-backup", action="store_true", help="Make no safety backup (not recommended).")
        parser.add_argument(
            "--accept-foreign", action="store_true", help="Restore a file that this installation may not have made."
        )
        parser.add_argument(
            "--accept-newer-migrations", action="store_true", help="Restore a file made with migrations that lack here."
        )
        parser.add_argument(
            "--leave-out-unknown", action="store_true", help="Leave out models and fields that are not known here."
        )
        parser.add_argument(
            "--accept-lock-out", action="store_true", help="Restore a file in which nobody is an active superuser."
        )
        parser.add_argument(
            "--clear-unnamed", action="store_true", help="Empty models that a file without manifest does not name."
        )
        parser.add_argument(
            "--keep-dangling", action="store_true", help="Keep references of the file that lead nowhere as they are."
        )
        parser.add_argument("--reason", default="", help="Why; kept in the history.")
        parser.add_argument("--no-wait", action="store_true", help="Queue it and return at once.")
        parser.add_argument("--here", action="store_true", help="Run in this process, without broker or worker.")
        parser.add_argument("--json", action="store_true", help="The plan or the outcome as one JSON object.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["plan"] and not options["force"] and not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask for YES. With --force it is not asked for.")
        refuse_unless_migrated()
        overrides = Overrides(**{name: options[name] for name in jobs.OVERRIDES})
        file = _find(options["backup"])
        if options["plan"]:
            self._plan(file, overrides, **options)
            return
        file |= self._ask(file, overrides, **options)
        parameters = {**file, "reason": options["reason"], **{name: options[name] for name in jobs.OVERRIDES}}
        job = start_and_follow(
            JobKind.RESTORE, parameters, here=options["here"], no_wait=options["no_wait"], stdout=self.stdout
        )
        if not job.is_active:
            self._tell(job, as_json=options["json"])

    def _plan(self, file: dict[str, Any], overrides: Overrides, **options: Any) -> None:
        job = self._preview(file, overrides, here=options["here"])
        preview = job.result or {}
        refused = [objection.reason for objection in refused_because(preview, overrides)]
        if options["json"]:
            told = {"job": str(job.pk), "can_be_restored": not refused, "refused_because": refused, **preview}
            self.stdout.write(json.dumps(told, indent=2))
        else:
            show_preview(preview, overrides, out=self.stdout)
        if refused:
            raise CommandError(f"It can't be restored like this ({len(refused):,} reasons, see above).")

    def _ask(self, file: dict[str, Any], overrides: Overrides, **options: Any) -> dict[str, Any]:
        """What was shown, and answered with YES, for the restore to find again: the file's hash and the schema."""
        try:
            jobs.refuse_second_restore()
        except jobs.Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        force = options["force"]
        # Scripts read the other stream.
        out = self.stderr if force or options["json"] else self.stdout
        job = self._preview(file, overrides, here=options["here"], may_fail=force)
        if job.state != JobState.SUCCEEDED:
            # A database too broken to be compared may be the reason for the restore, which checks the file by itself.
            out.write(f"There is no preview: {job.error_message}")
            return {}
        preview = job.result or {}
        show_preview(preview, overrides, out=out)
        if refused := refused_because(preview, overrides):
            raise CommandError(printable(f"Not restored. {refused[0].reason} {refused[0].hint}"))
        seen = {"sha256": preview["file"]["sha256"], "schema": preview["schema"]}
        if force:
            return seen
        out.write("The database goes back to exactly this. What was added or changed since is gone.")
        if input("Type YES to restore: ") != "YES":
            raise CommandError("Not restored: the answer was not YES.", returncode=3)
        return seen

    def _preview(self, file: dict[str, Any], overrides: Overrides, *, here: bool, may_fail: bool = False) -> Job:
        parameters = {**file, "clear_unnamed": overrides.clear_unnamed}
        job = start_and_follow(JobKind.PREVIEW, parameters, here=here, no_wait=False, stdout=self.stderr)
        if not may_fail or job.state == JobState.CANCELLED:
            fail_unless_succeeded(job)
        return job

    def _tell(self, job: Job, *, as_json: bool) -> None:
        if as_json:
            told = {"job": str(job.pk), "state": job.state, "error": job.error_message, "result": job.result}
            self.stdout.write(json.dumps(told, indent=2))
        fail_unless_succeeded(job)
        if as_json:
            return
        result = job.result or {}
        records, seconds = result.get("records", 0), result.get("seconds", 0)
        self.stdout.write(printable(f"Restored {job.backup_name}: {records:,} records in {seconds:.1f} s."))
        for remark in result.get("remarks", []):
            self.stdout.write(printable(f"- {remark['where']}: {remark['detail']}"))
        safety = result.get("safety_backup")
        self.stdout.write(f"To undo it: restore_backup {safety}" if safety else "There is no safety backup.")


def _find(wanted: str) -> dict[str, Any]:
    """The parameters that name the file: a backup of the list, a file of the backup folder, or any other."""
    found = Backup.objects.filter(pk=int(wanted)) if _is_number(wanted) else Backup.objects.filter(name=wanted)
    backup = found.first()
    if backup is not None:
        if not backup.is_good:
            raise CommandError(f"{backup.name} is {backup.status} and can't be restored.")
        return {"backup_id": backup.pk, "name": backup.name, "sha256": backup.sha256}
    path = Path(wanted)
    if wanted and path.is_file():
        path = path.resolve()
        folder = store.folder_path()
        known = Backup.objects.filter(name=path.name).first()
        if known is not None and folder is not None and folder.resolve() == path.parent:
            return _find(known.name)
        return {"name": path.name, "path": str(path)}
    if store.is_name(wanted) and store.exists(wanted):
        return {"name": wanted}
    raise CommandError(f"There is no backup and no file {wanted!r}. list_backups shows the backups that there are.")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
