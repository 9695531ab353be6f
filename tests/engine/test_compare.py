"""What a restore would do, counted per model, before it does anything."""

from io import BytesIO

from backups_app.engine.compare import compare
from backups_app.engine.dump import Scope
from tests.engine import oracle
from tests.engine.restoring import check_bytes, dump_bytes, execute
from tests.zoo.models import Author, Book, KeyText, KeyUuid, Member


def compared(alias, data):
    found = compare(lambda: BytesIO(data), checked=check_bytes(alias, data), scope=Scope(using=alias))
    return {item.model: item for item in found}


def different(alias, data):
    return {
        label: (item.added, item.removed, item.changed)
        for label, item in compared(alias, data).items()
        if (item.added, item.removed, item.changed) != (0, 0, 0)
    }


def test_right_after_a_backup_nothing_differs(zoo):
    data, dumped = dump_bytes(zoo)
    found = compared(zoo, data)
    assert different(zoo, data) == {}
    assert len(found) > 0.9 * len(dumped.manifest["tables"])  # schedules stay, where there are any
    assert all(item.now == item.in_file for item in found.values())


def test_rows_that_came_went_and_changed_are_counted(zoo):
    data, _ = dump_bytes(zoo)
    Author._base_manager.using(zoo).filter(code="zero").update(name="changed")
    Author.objects.using(zoo).create(name="new", code="new")
    Book.labels.through._base_manager.using(zoo).all().delete()
    links = sum(record["fields"] != {} for record in records(data, "zoo.book_labels"))
    assert different(zoo, data) == {"zoo.author": (0, 1, 1), "zoo.book_labels": (links, 0, 0)}


def test_keys_of_text_uuids_and_several_columns_are_told_apart_exactly(zoo):
    data, _ = dump_bytes(zoo)
    KeyText._base_manager.using(zoo).filter(code="日本").update(name="changed")
    KeyUuid._base_manager.using(zoo).update(name="all of them")
    Member._base_manager.using(zoo).filter(id=1).update(name="changed")
    members = sum(record["fields"]["id"] == 1 for record in records(data, "zoo.member"))
    uuids = len(list(records(data, "zoo.keyuuid")))
    assert different(zoo, data) == {
        "zoo.keytext": (0, 0, 1),
        "zoo.keyuuid": (0, 0, uuids),
        "zoo.member": (0, 0, members),
    }


def test_nothing_is_changed(zoo):
    data, _ = dump_bytes(zoo)
    execute(zoo, "UPDATE zoo_author SET name = 'changed'")
    before = oracle.read(zoo)
    compared(zoo, data)
    assert oracle.differences(before, oracle.read(zoo)) == []


def records(data, label):
    import json

    return [record for record in json.loads(data) if record["model"] == label]
