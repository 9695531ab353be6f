"""References from tables that stay to rows that a load takes away follow their on_delete."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import CASCADE, DO_NOTHING, PROTECT, RESTRICT, SET_DEFAULT, SET_NULL, ForeignKey

from backups_app.engine.check import Finding
from backups_app.engine.databases.restore_base import Target
from backups_app.engine.errors import LoadRefused
from backups_app.engine.plan import Plan
from backups_app.engine.selection import Table

_REFUSING = {PROTECT: "PROTECT", RESTRICT: "RESTRICT", DO_NOTHING: "DO_NOTHING"}
# Statements with lists of keys stay below every database's limits.
_KEYS_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class _Reference:
    table: Table
    field: ForeignKey[Any, Any]


class Following:
    """Made before the tables are cleared: what dangled already then is nobody's doing."""

    def __init__(self, target: Target, plan: Plan) -> None:
        self._target = target
        gone_from = {table.model for table in plan.cleared} | {table.model for table in plan.kept}
        self._references = [
            _Reference(table, field)
            for table in plan.kept
            if not table.has_composite_key
            for field in (*table.key_fields, *table.fields)
            if isinstance(field, ForeignKey) and field.remote_field.model._meta.concrete_model in gone_from
        ]
        self._dangled = {reference: set(self._dangling(reference)) for reference in self._references}

    def follow(self) -> list[Finding]:
        """Until nothing changes any more, since a row that goes may take others with it."""
        changes: Counter[tuple[_Reference, str]] = Counter()
        while True:
            found = [(reference, keys) for reference in self._references if (keys := self._vanished(reference))]
            if not found:
                break
            for reference, keys in found:
                changes[reference, self._apply(reference, keys)] += len(keys)
        return [
            Finding(
                kind="followed",
                where=f"{reference.table.label}.{reference.field.name}",
                detail=f"{count:,} references to rows that are not in the backup: {what}.",
            )
            for (reference, what), count in changes.items()
        ]

    def _vanished(self, reference: _Reference) -> list[Any]:
        return [key for key in self._dangling(reference) if key not in self._dangled[reference]]

    def _dangling(self, reference: _Reference) -> list[Any]:
        quote, field = self._target.quote, reference.field
        remote = field.target_field
        own, other = quote(reference.table.name), quote(remote.model._meta.db_table)
        column, key = quote(str(field.column)), quote(str(reference.table.key_fields[0].column))
        rows = self._target.run(
            f"SELECT a.{key} FROM {own} a WHERE a.{column} IS NOT NULL AND NOT EXISTS"  # noqa: S608 (quoted names)
            f" (SELECT 1 FROM {other} b WHERE b.{quote(str(remote.column))} = a.{column})"
        )
        return [key for (key,) in rows]

    def _apply(self, reference: _Reference, keys: list[Any]) -> str:
        """Does to the rows with `keys` what the reference says, and says what that was."""
        on_delete = reference.field.remote_field.on_delete
        if on_delete in _REFUSING:
            raise LoadRefused(
                f"{len(keys):,} rows of {reference.table.label}, which stays, refer by {reference.field.name} to rows"
                f" that are not in the backup, and that is {_REFUSING[on_delete]}."
            )
        table, quote = quote_name(self._target, reference.table), self._target.quote
        key = quote(str(reference.table.key_fields[0].column))
        values: tuple[Any, ...] = ()
        if on_delete is CASCADE:
            statement, what = f"DELETE FROM {table}", "the rows went too"  # noqa: S608 (a quoted name)
        else:
            value = _replacement(reference.field)
            statement = f"UPDATE {table} SET {quote(str(reference.field.column))} = %s"  # noqa: S608 (quoted names)
            values, what = (value,), "emptied" if value is None else f"set to {value}"
        for start in range(0, len(keys), _KEYS_AT_A_TIME):
            some = keys[start : start + _KEYS_AT_A_TIME]
            marks = ", ".join(["%s"] * len(some))
            self._target.execute(f"{statement} WHERE {key} IN ({marks})", (*values, *some))
        return what


def quote_name(target: Target, table: Table) -> str:
    return target.quote(table.name)


def _replacement(field: ForeignKey[Any, Any]) -> Any:
    on_delete: Any = field.remote_field.on_delete
    if on_delete is SET_NULL:
        return None
    if on_delete is SET_DEFAULT:
        return field.get_default()
    _, (value,), _ = on_delete.deconstruct()
    return value() if callable(value) else value
