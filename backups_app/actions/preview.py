"""preview: what a restore would do, and what stands against it; changes nothing and locks nobody out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connections

from backups_app.actions.create import scope
from backups_app.actions.refusals import Objection, objections, superusers_after, superusers_now
from backups_app.actions.source import Source, check_stored
from backups_app.audit import Actor
from backups_app.engine.check import Checked, Finding
from backups_app.engine.compare import Difference, compare
from backups_app.engine.databases import open_snapshot
from backups_app.engine.forms import Plain
from backups_app.engine.inspection import schema_fingerprint
from backups_app.engine.load import LoadRefused, look_ahead
from backups_app.engine.plan import Plan, make_plan
from backups_app.engine.progress import Stage, Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`schema` and `sha256` are what a restore has to find again. No `differences` where no override would help."""

    checked: Checked
    objections: tuple[Objection, ...]
    red_flags: tuple[str, ...]
    differences: tuple[Difference, ...]
    remarks: tuple[Finding, ...]
    schema: str
    seconds: float

    def as_dict(self, source: Source) -> dict[str, Any]:
        """As it is kept in the job's row, and shown by page and command."""
        manifest = self.checked.manifest or {}
        return {
            "file": {
                "name": source.name,
                "sha256": self.checked.stored_sha256,
                "provenance": self.checked.provenance,
                "records": self.checked.record_count,
                "models": len(self.checked.models),
                "superusers": list(self.checked.superusers),
                **{name: manifest.get(name) for name in ("created_at", "kind", "application", "database")},
            },
            "schema": self.schema,
            "migrations": _migrations_in_a_word(self.checked),
            "objections": [asdict(objection) for objection in self.objections],
            "red_flags": list(self.red_flags),
            "differences": [asdict(difference) for difference in self.differences],
            "remarks": [asdict(remark) for remark in self.remarks],
            "seconds": round(self.seconds, 3),
        }


def preview_restore(source: Source, *, by: Actor, watch: Watch, clear_unnamed: bool) -> Preview:
    """Reads the file to its last byte and compares it with the database. Raises an EngineError or Cancelled.

    `clear_unnamed` as `Overrides` has it: the only one that changes what a restore does.
    """
    started = time.monotonic()
    schema = schema_fingerprint(scope().using)
    with source.unpacked(watch=watch) as plain:
        return _preview(plain, schema, started, by=by, watch=watch, clear_unnamed=clear_unnamed)


def _preview(plain: Plain, schema: str, started: float, *, by: Actor, watch: Watch, clear_unnamed: bool) -> Preview:
    using = scope().using
    checked = check_stored(plain, scope=scope(), watch=watch)
    plan = plan_of(checked, clear_unnamed=clear_unnamed)
    now = superusers_now(using)
    after = superusers_after(checked, [table.label for table in plan.cleared], now)
    against = objections(checked, by=by, superusers=after)
    differences: tuple[Difference, ...] = ()
    if all(objection.override for objection in against):
        against += _of_what_stays(plain, checked, clear_unnamed=clear_unnamed)
        differences = compare(
            plain.open,
            checked=checked,
            scope=scope(),
            watch=watch.as_stage(Stage.COMPARE),
            clear_unnamed=clear_unnamed,
        )
    return Preview(
        checked=checked,
        objections=tuple(against),
        red_flags=tuple(_red_flags(now, after, by, differences)) if differences else (),
        differences=differences,
        remarks=(*checked.remarks, *plan.remarks),
        schema=schema,
        seconds=time.monotonic() - started,
    )


def _of_what_stays(plain: Plain, checked: Checked, *, clear_unnamed: bool) -> list[Objection]:
    try:
        look_ahead(plain.open, checked=checked, scope=scope(), clear_unnamed=clear_unnamed)
    except LoadRefused as error:
        return [Objection(override="", reason=str(error))]
    return []


def plan_of(checked: Checked, *, clear_unnamed: bool) -> Plan:
    """What a restore would clear and fill, as the database is now."""
    with open_snapshot(connections[scope().using]) as snapshot:
        return make_plan(snapshot, checked, scope(), clear_unnamed=clear_unnamed)


def _red_flags(
    now: Sequence[str] | None, after: Sequence[str] | None, by: Actor, differences: Sequence[Difference]
) -> Iterator[str]:
    if now is not None and after is not None:
        if by.id and by.name not in after:
            yield f"Your own account ({by.name}) is no active superuser in the file."
        if lost := sorted(set(now) - set(after)):
            yield f"No superusers any more: {', '.join(lost)}."
        if gained := sorted(set(after) - set(now)):
            yield f"Superusers that are none now: {', '.join(gained)}."
    for difference in differences:
        if difference.now and not difference.in_file:
            yield f"{difference.model} becomes empty: it has {difference.now:,} records now."


def _migrations_in_a_word(checked: Checked) -> str:
    if checked.manifest is None:
        return "unknown"
    if any(finding.kind == "newer-migrations" for finding in checked.refusals):
        return "newer"
    return "older" if any(finding.kind == "older-migrations" for finding in checked.remarks) else "same"
