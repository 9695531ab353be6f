"""Keys that differ in the file and are the same to the database, as a and A are under many collations.

Asked of the database itself, in temporary tables with nothing but the key, before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterator
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


class Collisions:
    """Of one table's keys: the primary one, and with `all_unique` those of its unique indexes."""

    def __init__(self, target: Target, table: Table, *, all_unique: bool) -> None:
        self._target = target
        by_column = {str(field.column): field for field in (*table.key_fields, *table.fields)}
        self._held: dict[Table, tuple[Field[Any, Any], ...]] = {}
        for columns in target.keys_by_collation(table, all_unique=all_unique):
            fields = tuple(by_column[column] for column in columns if column in by_column)
            # What is referred to has its id only once it is loaded.
            if len(fields) < len(columns) or any(field.is_relation for field in fields):
                continue
            place = replace(table, name=f"backups_keys_{next(_numbers)}")
            if target.make_temporary(place, table, fields):
                self._held[place] = fields

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
            names = ", ".join(columns)
            given = " AND ".join(f"{column} IS NOT NULL" for column in columns)
            rows = self._target.rows(
                f"SELECT GROUP_CONCAT(CONCAT_WS(', ', {names}) SEPARATOR ' = ') FROM {quote(place.name)}"  # noqa: S608 (quoted names)
                f" WHERE {given} GROUP BY {names} HAVING COUNT(*) > 1 LIMIT {_MOST_NAMED}"
            )
            for (values,) in rows:
                yield ", ".join(field.name for field in fields), str(values)[:_MOST_CHARACTERS]
