"""PostgreSQL: one REPEATABLE READ transaction, read by COPY, the server's fastest way out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from django.conf import settings
from django.db.models import Field

from backups_app.engine import codecs, kinds
from backups_app.engine.databases import copy_text
from backups_app.engine.databases.base import (
    BATCH_BYTES,
    BATCH_RECORDS,
    Batch,
    Column,
    NaturalKeys,
    Snapshot,
    Wrapped,
    plain_field,
    referred_label,
)
from backups_app.engine.errors import LoadUnderWay
from backups_app.engine.selection import Table

# So long a migration may hold a table before the backup gives up; nobody could cancel it while it waits.
LOCK_PATIENCE_SECONDS = 60

# Advisory locks, "backups" in ASCII and one more: each dump shares the first, a load has both for itself.
DUMPS = 0x6261636B75707301
LOADS = 0x6261636B75707302

# What psycopg reads without an error, but not whole: bounds of arrays; of intervals months, years, a negative clock
# and more hours than a day has.
_ODD_ARRAY = re.compile(r"^\[")
_ODD_INTERVALS = re.compile(r"^\[|mon|year|-\d\d:|(?:2[4-9]|[3-9]\d|\d{3,}):\d\d:")


class PostgreSQLSnapshot(Snapshot):
    vendor = "postgresql"

    def __init__(self, connection: Any) -> None:
        import psycopg

        self.driver_errors = (psycopg.Error,)
        errors = psycopg.errors
        self._changed_shape = (errors.UndefinedTable, errors.UndefinedColumn, errors.LockNotAvailable)
        self._relkinds: dict[str, str | None] = {}
        self._keeps_loads_away = False
        super().__init__(connection)

    def begin(self) -> None:
        self.connection.connect()
        self._raw = self.connection.connection
        self._raw.autocommit = True

    def _begin(self, statement: str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY") -> None:
        execute = self._raw.execute
        execute(statement)
        # SET LOCAL, since a plain SET leaks into other people's sessions through a pooler.
        execute("SET LOCAL row_security = off")  # a hidden row is an error and not a gap
        execute("SET LOCAL statement_timeout = 0")
        execute(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE_SECONDS}s'")
        execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        execute(f"SET LOCAL TimeZone = '{'UTC' if settings.USE_TZ else settings.TIME_ZONE}'")
        execute("SET LOCAL DateStyle = 'ISO, YMD'")
        execute("SET LOCAL IntervalStyle = 'postgres'")
        execute("SET LOCAL extra_float_digits = 1")
        execute("SET LOCAL bytea_output = 'hex'")
        execute("SET LOCAL lc_monetary = 'C'")
        execute("SET LOCAL standard_conforming_strings = on")
        execute("SET LOCAL quote_all_identifiers = off")
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

    def keep_loads_away(self) -> None:
        # At once, since `hold` might wait for the tables of a load.
        self._share()
        self._keeps_loads_away = True

    def _share(self) -> None:
        """Till the end of the transaction, so that no pooler carries it on to other people's sessions."""
        if not self.rows(f"SELECT pg_try_advisory_xact_lock_shared({DUMPS})")[0][0]:
            raise LoadUnderWay

    def hold(self, tables: Sequence[Table]) -> None:
        """Begins by locking all tables, since the first query takes the snapshot.

        A TRUNCATE between the two would show an empty table.
        """
        names = ", ".join(self.source(table) for table in tables)
        self._begin()
        if names:
            self._raw.execute(f"LOCK TABLE {names} IN ACCESS SHARE MODE")
        self._share() if self._keeps_loads_away else self.rows("SELECT 1")

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

    def batches(self, sql: str, unbounded: Sequence[int]) -> Iterator[Batch]:
        """Values as COPY's text: infinity, years BC and 24:00 are more than the driver's own types can hold.

        Straight from libpq, in half of the time that the driver's own loop takes.
        """
        from psycopg.pq import ExecStatus

        pgconn = self._raw.pgconn
        _check(pgconn.exec_(f"COPY ({sql}) TO STDOUT".encode()), ExecStatus.COPY_OUT)
        next_row, rows, size = pgconn.get_copy_data, [], 0
        with DefaultSelector() as selector:
            selector.register(pgconn.socket, EVENT_READ)
            while True:
                length, row = next_row(1)
                if length > 0:
                    rows.append(row)
                    size += length
                    if size >= BATCH_BYTES or len(rows) >= BATCH_RECORDS:
                        yield _columns_of(rows)
                        rows, size = [], 0
                elif length == 0:
                    selector.select()
                    pgconn.consume_input()
                else:
                    break
        if rows:
            yield _columns_of(rows)
        while result := pgconn.get_result():
            _check(result, ExecStatus.COMMAND_OK)

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
        # Not asked: copy_text makes JSON of the server's own spelling.
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

    def column(self, table: Table, field: Field[Any, Any], naturals: NaturalKeys, wrapped: Wrapped) -> Column:
        kind = kinds.kind_of(field)
        note = wrapped.note(table.label, field.name)
        # Only Django knows which addresses it would unpack.
        is_known = self._has_usual_type(field, kind) and not getattr(plain_field(field), "unpack_ipv4", False)
        spell = copy_text.speller(kind, note) if is_known else None
        if spell is None:
            return self.column_by_django(field, note)
        if keys := naturals.get(referred_label(field)):
            spell = copy_text.naturals(keys, spell)
        single = spell
        return Column(
            expressions=(self.select(field, kind),), encode=lambda values: single(values[0]), is_unbounded=True
        )

    def column_by_django(self, field: Field[Any, Any], note: codecs.Note) -> Column:
        column = super().column_by_django(field, note)
        return Column(
            expressions=column.expressions,
            encode=lambda values: column.encode(list(map(copy_text.decode, values))),
            is_unbounded=True,
        )

    def select(self, field: Field[Any, Any], kind: str) -> str:
        column = self.quote(str(field.column))
        return f"translate(encode({column}, 'base64'), E'\\n', '')" if kind == "binary" else column

    def _has_usual_type(self, field: Field[Any, Any], kind: str) -> bool:
        rows = self.rows_of(
            "SELECT format_type(atttypid, NULL) FROM pg_catalog.pg_attribute "
            "WHERE attrelid = to_regclass(%s) AND attname = %s",
            (self.quote(field.model._meta.db_table), str(field.column)),
        )
        return bool(rows) and rows[0][0] in _USUAL_TYPES.get(kind, ())


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


def _check(result: Any, expected: int) -> None:
    from psycopg.errors import error_from_result

    if result.status != expected:
        raise error_from_result(result)


def _columns_of(rows: list[bytes]) -> Batch:
    """Line ends and tabs in values are escaped, so these are COPY's own."""
    text = b"".join(rows)
    width = text.count(b"\t") // len(rows) + 1
    values = text.replace(b"\n", b"\t").split(b"\t")
    values.pop()
    return [values[place::width] for place in range(width)]
