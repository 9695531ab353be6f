"""Keys that stand twice in a file, and references in it that lead nowhere: found in a database on disk, in flat memory.

Only what the file can tell by itself: references to models that the file has no records of, lists of many-to-many
fields and natural keys are left to the restore, which asks the database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from django.db.models import Field, ForeignKey

from backups_app.engine.rows import Block
from backups_app.engine.selection import Table

DANGLING = "dangling"

_CACHE_KIB = 8 << 10
_MOST_NAMED = 3
_PLAIN = frozenset({int, str, bytes, float})

_TABLES = """
CREATE TABLE keys (space INTEGER, key, PRIMARY KEY (space, key)) WITHOUT ROWID;
CREATE TABLE twice (space INTEGER, key);
CREATE TRIGGER again BEFORE INSERT ON keys WHEN EXISTS (SELECT 1 FROM keys WHERE space = NEW.space AND key = NEW.key)
BEGIN INSERT INTO twice VALUES (NEW.space, NEW.key); SELECT RAISE(IGNORE); END;
CREATE TABLE links (source INTEGER, space INTEGER, key);
"""

# A label, and the field that refers or is unique.
_Place = tuple[str, str]


class References:
    """Fed block by block; `findings` once at the end. The database has no name and is gone with its connection."""

    def __init__(self) -> None:
        # "" is a temporary file that SQLite removes by itself, also when this process is killed.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{_CACHE_KIB}; {_TABLES} BEGIN;"
        )
        self._spaces: dict[_Place, int] = {}
        self._sources: dict[_Place, int] = {}
        self._labels: set[str] = set()

    def add(self, table: Table, block: Block) -> None:
        self._labels.add(table.label)
        for field, values in zip(block.fields, block.columns, strict=True):
            present = [_plain(value) for value in values if value is not None]
            if field.primary_key or field.unique:
                space = _number(self._spaces, (table.label, field.name))
                self._database.executemany("INSERT INTO keys VALUES (?, ?)", [(space, value) for value in present])
            if isinstance(field, ForeignKey) and (other := _referred(field)):
                source = _number(self._sources, (table.label, field.name))
                space = _number(self._spaces, other)
                self._database.executemany(
                    # A natural key is 0 here: the restore looks it up.
                    "INSERT INTO links VALUES (?, ?, ?)",
                    [(source, space, value) for value in present if value != 0],
                )

    def findings(self) -> Iterator[tuple[str, str, str]]:
        """(kind, place, what it is)."""
        names = {number: place for place, number in self._spaces.items()}
        for space, count in self._database.execute("SELECT space, COUNT(*) FROM twice GROUP BY space"):
            some = self._some("SELECT DISTINCT key FROM twice WHERE space = ?", space)
            label, field = names[space]
            yield "duplicate-key", f"{label}.{field}", f"{count:,} values stand there again, such as {some}."
        sources = {number: place for place, number in self._sources.items()}
        dangling = (
            "FROM links WHERE NOT EXISTS (SELECT 1 FROM keys WHERE keys.space = links.space AND keys.key = links.key)"
        )
        counts = self._database.execute(f"SELECT source, space, COUNT(*) {dangling} GROUP BY source, space")
        for source, space, count in counts.fetchall():
            (label, field), (other, _) = sources[source], names[space]
            if other not in self._labels:
                continue
            some = self._some(f"SELECT DISTINCT key {dangling} AND source = ?", source)
            yield (
                DANGLING,
                f"{label}.{field}",
                f"{count:,} references lead to records of {other} that are not there, such as {some}.",
            )

    def close(self) -> None:
        self._database.close()

    def _some(self, sql: str, number: int) -> str:
        rows = self._database.execute(f"{sql} LIMIT {_MOST_NAMED}", (number,))
        return ", ".join(str(key)[:50] for (key,) in rows)


def _referred(field: ForeignKey[Any, Any]) -> _Place | None:
    """What a link points at; None where the database does not insist on it, or another table's key is meant."""
    target: Field[Any, Any] = field.target_field
    is_insisted_on: Any = vars(field)["db_constraint"]
    model: Any = target.model
    if not is_insisted_on or not (target.primary_key or target.unique):
        return None
    return model._meta.concrete_model._meta.label_lower, target.name


def _plain(value: Any) -> Any:
    """As SQLite keeps it and compares it."""
    if type(value) not in _PLAIN:
        return str(value)
    if type(value) is int and not -(2**63) <= value < 2**63:
        return str(value)
    if type(value) is str:
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return value


def _number(numbers: dict[_Place, int], place: _Place) -> int:
    return numbers.setdefault(place, len(numbers) + 1)
