"""SQLite: a deferred read transaction, which in WAL mode keeps nobody from writing."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings

from backups_app.conf import backup_settings
from backups_app.engine.codecs import TextForms
from backups_app.engine.databases.base import Batch, Snapshot, batches_of
from backups_app.engine.errors import LoadUnderWay, SnapshotFailed
from backups_app.engine.selection import Table
from backups_app.engine.wrapper import InvalidText


class SQLiteSnapshot(Snapshot):
    """Not in WAL mode a long reader would keep writers out: there a copy is made first and read instead."""

    vendor = "sqlite"
    driver_errors = (sqlite3.Error,)

    def begin(self) -> None:
        self._exclusion: sqlite3.Connection | None = None
        self._copy_folder: TemporaryDirectory[str] | None = None
        self._raw = self._connect(**self.connection.get_connection_params())
        if self._journal_mode() not in ("wal", "memory"):
            self._read_from_a_copy()
        self._raw.execute("PRAGMA query_only = ON")
        self._raw.execute("BEGIN DEFERRED")
        # The snapshot is taken by the first read, not by BEGIN.
        self._raw.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()

    def end(self) -> None:
        if hasattr(self, "_raw"):
            self._raw.close()
        if getattr(self, "_exclusion", None):
            self._exclusion.close()  # type: ignore[union-attr]
        if getattr(self, "_copy_folder", None):
            self._copy_folder.cleanup()  # type: ignore[union-attr]

    def is_change_of_shape(self, error: BaseException) -> bool:
        return str(error).startswith(("no such table", "no such column"))

    def keep_loads_away(self) -> None:
        self._share(self._open_exclusion())

    def _open_exclusion(self) -> sqlite3.Connection:
        """An empty database beside the leases: SQLite's own locks on it, of many readers or one writer, are ours."""
        folder = backup_settings().STATE_DIR / "exclusion"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = Path(str(self.connection.settings_dict["NAME"])).resolve()
        path = folder / f"{hashlib.sha256(str(name).encode()).hexdigest()[:32]}.sqlite3"
        try:
            self._exclusion = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise SnapshotFailed(f"The lock {path} can't be opened: {error}.", hint="Remove that file.") from error
        return self._exclusion

    def _share(self, exclusion: sqlite3.Connection) -> None:
        try:
            exclusion.execute("BEGIN")
            exclusion.execute("SELECT 1 FROM sqlite_master").fetchall()
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            raise LoadUnderWay from error

    def hold(self, tables: Sequence[Table]) -> None:
        """Nothing to do: the read transaction sees neither later rows nor later tables."""

    def version(self) -> str:
        return sqlite3.sqlite_version

    def relation_kind(self, name: str) -> str | None:
        rows = self._raw.execute("SELECT type FROM sqlite_master WHERE lower(name) = lower(?)", (name,)).fetchall()
        kinds = [kind for (kind,) in rows if kind in ("table", "view")]
        return kinds[0] if kinds else None

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._raw.execute(sql).fetchall()

    def batches(self, sql: str, unbounded: Sequence[int]) -> Iterator[Batch]:
        return batches_of(self._stream(sql), unbounded)

    def _stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Rows; where text is not UTF-8, from that row on its bytes as InvalidText."""
        cursor = self._raw.execute(sql)
        given = 0
        while True:
            try:
                for row in cursor:
                    given += 1
                    yield row
                return
            except sqlite3.OperationalError as error:
                if "decode" not in str(error).lower() or self._raw.text_factory is not str:
                    raise
            # The module stops at the first text that it can't decode; the query is run again with more patience.
            self._raw.text_factory = _text_or_bytes
            try:
                cursor = self._raw.execute(f"{sql} LIMIT -1 OFFSET {given}")
                yield from cursor
                return
            finally:
                self._raw.text_factory = str

    def next_id(self, table: Table) -> int | None:
        if not self._has_sequences():
            return None
        rows = self._raw.execute(
            "SELECT seq FROM sqlite_master LEFT JOIN sqlite_sequence USING (name) "
            "WHERE type = 'table' AND name = ? AND sql LIKE '%AUTOINCREMENT%'",
            (table.name,),
        ).fetchall()
        # A table that never had a row is not in sqlite_sequence yet.
        return int(rows[0][0] or 0) + 1 if rows else None

    def text_forms(self) -> TextForms:
        zone = self.connection.timezone if settings.USE_TZ else None
        return TextForms(zone=UTC if str(zone) in ("UTC", "utc") else zone)

    def _connect(self, **params: Any) -> sqlite3.Connection:
        # Without detect_types: its converters turn impossible dates into errors and booleans of 2 into True.
        return sqlite3.connect(
            params["database"],
            uri=bool(params.get("uri")),
            timeout=params.get("timeout", 20),
            isolation_level=None,
            detect_types=0,
            check_same_thread=False,
        )

    def _journal_mode(self) -> str:
        return str(self._raw.execute("PRAGMA journal_mode").fetchone()[0]).lower()

    def _has_sequences(self) -> bool:
        return bool(self._raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchall())

    def _read_from_a_copy(self) -> None:
        state_dir = backup_settings().STATE_DIR
        state_dir.mkdir(parents=True, exist_ok=True)
        self._copy_folder = TemporaryDirectory(prefix="sqlite-copy-", dir=state_dir)
        copy = self._connect(database=str(Path(self._copy_folder.name) / "copy.sqlite3"))
        self._raw.backup(copy)
        self._raw.close()
        self._raw = copy


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Whether somebody else has the lock."""
    return "locked" in str(error) or "busy" in str(error)


def _text_or_bytes(value: bytes) -> str | InvalidText:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return InvalidText(value)
