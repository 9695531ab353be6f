"""What shape a database has, as one short text that changes with it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

# What the driver says of a column, but for what may depend on its values.
_TOLD = ("name", "type_code", "internal_size", "precision", "scale", "null_ok", "default")


def schema_fingerprint(using: str) -> str:
    """SHA-256 over the applied migrations and the columns of every model's table on the alias `using`."""
    connection: Any = connections[using]
    with connection.cursor() as cursor:
        # Views have no columns of their own, and one that is broken can't be asked.
        there = {info.name for info in connection.introspection.get_table_list(cursor) if info.type in ("t", "p")}
        names = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} & there
        columns = [
            [name, [[_plain(getattr(column, told, None)) for told in _TOLD] for column in _columns(cursor, name)]]
            for name in sorted(names)
        ]
    applied = sorted(MigrationRecorder(connection).applied_migrations())
    return hashlib.sha256(json.dumps([applied, columns], default=str).encode()).hexdigest()


def _columns(cursor: Any, name: str) -> list[Any]:
    return list(cursor.db.introspection.get_table_description(cursor, name))


def _plain(value: Any) -> str | None:
    return None if value is None else str(value)
