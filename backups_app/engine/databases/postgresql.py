"""PostgreSQL: one REPEATABLE READ transaction, in which the server itself writes the JSON of every value it can.

A model whose columns are all of that sort leaves the server as ready lines; in any other model the known columns come
as JSON too, and Python asks the field classes for the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson
from django.conf import settings
from django.db.models import Field

from backups_app.engine import codecs, kinds, wrapper
from backups_app.engine.databases.base import (
    BATCH_BYTES,
    BATCH_RECORDS,
    Column,
    NaturalKeys,
    Snapshot,
    Wrapped,
    plain_field,
    referred_label,
)
from backups_app.engine.fixture import SEPARATOR
from backups_app.engine.selection import Table

# Marks a JSON value whose numbers Python might round; the reader of the lines decides.
_DOUBTFUL = "json?"
_DOUBTFUL_VALUE = re.compile(rb'\{"\$raw":\["json\?",("(?:[^"\\]|\\.)*")\]\}')

_LONGEST_NAME_BYTES = 63

# What psycopg reads without an error, but not whole: bounds of arrays; of intervals months, years, a negative clock
# and more hours than a day has.
_ODD_ARRAY = re.compile(r"^\[")
_ODD_INTERVALS = re.compile(r"^\[|mon|year|-\d\d:|(?:2[4-9]|[3-9]\d|\d{3,}):\d\d:")


class PostgreSQLSnapshot(Snapshot):
    vendor = "postgresql"

    def __init__(self, connection: Any) -> None:
        import psycopg

        self.driver_errors = (psycopg.Error,)
        self._changed_shape = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)
        self._relkinds: dict[str, str | None] = {}
        super().__init__(connection)

    def begin(self) -> None:
        self.connection.connect()
        self._raw = self.connection.connection
        self._raw.autocommit = True

    def _begin(self) -> None:
        execute = self._raw.execute
        execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # SET LOCAL, since a plain SET leaks into other people's sessions through a pooler.
        execute("SET LOCAL row_security = off")  # a hidden row is an error and not a gap
        execute("SET LOCAL statement_timeout = 0")
        execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        execute(f"SET LOCAL TimeZone = '{'UTC' if settings.USE_TZ else settings.TIME_ZONE}'")
        execute("SET LOCAL DateStyle = 'ISO, YMD'")
        execute("SET LOCAL IntervalStyle = 'postgres'")
        execute("SET LOCAL extra_float_digits = 1")
        execute("SET LOCAL bytea_output = 'hex'")
        execute("SET LOCAL lc_monetary = 'C'")
        # Records come in the order of their keys: reading along the index begins at once, sorting does not.
        execute("SET LOCAL enable_sort = off")
        execute("SET LOCAL jit = off")

    def end(self) -> None:
        try:
            self.connection.close()
        except self.driver_errors:
            return

    def is_change_of_shape(self, error: BaseException) -> bool:
        return isinstance(error, self._changed_shape)

    def hold(self, tables: Sequence[Table]) -> None:
        """Begins by locking all tables, since the first query takes the snapshot.

        A TRUNCATE between the two would show an empty table.
        """
        names = ", ".join(self.source(table) for table in tables)
        self._begin()
        if names:
            self._raw.execute(f"LOCK TABLE {names} IN ACCESS SHARE MODE")
        self.rows("SELECT 1")

    def version(self) -> str:
        return str(self.rows("SELECT current_setting('server_version')")[0][0])

    def relation_kind(self, name: str) -> str | None:
        relkind = self._relkind(name)
        if relkind is None:
            return None
        return "table" if relkind in ("r", "p") else "view"

    def _relkind(self, name: str) -> str | None:
        if name not in self._relkinds:
            # "char" comes as text or bytes, depending on the client; ::text settles it.
            rows = self.rows_of(
                "SELECT relkind::text FROM pg_catalog.pg_class WHERE oid = to_regclass(%s)", (self.quote(name),)
            )
            self._relkinds[name] = rows[0][0] if rows else None
        return self._relkinds[name]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self._raw.execute(sql).fetchall())

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Every value as text: infinity, years BC and 24:00 are more than the driver's own types can hold."""
        with self._raw.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT") as copy:
            yield from copy.rows()

    def next_id(self, table: Table) -> int | None:
        if table.has_composite_key:
            return None
        rows = self.rows_of(
            "SELECT pg_get_serial_sequence(%s, %s)", (self.quote(table.name), str(table.key_fields[0].column))
        )
        if not rows or rows[0][0] is None:
            return None
        sequence = rows[0][0]
        last, is_called = self.rows(f"SELECT last_value, is_called FROM {sequence}")[0]
        steps = self.rows_of(
            "SELECT seqincrement FROM pg_catalog.pg_sequence WHERE seqrelid = %s::regclass", (sequence,)
        )
        return int(last) + int(steps[0][0]) if is_called else int(last)

    def source(self, table: Table) -> str:
        # A table that others inherit from holds only its own rows here; a partitioned one holds those of its parts.
        return f"ONLY {self.quote(table.name)}" if self._relkind(table.name) != "p" else self.quote(table.name)

    def rows_of(self, sql: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return list(self._raw.execute(sql, parameters).fetchall())

    def text_forms(self) -> codecs.TextForms:
        # Not asked for values of PostgreSQL: the server spells them as JSON.
        return codecs.TextForms(zone=UTC)

    def select_raw(self, field: Field[Any, Any]) -> str:
        return f"{self.quote(str(field.column))}::text"

    def loader(self, field: Field[Any, Any]) -> Callable[[Any], Any]:
        column, table = self.quote(str(field.column)), self.quote(field.model._meta.db_table)
        from psycopg.adapt import Transformer

        with self.connection.create_cursor() as cursor:
            cursor.execute(f"SELECT {column} FROM {table} LIMIT 0")
            described = cursor.description[0]
            by_driver = Transformer(cursor).get_loader(described.type_code, cursor.format).load
        odd = _ODD_ARRAY if described.type_display.endswith("[]") else None
        if described.type_display.startswith("interval"):
            odd = _ODD_INTERVALS

        def load(text: str) -> Any:
            if odd and odd.search(text):
                raise ValueError("The driver's own type holds less than this.")
            return by_driver(text.encode())

        return load

    def lines(self, table: Table, naturals: NaturalKeys, wrapped: Wrapped) -> Iterator[tuple[bytes, int]]:
        query = self._json_query(table, naturals)
        if query is None:
            for lines, count in super().lines(table, naturals, wrapped):
                yield _settled(lines, SEPARATOR, table, wrapped), count
            return
        with self._raw.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
            batch: list[bytes] = []
            size = 0
            for row in copy:
                batch.append(row)
                size += len(row)
                if len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
                    yield self._lines_of(batch, table, wrapped)
                    batch, size = [], 0
            if batch:
                yield self._lines_of(batch, table, wrapped)

    def _lines_of(self, rows: list[bytes], table: Table, wrapped: Wrapped) -> tuple[bytes, int]:
        # JSON holds no raw control characters, so of COPY's escapes only the doubled backslash can occur.
        text = b"".join(rows).replace(b"\\\\", b"\\").replace(b"\n", SEPARATOR)
        return _settled(text, SEPARATOR, table, wrapped), len(rows)

    def column(self, table: Table, field: Field[Any, Any], naturals: NaturalKeys, wrapped: Wrapped) -> Column:
        expression = self._json_expression(field, naturals)
        if expression is None:
            # What is wrapped is counted in the finished lines.
            return self.column_by_django(field, _note_nothing)
        return Column(
            expressions=(f"to_json({expression})::text",),
            encode=lambda values: [None if value is None else orjson.Fragment(value) for value in values[0]],
            is_unbounded=True,
        )

    def _json_query(self, table: Table, naturals: NaturalKeys) -> str | None:
        """A query whose one column is the whole record, or None when some column needs Python."""
        if table.has_composite_key:
            return None
        parts = []
        for field in table.fields:
            expression = self._json_expression(field, naturals)
            if expression is None or len(field.name.encode()) > _LONGEST_NAME_BYTES:
                return None
            parts.append(f"{expression} AS {self.quote(field.name)}")
        key = self._json_expression(table.key_fields[0], naturals)
        if key is None:
            return None
        head = self._literal(f'{{"model":{orjson.dumps(table.label).decode()},"pk":')
        source = self.source(table)
        order = self.order(table)
        if not parts:
            return f"SELECT {head} || to_json({key})::text || ',\"fields\":{{}}}}' FROM {source} ORDER BY {order}"
        fields = f"(SELECT row_to_json(f) FROM (SELECT {', '.join(parts)}) AS f)"
        return (
            f"SELECT {head} || to_json({key})::text || ',\"fields\":' || {fields}::text || '}}' "
            f"FROM {source} ORDER BY {order}"
        )

    def _json_expression(self, field: Field[Any, Any], naturals: NaturalKeys) -> str | None:
        kind = kinds.kind_of(field)
        column = self.quote(str(field.column))
        if keys := naturals.get(referred_label(field)):
            mapping = self._literal(orjson.dumps({str(key): value for key, value in keys.items()}).decode())
            return f"COALESCE({mapping}::jsonb -> {column}::text, to_jsonb({column}))"
        build = _JSON.get(kind)
        if build is None or not self._has_usual_type(field, kind):
            return None
        if getattr(plain_field(field), "unpack_ipv4", False):
            return None  # only Django knows which addresses it would change
        return build(column)

    def _has_usual_type(self, field: Field[Any, Any], kind: str) -> bool:
        usual = _USUAL_TYPES.get(kind)
        if usual is None:
            return True
        rows = self.rows_of(
            "SELECT format_type(atttypid, NULL) FROM pg_catalog.pg_attribute "
            "WHERE attrelid = to_regclass(%s) AND attname = %s",
            (self.quote(field.model._meta.db_table), str(field.column)),
        )
        return bool(rows) and rows[0][0] in usual

    def _literal(self, text: str) -> str:
        return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _note_nothing() -> None:
    """The note of a column whose values are counted elsewhere."""


def _wrapped(form: str, text: str) -> str:
    """The wrapper around the text that the expression `text` gives, without the blanks of json_build_object."""
    return f"""('{{"$raw":["{form}",' || to_json({text})::text || ']}}')::json"""


def _either(condition: str, plain: str, column: str) -> str:
    return (
        f"CASE WHEN {column} IS NULL THEN NULL WHEN {condition} THEN to_json({plain}) "
        f"ELSE {_wrapped('text', f'{column}::text')} END"
    )


def _datetime(column: str) -> str:
    return _either(f"{column} >= '0001-01-01+00' AND {column} < '10000-01-01+00'", column, column)


def _date(column: str) -> str:
    return _either(f"{column} >= '0001-01-01' AND {column} < '10000-01-01'", column, column)


def _time(column: str) -> str:
    return _either(f"{column} < '24:00'", column, column)


def _decimal(column: str) -> str:
    return _either(f"{column}::text !~ '[a-zA-Z]'", f"{column}::text", column)


def _float(column: str) -> str:
    return _either(
        f"{column} > '-Infinity' AND {column} < 'Infinity' AND NOT ({column} = 0 AND {column}::text = '-0')",
        column,
        column,
    )


def _duration(column: str) -> str:
    """Plain where it is what Django writes: days, and a time of day of 0 to 24 hours."""
    clock = f"({column} - make_interval(days => extract(day from {column})::int))"
    return _either(
        f"extract(year from {column}) = 0 AND extract(month from {column}) = 0 "
        f"AND {clock} >= interval '0' AND {clock} < interval '24 hours'",
        f"{column}::text",
        column,
    )


def _ip(column: str) -> str:
    return _either(f"masklen({column}) = CASE family({column}) WHEN 4 THEN 32 ELSE 128 END", f"host({column})", column)


def _json(column: str) -> str:
    """SQL NULL is null; JSON null and a top key like the wrapper's are wrapped; odd numbers and depth are Python's."""
    text = f"{column}::text"
    doubtful = r"'[0-9.]{16}|\.[0-9]*0(?![0-9])'"
    most = codecs.DEEPEST_JSON
    may_be_deep = f"(length({text}) > {most} AND length({text}) - length(translate({text}, '[{{', '')) > {most})"
    return (
        f"CASE WHEN {column} IS NULL THEN NULL "
        f"WHEN {text} = 'null' OR (jsonb_typeof({column}) = 'object' AND {column} ? '$raw') "
        f"THEN {_wrapped('json', text)} "
        f"WHEN {text} ~ {doubtful} OR {may_be_deep} THEN {_wrapped(_DOUBTFUL, text)} "
        f"ELSE {text}::json END"
    )


def _same(column: str) -> str:
    return column


_JSON: dict[str, Callable[[str], str]] = {
    "integer": _same,
    "boolean": _same,
    "text": _same,
    "uuid": _same,
    "datetime": _datetime,
    "date": _date,
    "time": _time,
    "decimal": _decimal,
    "float": _float,
    "duration": _duration,
    "ip": _ip,
    "json": _json,
    "binary": lambda column: f"translate(encode({column}, 'base64'), E'\\n', '')",
}

# A column may have been made otherwise than Django would; then Python looks at its values.
_USUAL_TYPES = {
    "integer": {"integer", "bigint", "smallint"},
    "boolean": {"boolean"},
    "text": {"character varying", "text"},
    "uuid": {"uuid"},
    "datetime": {"timestamp with time zone"},
    "date": {"date"},
    "time": {"time without time zone"},
    "decimal": {"numeric"},
    "float": {"double precision"},
    "duration": {"interval"},
    "ip": {"inet"},
    "json": {"jsonb"},
    "binary": {"bytea"},
}


def _settled(lines: bytes, separator: bytes, table: Table, wrapped: Wrapped) -> bytes:
    """`lines` with the doubtful JSON values unwrapped where Python keeps their numbers; counts what stays wrapped."""
    if wrapper.MARK not in lines:
        return lines
    settled = []
    for line in lines.split(separator):
        if wrapper.MARK in line:
            line = _DOUBTFUL_VALUE.sub(_unwrapped_if_exact, line)
            if wrapper.MARK in line:
                _count(line, table, wrapped)
        settled.append(line)
    return separator.join(settled)


def _unwrapped_if_exact(match: re.Match[bytes]) -> bytes:
    text: str = json.loads(match[1])
    try:
        if not codecs.is_deep(text):
            json.loads(text, parse_float=_exact_float)
            return text.encode()
    except ValueError:
        pass
    return b'{"$raw":["json",' + match[1] + b"]}"


def _exact_float(digits: str) -> float:
    """jsonb keeps every digit, trailing zeros too; Python's float may not."""
    value = float(digits)
    if not isfinite(value) or Decimal(repr(value)).as_tuple() != Decimal(digits).as_tuple():
        raise ValueError(digits)
    return value


def _count(line: bytes, table: Table, wrapped: Wrapped) -> None:
    record = json.loads(line)
    for name, value in record["fields"].items():
        if wrapper.is_wrapped(value):
            wrapped[table.label, name] += 1
    if wrapper.is_wrapped(record["pk"]):
        wrapped[table.label, "pk"] += 1
