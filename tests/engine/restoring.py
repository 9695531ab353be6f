"""Ways to back up, change and restore a test's database."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from django.apps import apps
from django.db import connections

from backups_app.engine.check import Checked, check
from backups_app.engine.dump import Dumped, Scope, dump
from backups_app.engine.load import Loaded, load


def dump_bytes(alias: str, **scope: Any) -> tuple[bytes, Dumped]:
    stream = BytesIO()
    result = dump(stream, scope=Scope(using=alias, **scope), kind="manual")
    return stream.getvalue(), result


def check_bytes(alias: str, data: bytes, **scope: Any) -> Checked:
    return check(lambda: BytesIO(data), scope=Scope(using=alias, **scope))


def restore_bytes(alias: str, data: bytes, **options: Any) -> Loaded:
    """Checks and loads; the file must be one that nothing speaks against."""
    checked = check_bytes(alias, data)
    assert not checked.refusals
    return load(lambda: BytesIO(data), checked=checked, scope=Scope(using=alias), **options)


def execute(alias: str, sql: str, parameters: Any = None) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters)


def change_everything(alias: str, tables: list[str]) -> None:
    """Takes half of the rows of every table away, whatever refers to them."""
    connection = connections[alias]
    with without_keys(alias):
        for table in tables:
            execute(alias, f"DELETE FROM {connection.ops.quote_name(table)}")


@contextmanager
def without_keys(alias: str) -> Iterator[None]:
    off, on = {
        "sqlite": ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
        "mysql": ("SET FOREIGN_KEY_CHECKS = 0", "SET FOREIGN_KEY_CHECKS = 1"),
        "postgresql": ("SET session_replication_role = replica", "SET session_replication_role = DEFAULT"),
    }[connections[alias].vendor]
    execute(alias, off)
    try:
        yield
    finally:
        execute(alias, on)


def tables_of(dumped: Dumped) -> list[str]:
    return [apps.get_model(entry["model"])._meta.db_table for entry in dumped.manifest["tables"]]
