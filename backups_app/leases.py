"""Proof that a job's process still lives, which does not depend on the cache.

The lease is something the operating system or the database server takes back by itself when the process dies: on
SQLite a file lock, on PostgreSQL an advisory lock and on MariaDB a named lock, each on a connection of its own.
Whoever finds a running job without its lease knows that nobody works on it any more.

The session by which a restore replaces the data is another one, and may outlive the lease. So it takes a lock of its
own, its mark: whoever gets that lock knows that the session has ended.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from django.db import Error, OperationalError, connections, router

from backups_app.conf import backup_settings
from backups_app.models import Job

# So long whoever ends a session waits to see it gone; rolling back may take longer, then it is for the next one.
_PATIENCE_SECONDS = 5


class Lease(Protocol):
    def is_mine(self) -> bool:
        """False once it was taken back, for instance because the database server was restarted."""


@contextmanager
def hold(claim: UUID) -> Iterator[Lease]:
    """Holds the lease of `claim` until leaving."""
    connection = connections[router.db_for_write(Job)]
    if connection.vendor == "sqlite":
        with _hold_file(claim) as lease:
            yield lease
        return
    own = connection.copy()
    # The heartbeat asks from its own thread whether the session still lives; nobody else uses it meanwhile.
    own.inc_thread_sharing()
    try:
        yield _LOCKS[connection.vendor](own, claim)
    finally:
        with suppress(Error):
            own.close()


def is_held(claim: UUID) -> bool:
    """Whether somebody alive holds the lease of `claim`."""
    connection = connections[router.db_for_write(Job)]
    if connection.vendor == "sqlite":
        return _is_file_held(claim)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            high, low = _key_halves(claim)
            cursor.execute(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND classid = %s AND objid = %s "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                [high, low],
            )
            return cursor.fetchone() is not None
        cursor.execute("SELECT IS_USED_LOCK(%s)", [_lock_name(claim)])
        return cursor.fetchone()[0] is not None


def mark_session(execute: Callable[[str, Sequence[Any]], int], claim: UUID) -> None:
    """Makes the session that `execute` runs statements in known as the one that replaces the data for `claim`."""
    vendor = connections[router.db_for_write(Job)].vendor
    if vendor == "postgresql":
        execute("SELECT pg_advisory_lock(%s)", [_mark_number(claim)])
    elif vendor == "mysql":
        execute("SELECT GET_LOCK(%s, 0)", [_mark_name(claim)])


def end_session(claim: UUID) -> bool:
    """Ends the marked session of `claim`, if there is one, and sees it gone. False while it lives.

    On SQLite nobody can end it; but while it lives its lock keeps all others, the asker too, from writing.
    """
    own = connections[router.db_for_write(Job)].copy()
    if own.vendor == "sqlite":
        return True
    try:
        with own.cursor() as cursor:
            return _ENDINGS[own.vendor](cursor, claim)
    except Error:
        return False
    finally:
        with suppress(Error):
            own.close()


def _end_on_postgresql(cursor: Any, claim: UUID) -> bool:
    number = _mark_number(claim)
    cursor.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND classid = %s AND objid = %s "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        [(number >> 32) & 0xFFFFFFFF, number & 0xFFFFFFFF],
    )
    cursor.execute(f"SET lock_timeout = '{_PATIENCE_SECONDS}s'")
    cursor.execute("SELECT pg_advisory_lock(%s)", [number])
    return True


def _end_on_mariadb(cursor: Any, claim: UUID) -> bool:
    name = _mark_name(claim)
    cursor.execute("SELECT IS_USED_LOCK(%s)", [name])
    session = cursor.fetchone()[0]
    if session is not None:
        # It may have ended in between.
        with suppress(OperationalError):
            cursor.execute("KILL %s", [session])
    # Given back only once everything is rolled back.
    cursor.execute("SELECT GET_LOCK(%s, %s)", [name, _PATIENCE_SECONDS])
    return bool(cursor.fetchone()[0] == 1)


_ENDINGS = {"postgresql": _end_on_postgresql, "mysql": _end_on_mariadb}


class _AdvisoryLock:
    def __init__(self, connection: Any, claim: UUID) -> None:
        self._connection = connection
        number = int.from_bytes(claim.bytes[:8], "big", signed=True)
        with connection.cursor() as cursor:
            # Survives as long as the session, which pings keep from counting as idle.
            cursor.execute("SET idle_session_timeout = 0") if _has_idle_timeout(connection) else None
            cursor.execute("SELECT pg_advisory_lock(%s)", [number])

    def is_mine(self) -> bool:
        return _answers(self._connection)


class _NamedLock:
    def __init__(self, connection: Any, claim: UUID) -> None:
        self._connection = connection
        with connection.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(%s, 5)", [_lock_name(claim)])
            if cursor.fetchone()[0] != 1:
                raise RuntimeError(f"MariaDB did not give the lock {_lock_name(claim)}, although its name is new.")

    def is_mine(self) -> bool:
        return _answers(self._connection)


_LOCKS: dict[str, type[_AdvisoryLock] | type[_NamedLock]] = {"postgresql": _AdvisoryLock, "mysql": _NamedLock}


class _FileLock:
    def __init__(self, path: Path) -> None:
        self._path = path

    def is_mine(self) -> bool:
        return self._path.exists()


def _answers(connection: Any) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _has_idle_timeout(connection: Any) -> bool:
    return bool(connection.pg_version >= 140000)


def _key_halves(claim: UUID) -> tuple[int, int]:
    """As pg_locks shows a 64-bit key: two unsigned halves."""
    return int.from_bytes(claim.bytes[:4], "big"), int.from_bytes(claim.bytes[4:8], "big")


def _lock_name(claim: UUID) -> str:
    return f"backups:{claim}"


def _mark_number(claim: UUID) -> int:
    # The other half than the lease's.
    return int.from_bytes(claim.bytes[8:], "big", signed=True)


def _mark_name(claim: UUID) -> str:
    return f"backups:load:{claim}"


def _lock_path(claim: UUID) -> Path:
    return backup_settings().STATE_DIR / "leases" / str(claim)


@contextmanager
def _hold_file(claim: UUID) -> Iterator[_FileLock]:
    path = _lock_path(claim)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if not _try_lock(descriptor):
            raise RuntimeError(f"The lease {path} is held by somebody else, although its name is new.")
        yield _FileLock(path)
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _is_file_held(claim: UUID) -> bool:
    try:
        descriptor = os.open(_lock_path(claim), os.O_RDWR)
    except FileNotFoundError:
        return False
    except PermissionError:
        # It belongs to a worker that runs as somebody else: nothing is proven of it.
        return True
    try:
        if not _try_lock(descriptor):
            return True
        _lock_path(claim).unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """Takes the lock if nobody has it; the operating system takes it back when the process ends."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
