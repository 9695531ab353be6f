"""What differs between the kinds of database."""

from typing import Any

from backups_app.engine.databases.base import Snapshot
from backups_app.engine.databases.mysql import MySQLSnapshot
from backups_app.engine.databases.postgresql import PostgreSQLSnapshot
from backups_app.engine.databases.sqlite import SQLiteSnapshot
from backups_app.engine.errors import SnapshotFailed

_BY_VENDOR: dict[str, type[Snapshot]] = {
    "sqlite": SQLiteSnapshot,
    "postgresql": PostgreSQLSnapshot,
    "mysql": MySQLSnapshot,
}


def open_snapshot(connection: Any) -> Snapshot:
    """A snapshot, not yet begun, on a connection of its own to the same database as `connection`."""
    try:
        kind = _BY_VENDOR[connection.vendor]
    except KeyError as error:
        raise SnapshotFailed(
            f"Databases of the kind {connection.vendor!r} can't be backed up.",
            hint=f"Supported are {', '.join(sorted(_BY_VENDOR))}.",
        ) from error
    return kind(connection)
