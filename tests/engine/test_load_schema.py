"""After a load, also one that failed, the schema is what it was, with everything that people made by hand."""

from collections.abc import Iterator

import pytest
from django.db import connections

from backups_app.engine.databases import restore_postgresql, restore_sqlite
from tests.engine import oracle
from tests.engine.restoring import dump_bytes, execute, restore_bytes
from tests.engine.schema import as_pg_dump_tells_it, schema_of
from tests.zoo.models import Author, Label

UNMANAGED = """CREATE TABLE handmade_shelf (
    id integer PRIMARY KEY, label {} NOT NULL, CONSTRAINT handmade_fk FOREIGN KEY (label) REFERENCES zoo_label (id)
)"""

BY_HAND = {
    "sqlite": [
        UNMANAGED.format("bigint"),
        "CREATE INDEX handmade_partial ON zoo_label (text) WHERE text <> ''",
        "CREATE UNIQUE INDEX handmade_expression ON zoo_label (lower(text), id)",
        "CREATE VIEW handmade_view AS SELECT text FROM zoo_label",
        "CREATE TRIGGER handmade_trigger AFTER INSERT ON zoo_label BEGIN UPDATE zoo_label SET text = 'fired'; END",
        "CREATE TRIGGER handmade_deletes BEFORE DELETE ON zoo_label BEGIN SELECT RAISE(ABORT, 'fired'); END",
    ],
    "postgresql": [
        UNMANAGED.format("bigint"),
        "COMMENT ON CONSTRAINT handmade_fk ON handmade_shelf IS 'it''s by hand'",
        "ALTER TABLE handmade_shelf ADD CONSTRAINT handmade_not_valid CHECK (id > 5) NOT VALID",
        "ALTER TABLE handmade_shelf ADD CONSTRAINT handmade_second_fk FOREIGN KEY (label) REFERENCES zoo_label (id)"
        " ON DELETE CASCADE NOT VALID",
        "CREATE INDEX handmade_partial ON zoo_label (text) WHERE text <> ''",
        "CREATE INDEX handmade_expression ON zoo_label (lower(text)) WITH (fillfactor = 70)",
        "CREATE INDEX handmade_comment ON zoo_label (text, id)",
        "COMMENT ON INDEX handmade_comment IS 'by hand'",
        "CREATE INDEX handmade_target ON zoo_label (upper(text))",
        "ALTER INDEX handmade_target ALTER COLUMN 1 SET STATISTICS 500",
        "CREATE INDEX handmade_clustered ON zoo_label (text)",
        "ALTER TABLE zoo_label CLUSTER ON handmade_clustered",
        "ALTER TABLE zoo_label ALTER COLUMN text SET STATISTICS 300",
        "CREATE STATISTICS handmade_statistics ON id, text FROM zoo_label",
        "COMMENT ON TABLE zoo_label IS 'by hand'",
        "CREATE FUNCTION handmade() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.text := 'fired'; RETURN NEW; END$$",
        "CREATE TRIGGER handmade_trigger BEFORE INSERT ON zoo_label FOR EACH ROW EXECUTE FUNCTION handmade()",
        "COMMENT ON TRIGGER handmade_trigger ON zoo_label IS 'by hand'",
        "CREATE TRIGGER handmade_always BEFORE INSERT ON zoo_label FOR EACH ROW EXECUTE FUNCTION handmade()",
        "ALTER TABLE zoo_label ENABLE ALWAYS TRIGGER handmade_always",
        "CREATE TRIGGER handmade_never BEFORE INSERT ON zoo_label FOR EACH ROW EXECUTE FUNCTION handmade()",
        "ALTER TABLE zoo_label DISABLE TRIGGER handmade_never",
    ],
    "mysql": [
        UNMANAGED.format("bigint"),
        "CREATE INDEX handmade_comment ON zoo_label (text) COMMENT 'by hand'",
        "CREATE INDEX handmade_prefix ON zoo_label (text(3))",
        "ALTER TABLE zoo_label COMMENT 'by hand'",
        "ALTER TABLE zoo_label ADD CONSTRAINT handmade_check CHECK (text <> 'forbidden')",
        "CREATE TRIGGER handmade_trigger BEFORE UPDATE ON zoo_label FOR EACH ROW SET NEW.text = NEW.text",
    ],
}
AWAY = {
    "sqlite": [
        "DROP TABLE handmade_shelf",
        "DROP VIEW handmade_view",
        "DROP INDEX handmade_partial",
        "DROP INDEX handmade_expression",
        "DROP TRIGGER handmade_trigger",
        "DROP TRIGGER handmade_deletes",
    ],
    "postgresql": [
        "DROP TABLE handmade_shelf",
        "DROP FUNCTION handmade CASCADE",
        "DROP STATISTICS handmade_statistics",
        "DROP INDEX handmade_partial, handmade_expression, handmade_comment, handmade_target, handmade_clustered",
        "COMMENT ON TABLE zoo_label IS NULL",
        "ALTER TABLE zoo_label ALTER COLUMN text SET STATISTICS -1",
    ],
    "mysql": [
        "DROP TABLE handmade_shelf",
        "DROP TRIGGER handmade_trigger",
        "ALTER TABLE zoo_label DROP CONSTRAINT handmade_check",
        "ALTER TABLE zoo_label DROP INDEX handmade_comment, DROP INDEX handmade_prefix, COMMENT ''",
    ],
}


@pytest.fixture(params=["small", "large"])
def by_hand(request: pytest.FixtureRequest, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "large":
        monkeypatch.setattr(restore_postgresql, "MANY_RECORDS", 1)
        monkeypatch.setattr(restore_sqlite, "MANY_RECORDS", 1)
    vendor = connections[database].vendor
    label = Label.objects.using(database).create(text="before")
    Author.objects.using(database).create(name="one", code="one")
    made = []
    try:
        for statement in BY_HAND[vendor]:
            execute(database, statement)
            made.append(statement)
        execute(database, "INSERT INTO handmade_shelf (id, label) VALUES (7, %s)", [label.pk])
        yield database
    finally:
        # MariaDB can't take DDL back.
        for statement in AWAY[vendor]:
            execute(database, statement)


def schema(alias: str) -> list[str]:
    told = as_pg_dump_tells_it(alias) if connections[alias].vendor == "postgresql" else []
    return [*schema_of(alias), *told]


def test_after_a_load_and_no_trigger_fired(by_hand: str) -> None:
    data, _ = dump_bytes(by_hand)
    before, rows = schema(by_hand), oracle.read_table(by_hand, "zoo_label").records()
    loaded = restore_bytes(by_hand, data)
    assert loaded.proven
    assert schema(by_hand) == before
    assert oracle.read_table(by_hand, "zoo_label").records() == rows
    assert oracle.count(by_hand)["handmade_shelf"] == 1


def test_after_a_load_that_failed_at_its_end(by_hand: str) -> None:
    data, _ = dump_bytes(by_hand)
    before, rows = schema(by_hand), oracle.read_table(by_hand, "zoo_label").records()

    def refuse(*_arguments: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        restore_bytes(by_hand, data, fence=refuse)
    assert schema(by_hand) == before
    assert oracle.read_table(by_hand, "zoo_label").records() == rows
