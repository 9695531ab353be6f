"""MariaDB and MySQL, through mysqlclient or PyMySQL: one consistent snapshot, read unbuffered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from django.conf import settings
from django.db.models import Field

from backups_app.engine.codecs import TextForms
from backups_app.engine.databases.base import Batch, Snapshot, batches_of
from backups_app.engine.errors import LoadUnderWay
from backups_app.engine.selection import Table

_AS_TEXT = {"date", "time", "datetime", "decimal", "uuid", "ip", "json"}
_TIMES = {"date", "time", "datetime", "timestamp"}
_BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit"}
# The server waits this long for a reader that pauses; its own default of a minute ends a backup to a slow disk.
_PATIENCE_SECONDS = 24 * 3600
# So long a migration may hold a table before the backup gives up; nobody could cancel it while it waits.
LOCK_PATIENCE_SECONDS = 60
# Unknown column, unknown table, waited too long for a lock, table definition has changed.
_CHANGED_SHAPE = (1054, 1146, 1205, 1412)


# The server has no shared locks with names: each dump takes one of so many, a load all of them.
_SLOTS = 16


class MySQLSnapshot(Snapshot):
    vendor = "mysql"

    def __init__(self, connection: Any) -> None:
        from MySQLdb import Error

        self.driver_errors = (Error,)
        self._data_types: dict[tuple[str, str], str] | None = None
        super().__init__(connection)

    def begin(self) -> None:
        self.connection.connect()
        self._raw = self.connection.connection
        self._raw.autocommit(True)  # noqa: FBT003 (the driver's own signature)
        self.rows(f"SET SESSION net_write_timeout = {_PATIENCE_SECONDS}, net_read_timeout = {_PATIENCE_SECONDS}")
        self.rows(f"SET SESSION lock_wait_timeout = {LOCK_PATIENCE_SECONDS}")
        if self.connection.mysql_is_mariadb:
            self.rows("SET SESSION max_statement_time = 0")
        else:
            # Else MySQL tells the next ids as they were up to a day ago.
            self.rows("SET SESSION information_schema_stats_expiry = 0")
        self.rows("SET SESSION sql_mode = ''")
        # Under READ COMMITTED, Django's default, the next line's snapshot would be ignored without a word.
        self.rows("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self.rows("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def end(self) -> None:
        try:
            self.connection.close()
        except self.driver_errors:
            return

    def is_change_of_shape(self, error: BaseException) -> bool:
        return bool(error.args) and error.args[0] in _CHANGED_SHAPE

    def keep_loads_away(self) -> None:
        if not any(self._takes(slot) for slot in self._slots()):
            raise LoadUnderWay

    def _slots(self) -> list[str]:
        return [self._lock_name(f"dump-{number}") for number in range(_SLOTS)]

    def _lock_name(self, what: str) -> str:
        """Names of locks are the server's, not the database's, and short."""
        name = hashlib.sha256(str(self.connection.settings_dict["NAME"]).encode()).hexdigest()[:32]
        return f"backups:{what}:{name}"

    def _takes(self, lock: str, *, patience_seconds: int = 0) -> bool:
        return bool(self.rows(f"SELECT GET_LOCK('{lock}', {patience_seconds})")[0][0])

    def hold(self, tables: Sequence[Table]) -> None:
        """Takes the metadata lock of every table at the start; a table changed since is error 1412."""
        for table in tables:
            self.rows(f"SELECT 1 FROM {self.quote(table.name)} LIMIT 1")

    def version(self) -> str:
        return str(self.rows("SELECT VERSION()")[0][0])

    def relation_kind(self, name: str) -> str | None:
        rows = self._rows_of(
            "SELECT table_type FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s", name
        )
        if not rows:
            return None
        return "table" if "TABLE" in str(rows[0][0]) else "view"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        cursor = self._raw.cursor()
        try:
            cursor.execute(sql)
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def batches(self, sql: str, unbounded: Sequence[int]) -> Iterator[Batch]:
        # So many records are in memory at once, whatever their size.
        return batches_of(self._stream(sql, fetched=8 if unbounded else 200), unbounded)

    def _stream(self, sql: str, fetched: int) -> Iterator[tuple[Any, ...]]:
        from MySQLdb.cursors import SSCursor

        cursor = self._raw.cursor(SSCursor)
        try:
            cursor.execute(sql)
            while rows := cursor.fetchmany(fetched):
                yield from rows
        except BaseException:
            # Closing the cursor would first read the rest of a result that nobody wants any more.
            self._drop_connection(cursor)
            raise
        cursor.close()

    def next_id(self, table: Table) -> int | None:
        rows = self._rows_of(
            "SELECT auto_increment FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s",
            table.name,
        )
        return int(rows[0][0]) if rows and rows[0][0] is not None else None

    def findings(self, tables: Sequence[Table]) -> list[dict[str, Any]]:
        """Tables without transactions: a snapshot does not hold them still."""
        rows = self.rows("SELECT table_name, engine FROM information_schema.tables WHERE table_schema = DATABASE()")
        engines = {str(name): str(engine) for name, engine in rows}
        return [
            {"kind": "no-transactions", "model": table.label, "detail": f"its storage engine is {engines[table.name]}"}
            for table in tables
            if engines.get(table.name, "InnoDB").lower() != "innodb"
        ]

    def text_forms(self) -> TextForms:
        zone = self.connection.timezone if settings.USE_TZ else None
        return TextForms(
            zone=UTC if str(zone) in ("UTC", "utc") else zone,
            pads_fraction=True,
            dashes_uuids=self.connection.features.has_native_uuid_field,
        )

    def select(self, field: Field[Any, Any], kind: str) -> str:
        column, data_type = self.quote(str(field.column)), self._data_type(field)
        if kind in _AS_TEXT or data_type in _TIMES:
            return f"CAST({column} AS CHAR)"
        # Of a single-precision number the server shows six digits only; as a double it shows all.
        return f"{column} * 1e0" if data_type == "float" else column

    def select_raw(self, field: Field[Any, Any]) -> str:
        column = self.quote(str(field.column))
        return column if self._data_type(field) in _BYTES else f"CAST({column} AS CHAR)"

    def _data_type(self, field: Field[Any, Any]) -> str:
        if self._data_types is None:
            rows = self.rows(
                "SELECT table_name, column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = DATABASE()"
            )
            self._data_types = {
                (str(table).lower(), str(name).lower()): str(kind).lower() for table, name, kind in rows
            }
        return self._data_types.get((field.model._meta.db_table.lower(), str(field.column).lower()), "")

    def _rows_of(self, sql: str, *names: str) -> list[tuple[Any, ...]]:
        cursor = self._raw.cursor()
        try:
            cursor.execute(sql, names)
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def _drop_connection(self, cursor: Any) -> None:
        raw, self._raw, self.connection.connection = self._raw, None, None
        cursor.connection = None
        force = getattr(raw, "_force_close", None)
        if force is None:
            raw.close()
            return
        force()
        # Else PyMySQL reads on when it forgets the result.
        if cursor._result is not None:
            cursor._result.unbuffered_active = False
