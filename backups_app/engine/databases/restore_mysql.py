"""Loading into MariaDB and MySQL: DELETE and INSERT of many rows, in one transaction that DDL would end.

Nothing here may commit by itself: no ALTER, TRUNCATE or ANALYZE from the first DELETE on. So triggers fire, and the
proof decides whether that did harm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

import orjson
from django.db.models import Field

from backups_app.engine.databases.mysql import MySQLSnapshot
from backups_app.engine.databases.restore_base import (
    LOCK_PATIENCE_SECONDS,
    Target,
    Work,
    Write,
    dump_in_the_way,
    insert_sql,
)
from backups_app.engine.errors import KeysDangle, LoadRefused, LoadUnderWay, LockNotFree
from backups_app.engine.progress import Stage, Watch
from backups_app.engine.selection import Table

_LOCK_TRY_SECONDS = 1
_ALTER_PATIENCE_SECONDS = 10
_PATIENCE_SECONDS = 24 * 3600
# Lock wait timeout, deadlock.
_BUSY = (1205, 1213)
# Of what the drivers call operational: values that table, checks or triggers do not take.
_REFUSED = (1264, 1265, 1292, 1366, 1406, 1644, 3140, 3819, 4025)
# Strict, so that nothing is cut; a key of 0 is a key; impossible dates are written back as they were.
_SQL_MODE = "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"
# Of a packet, for what belongs to the protocol.
_PACKET_MARGIN = 1024
_NONE = type(None)
_WHOLE = {int, bool, _NONE}
_NULL = b"NULL"


class MySQLTarget(Target, MySQLSnapshot):
    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        from MySQLdb import DataError, IntegrityError, OperationalError

        self.refusals = (IntegrityError, DataError)
        self._operational = OperationalError
        self._raw: Any = None
        self._tables: list[Table] = []
        self._largest_packet = 1 << 20

    def begin(self) -> None:
        self.connection.connect()
        self._raw = self.connection.connection
        self._raw.autocommit(True)  # noqa: FBT003 (the driver's own signature)
        self.rows(f"SET SESSION net_write_timeout = {_PATIENCE_SECONDS}, net_read_timeout = {_PATIENCE_SECONDS}")
        self.rows(f"SET SESSION wait_timeout = {_PATIENCE_SECONDS}")
        self.rows(
            f"SET SESSION lock_wait_timeout = {_ALTER_PATIENCE_SECONDS}, innodb_lock_wait_timeout = {_LOCK_TRY_SECONDS}"
        )
        if self.connection.mysql_is_mariadb:
            self.rows("SET SESSION max_statement_time = 0")
        else:
            self.rows("SET SESSION information_schema_stats_expiry = 0")
        self.rows(f"SET SESSION sql_mode = '{_SQL_MODE}'")
        self.rows("SET SESSION foreign_key_checks = 0")
        # Under READ COMMITTED others could insert during the load, even after the proof.
        self.rows("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self._largest_packet = int(self.rows("SELECT @@max_allowed_packet")[0][0])
        self._thread = int(self.rows("SELECT CONNECTION_ID()")[0][0])

    def end(self) -> None:
        # Waited for: closing alone would leave everything locked for as long as the server rolls back.
        if self._raw is not None:
            with suppress(*self.driver_errors):
                self.rows("ROLLBACK")
        super().end()

    def is_refusal(self, error: BaseException) -> bool:
        if isinstance(error, self._operational):
            return bool(error.args) and error.args[0] in _REFUSED
        return super().is_refusal(error)

    def keys_by_collation(self, table: Table, *, all_unique: bool) -> list[dict[str, str]]:
        found: dict[str, list[str]] = defaultdict(list)
        by_collation = set()
        for name, column, collation in self.run(
            "SELECT s.index_name, s.column_name, c.collation_name FROM information_schema.statistics s"
            " JOIN information_schema.columns c USING (table_schema, table_name, column_name)"
            " WHERE s.table_schema = DATABASE() AND s.table_name = %s AND s.non_unique = 0"
            " ORDER BY s.index_name, s.seq_in_index",
            (table.name,),
        ):
            if all_unique or name == "PRIMARY":
                found[str(name)].append(str(column))
                if collation is not None and not str(collation).endswith("_bin"):
                    by_collation.add(str(name))
        return [dict.fromkeys(columns, "") for name, columns in found.items() if name in by_collation]

    def exclude_others(self, watch: Watch) -> None:
        if not self._takes(self._lock_name("load")):
            raise LoadUnderWay
        give_up_at = monotonic() + LOCK_PATIENCE_SECONDS
        for slot in self._slots():
            while not self._takes(slot, patience_seconds=_LOCK_TRY_SECONDS):
                if monotonic() > give_up_at:
                    raise dump_in_the_way()
                watch.step(Stage.CLEAR, 0, None)

    def before_transaction(self, next_ids: Mapping[Table, int]) -> None:
        """The counter of a table that stays empty can be raised only by DDL, which would end the transaction."""
        for table, wanted in next_ids.items():
            now = self.next_id(table)
            if now is None or now >= wanted:
                continue
            try:
                self.rows(f"ALTER TABLE {self.quote(table.name)} AUTO_INCREMENT = {int(wanted)}")
            except self._operational as error:
                if error.args[0] not in _BUSY:
                    raise
                raise LockNotFree(
                    f"{table.name} was not free for {_ALTER_PATIENCE_SECONDS} seconds: {error}"
                ) from error

    def lock(self, tables: Sequence[Table], watch: Watch) -> None:
        self._tables = list(tables)
        self._refuse_what_cannot_be_undone()
        self.firing = self._triggers()
        give_up_at = monotonic() + LOCK_PATIENCE_SECONDS
        while True:
            try:
                self.rows("START TRANSACTION")
                for table in tables:
                    # Locks every row and every gap between them, and the end: nobody inserts.
                    self.rows(f"SELECT COUNT(*) FROM {self.quote(table.name)} FORCE INDEX (PRIMARY) FOR UPDATE")
                    watch.step(Stage.CLEAR, 0, None)
                break
            except self._operational as error:
                if error.args[0] not in _BUSY:
                    raise
                # After a timeout only the statement is undone; the transaction would go on without a word.
                self.rows("ROLLBACK")
                if monotonic() > give_up_at:
                    raise LockNotFree(
                        f"Tables were not free for {LOCK_PATIENCE_SECONDS:.0f} seconds; {self._who_is_in_the_way()}."
                    ) from error
            watch.step(Stage.CLEAR, 0, None)
        self.rows(f"SET SESSION innodb_lock_wait_timeout = {int(LOCK_PATIENCE_SECONDS)}")

    def _refuse_what_cannot_be_undone(self) -> None:
        if found := self.findings(self._tables):
            words = "; ".join(f"{item['model']}: {item['detail']}" for item in found)
            raise LoadRefused(f"These tables have no transactions: {words}.", hint="Make them InnoDB tables.")

    def _triggers(self) -> tuple[str, ...]:
        names = {table.name.lower() for table in self._tables}
        return tuple(
            f"{name} on {table}"
            for name, table in self.rows(
                "SELECT trigger_name, event_object_table FROM information_schema.triggers"
                " WHERE trigger_schema = DATABASE() ORDER BY trigger_name"
            )
            if str(table).lower() in names
        )

    def _who_is_in_the_way(self) -> str:
        rows = self.rows(
            "SELECT trx_mysql_thread_id, trx_started FROM information_schema.innodb_trx"
            f" WHERE trx_mysql_thread_id <> {self._thread} ORDER BY trx_started LIMIT 3"
        )
        found = [f"connection {thread} has a transaction open since {since}" for thread, since in rows]
        return "; ".join(found) or "whoever held them has gone since"

    def prepare(self, work: Sequence[Work]) -> None:
        for item in work:
            self.rows(f"DELETE FROM {self.quote(item.table.name)}")

    def writer(self, table: Table, fields: Sequence[Field[Any, Any]]) -> Write:
        head = insert_sql(self, table, fields, "(").encode()
        most = self._largest_packet - len(head) - _PACKET_MARGIN

        def write(columns: Sequence[Sequence[Any]]) -> None:
            texts = [literals(column, self._adapt) for column in columns]
            self._insert(head, list(map(b",".join, zip(*texts, strict=True))), most)

        return write

    def _insert(self, head: bytes, rows: list[bytes], most: int) -> None:
        text = b"),(".join(rows)
        if len(text) > most and len(rows) > 1:
            middle = len(rows) // 2
            self._insert(head, rows[:middle], most)
            self._insert(head, rows[middle:], most)
            return
        cursor = self._raw.cursor()
        try:
            cursor.execute(head + text + b")")
        finally:
            cursor.close()

    def _adapt(self, value: Any) -> bytes:
        literal = self._raw.literal(value)
        return literal if isinstance(literal, bytes) else str(literal).encode()

    def settle(self) -> None:
        kept: list[tuple[str, str]] = []
        for name, table, columns, other, others in self._foreign_keys():
            given = " AND ".join(f"a.{column} IS NOT NULL" for column in columns)
            same = " AND ".join(f"b.{theirs} = a.{own}" for own, theirs in zip(columns, others, strict=True))
            lost = f"NOT EXISTS (SELECT 1 FROM {other} b WHERE {same})"
            count = int(self.rows(f"SELECT COUNT(*) FROM {table} a WHERE {given} AND {lost}")[0][0])
            if count and not self.keeps_dangling:
                raise KeysDangle(f"{count:,} references from {table} to {other} lead nowhere ({name}).")
            if count:
                kept.append((table, f"{count:,} references to {other} lead nowhere ({name})."))
        self.dangling = tuple(kept)

    def _foreign_keys(self) -> list[tuple[str, str, list[str], str, list[str]]]:
        """Name, table, columns, referred table and columns of each key from or to a table that was cleared."""
        names = {table.name.lower() for table in self._tables}
        found: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)
        for table, name, column, other, theirs in self.rows(
            "SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name"
            " FROM information_schema.key_column_usage"
            " WHERE table_schema = DATABASE() AND referenced_table_schema = DATABASE()"
            " ORDER BY table_name, constraint_name, ordinal_position"
        ):
            if {str(table).lower(), str(other).lower()} & names:
                found[str(table), str(name)].append((str(column), str(other), str(theirs)))
        quote = self.quote
        return [
            (
                name,
                quote(table),
                [quote(column) for column, _, _ in parts],
                quote(parts[0][1]),
                [quote(theirs) for _, _, theirs in parts],
            )
            for (table, name), parts in found.items()
        ]

    def raise_next_id(self, table: Table, at_least: int | None) -> None:
        """By moving the last row's key there and back: what raises the counter is not taken back by ROLLBACK."""
        now = self.next_id(table)
        if at_least is None or now is None or now >= at_least:
            return
        name, key = self.quote(table.name), self.quote(str(table.key_fields[0].column))
        last = self.rows(f"SELECT MAX({key}) FROM {name}")[0][0]
        if last is None or last >= at_least - 1:
            return
        self.rows(f"UPDATE {name} SET {key} = {at_least - 1} WHERE {key} = {int(last)}")
        self.rows(f"UPDATE {name} SET {key} = {int(last)} WHERE {key} = {at_least - 1}")

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = self._raw.cursor()
        try:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        cursor = self._raw.cursor()
        try:
            cursor.execute(sql, parameters or None)
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def interrupt(self) -> None:
        other = self.connection.copy()
        with suppress(*self.driver_errors):
            other.connect()
            try:
                with other.cursor() as cursor:
                    cursor.execute(f"KILL QUERY {self._thread}")
            finally:
                other.close()


def literals(values: Sequence[Any], adapt: Callable[[Any], bytes]) -> Sequence[bytes]:
    """A column as SQL; `adapt` makes a literal of what is neither text, number, flag nor bytes."""
    types = set(map(type, values))
    if types == {str}:
        return _quoted(values)
    if types <= _WHOLE:
        with suppress(TypeError):  # beyond 64 bits
            return orjson.dumps(values)[1:-1].split(b",")
    if types == {str, _NONE}:
        quoted = _quoted(["" if value is None else value for value in values])
        return [_NULL if value is None else text for value, text in zip(values, quoted, strict=True)]
    return [_literal(value, adapt) for value in values]


def _literal(value: Any, adapt: Callable[[Any], bytes]) -> bytes:
    if value is None:
        return _NULL
    if type(value) in (int, float, bool):
        return repr(value).encode()
    if isinstance(value, bytes):
        return b"X'" + value.hex().encode() + b"'"
    return _quoted([value])[0] if type(value) is str else adapt(value)


def _quoted(texts: Sequence[str]) -> Sequence[bytes]:
    column = "\0".join(texts).encode()
    if column.count(b"\0") != len(texts) - 1:
        return [b"'" + _escaped(text.encode()).replace(b"\0", b"\\0") + b"'" for text in texts]
    return (b"'" + _escaped(column).replace(b"\0", b"'\0'") + b"'").split(b"\0")


def _escaped(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\").replace(b"'", b"\\'")
