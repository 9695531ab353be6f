"""Shows what a preview found: on a terminal, plainly in a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import OutputWrapper
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from backups_app.actions.refusals import Objection, Overrides, flag_of
from backups_app.management.following import terminal_of
from backups_app.text import printable

_PIPE_WIDTH = 250
_PROVENANCES = {
    "ours": "made by this installation",
    "elsewhere": "made elsewhere, or its key is lost",
    "unsigned": "without signature",
    "changed": "CHANGED after it was made",
}
_MIGRATIONS = {
    "same": "those of the database",
    "older": "older than the database's",
    "newer": "NEWER than the database's",
    "unknown": "not told",
}
_COLUMNS = ("NOW", "IN THE FILE", "ADDED", "REMOVED", "CHANGED")


def refused_because(preview: Mapping[str, Any], overrides: Overrides) -> list[Objection]:
    """What the overrides do not wave through."""
    objections = [Objection(**objection) for objection in preview["objections"]]
    return [objection for objection in objections if not objection.is_waved_through(overrides)]


def show_preview(preview: Mapping[str, Any], overrides: Overrides, *, out: OutputWrapper) -> None:
    stream = terminal_of(out)
    # A pipe has no width: nothing is folded there.
    console = Console(file=stream, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False)
    for part in _parts(preview, overrides):
        console.print(part)


def _parts(preview: Mapping[str, Any], overrides: Overrides) -> Iterator[RenderableType]:
    yield from _file(preview)
    for flag in preview["red_flags"]:
        yield _line(f"! {flag}", "bold red")
    for objection in (Objection(**objection) for objection in preview["objections"]):
        yield _objection(objection, overrides)
    differences = preview["differences"]
    changing = [entry for entry in differences if entry["added"] or entry["removed"] or entry["changed"]]
    if changing:
        yield _table(changing)
    if differences:
        yield _line(f"{len(differences) - len(changing):,} of {len(differences):,} models are the same in both.")
    for remark in preview["remarks"]:
        yield _line(f"- {remark['where']}: {remark['detail']}")


def _file(preview: Mapping[str, Any]) -> Iterator[Text]:
    file = preview["file"]
    made = f"made {file['created_at']}, " if file["created_at"] else ""
    yield _line(f"{file['name']}: {made}{file['records']:,} records of {file['models']:,} models", "bold")
    origin = ", ".join(
        f"{name} {value}"
        for name, value in (
            ("database", " ".join(str(part) for part in (file["database"] or {}).values())),
            ("application", (file["application"] or {}).get("version")),
        )
        if value
    )
    yield _line(f"  {_PROVENANCES[file['provenance']]}{f' ({origin})' if origin else ''}")
    yield _line(f"  migrations: {_MIGRATIONS[preview['migrations']]}; SHA-256 {file['sha256']}")


def _objection(objection: Objection, overrides: Overrides) -> Text:
    if not objection.override:
        return _line(f"REFUSED: {objection.reason}", "bold red")
    flag = flag_of(objection.override)
    if objection.is_waved_through(overrides):
        return _line(f"Accepted by {flag}: {objection.reason}", "yellow")
    return _line(f"REFUSED without {flag}: {objection.reason}", "bold red")


def _table(differences: list[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("MODEL", overflow="fold")
    for title in _COLUMNS:
        table.add_column(title, justify="right")
    for entry in differences:
        numbers = (entry[name] for name in ("now", "in_file", "added", "removed", "changed"))
        table.add_row(_line(entry["model"]), *(f"{number:,}" for number in numbers))
    return table


def _line(text: str, style: str = "") -> Text:
    """What a file says can't steer the terminal."""
    return Text(printable(text), style=style)
