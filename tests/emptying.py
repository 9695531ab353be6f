"""Empties a database between two tests.

Django's flush empties every table and makes again what migrate made, which takes longer than most tests. Here only what
a test has written goes away, and what it changed of what migrate made comes back.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connections, transaction

REFERENCES = """
SELECT child.relname, parent.relname FROM pg_constraint
JOIN pg_class AS child ON child.oid = conrelid JOIN pg_class AS parent ON parent.oid = confrelid
WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
"""


@dataclass(frozen=True)
class Clean:
    """A database that has only what migrate made: its tables, and every row, by table."""

    tables: list[str]
    rows: dict[str, list[tuple[Any, ...]]]


_clean: dict[str, Clean] = {}


def empty(alias: str) -> None:
    """Leaves what `migrate` and a flush leave; numbers that were given out are not given out again."""
    ContentType.objects.clear_cache()
    if clean := _clean.get(alias):
        _take_back(alias, clean)
        return
    call_command("flush", database=alias, interactive=False, verbosity=0, reset_sequences=False)
    tables = connections[alias].introspection.django_table_names(only_existing=True, include_views=False)
    _clean[alias] = Clean(tables, {table: _rows(alias, table) for table in _filled(alias, tables)})


def _take_back(alias: str, clean: Clean) -> None:
    connection = connections[alias]
    written = set(_filled(alias, clean.tables)) - set(clean.rows)
    written |= {table for table, rows in clean.rows.items() if _rows(alias, table) != rows}
    if connection.vendor == "postgresql":
        # TRUNCATE wants those that refer to them to be named too.
        written = _with_their_children(alias, written)
    if not written:
        return
    # What stays may refer to what comes back below.
    with connection.constraint_checks_disabled():
        connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), sorted(written)))
    with connection.constraint_checks_disabled(), transaction.atomic(using=alias), connection.cursor() as cursor:
        for table in written.intersection(clean.rows):
            rows = clean.rows[table]
            values = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f"INSERT INTO {connection.ops.quote_name(table)} VALUES ({values})", rows)
        # The test may have restored counters that had not come as far.
        models = sorted(connection.introspection.installed_models(clean.rows), key=lambda model: model._meta.db_table)
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def _filled(alias: str, tables: list[str]) -> list[str]:
    quote = connections[alias].ops.quote_name
    asked = (f"SELECT {number} WHERE EXISTS (SELECT 1 FROM {quote(name)})" for number, name in enumerate(tables))
    with connections[alias].cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [tables[number] for (number,) in cursor.fetchall()]


def _rows(alias: str, table: str) -> list[tuple[Any, ...]]:
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connections[alias].ops.quote_name(table)}")
        return sorted(cursor.fetchall(), key=repr)


def _with_their_children(alias: str, tables: set[str]) -> set[str]:
    with connections[alias].cursor() as cursor:
        cursor.execute(REFERENCES)
        references = cursor.fetchall()
    found = set(tables)
    while more := {child for child, parent in references if parent in found} - found:
        found |= more
    return found
