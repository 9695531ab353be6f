"""SQLite: so many records that they are read and put aside before anybody is locked out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from backups_app.engine.databases import restore_sqlite
from backups_app.engine.errors import Cancelled, LoadRefused
from backups_app.engine.progress import Stage, Watch
from tests.engine import oracle
from tests.engine.restoring import change_everything, dump_bytes, execute, restore_bytes, tables_of, without_keys
from tests.engine.schema import schema_of
from tests.engine.test_load import fails, read
from tests.zoo.models import Author, Label
from tests.zoo.samples import fill

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def staged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """However few records there are; and nothing is left aside."""
    monkeypatch.setattr(restore_sqlite, "STAGED_RECORDS", 1)
    yield
    assert not list(Path(settings.BACKUPS["STATE_DIR"]).glob("sqlite-stage-*"))


def test_the_zoo_comes_back_exactly() -> None:
    fill("default")
    data, dumped = dump_bytes("default")
    before, schema, next_ids = read("default"), schema_of("default"), oracle.next_ids("default")
    change_everything("default", tables_of(dumped))
    assert restore_bytes("default", data).proven
    assert oracle.differences(before, read("default")) == []
    assert schema_of("default") == schema
    assert oracle.next_ids("default") == next_ids


def test_while_the_file_is_read_others_write() -> None:
    wrote = []

    def write(stage: Stage, done: int, total: int | None) -> None:
        if stage == Stage.CHECK and done:
            execute("default", "PRAGMA busy_timeout = 0")
            Label.objects.create(text="in between")
            wrote.append(done)

    execute("default", "INSERT INTO zoo_label (text) VALUES ('before')")
    data, _ = dump_bytes("default")
    restore_bytes("default", data, watch=Watch(report=write))
    assert wrote
    assert [label.text for label in Label.objects.all()] == ["before"]


def test_what_breaks_a_constraint_is_refused_and_its_model_named() -> None:
    for name in ("one", "two"):
        Author.objects.create(name="the same", code=name)
    data, _ = dump_bytes("default")
    Author.objects.filter(code="two").delete()
    execute("default", "CREATE UNIQUE INDEX zoo_author_name_once ON zoo_author (name)")
    try:
        error = fails("default", data, LoadRefused)
    finally:
        execute("default", "DROP INDEX zoo_author_name_once")
    assert "zoo.author" in str(error)


@pytest.mark.parametrize("stage", [Stage.CHECK, Stage.CLEAR, Stage.LOAD, Stage.COMMIT])
def test_a_cancel_changes_nothing(stage: Stage) -> None:
    Label.objects.create(text="one")
    data, _ = dump_bytes("default")
    Label.objects.create(text="two")
    reached: list[Stage] = []
    watch = Watch(report=lambda at, *_: reached.append(at), is_cancelled=lambda: reached[-1:] == [stage])
    fails("default", data, Cancelled, watch=watch)


def test_a_file_with_a_content_type_that_is_missing_here_is_loaded_without_putting_it_aside() -> None:
    fill("default")
    data, _ = dump_bytes("default")
    with without_keys("default"):
        execute("default", "DELETE FROM django_content_type WHERE app_label = 'gone'")
    connections["default"].close()
    loaded = restore_bytes("default", data)
    assert loaded.proven
    assert "contenttypes.contenttype gone.dodo" in [finding.where for finding in loaded.remarks]
