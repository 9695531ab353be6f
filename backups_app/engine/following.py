"""References from tables that stay to rows that a load takes away follow their on_delete.

In somebody else's file the row with that key may be another one, as its natural key tells: then it is gone as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import (
    CASCADE,
    DO_NOTHING,
    PROTECT,
    RESTRICT,
    SET_DEFAULT,
    SET_NULL,
    Field,
    ForeignKey,
    Model,
)

from backups_app.engine.check import Finding
from backups_app.engine.databases.base import plain_field
from backups_app.engine.databases.restore_base import Target
from backups_app.engine.errors import LoadRefused
from backups_app.engine.plan import Plan
from backups_app.engine.reading import Batch
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

    def __init__(self, target: Target, plan: Plan, *, is_foreign: bool) -> None:
        self._target = target
        self._cleared = {table.model: table for table in plan.cleared}
        gone_from = {table.model for table in plan.cleared} | {table.model for table in plan.kept}
        self._references = [
            _Reference(table, field)
            for table in plan.kept
            if not table.has_composite_key
            for field in (*table.key_fields, *table.fields)
            if isinstance(field, ForeignKey) and field.remote_field.model._meta.concrete_model in gone_from
        ]
        self._dangled = {reference: set(self._dangling(reference)) for reference in self._references}
        self._names = {reference: self._named(reference) for reference in self._references if is_foreign}

    def refuse_early(self, read: Callable[[], Iterator[Batch]]) -> None:
        """Raises LoadRefused for protected rows whose reference leads to a row that vanishes, or that goes with one.

        The file is read for that only if there are any. Only whom somebody else's file names otherwise `follow` finds.
        """
        guarded = self._guarded()
        missing = {
            reference: keys
            for reference in self._references
            if (_is_refusing(reference) or (_is_cascading(reference) and reference.table.name in guarded))
            and self._concrete(reference) in self._cleared
            and (keys := self._in_use(reference))
        }
        if not missing:
            return
        for batch in read():
            for reference, keys in missing.items():
                if self._concrete(reference)._meta.label_lower == batch.label:
                    for value in _values_of(reference.field.target_field, batch.records):
                        keys.pop(_comparable(reference.field, value), None)
        for reference, keys in missing.items():
            if keys and _is_refusing(reference):
                raise _refusal(reference, sum(keys.values()))
        self._refuse_behind(
            [
                (reference.table.name, set(self._referring(reference, list(keys))))
                for reference, keys in missing.items()
                if keys
            ]
        )

    def _guarded(self) -> set[str]:
        """Tables whose rows something protects, be it by way of rows that would go along."""
        guarded: set[str] = set()
        before = -1
        while len(guarded) > before:
            before = len(guarded)
            guarded |= {
                _referred(reference)
                for reference in self._references
                if _is_refusing(reference) or (_is_cascading(reference) and reference.table.name in guarded)
            }
        return guarded

    def _refuse_behind(self, going: list[tuple[str, set[Any]]]) -> None:
        """`going`: by table, the keys of rows that go with those that vanish."""
        gone: dict[str, set[Any]] = {}
        protecting: dict[_Reference, set[Any]] = {}
        while going:
            name, keys = going.pop()
            keys -= gone.setdefault(name, set())
            gone[name] |= keys
            for reference in self._references:
                if not keys or _referred(reference) != name:
                    continue
                if _is_refusing(reference):
                    protecting.setdefault(reference, set()).update(self._referring_to(reference, keys))
                elif _is_cascading(reference):
                    going.append((reference.table.name, self._referring_to(reference, keys)))
        for reference, rows in protecting.items():
            if rows:
                raise _refusal(reference, len(rows), behind=True)

    def _referring_to(self, reference: _Reference, keys: Collection[Any]) -> set[Any]:
        """Keys of rows that refer to the rows with `keys`."""
        quote, remote = self._target.quote, reference.field.target_field
        own, other = quote(reference.table.name), quote(remote.model._meta.db_table)
        key = quote(str(reference.table.key_fields[0].column))
        column, named = quote(str(reference.field.column)), quote(str(remote.column))
        others_key = quote(str(remote.model._meta.pk.column))
        all_keys, found = list(keys), set()
        for start in range(0, len(all_keys), _KEYS_AT_A_TIME):
            some = all_keys[start : start + _KEYS_AT_A_TIME]
            marks = ", ".join(["%s"] * len(some))
            rows = self._target.run(
                f"SELECT a.{key} FROM {own} a JOIN {other} b ON b.{named} = a.{column}"  # noqa: S608 (quoted names)
                f" WHERE b.{others_key} IN ({marks})",
                some,
            )
            found |= {value for (value,) in rows}
        return found

    def _concrete(self, reference: _Reference) -> type[Model]:
        model: Any = reference.field.target_field.model._meta.concrete_model
        return model  # type: ignore[no-any-return]

    def _in_use(self, reference: _Reference) -> dict[Any, int]:
        """How many rows refer to each key; only to rows that there are."""
        quote, field = self._target.quote, reference.field
        column, other = quote(str(field.column)), quote(field.target_field.model._meta.db_table)
        own, key = quote(reference.table.name), quote(str(field.target_field.column))
        rows = self._target.run(
            f"SELECT a.{column}, COUNT(*) FROM {own} a WHERE EXISTS"  # noqa: S608 (quoted names)
            f" (SELECT 1 FROM {other} b WHERE b.{key} = a.{column}) GROUP BY a.{column}"
        )
        return {_comparable(field, value): int(count) for value, count in rows}

    def _named(self, reference: _Reference) -> dict[Any, Any]:
        """Natural keys of the rows referred to, by key; empty where the model has none."""
        model, field = self._concrete(reference), reference.field.target_field
        if model not in self._cleared or not hasattr(model, "natural_key"):
            return {}
        found: dict[Any, Any] = {}
        keys = list(self._in_use(reference))
        with self._target.as_alias() as alias:
            for start in range(0, len(keys), _KEYS_AT_A_TIME):
                some = keys[start : start + _KEYS_AT_A_TIME]
                for row in model._base_manager.using(alias).filter(**{f"{field.attname}__in": some}):
                    found[_comparable(reference.field, getattr(row, field.attname))] = _natural_key(row)
        return found

    def _to_others(self) -> Iterator[tuple[_Reference, list[Any]]]:
        """References to rows that are somebody else now, with the keys of the referring rows."""
        for reference, names in self._names.items():
            now = self._named(reference) if names else {}
            others = [key for key, name in names.items() if key in now and now[key] != name]
            if others:
                yield reference, self._referring(reference, others)

    def _referring(self, reference: _Reference, others: list[Any]) -> list[Any]:
        quote, field = self._target.quote, reference.field
        key = quote(str(reference.table.key_fields[0].column))
        found: list[Any] = []
        for start in range(0, len(others), _KEYS_AT_A_TIME):
            some = [
                field.target_field.get_db_prep_value(value, self._target.connection)
                for value in others[start : start + _KEYS_AT_A_TIME]
            ]
            marks = ", ".join(["%s"] * len(some))
            rows = self._target.run(
                f"SELECT {key} FROM {quote(reference.table.name)}"  # noqa: S608 (quoted names)
                f" WHERE {quote(str(field.column))} IN ({marks})",
                some,
            )
            found += [value for (value,) in rows]
        return found

    def follow(self) -> list[Finding]:
        """Until nothing changes any more, since a row that goes may take others with it."""
        changes: Counter[tuple[_Reference, str]] = Counter()
        for reference, keys in self._to_others():
            changes[reference, self._let_go_of(reference, keys)] += len(keys)
        is_over = False
        while not is_over:
            is_over = True
            for reference in self._references:
                what, count = self._let_go(reference)
                if count:
                    changes[reference, what] += count
                    is_over = False
        which = "not in the backup, or are others there" if self._names else "not in the backup"
        return [
            Finding(
                kind="followed",
                where=f"{reference.table.label}.{reference.field.name}",
                detail=f"{count:,} references to rows that are {which}: {what}.",
            )
            for (reference, what), count in changes.items()
        ]

    def _let_go(self, reference: _Reference) -> tuple[str, int]:
        """Does to rows whose reference leads nowhere now what the reference says: what that was, and to how many."""
        field, own = reference.field, self._target.quote(reference.table.name)
        # One statement for all that dangle, unless some did so before, or it would read the table that it changes.
        is_plain = not self._dangled[reference] and field.target_field.model._meta.db_table != reference.table.name
        if is_plain:
            dangles = self._dangles(reference)
            count = int(self._target.run(f"SELECT COUNT(*) FROM {own} WHERE {dangles}")[0][0])  # noqa: S608 (quoted names)
            if not count:
                return "", 0
            statement, values, what = self._statement(reference, count)
            self._target.execute(f"{statement} WHERE {dangles}", values)
            return what, count
        keys = [key for key in self._dangling(reference) if key not in self._dangled[reference]]
        return (self._let_go_of(reference, keys), len(keys)) if keys else ("", 0)

    def _let_go_of(self, reference: _Reference, keys: list[Any]) -> str:
        """The same to the rows with `keys`."""
        statement, values, what = self._statement(reference, len(keys))
        key = self._target.quote(str(reference.table.key_fields[0].column))
        for start in range(0, len(keys), _KEYS_AT_A_TIME):
            some = keys[start : start + _KEYS_AT_A_TIME]
            marks = ", ".join(["%s"] * len(some))
            self._target.execute(f"{statement} WHERE {key} IN ({marks})", (*values, *some))
        return what

    def _dangles(self, reference: _Reference) -> str:
        quote, remote = self._target.quote, reference.field.target_field
        column = f"{quote(reference.table.name)}.{quote(str(reference.field.column))}"
        other, key = quote(remote.model._meta.db_table), quote(str(remote.column))
        return f"{column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {other} b WHERE b.{key} = {column})"  # noqa: S608 (quoted names)

    def _dangling(self, reference: _Reference) -> list[Any]:
        own, key = (
            self._target.quote(name) for name in (reference.table.name, str(reference.table.key_fields[0].column))
        )
        rows = self._target.run(f"SELECT {own}.{key} FROM {own} WHERE {self._dangles(reference)}")  # noqa: S608 (quoted names)
        return [key for (key,) in rows]

    def _statement(self, reference: _Reference, count: int) -> tuple[str, tuple[Any, ...], str]:
        """What is done to `count` rows, with its parameters, and in words."""
        field, quote = reference.field, self._target.quote
        on_delete, own = field.remote_field.on_delete, quote(reference.table.name)
        if on_delete in _REFUSING:
            raise _refusal(reference, count)
        if on_delete is CASCADE:
            return f"DELETE FROM {own}", (), "the rows went too"  # noqa: S608 (a quoted name)
        value = _replacement(field)
        if value is not None and not self._is_there(field.target_field, value):
            raise LoadRefused(
                f"{count:,} rows of {reference.table.label}, which stays, refer by {field.name} to rows that are not in"
                f" the backup, and neither is {value!r}, to which they would be set."
            )
        statement = f"UPDATE {own} SET {quote(str(field.column))} = %s"  # noqa: S608 (quoted names)
        return statement, (value,), "emptied" if value is None else f"set to {value}"

    def _is_there(self, remote: Field[Any, Any], value: Any) -> bool:
        other, key = self._target.quote(remote.model._meta.db_table), self._target.quote(str(remote.column))
        return bool(self._target.run(f"SELECT 1 FROM {other} WHERE {key} = %s", (value,)))  # noqa: S608 (quoted names)


def _is_refusing(reference: _Reference) -> bool:
    return reference.field.remote_field.on_delete in _REFUSING


def _is_cascading(reference: _Reference) -> bool:
    return reference.field.remote_field.on_delete is CASCADE


def _referred(reference: _Reference) -> str:
    """The table that it leads to."""
    name: str = reference.field.target_field.model._meta.db_table
    return name


def _refusal(reference: _Reference, count: int, *, behind: bool = False) -> LoadRefused:
    field = reference.field
    on_delete: Any = field.remote_field.on_delete
    whom = "are not in the backup" if not behind else "would go with others that are not in the backup"
    return LoadRefused(
        f"{count:,} rows of {reference.table.label}, which stays, refer by {field.name} to rows that {whom}, and that"
        f" is {_REFUSING[on_delete]}."
    )


def _values_of(field: Field[Any, Any], records: Iterable[Mapping[str, Any]]) -> list[Any]:
    if field.primary_key:
        return [record.get("pk") for record in records]
    return [record["fields"].get(field.name) for record in records]


def _comparable(field: ForeignKey[Any, Any], value: Any) -> Any:
    """A key in one form, whether a database or a file gave it."""
    try:
        return plain_field(field).to_python(value)
    except ValidationError:
        return value if isinstance(value, Hashable) else None


def _natural_key(row: Any) -> Any:
    # What it depends on may itself be out of order as long as the load is not over.
    try:
        return row.natural_key()
    except ObjectDoesNotExist:
        return None


def _replacement(field: ForeignKey[Any, Any]) -> Any:
    on_delete: Any = field.remote_field.on_delete
    if on_delete is SET_NULL:
        return None
    if on_delete is SET_DEFAULT:
        return field.get_default()
    _, (value,), _ = on_delete.deconstruct()
    return value() if callable(value) else value
