"""The fingerprint of a database's shape."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from backups_app.engine.inspection import schema_fingerprint
from tests.engine.restoring import execute
from tests.zoo.models import Author


@contextmanager
def changed(alias: str, change: str, back: str) -> Iterator[None]:
    execute(alias, change)
    try:
        yield
    finally:
        execute(alias, back)


def test_data_do_not_change_it(database: str) -> None:
    before = schema_fingerprint(database)
    Author.objects.using(database).create(code="x", name="y" * 50)
    assert schema_fingerprint(database) == before


@pytest.mark.parametrize(
    ("change", "back"),
    [
        ("ALTER TABLE zoo_author ADD COLUMN added_later integer", "ALTER TABLE zoo_author DROP COLUMN added_later"),
        ("ALTER TABLE zoo_author RENAME COLUMN name TO other", "ALTER TABLE zoo_author RENAME COLUMN other TO name"),
    ],
)
def test_a_column_that_comes_or_has_another_name_changes_it(database: str, change: str, back: str) -> None:
    before = schema_fingerprint(database)
    with changed(database, change, back):
        assert schema_fingerprint(database) != before
    assert schema_fingerprint(database) == before


def test_a_migration_that_is_applied_changes_it(database: str) -> None:
    before = schema_fingerprint(database)
    recorder = MigrationRecorder(connections[database])
    recorder.record_applied("eclick", "0002_later")
    try:
        assert schema_fingerprint(database) != before
    finally:
        recorder.record_unapplied("eclick", "0002_later")
