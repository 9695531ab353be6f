"""What goes wrong in the middle of a load, in the database's own ways, and what a load may meet there."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connections

from backups_app.engine.databases import restore_postgresql
from backups_app.engine.databases.restore import open_target
from backups_app.engine.databases.restore_mysql import MySQLTarget
from backups_app.engine.databases.restore_postgresql import PostgreSQLTarget
from backups_app.engine.databases.restore_sqlite import SQLiteTarget
from backups_app.engine.errors import CommitUnknown, KeysDangle, LoadFailed, LoadRefused, ProofFailed
from backups_app.engine.progress import Stage, Watch
from tests.catalogue import end_every_session
from tests.engine import oracle
from tests.engine.restoring import dump_bytes, execute, restore_bytes, without_keys
from tests.engine.schema import schema_of
from tests.engine.test_load import begin_counting_anew, fails
from tests.zoo.models import Author, Book, Label
from tests.zoo.samples import fill


def labels(alias: str, *, now: str = "changed since") -> bytes:
    """A backup with labels in it, which are changed since."""
    for number in range(20):
        Label.objects.using(alias).create(text=f"label {number}")
    data, _ = dump_bytes(alias)
    Label.objects.using(alias).update(text=now)
    return data


def end_sessions_at(alias: str, stage: Stage) -> Watch:
    done = []

    def end(at: Stage, *_: object) -> None:
        if at == stage and not done:
            done.append(at)
            end_every_session(alias)

    return Watch(report=end)


# --- The connection ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.CLEAR, Stage.LOAD, Stage.KEYS_AND_INDEXES, Stage.PROVE])
def test_a_postgresql_that_ends_the_session_changes_nothing(postgresql: str, stage: Stage) -> None:
    assert_a_lost_session_changes_nothing(postgresql, stage)


@pytest.mark.parametrize("stage", [Stage.CLEAR, Stage.LOAD, Stage.KEYS_AND_INDEXES, Stage.PROVE])
def test_a_mariadb_that_ends_the_session_changes_nothing(mariadb: str, stage: Stage) -> None:
    assert_a_lost_session_changes_nothing(mariadb, stage)


def assert_a_lost_session_changes_nothing(alias: str, stage: Stage) -> None:
    data = labels(alias)
    before = oracle.read(alias)
    with pytest.raises(LoadFailed, match="nothing was changed"):
        restore_bytes(alias, data, watch=end_sessions_at(alias, stage))
    connections[alias].close()
    assert oracle.differences(before, oracle.read(alias)) == []


def test_a_commit_without_an_answer_is_told_as_that(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite the answer can't be lost."""
    data = labels(database)
    if connections[database].vendor == "sqlite":
        assert SQLiteTarget.commit is not PostgreSQLTarget.commit
        return
    with pytest.raises(CommitUnknown):
        restore_bytes(database, data, watch=end_sessions_at(database, Stage.COMMIT))
    connections[database].close()
    assert set(Label.objects.using(database).values_list("text", flat=True)) == {"changed since"}


def test_a_full_disk_changes_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of SQLite, whose file can be told to be full."""
    if connections[database].vendor != "sqlite":
        return
    Label.objects.using(database).bulk_create(Label(text=f"{number:0100}") for number in range(1000))
    data, _ = dump_bytes(database)
    Label.objects.using(database).all().delete()
    execute(database, "VACUUM")
    begin = SQLiteTarget.begin

    def begin_on_a_full_disk(target: SQLiteTarget) -> None:
        begin(target)
        ((pages,),) = target.run("PRAGMA page_count")
        target.execute(f"PRAGMA max_page_count = {pages + 1}")

    monkeypatch.setattr(SQLiteTarget, "begin", begin_on_a_full_disk)
    fails(database, data, LoadFailed)


def test_a_disk_that_is_too_small_is_seen_before_anything_is_locked(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = labels(database)
    monkeypatch.setattr(type(open_target(connections[database])), "free_bytes", lambda _target: 100)
    locked = []
    error = fails(database, data, LoadRefused, under_lock=lambda: locked.append(1))
    assert "100 bytes free" in str(error)
    assert not locked


def test_the_free_space_of_sqlite_is_that_of_its_own_disk(database: str) -> None:
    with open_target(connections[database]) as target:
        free = target.free_bytes()
    assert free is None if connections[database].vendor != "sqlite" else free and free > 0


# --- Triggers of MariaDB -----------------------------------------------------------------------------------------


@pytest.fixture
def trigger(mariadb: str) -> Iterator[Callable[[str], None]]:
    """Makes a trigger before each INSERT of a label."""

    def make(statement: str) -> None:
        execute(mariadb, f"CREATE TRIGGER handmade BEFORE INSERT ON zoo_label FOR EACH ROW {statement}")

    yield make
    execute(mariadb, "DROP TRIGGER handmade")


def test_a_trigger_that_does_no_harm_is_named(mariadb: str, trigger: Callable[[str], None]) -> None:
    data = labels(mariadb)
    trigger("SET @handmade = 1")
    loaded = restore_bytes(mariadb, data)
    assert loaded.proven
    assert [finding.where for finding in loaded.remarks if finding.kind == "trigger"] == ["handmade on zoo_label"]


def test_a_trigger_that_changes_what_is_written_fails_the_proof_which_names_it(
    mariadb: str, trigger: Callable[[str], None]
) -> None:
    data = labels(mariadb)
    trigger("SET NEW.text = 'by the trigger'")
    error = fails(mariadb, data, ProofFailed)
    assert "handmade on zoo_label" in str(error)


def test_a_trigger_that_refuses_is_refused(mariadb: str, trigger: Callable[[str], None]) -> None:
    data = labels(mariadb)
    trigger("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not by me'")
    error = fails(mariadb, data, LoadRefused)
    assert "not by me" in str(error)


def test_mariadb_has_rolled_back_when_the_load_says_that_it_failed(
    mariadb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the site would open while everything is still locked."""
    data = labels(mariadb)
    ended = []
    end = MySQLTarget.end

    def end_and_look(target: MySQLTarget) -> None:
        end(target)
        execute(mariadb, "SET SESSION innodb_lock_wait_timeout = 1")
        Label.objects.using(mariadb).update(text="free")
        ended.append(target)

    monkeypatch.setattr(MySQLTarget, "end", end_and_look)
    fails_with_free_tables(mariadb, data)
    assert ended


def fails_with_free_tables(alias: str, data: bytes) -> None:
    def refuse(*_arguments: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        restore_bytes(alias, data, fence=refuse)


# --- PostgreSQL --------------------------------------------------------------------------------------------------


@pytest.fixture
def clerk(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """New connections are those of a role that may read and write every table and owns none."""
    execute(postgresql, "CREATE ROLE clerk LOGIN")
    for schema in ("public", "zoo_elsewhere"):
        for what in (
            f"USAGE ON SCHEMA {schema}",
            f"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema}",
            f"SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {schema}",
        ):
            execute(postgresql, f"GRANT {what} TO clerk")
    monkeypatch.setitem(connections[postgresql].settings_dict, "USER", "clerk")
    yield postgresql
    monkeypatch.undo()
    execute(postgresql, "DROP OWNED BY clerk")
    execute(postgresql, "DROP ROLE clerk")


def test_a_user_who_does_not_own_the_tables_restores_as_well(clerk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore_postgresql, "MANY_RECORDS", 1)
    fill(clerk)
    data, _ = dump_bytes(clerk)
    before, next_ids = oracle.read(clerk), oracle.next_ids(clerk)
    with without_keys(clerk):
        begin_counting_anew(clerk, "zoo_label")
        execute(clerk, "DELETE FROM zoo_author")
    loaded = restore_bytes(clerk, data)
    before.pop("backups_app_manifest")
    after = oracle.read(clerk)
    after.pop("backups_app_manifest")
    assert loaded.proven
    assert oracle.differences(before, after) == []
    assert oracle.next_ids(clerk) == next_ids


def test_triggers_of_tables_that_somebody_else_owns_are_named(clerk: str) -> None:
    data = labels(clerk)
    execute(
        clerk,
        "CREATE FUNCTION handmade() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.text := 'x'; RETURN NEW; END$$",
    )
    execute(clerk, "CREATE TRIGGER handmade BEFORE INSERT ON zoo_label FOR EACH ROW EXECUTE FUNCTION handmade()")
    try:
        error = fails(clerk, data, ProofFailed)
    finally:
        execute(clerk, "DROP FUNCTION handmade CASCADE")
    assert "handmade on zoo_label" in str(error)


def test_a_key_that_acts_by_itself_on_a_table_that_stays_needs_its_owner(clerk: str) -> None:
    data = labels(clerk)
    execute(clerk, "CREATE TABLE handmade (label bigint REFERENCES zoo_label (id) ON DELETE CASCADE)")
    execute(clerk, "GRANT SELECT ON handmade TO clerk")
    execute(clerk, "INSERT INTO handmade SELECT id FROM zoo_label")
    try:
        error = fails(clerk, data, LoadRefused)
    finally:
        execute(clerk, "DROP TABLE handmade")
    assert "handmade_label_fkey" in str(error)


def test_without_room_for_the_locks_tables_are_emptied_row_by_row(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore_postgresql, "MANY_RECORDS", 1)
    data = labels(postgresql)
    place = place_of(postgresql, "zoo_label")
    monkeypatch.setattr(restore_postgresql, "LOCKS_SHARE", 0.0)
    assert restore_bytes(postgresql, data).proven
    assert place_of(postgresql, "zoo_label") == place
    monkeypatch.undo()
    monkeypatch.setattr(restore_postgresql, "MANY_RECORDS", 1)
    assert restore_bytes(postgresql, data).proven
    assert place_of(postgresql, "zoo_label") != place


def place_of(alias: str, table: str) -> int:
    """The table's file, which TRUNCATE replaces."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_relation_filenode(%s)", [table])
        return int(cursor.fetchone()[0])


def test_materialized_views_show_what_was_restored(postgresql: str) -> None:
    for statement in (
        "CREATE VIEW handmade_view AS SELECT text FROM zoo_label",
        "CREATE MATERIALIZED VIEW handmade_first AS SELECT text FROM handmade_view",
        "CREATE MATERIALIZED VIEW handmade_second AS SELECT count(*) AS n FROM handmade_first",
        "CREATE MATERIALIZED VIEW handmade_empty AS SELECT text FROM zoo_label WITH NO DATA",
        "CREATE FUNCTION handmade(text) RETURNS int LANGUAGE sql AS $$SELECT 1 / (length($1) - 7)$$",
        "CREATE MATERIALIZED VIEW handmade_broken AS SELECT handmade(text) FROM zoo_label",
    ):
        execute(postgresql, statement)
    try:
        loaded = restore_bytes(postgresql, labels(postgresql))
        with connections[postgresql].cursor() as cursor:
            cursor.execute("SELECT n, (SELECT min(text) FROM handmade_first) FROM handmade_second")
            assert cursor.fetchone() == (20, "label 0")
            cursor.execute("SELECT relispopulated FROM pg_class WHERE relname = 'handmade_empty'")
            assert cursor.fetchone() == (False,)
    finally:
        execute(postgresql, "DROP VIEW handmade_view CASCADE")
        execute(postgresql, "DROP MATERIALIZED VIEW handmade_empty, handmade_broken")
        execute(postgresql, "DROP FUNCTION handmade(text)")
    assert [finding.where for finding in loaded.remarks if finding.kind == "not-refreshed"] == ["handmade_broken"]


def test_no_time_limit_of_the_server_ends_a_load(postgresql: str) -> None:
    data = labels(postgresql)
    found = []

    def look(run: Callable[[str], int], _loaded: object) -> None:
        names = ("statement_timeout", "idle_in_transaction_session_timeout")
        found.extend(run(f"SELECT 1 WHERE current_setting('{name}') = '0'") for name in names)
        found.append(run("SELECT 1 WHERE current_setting('row_security') = 'off'"))

    name = connections[postgresql].settings_dict["NAME"]
    execute(postgresql, f'ALTER DATABASE "{name}" SET statement_timeout = 60000')
    execute(postgresql, f'ALTER DATABASE "{name}" SET idle_in_transaction_session_timeout = 60000')
    try:
        restore_bytes(postgresql, data, fence=look)
    finally:
        execute(postgresql, f'ALTER DATABASE "{name}" RESET ALL')
    assert found == [1, 1, 1]


# --- References that lead nowhere in the file itself -------------------------------------------------------------


def without_their_authors(alias: str) -> bytes:
    """A backup with three books, each with three references to an author who is not there."""
    author = Author.objects.using(alias).create(name="a", code="a")
    for number in range(3):
        Book.objects.using(alias).create(title=f"book {number}", author=author, by_code=author, seller=author)
    with without_keys(alias):
        execute(alias, "DELETE FROM zoo_author")
        data, _ = dump_bytes(alias)
        execute(alias, "DELETE FROM zoo_book")
    return data


@pytest.mark.parametrize("many", [2, 1000])
def test_references_that_lead_nowhere_are_counted(database: str, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore_postgresql, "MANY_RECORDS", many)
    error = fails(database, without_their_authors(database), KeysDangle)
    assert "3 " in str(error)
    assert "zoo_author" in str(error)


@pytest.mark.parametrize("many", [2, 1000])
def test_references_that_lead_nowhere_are_kept_when_told_so_and_then_on_postgresql_their_keys_are_not_valid(
    database: str, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore_postgresql, "MANY_RECORDS", many)
    data, schema = without_their_authors(database), schema_of(database)
    loaded = restore_bytes(database, data, keep_dangling=True)
    dangling = [finding for finding in loaded.remarks if finding.kind == "dangling"]
    assert loaded.proven
    assert {finding.where.strip('"`') for finding in dangling} == {"zoo_book"}
    assert [finding.detail.split()[0] for finding in dangling] == ["3", "3", "3"]
    assert Book.objects.using(database).count() == 3

    if database == "postgresql":
        assert len(not_valid_keys(database)) == 3
        assert all(" is NOT VALID now." in finding.detail for finding in dangling)
        # What the database itself no longer vouches for needs no override.
        assert restore_bytes(database, data).proven
        assert len(not_valid_keys(database)) == 3
        Book.objects.using(database).all().delete()
        for (name,) in not_valid_keys(database):
            execute(database, f"ALTER TABLE zoo_book VALIDATE CONSTRAINT {name}")
    assert schema_of(database) == schema
    with without_keys(database):
        execute(database, "DELETE FROM zoo_book")


def test_keys_that_are_sound_stay_valid_although_dangling_ones_would_be_kept(database: str) -> None:
    data, schema = labels(database), schema_of(database)
    loaded = restore_bytes(database, data, keep_dangling=True)
    assert "dangling" not in {finding.kind for finding in loaded.remarks}
    assert schema_of(database) == schema


def not_valid_keys(alias: str) -> list[tuple[str]]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f' AND NOT convalidated")
        found: list[tuple[str]] = cursor.fetchall()
    return found
