"""One load at a time, and no dump beside it but its own; dumps run beside dumps."""

from io import BytesIO

import pytest
from django.db import connections

from backups_app.engine.databases import (
    open_snapshot,
    restore_mysql,
    restore_postgresql,
    restore_sqlite,
)
from backups_app.engine.dump import Scope, dump
from backups_app.engine.errors import LoadUnderWay, LockNotFree
from backups_app.engine.progress import Stage, Watch
from tests.engine.restoring import dump_bytes, restore_bytes
from tests.zoo.models import Label


def test_a_second_load_is_refused_while_one_is_under_way(database):
    data, _ = dump_bytes(database)
    refused = []

    def load_too() -> None:
        with pytest.raises(LoadUnderWay) as caught:
            restore_bytes(database, data)
        refused.append(str(caught.value))

    restore_bytes(database, data, under_lock=load_too)
    assert refused == ["Another restore of this database is under way."]
    restore_bytes(database, data)


def test_a_dump_is_refused_while_a_load_is_under_way_except_the_load_s_own(database):
    Label.objects.using(database).create(text="before")
    data, _ = dump_bytes(database)
    own = BytesIO()

    def dump_too() -> None:
        with pytest.raises(LoadUnderWay):
            dump_bytes(database)
        dump(own, scope=Scope(using=database), kind="safety", is_within_load=True)

    restore_bytes(database, data, under_lock=dump_too)
    assert b'"before"' in own.getvalue()
    assert dump_bytes(database)[0]


def test_a_load_that_failed_is_in_nobody_s_way(database):
    data, _ = dump_bytes(database)

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        restore_bytes(database, data, under_lock=fail)
    restore_bytes(database, data)


def test_dumps_run_beside_dumps(database):
    with open_snapshot(connections[database]) as first, open_snapshot(connections[database]) as second:
        first.keep_loads_away()
        second.keep_loads_away()


def test_a_load_waits_for_a_dump(database):
    data, _ = dump_bytes(database)
    with open_snapshot(connections[database]) as snapshot:
        snapshot.keep_loads_away()
        snapshot.hold([])

        def end_the_dump(stage: Stage, *_: object) -> None:
            if stage == Stage.CLEAR:
                snapshot.end()

        assert restore_bytes(database, data, watch=Watch(report=end_the_dump)).proven


def test_a_load_waits_for_a_dump_for_a_minute_only(database, monkeypatch):
    data, _ = dump_bytes(database)
    for module in (restore_mysql, restore_postgresql, restore_sqlite):
        monkeypatch.setattr(module, "LOCK_PATIENCE_SECONDS", 0.0)
    with open_snapshot(connections[database]) as snapshot:
        snapshot.keep_loads_away()
        snapshot.hold([])
        with pytest.raises(LockNotFree, match="A backup of this database"):
            restore_bytes(database, data)
