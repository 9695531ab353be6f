"""list_backups: the catalogue on a terminal or for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backups_app.management.following import terminal_of
from backups_app.models import Backup
from backups_app.text import printable

_PIPE_WIDTH = 250


class Command(BaseCommand):
    help = "Lists the backups, newest first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="One JSON array for scripts.")

    def handle(self, *_args: Any, **options: Any) -> None:
        backups = list(Backup.objects.all())
        if options["json"]:
            self.stdout.write(json.dumps([_as_dict(backup) for backup in backups], indent=2))
        elif not backups:
            self.stdout.write("There are no backups yet. Make one with: manage.py create_automatic_backup")
        else:
            stream = terminal_of(self.stdout)
            # A pipe has no width: nothing is folded there.
            Console(file=stream, width=None if stream.isatty() else _PIPE_WIDTH).print(_table(backups))


def _as_dict(backup: Backup) -> dict[str, Any]:
    return {
        "id": backup.pk,
        "name": backup.name,
        "kind": backup.kind,
        "status": backup.status,
        "description": backup.description,
        "created_at": backup.created_at.isoformat(),
        "created_by": backup.created_by_name,
        "form": backup.form or "plain",
        "records": backup.record_count,
        "size_bytes": backup.size_bytes,
        "sha256": backup.sha256,
        "needs_restore_backup": backup.needs_restore_backup,
        "copied_at": backup.copied_at.isoformat() if backup.copied_at else None,
        "copy_problem": backup.copy_problem,
        "trust": backup.trust.value,
        "checked_at": backup.checked_at.isoformat() if backup.checked_at else None,
        "problem": backup.problem,
        "provenance": backup.provenance,
    }


def _notes(backup: Backup) -> Iterator[str]:
    if backup.form:
        yield backup.form
    if backup.needs_restore_backup:
        # Values without a plain fixture form: Django's loaddata can't read those.
        yield "needs restore_backup, not loaddata"
    if backup.copied_at:
        yield f"copied {timezone.localtime(backup.copied_at):%Y-%m-%d %H:%M}"
    elif backup.copy_problem:
        yield f"not copied: {backup.copy_problem}"


def _table(backups: list[Backup]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title, side in (("ID", "right"), ("NAME", "left"), ("KIND", "left"), ("STATUS", "left")):
        table.add_column(title, justify=side, overflow="fold")  # type: ignore[arg-type]
    for title in ("RECORDS", "BYTES"):
        table.add_column(title, justify="right")
    table.add_column("NOTE", overflow="fold")
    for backup in backups:
        table.add_row(
            str(backup.pk),
            *(Text(printable(word)) for word in (backup.name, backup.kind, backup.status)),
            f"{backup.record_count:,}",
            f"{backup.size_bytes:,}",
            "; ".join(_notes(backup)),
        )
    return table
