"""Keys that differ in the file and are the same to the database, as a and A are under many collations.

Asked of the database itself, in temporary tables with nothing but the key, before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from django.db.models import Field

from backups_app.engine.databases.restore_base import Target
from backups_app.engine.rows import Block
from backups_app.engine.selection import Table

_MOST_NAMED = 10
_MOST_CHARACTERS = 200
_numbers = count(1)
# The values of a group, in one text.
_JOINED: dict[str, Callable[[Sequence[str]], str]] = {
    "mysql": lambda columns: f"GROUP_CONCAT(CONCAT_WS(', ', {', '.join(columns)}) SEPARATOR ' = ')",
    "postgresql": lambda columns: f"string_agg(concat_ws(', ', {', '.join(columns)}), ' = ')",
    "sqlite": lambda columns: "group_concat(" + " || ', ' || ".join(columns) + ", ' = ')",
}


class Collisions:
    """Of one table's keys: the primary one, and with `all_unique` those of its unique indexes."""

    def __init__(self, target: Target, table: Table, *, all_unique: bool) -> None:
        self._target = target
        by_column = {str(field.column): field for field in (*table.key_fields, *table.fields)}
        self._held: dict[Table, tuple[Field[Any, Any], ...]] = {}
        self._compared: dict[Table, str] = {}
        for columns in target.keys_by_collation(table, all_unique=all_unique):
            fields = tuple(by_column[column] for column in columns if column in by_column)
            if len(fields) < len(columns):
                continue
            place = replace(table, name=f"backups_keys_{next(_numbers)}")
            if target.make_temporary(place, table, fields):
                self._held[place] = fields
                self._compared[place] = ", ".join(f"{target.quote(name)}{how}" for name, how in columns.items())

    def add(self, block: Block) -> None:
        for place, fields in list(self._held.items()):
            if not set(fields) <= set(block.fields):
                continue
            columns = [block.columns[block.fields.index(field)] for field in fields]
            try:
                self._target.writer(place, fields)(columns)
                self._target.end_writing()
            except self._target.driver_errors:
                # Whatever it is: writing the table itself will meet it, and say so.
                del self._held[place]

    def found(self) -> Iterator[tuple[str, str]]:
        """(fields, the values that are the same)."""
        quote = self._target.quote
        for place, fields in self._held.items():
            columns = [quote(str(field.column)) for field in fields]
            values = _JOINED[self._target.vendor](columns)
            given = " AND ".join(f"{column} IS NOT NULL" for column in columns)
            rows = self._target.rows(
                f"SELECT {values} FROM {quote(place.name)}"  # noqa: S608 (quoted names)
                f" WHERE {given} GROUP BY {self._compared[place]} HAVING COUNT(*) > 1 LIMIT {_MOST_NAMED}"
            )
            for (same,) in rows:
                yield ", ".join(field.name for field in fields), str(same)[:_MOST_CHARACTERS]
