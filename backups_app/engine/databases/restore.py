"""Opens the database that a file is loaded into."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from backups_app.engine.databases.restore_base import Target
from backups_app.engine.errors import LoadRefused

_BY_VENDOR = {
    "sqlite": ("restore_sqlite", "SQLiteTarget"),
    "postgresql": ("restore_postgresql", "PostgreSQLTarget"),
    "mysql": ("restore_mysql", "MySQLTarget"),
}


def open_target(connection: Any) -> Target:
    """A target, not yet begun, on a connection of its own to the same database as `connection`."""
    try:
        module, name = _BY_VENDOR[connection.vendor]
    except KeyError as error:
        raise LoadRefused(
            f"Databases of the kind {connection.vendor!r} can't be restored.",
            hint=f"Supported are {', '.join(sorted(_BY_VENDOR))}.",
        ) from error
    target: Target = getattr(import_module(f"backups_app.engine.databases.{module}"), name)(connection)
    return target
