"""What is in a database, read by plain SQL: the witness that tests believe.

It imports nothing of backups_app and asks no model, no manager and no converter of Django's. Every value comes as a
Cell, the type that the database itself names and the value's text, so that two databases of one kind can be compared
exactly and a file with either of them.

    before = read(alias)
    ...
    assert read(alias) == before
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
import pymysql
import pymysql.converters
from django.db import connections


class Cell(NamedTuple):
    """One value. Types: SQLite's typeof, PostgreSQL's format_type, MariaDB's DATA_TYPE.

    Bytes are hexadecimal digits; text that is not UTF-8 keeps its odd bytes as lone surrogates (surrogateescape); a
    real of SQLite is Python's repr, which has all its digits.
    """

    type: str
    text: str | None  # None is SQL NULL


Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A table's rows in an order that depends on nothing but their values; columns in the table's order."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def records(self) -> list[dict[str, Cell]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def column(self, name: str) -> list[str | None]:
        """The texts of one column, in the order of the rows."""
        position = self.columns.index(name)
        return [row[position].text for row in self.rows]


def read(alias: str, *, only: Iterable[str] | None = None) -> dict[str, Table]:
    """Every table of the database, or those in `only`, by name; views are not tables. One snapshot, committed data."""
    with _reader(alias) as reader:
        names = reader.tables() if only is None else list(only)
        return {name: reader.read(name) for name in names}


def read_table(alias: str, name: str) -> Table:
    return read(alias, only=[name])[name]


def count(alias: str) -> dict[str, int]:
    """The number of rows of every table."""
    with _reader(alias) as reader:
        return {name: reader.count(name) for name in reader.tables()}


def next_ids(alias: str) -> dict[str, int]:
    """Table -> the id that the next row without one would get; tables that give none are not in it."""
    with _reader(alias) as reader:
        return reader.next_ids()


def differences(before: Mapping[str, Table], after: Mapping[str, Table], limit: int = 20) -> list[str]:
    """What differs, in words; empty when nothing does."""
    found: list[str] = []
    for name in sorted({*before, *after}):
        if name not in before or name not in after:
            found.append(f"{name}: only {'after' if name in after else 'before'}")
            continue
        old, new = before[name], after[name]
        if old.columns != new.columns:
            found.append(f"{name}: columns {old.columns} became {new.columns}")
            continue
        left, right = Counter(old.rows), Counter(new.rows)
        found += [f"{name}: only before: {_in_words(old.columns, row)}" for row in (left - right).elements()]
        found += [f"{name}: only after: {_in_words(new.columns, row)}" for row in (right - left).elements()]
    return found[:limit]


def _in_words(columns: tuple[str, ...], row: Row) -> str:
    return ", ".join(f"{name}={cell.text!r}" for name, cell in zip(columns, row, strict=True))


class _Reader:
    """One kind of database."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def ask(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def quote(self, name: str) -> str:
        raise NotImplementedError

    def tables(self) -> list[str]:
        raise NotImplementedError

    def read(self, table: str) -> Table:
        raise NotImplementedError

    def next_ids(self) -> dict[str, int]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def count(self, table: str) -> int:
        return int(self.ask(f"SELECT count(*) FROM {self.quote(table)}")[0][0])


@contextmanager
def _reader(alias: str) -> Iterator[_Reader]:
    connection = connections[alias]
    kinds = {"sqlite": _SQLite, "postgresql": _PostgreSQL, "mysql": _MariaDB}
    with closing(kinds[connection.vendor](connection.settings_dict)) as reader:
        yield reader


class _SQLite(_Reader):
    def __init__(self, settings: Mapping[str, Any]) -> None:
        # No detect_types, text as bytes: nothing is converted.
        self.connection = sqlite3.connect(settings["NAME"], isolation_level=None, detect_types=0)
        self.connection.text_factory = bytes
        self.connection.execute("BEGIN")

    def ask(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, parameters).fetchall()

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def tables(self) -> list[str]:
        found = self.ask("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'")
        return sorted(name.decode() for (name,) in found)

    def read(self, table: str) -> Table:
        columns = [row[1].decode() for row in self.ask(f"PRAGMA table_xinfo({self.quote(table)})")]
        wanted = ", ".join(f"typeof({self.quote(column)}), {self.quote(column)}" for column in columns)
        rows = (
            tuple(self.cell(row[place].decode(), row[place + 1]) for place in range(0, len(row), 2))
            for row in self.ask(f"SELECT {wanted} FROM {self.quote(table)}")
        )
        return _table(columns, rows)

    def cell(self, kind: str, value: Any) -> Cell:
        match kind:
            case "null":
                return Cell(kind, None)
            case "text":
                return Cell(kind, value.decode("utf-8", "surrogateescape"))
            case "blob":
                return Cell(kind, value.hex())
            case _:
                return Cell(kind, repr(value))

    def next_ids(self) -> dict[str, int]:
        """Of AUTOINCREMENT tables, which is what Django makes; one that never had a row begins at 1."""
        told = {name.decode(): int(last) + 1 for name, last in self.ask("SELECT name, seq FROM sqlite_sequence")}
        automatic = self.ask("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'")
        return {name.decode(): told.get(name.decode(), 1) for (name,) in automatic}

    def close(self) -> None:
        self.connection.close()


class _PostgreSQL(_Reader):
    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.connection = psycopg.connect(
            dbname=settings["NAME"],
            user=settings["USER"] or None,
            password=settings["PASSWORD"] or None,
            host=settings["HOST"] or settings["OPTIONS"].get("host"),
            port=settings["PORT"] or None,
        )
        self.connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self.connection.read_only = True
        # A form of text that loses nothing, whatever the server's own settings are.
        for setting in ("timezone = 'UTC'", "datestyle = 'ISO'", "intervalstyle = 'postgres'"):
            self.connection.execute(f"SET LOCAL {setting}")
        for setting in ("extra_float_digits = 3", "bytea_output = 'hex'", "lc_monetary = 'C'", "xmloption = 'content'"):
            self.connection.execute(f"SET LOCAL {setting}")

    def ask(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        # Without parameters psycopg leaves percent signs alone.
        return self.connection.execute(sql, parameters or None).fetchall()

    def quote(self, name: str) -> str:
        """Names of other schemas are written as Django projects do: `schema"."table`."""
        return ".".join('"' + part.replace('"', '""') + '"' for part in name.split('"."'))

    def tables(self) -> list[str]:
        """Partitions are read through their table."""
        found = self.ask(
            """
            SELECT CASE WHEN nspname = current_schema() THEN relname ELSE nspname || '"."' || relname END
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE relkind IN ('r', 'p') AND NOT relispartition
                AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
            """
        )
        return sorted(name for (name,) in found)

    def read(self, table: str) -> Table:
        described = self.ask(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (self.quote(table),),
        )
        columns = [name for name, _ in described]
        wanted = ", ".join(self.as_text(name, kind) for name, kind in described)
        rows = (
            tuple(Cell(kind, text) for (_, kind), text in zip(described, row, strict=True))
            for row in self.ask(f"SELECT {wanted} FROM {self.quote(table)}")
        )
        return _table(columns, rows)

    def as_text(self, column: str, kind: str) -> str:
        return f"encode({self.quote(column)}, 'hex')" if kind == "bytea" else f"{self.quote(column)}::text"

    def next_ids(self) -> dict[str, int]:
        """Of every sequence that belongs to a column, in the words of its table."""
        owned = self.ask(
            """
            SELECT CASE WHEN tn.nspname = current_schema() THEN t.relname ELSE tn.nspname || '"."' || t.relname END,
                format('%I.%I', sn.nspname, s.relname), seqincrement
            FROM pg_depend d
            JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
            JOIN pg_sequence ON seqrelid = s.oid
            JOIN pg_namespace sn ON sn.oid = s.relnamespace
            JOIN pg_class t ON t.oid = d.refobjid
            JOIN pg_namespace tn ON tn.oid = t.relnamespace
            WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
                AND d.deptype IN ('a', 'i')
            """
        )
        found = {}
        for table, sequence, step in owned:
            last, called = self.ask(f"SELECT last_value, is_called FROM {sequence}")[0]
            found[table] = last + step if called else last
        return found

    def close(self) -> None:
        self.connection.close()


class _MariaDB(_Reader):
    # What has no meaning as text is read as its bytes.
    BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit"})
    TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"})

    def __init__(self, settings: Mapping[str, Any]) -> None:
        # PyMySQL, whichever driver Django uses.
        options = settings["OPTIONS"]
        self.connection = pymysql.connect(
            database=settings["NAME"],
            user=settings["USER"] or None,
            password=settings["PASSWORD"] or "",
            host=settings["HOST"] or None,
            port=int(settings["PORT"] or 3306),
            unix_socket=options.get("unix_socket"),
            charset="utf8mb4",
            conv=pymysql.converters.encoders,  # and no decoders: every value comes as text
        )
        self.ask("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self.ask("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def ask(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall())

    def quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def tables(self) -> list[str]:
        found = self.ask(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
        )
        return sorted(name for (name,) in found)

    def read(self, table: str) -> Table:
        described = self.ask(
            "SELECT column_name, data_type FROM information_schema.columns"
            f" WHERE table_schema = DATABASE() AND table_name = {self.literal(table)} ORDER BY ordinal_position"
        )
        columns = [name for name, _ in described]
        wanted = ", ".join(self.as_text(name, kind) for name, kind in described)
        rows = (
            tuple(self.cell(kind, text) for (_, kind), text in zip(described, row, strict=True))
            for row in self.ask(f"SELECT {wanted} FROM {self.quote(table)}")
        )
        return _table(columns, rows)

    def as_text(self, column: str, kind: str) -> str:
        name = self.quote(column)
        if kind in self.BYTES:
            return f"HEX({name})"
        if kind in self.TEXTS:
            return f"HEX(CONVERT({name} USING utf8mb4))"
        return f"CAST({name} AS CHAR)"

    def cell(self, kind: str, text: str | None) -> Cell:
        if text is None:
            return Cell(kind, None)
        if kind in self.BYTES:
            return Cell(kind, text.lower())
        if kind in self.TEXTS:
            return Cell(kind, bytes.fromhex(text).decode("utf-8", "surrogateescape"))
        return Cell(kind, text)

    def literal(self, text: str) -> str:
        return f"0x{text.encode().hex()}"

    def next_ids(self) -> dict[str, int]:
        """Read from SHOW CREATE TABLE: information_schema may answer from a cache."""
        found = {}
        automatic = self.ask(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND extra LIKE '%auto_increment%'"
        )
        for (table,) in automatic:
            words = self.ask(f"SHOW CREATE TABLE {self.quote(table)}")[0][1].rsplit(")", 1)[1]
            _, _, after = words.partition("AUTO_INCREMENT=")
            found[table] = int(after.split()[0]) if after else 1
        return found

    def close(self) -> None:
        self.connection.close()


def _table(columns: Iterable[str], rows: Iterable[Row]) -> Table:
    return Table(tuple(columns), tuple(sorted(rows, key=_order)))


def _order(row: Row) -> tuple[tuple[str, bool, str], ...]:
    return tuple((cell.type, cell.text is None, cell.text or "") for cell in row)
