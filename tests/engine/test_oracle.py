"""The witness itself: it must see what happened, and no more."""

import ast
import sqlite3
from pathlib import Path

from django.db import connections

from tests.engine import oracle
from tests.zoo.models import Author, Label, Times


def test_it_imports_nothing_of_what_it_judges():
    tree = ast.parse(Path(oracle.__file__).read_text(encoding="utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    assert imported
    assert not [name for name in imported if name.startswith("backups_app")]


def test_the_same_data_reads_the_same(zoo):
    assert oracle.differences(oracle.read(zoo), oracle.read(zoo)) == []


def test_one_microsecond_is_a_difference(zoo):
    before = oracle.read(zoo)
    row = Times._base_manager.using(zoo).order_by("pk").values("pk", "moment").first()
    moment = row["moment"].replace(microsecond=row["moment"].microsecond + 1)
    Times._base_manager.using(zoo).filter(pk=row["pk"]).update(moment=moment)
    found = oracle.differences(before, oracle.read(zoo))
    assert len(found) == 2
    assert all(line.startswith("zoo_times: only") for line in found)


def test_null_is_not_empty(database):
    Author.objects.using(database).create(name="", code="")
    (row,) = oracle.read_table(database, "zoo_author").records()
    assert row["name"].text == ""
    assert row["name"] != oracle.Cell(row["name"].type, None)


def test_it_reads_only_what_was_committed(database):
    from django.db import transaction

    with transaction.atomic(using=database):
        Label.objects.using(database).create(text="not yet")
        assert oracle.count(database)["zoo_label"] == 0
    assert oracle.count(database)["zoo_label"] == 1


def test_types_of_sqlite_are_told_apart(database):
    if connections[database].vendor != "sqlite":
        return
    with sqlite3.connect(connections[database].settings_dict["NAME"]) as connection:
        connection.executemany("INSERT INTO zoo_label (text) VALUES (?)", [("5",), (b"5",)])
    connection.close()
    assert sorted(row["text"] for row in oracle.read_table(database, "zoo_label").records()) == [
        ("blob", "35"),
        ("text", "5"),
    ]


def test_views_are_not_tables_and_partitions_are_read_once(zoo):
    tables = oracle.count(zoo)
    assert "zoo_view" not in tables
    assert "zoo_materialized" not in tables
    assert "zoo_partition_low" not in tables
    assert "legacy of others" in tables


def test_a_table_in_another_schema_is_read(postgresql):
    with connections[postgresql].cursor() as cursor:
        cursor.execute("TRUNCATE zoo_elsewhere.thing")
        cursor.execute("INSERT INTO zoo_elsewhere.thing (name) VALUES ('far')")
    assert oracle.read_table(postgresql, 'zoo_elsewhere"."thing').column("name") == ["far"]


def test_next_ids_are_one_more_than_the_last_given_out(database):
    before = oracle.next_ids(database)["zoo_label"]
    rows = [Label.objects.using(database).create(text=str(n)) for n in range(3)]
    rows[-1].delete()
    after = oracle.next_ids(database)["zoo_label"]
    assert after == rows[0].pk + 3
    assert after >= before + 3
