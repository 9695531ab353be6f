"""What tests do to real databases beneath Django, each kind in its own way."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction


@contextmanager
def without_constraints(alias: str) -> Iterator[None]:
    """A transaction in which references may lead nowhere, and at its end still do."""
    connection = connections[alias]
    match connection.vendor:
        case "sqlite":
            # Within a transaction SQLite would ignore the switch.
            with connection.constraint_checks_disabled(), transaction.atomic(using=alias):
                yield
        case "mysql":
            with transaction.atomic(using=alias), connection.constraint_checks_disabled():
                yield
        case "postgresql":
            with transaction.atomic(using=alias), connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                yield


def in_order(alias: str, table: str, columns: list[str]) -> list[tuple[Any, ...]]:
    """These columns of every row as text, in the order that the database gives to them."""
    connection = connections[alias]
    source = connection.ops.quote_name(table)
    quoted = [f"{source}.{connection.ops.quote_name(name)}" for name in columns]
    as_text = {
        "sqlite": "CASE typeof({0}) WHEN 'text' THEN CAST({0} AS BLOB) ELSE +{0} END",
        "postgresql": "{}::text",
        "mysql": "CAST({} AS CHAR)",
    }[connection.vendor]
    wanted = ", ".join(as_text.format(name) for name in quoted)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET timezone = 'UTC'")
        sql = f"SELECT {wanted} FROM {source} ORDER BY {', '.join(quoted)}"
        cursor.execute(sql.replace("%", "%%"), [])
        return [tuple(_text(value) for value in row) for row in cursor.fetchall()]


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
