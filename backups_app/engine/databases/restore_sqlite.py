"""Loading into SQLite: BEGIN IMMEDIATE, with keys off, triggers away and large indexes built at the end."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from django.db.models import Field

from backups_app.conf import backup_settings
from backups_app.engine.databases.restore_base import (
    LOCK_PATIENCE_SECONDS,
    Target,
    Work,
    Write,
    dump_in_the_way,
    insert_sql,
)
from backups_app.engine.databases.sqlite import SQLiteSnapshot, is_busy
from backups_app.engine.errors import KeysDangle, LoadFailed, LoadRefused, LockNotFree
from backups_app.engine.progress import Stage, Watch
from backups_app.engine.selection import Table
from backups_app.engine.wrapper import InvalidText

# From this number of records on it is cheaper to build a table's indexes at the end.
MANY_RECORDS = 5_000
# So many records would keep others from writing for about 15 seconds on a slow machine.
STAGED_RECORDS = 500_000
_LOCK_TRY_MILLISECONDS = 500
# Values of one statement: every SQLite takes 999.
_MOST_MARKS = 900
_CACHE_KIBIBYTES = 24 << 10


class SQLiteTarget(Target, SQLiteSnapshot):
    refusals = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError)

    def begin(self) -> None:
        self._exclusion = None
        self._copy_folder = None
        self._raw = self._connect(**self.connection.get_connection_params())
        # Inside a transaction this switch silently does nothing.
        self._raw.execute("PRAGMA foreign_keys = OFF")
        if self._raw.execute("PRAGMA foreign_keys").fetchone()[0]:
            raise LoadFailed("SQLite would not switch its foreign keys off.")
        self._raw.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        self._raw.execute("PRAGMA recursive_triggers = OFF")
        self.connection.connection = self._raw
        self._taken_away: list[str] = []
        self._dangling: Counter[tuple[str, str, int]] = Counter()
        self._tables: list[Table] = []
        self._stage_folder: TemporaryDirectory[str] | None = None
        self._is_staging = False
        self._staged: dict[tuple[Table, tuple[Field[Any, Any], ...]], str] = {}

    def end(self) -> None:
        if hasattr(self, "_raw"):
            with suppress(sqlite3.Error):
                if self._raw.in_transaction:
                    self._raw.execute("ROLLBACK")
        super().end()
        if getattr(self, "_stage_folder", None):
            self._stage_folder.cleanup()  # type: ignore[union-attr]

    def free_bytes(self) -> int | None:
        ((_, _, path), *_) = self.run("PRAGMA database_list")
        return shutil.disk_usage(Path(path).parent).free if path else None

    def exclude_others(self, watch: Watch) -> None:
        exclusion = self._open_exclusion()
        # Only a load keeps readers out.
        self._share(exclusion)
        exclusion.execute("ROLLBACK")
        self._patiently(exclusion, "BEGIN EXCLUSIVE", watch, otherwise=dump_in_the_way)

    def keys_by_collation(self, table: Table, *, all_unique: bool) -> list[dict[str, str]]:
        found = []
        for _, name, is_unique, origin, is_partial in self.run(f"PRAGMA index_list({self.quote(table.name)})"):
            if not is_unique or is_partial or not (all_unique or origin == "pk"):
                continue
            parts = [
                (column, collation)
                for _, _, column, _, collation, is_key in self.run(f"PRAGMA index_xinfo({self.quote(name)})")
                if is_key
            ]
            # An expression has no name.
            if all(column for column, _ in parts) and any(collation != "BINARY" for _, collation in parts):
                found.append({column: f" COLLATE {self.quote(collation)}" for column, collation in parts})
        return found

    def wants_staging(self, records: int, size_bytes: int) -> bool:
        if records < STAGED_RECORDS:
            return False
        state_dir = backup_settings().STATE_DIR
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return shutil.disk_usage(state_dir).free > size_bytes

    @contextmanager
    def staging(self) -> Iterator[None]:
        """In a file of its own, without a journal, since it is worth nothing after this load."""
        self._stage_folder = TemporaryDirectory(prefix="sqlite-stage-", dir=backup_settings().STATE_DIR)
        self._raw.execute("ATTACH DATABASE ? AS backups_stage", (str(Path(self._stage_folder.name) / "stage.sqlite3"),))
        self._raw.execute("PRAGMA backups_stage.journal_mode = OFF")
        self._raw.execute("PRAGMA backups_stage.synchronous = OFF")
        # Nothing of the database itself is read in this transaction, so it stays free.
        self._raw.execute("BEGIN")
        self._is_staging = True
        yield
        self._is_staging = False
        self._raw.execute("COMMIT")

    def _stage_of(self, table: Table, fields: Sequence[Field[Any, Any]]) -> str:
        """Where rows of these fields are kept; columns without types keep values as they are."""
        place = table, tuple(fields)
        if place not in self._staged:
            name = f"backups_stage.rows_{len(self._staged)}"
            columns = ", ".join(self.quote(str(field.column)) for field in fields)
            self._raw.execute(f"CREATE TABLE {name} ({columns})")
            self._staged[place] = name
        return self._staged[place]

    def unstage(self) -> None:
        for (table, fields), name in self._staged.items():
            columns = ", ".join(self.quote(str(field.column)) for field in fields)
            try:
                self._raw.execute(f"INSERT INTO {self.quote(table.name)} ({columns}) SELECT {columns} FROM {name}")
            except self.refusals as error:
                raise LoadRefused(f"{table.label}: {error}") from error

    def lock(self, tables: Sequence[Table], watch: Watch) -> None:
        self._patiently(self._raw, "BEGIN IMMEDIATE", watch, otherwise=_writer_in_the_way)
        self._tables = list(tables)
        self._dangling = self._dangling_keys()

    def _patiently(
        self, raw: sqlite3.Connection, statement: str, watch: Watch, *, otherwise: Callable[[], LockNotFree]
    ) -> None:
        """In short tries, so that a cancel is seen."""
        raw.execute(f"PRAGMA busy_timeout = {_LOCK_TRY_MILLISECONDS}")
        give_up_at = monotonic() + LOCK_PATIENCE_SECONDS
        while True:
            try:
                raw.execute(statement)
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
                if monotonic() > give_up_at:
                    raise otherwise() from error
            else:
                return
            watch.step(Stage.CLEAR, 0, None)

    def prepare(self, work: Sequence[Work]) -> None:
        large = {item.table.name.lower() for item in work if item.records >= MANY_RECORDS}
        names = {item.table.name.lower() for item in work}
        for kind, name, table, sql in self._raw.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('index', 'trigger')"
            " ORDER BY rowid"
        ).fetchall():
            if (kind == "trigger" and table.lower() in names) or (kind == "index" and table.lower() in large):
                self._raw.execute(f"DROP {kind} {self.quote(name)}")
                self._taken_away.append(sql)
        for item in work:
            # Without triggers and keys SQLite empties a table at once, not row by row.
            self._raw.execute(f"DELETE FROM {self.source(item.table)}")

    def writer(self, table: Table, fields: Sequence[Field[Any, Any]]) -> Write:
        head = insert_sql(self, table, fields, "")
        if self._is_staging:
            head = f"INSERT INTO {self._stage_of(table, fields)} VALUES "
        row = f"({', '.join('?' * len(fields))})"
        together = max(1, _MOST_MARKS // len(fields))
        one, many = head + row, head + ", ".join([row] * together)

        width = len(fields)

        def write(columns: Sequence[Sequence[Any]]) -> None:
            if any(InvalidText in set(map(type, column)) for column in columns):
                for odd in zip(*columns, strict=True):
                    self._write_odd(head, odd)
                return
            count = len(columns[0])
            # Row after row in one list, filled by its columns: no row is ever an object of its own.
            values: list[Any] = [None] * (count * width)
            for place, column in enumerate(columns):
                values[place::width] = column
            end = (count - count % together) * width
            self._raw.executemany(many, _cut(values[:end], together * width))
            self._raw.executemany(one, _cut(values[end:], width))

        return write

    def _write_odd(self, head: str, row: Sequence[Any]) -> None:
        """The module can't bind text that is not UTF-8; its bytes it can."""
        values = ", ".join("CAST(? AS TEXT)" if isinstance(value, InvalidText) else "?" for value in row)
        self._raw.execute(f"{head}({values})", row)

    def settle(self) -> None:
        for sql in self._taken_away:
            try:
                self._raw.execute(sql)
            except self.refusals as error:
                raise LoadRefused(f"The file breaks a constraint: {error}") from error
        self._taken_away.clear()
        more = self._dangling_keys() - self._dangling
        if more and not self.keeps_dangling:
            raise KeysDangle(
                "References lead nowhere: "
                + "; ".join(f"{count:,} from {table} to {parent}" for (table, parent, _), count in more.most_common(10))
            )
        self.dangling = tuple(
            (table, f"{count:,} references to {parent} lead nowhere.") for (table, parent, _), count in more.items()
        )
        if self._raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchone():
            for table in self._tables:
                self._raw.execute(f"ANALYZE {self.source(table)}")

    def _dangling_keys(self) -> Counter[tuple[str, str, int]]:
        """How many keys of each sort lead nowhere: (table, table referred to, number of the key)."""
        found: Counter[tuple[str, str, int]] = Counter()
        for table, _, parent, key in self._raw.execute("PRAGMA foreign_key_check"):
            found[table, parent, key] += 1
        return found

    def raise_next_id(self, table: Table, at_least: int | None) -> None:
        # INSERT has raised the counter already to the highest key.
        if at_least is None or not self._has_sequences():
            return
        changed = self.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, %s) WHERE name = %s", (at_least - 1, table.name)
        )
        automatic = self.run(
            "SELECT 1 FROM sqlite_master WHERE name = %s AND sql LIKE '%%AUTOINCREMENT%%'", (table.name,)
        )
        if not changed and automatic:
            self.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", (table.name, at_least - 1))

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._raw.execute(_with_marks(sql, parameters), parameters).fetchall()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return self._raw.execute(_with_marks(sql, parameters), parameters).rowcount

    def commit(self) -> None:
        # In this very process: what raises has not committed.
        self._raw.execute("COMMIT")

    def after_commit(self) -> list[tuple[str, str]]:
        with suppress(sqlite3.Error):
            # Readers may be in the way: then the next checkpoint does it.
            self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return []

    def interrupt(self) -> None:
        self._raw.interrupt()


def _cut(values: list[Any], width: int) -> list[list[Any]]:
    return [values[at : at + width] for at in range(0, len(values), width)]


def _writer_in_the_way() -> LockNotFree:
    return LockNotFree(f"Somebody else has been writing to the database for {LOCK_PATIENCE_SECONDS:.0f} seconds.")


def _with_marks(sql: str, parameters: Sequence[Any]) -> str:
    """Django's marks for parameters, in SQLite's spelling; without parameters a percent sign is one."""
    return sql % (("?",) * len(parameters)) if parameters else sql
