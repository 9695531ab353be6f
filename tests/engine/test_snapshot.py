"""Every file shows one moment, and nobody has to wait for that."""

import sqlite3
import threading
import time
from contextlib import closing, contextmanager

import psycopg
import pymysql
import pytest
from django.conf import settings
from django.db import connections

from backups_app.conf import backup_settings
from backups_app.engine.errors import SnapshotFailed, TableChanged
from backups_app.engine.progress import Stage, Watch
from tests.engine.files import dump_file
from tests.zoo.models import ConcreteChild, Label, NaturalTwin, Numbers
from tests.zoo.samples import fill

ACCOUNTS = 40
OPENING = 1000
# Longer than a loaded machine takes for a movement. Whoever waits for a dump waits for ever here: see _waiting_for.
BLOCKED_SECONDS = 20
ORDINARY = dict.fromkeys(("small", "integer", "positive_small", "positive", "positive_big", "real"), 1)


class Writers:
    """Threads that move money between accounts in two tables and write it into a book, through the plain driver.

    A movement takes from an account in one table and gives to one in the other, and enters a question and its answers
    (a row and rows that refer to it), of which older ones go.
    """

    def __init__(self, connect, mark="%s"):
        self.moved = 0
        self.longest = 0.0
        self.errors = []
        self._connect = connect
        self._mark = mark
        self._stopped = False
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(2)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        self.wait_for_more(2)
        return self

    def __exit__(self, *exception):
        self._stopped = True
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, count):
        """Until so many further movements are committed."""
        with self._changed:
            wanted = self.moved + count
            assert self._changed.wait_for(lambda: self.errors or self.moved >= wanted, timeout=60), "Writers stand."

    def _run(self, number):
        try:
            with closing(self._connect()) as connection:
                place = number
                while not self._stopped:
                    place += 2
                    began = time.monotonic()
                    self._move(connection, place)
                    self.longest = max(self.longest, time.monotonic() - began)
                    with self._changed:
                        self.moved += 1
                        self._changed.notify_all()
        except Exception as error:  # noqa: BLE001 (the test asks for it)
            with self._changed:
                self.errors.append(error)
                self._changed.notify_all()

    def _move(self, connection, place):
        """In an order that is the same for all writers, so that two never wait for each other."""
        amount = place % 7 + 1
        cursor = connection.cursor()
        statements = [
            ("BEGIN IMMEDIATE" if self._mark == "?" else "BEGIN", ()),
            ("UPDATE zoo_numbers SET big = big - %s WHERE id = %s", (amount, place % ACCOUNTS + 1)),
            ("UPDATE zoo_naturaltwin SET number = number + %s WHERE id = %s", (amount, place * 3 % ACCOUNTS + 1)),
            ("INSERT INTO zoo_question (id, text) VALUES (%s, 'Who?')", (place,)),
            ("INSERT INTO zoo_answer (question_id, text, _order) VALUES (%s, 'I', 0), (%s, 'You', 1)", (place, place)),
            ("DELETE FROM zoo_answer WHERE question_id = %s", (place - 20,)),
            ("DELETE FROM zoo_question WHERE id = %s", (place - 20,)),
            ("COMMIT", ()),
        ]
        for sql, parameters in statements:
            cursor.execute(sql.replace("%s", self._mark), parameters)


def _writers(database):
    if database == "default":
        return _sqlite_writers(connections[database].settings_dict["NAME"])

    def connect():
        connection = _other_session(database)
        if database == "mariadb":
            connection.cursor().execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")  # as Django does
        return connection

    return Writers(connect)


def _other_session(database):
    """A connection of the plain driver that commits each statement."""
    return settings.SERVERS[database].connect(connections[database].settings_dict["NAME"])


def _sqlite_writers(name):
    def connect():
        connection = sqlite3.connect(name, isolation_level=None, timeout=60, check_same_thread=False)
        connection.execute("PRAGMA synchronous = off")  # how fast the disk is does not matter here
        return connection

    return Writers(connect, mark="?")


def _open_accounts(database):
    Numbers.objects.using(database).bulk_create(
        [Numbers(pk=number, big=OPENING, **ORDINARY) for number in range(1, ACCOUNTS + 1)]
    )
    NaturalTwin.objects.using(database).bulk_create(
        [NaturalTwin(pk=number, name="account", number=OPENING) for number in range(1, ACCOUNTS + 1)]
    )


def _waiting_for(writers):
    """A watch that lets the writers write before the first table is read and after each batch."""
    stages = []

    def report(stage, done, total):
        if stage == Stage.DUMP or not stages:
            writers.wait_for_more(5)
        stages.append(stage)

    return Watch(report=report)


def _money(file):
    accounts = [record["fields"]["big"] for record in file.by_model["zoo.numbers"]]
    others = [record["fields"]["number"] for record in file.by_model["zoo.naturaltwin"]]
    return accounts, others


def _assert_of_one_moment(file):
    accounts, others = _money(file)
    assert len(accounts) == len(others) == ACCOUNTS
    assert sum(accounts) + sum(others) == 2 * ACCOUNTS * OPENING
    questions = {record["pk"] for record in file.by_model["zoo.question"]}
    answered = [record["fields"]["question"] for record in file.by_model["zoo.answer"]]
    assert set(answered) == questions
    assert len(answered) == 2 * len(questions)
    # What was moved and what was written into the book are of the same moment.
    assert OPENING * ACCOUNTS - sum(accounts) >= sum(key % 7 + 1 for key in questions)


def test_writers_go_on_and_every_file_shows_one_moment(database):
    _open_accounts(database)
    with _writers(database) as writers:
        files = [dump_file(database, _waiting_for(writers)) for _ in range(3)]
        writers.wait_for_more(2)
    assert writers.errors == []
    for file in files:
        _assert_of_one_moment(file)
    assert len({str(_money(file)) for file in files}) == 3
    assert writers.longest < BLOCKED_SECONDS


def test_outside_wal_a_copy_is_read_and_writers_go_on(outside_wal):
    """With the journal that is SQLite's default a long reader would keep every writer out."""
    path = connections[outside_wal].settings_dict["NAME"]
    with _sqlite_writers(path) as writers:
        file = dump_file(outside_wal, _waiting_for(writers))
        writers.wait_for_more(2)
    assert writers.errors == []
    assert writers.longest < BLOCKED_SECONDS
    _assert_of_one_moment(file)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_the_copy_is_removed_even_if_the_backup_fails(outside_wal):
    def report(stage, done, total):
        copies.append(list(backup_settings().STATE_DIR.glob("sqlite-copy-*")))
        if stage == Stage.DUMP:
            raise KeyboardInterrupt

    copies = []
    with pytest.raises(KeyboardInterrupt):
        dump_file(outside_wal, Watch(report=report))
    assert len(copies[-1]) == 1
    assert not copies[-1][0].exists()


@pytest.fixture
def outside_wal(transactional_db, tmp_path):
    """An alias of a second SQLite database with the accounts, whose journal is not a write-ahead log."""
    _open_accounts("default")
    path = tmp_path / "outside-wal.sqlite3"
    name = connections["default"].settings_dict["NAME"]
    with closing(sqlite3.connect(name)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
        assert target.execute("PRAGMA journal_mode = delete").fetchone() == ("delete",)
    connections.databases["outside_wal"] = {**connections["default"].settings_dict, "NAME": str(path), "OPTIONS": {}}
    yield "outside_wal"
    del connections["outside_wal"], connections.databases["outside_wal"]


def test_a_truncate_before_the_first_row_is_read_is_seen_whole_or_not_at_all(postgresql):
    """A snapshot from before it would show an empty table beside all that was true until then."""
    Label.objects.using(postgresql).bulk_create([Label(text=f"Label {n}") for n in range(10)])
    truncated = []

    def report(stage, done, total):
        if not truncated:
            truncated.append(stage)
            with _other_session(postgresql) as other:
                other.execute("BEGIN")
                other.execute("TRUNCATE zoo_label CASCADE")
                other.execute("INSERT INTO zoo_author (name, code) VALUES ('truncated', 't')")
                other.execute("COMMIT")

    file = dump_file(postgresql, Watch(report=report))
    assert truncated == [Stage.CHECK]
    is_seen = len(file.by_model["zoo.author"]) == 1
    assert len(file.by_model["zoo.label"]) == (0 if is_seen else 10)


def test_nobody_truncates_or_alters_a_table_while_it_is_dumped(postgresql):
    """Also not before its first row is read."""
    Label.objects.using(postgresql).bulk_create([Label(text=f"Label {n}") for n in range(10)])
    stages = []
    refused = []

    def report(stage, done, total):
        stages.append(stage)
        # Right after the snapshot, and when rows are read.
        if len(stages) == 2 or (stage == Stage.DUMP and stages.count(Stage.DUMP) == 1):
            with _other_session(postgresql) as other:
                other.execute("SET lock_timeout = '50ms'")
                for sql in ("TRUNCATE zoo_label CASCADE", "ALTER TABLE zoo_label ADD more int", "DROP TABLE zoo_label"):
                    with pytest.raises(psycopg.errors.LockNotAvailable):
                        other.execute(sql)
                    refused.append(stage)

    file = dump_file(postgresql, Watch(report=report))
    assert refused == [Stage.CHECK] * 3 + [Stage.DUMP] * 3
    assert len(file.by_model["zoo.label"]) == 10


def test_a_truncate_on_mariadb_is_not_taken_for_an_empty_table(mariadb):
    """Between the snapshot and the first look at the table; a snapshot does not hold it back there."""
    Label.objects.using(mariadb).bulk_create([Label(text=f"Label {n}") for n in range(10)])
    truncated = []

    def report(stage, done, total):
        if not truncated:
            truncated.append(stage)
            with closing(_other_session(mariadb)) as other:
                other.cursor().execute("SET foreign_key_checks = 0")
                other.cursor().execute("TRUNCATE zoo_label")

    with pytest.raises(TableChanged, match="definition"):
        dump_file(mariadb, Watch(report=report))
    assert dump_file(mariadb).by_model["zoo.label"] == []


def test_nobody_truncates_a_table_of_mariadb_while_it_is_dumped(mariadb):
    """Also not before its first row is read."""
    Label.objects.using(mariadb).bulk_create([Label(text=f"Label {n}") for n in range(10)])
    stages = []

    def report(stage, done, total):
        stages.append(stage)
        if len(stages) == 2:
            with closing(_other_session(mariadb)) as other:
                other.cursor().execute("SET lock_wait_timeout = 1")
                other.cursor().execute("SET foreign_key_checks = 0")
                with pytest.raises(pymysql.OperationalError, match="Lock wait timeout"):
                    other.cursor().execute("TRUNCATE zoo_label")

    file = dump_file(mariadb, Watch(report=report))
    assert len(stages) > 2
    assert len(file.by_model["zoo.label"]) == 10


def test_a_table_that_somebody_is_altering_is_named_in_a_bounded_time(postgresql, monkeypatch):
    """A backup that waits for a migration says so, instead of hanging where nobody can cancel it."""
    monkeypatch.setattr("backups_app.engine.databases.postgresql.LOCK_PATIENCE_SECONDS", 1)
    with _other_session(postgresql) as other:
        other.execute("BEGIN")
        other.execute("ALTER TABLE zoo_label ADD more text")
        with pytest.raises(TableChanged, match="lock timeout"):
            dump_file(postgresql)
        other.execute("ROLLBACK")
    dump_file(postgresql)


def test_a_table_that_somebody_is_altering_on_mariadb_is_named_in_a_bounded_time(mariadb, monkeypatch):
    monkeypatch.setattr("backups_app.engine.databases.mysql.LOCK_PATIENCE_SECONDS", 1)
    with closing(_other_session(mariadb)) as other:
        other.cursor().execute("LOCK TABLES zoo_label WRITE")
        with pytest.raises(TableChanged, match="Lock wait timeout"):
            dump_file(mariadb)
    dump_file(mariadb)


# A table that no socket holds at once, in several batches; and the labels that leave it the first in the file.
LARGE_RECORDS = 200
EVERYTHING_ELSE = ("auth", "eclick", "django_celery_beat", "zoo.landmark")


def _write_large_records(alias):
    rows = [ConcreteChild(title=f"Child {number}", body="x" * 100_000) for number in range(LARGE_RECORDS)]
    ConcreteChild.objects.using(alias).bulk_create(rows, batch_size=50)


# --- Whatever the server is set to -------------------------------------------------------------------------------


def test_settings_of_a_postgresql_server_do_not_change_the_file(postgresql):
    fill(postgresql)
    usual = dump_file(postgresql)
    with _postgresql_settings(
        postgresql,
        bytea_output="escape",
        datestyle="German, DMY",
        default_transaction_isolation="serializable",
        default_transaction_read_only="on",
        extra_float_digits="-5",
        intervalstyle="iso_8601",
        lc_monetary="C.UTF-8",
        quote_all_identifiers="on",
        standard_conforming_strings="off",
        timezone="America/St_Johns",
    ):
        strange = dump_file(postgresql)
    assert strange.lines[:-1] == usual.lines[:-1]


def test_timeouts_of_a_postgresql_server_do_not_end_a_backup(postgresql):
    _write_large_records(postgresql)
    paused = []

    def report(stage, done, total):
        if stage not in paused:
            paused.append(stage)
            with _other_session(postgresql) as other:
                other.execute("SET statement_timeout = 0")
                other.execute("SELECT pg_sleep(0.5)")

    with _postgresql_settings(
        postgresql, statement_timeout="250ms", idle_in_transaction_session_timeout="250ms", lock_timeout="1ms"
    ):
        file = dump_file(postgresql, Watch(report=report), exclude=EVERYTHING_ELSE)
    assert len(file.by_model["zoo.concretechild"]) == LARGE_RECORDS


@contextmanager
def _postgresql_settings(alias, **parameters):
    name = connections[alias].settings_dict["NAME"]
    with settings.SERVERS[alias].connect() as other:
        for parameter, value in parameters.items():
            other.execute(f"ALTER DATABASE {name} SET {parameter} = '{value}'")
        try:
            yield
        finally:
            other.execute(f"ALTER DATABASE {name} RESET ALL")


def test_settings_of_a_mariadb_server_do_not_change_the_file(mariadb):
    fill(mariadb)
    usual = dump_file(mariadb)
    with _mariadb_settings(
        mariadb,
        sql_mode="ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,NO_ZERO_DATE,STRICT_ALL_TABLES",
        tx_isolation="READ-UNCOMMITTED",
        time_zone="-03:30",
        sql_safe_updates=1,
    ):
        strange = dump_file(mariadb)
    assert strange.lines[:-1] == usual.lines[:-1]


def test_timeouts_of_a_mariadb_server_do_not_end_a_backup(mariadb):
    """The server ends a reader that pauses for longer than net_write_timeout, when more waits than the socket holds."""
    _write_large_records(mariadb)
    paused = []

    def report(stage, done, total):
        if stage == Stage.DUMP and not paused:
            paused.append(stage)
            with closing(_other_session(mariadb)) as other:
                other.cursor().execute("SET max_statement_time = 0")
                other.cursor().execute("SELECT SLEEP(2.5)")

    with _mariadb_settings(mariadb, net_write_timeout=1, max_statement_time=2):
        file = dump_file(mariadb, Watch(report=report), exclude=EVERYTHING_ELSE)
    assert len(file.by_model["zoo.concretechild"]) == LARGE_RECORDS


@contextmanager
def _mariadb_settings(alias, **variables):
    with closing(_other_session(alias)) as other, other.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'@@GLOBAL.{name}' for name in variables)}")
        before = dict(zip(variables, cursor.fetchone(), strict=True))
        for name, value in variables.items():
            cursor.execute(f"SET GLOBAL {name} = %s", [value])
        try:
            yield
        finally:
            for name, value in before.items():
                cursor.execute(f"SET GLOBAL {name} = %s", [value])


# --- What a database refuses -------------------------------------------------------------------------------------


def test_rows_that_a_policy_hides_are_an_error_and_not_a_gap(postgresql, monkeypatch):
    Label.objects.using(postgresql).create(text="hidden from the reader")
    with _other_session(postgresql) as other, _as_a_reader(postgresql, other, monkeypatch):
        other.execute("ALTER TABLE zoo_label ENABLE ROW LEVEL SECURITY")
        try:
            with pytest.raises(SnapshotFailed, match="row-level security"):
                dump_file(postgresql)
        finally:
            other.execute("ALTER TABLE zoo_label DISABLE ROW LEVEL SECURITY")
        assert len(dump_file(postgresql).by_model["zoo.label"]) == 1


def test_a_table_that_may_not_be_read_is_an_error_that_names_it(postgresql, monkeypatch):
    with _other_session(postgresql) as other, _as_a_reader(postgresql, other, monkeypatch):
        other.execute("REVOKE SELECT ON zoo_label FROM reader")
        with pytest.raises(SnapshotFailed, match="zoo_label"):
            dump_file(postgresql)


@contextmanager
def _as_a_reader(alias, other, monkeypatch):
    """New connections of the alias are those of a user who may only read."""
    other.execute("CREATE ROLE reader LOGIN")
    other.execute("GRANT USAGE ON SCHEMA public, zoo_elsewhere TO reader")
    other.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public, zoo_elsewhere TO reader")
    other.execute("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, zoo_elsewhere TO reader")
    try:
        with monkeypatch.context() as patch:
            patch.setitem(connections[alias].settings_dict, "USER", "reader")
            yield
    finally:
        other.execute("DROP OWNED BY reader")
        other.execute("DROP ROLE reader")


def test_a_database_that_does_not_answer_is_a_foreseen_failure(postgresql, monkeypatch):
    monkeypatch.setitem(connections[postgresql].settings_dict, "OPTIONS", {"host": "/nowhere"})
    with pytest.raises(SnapshotFailed, match="nowhere"):
        dump_file(postgresql)


def test_a_postgresql_that_ends_the_session_is_a_foreseen_failure(postgresql):
    """As at a restart of the server in the middle of a backup."""

    def end_others(cursor):
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%zoo_concrete%'")

    _assert_broken_off(postgresql, end_others)


def test_a_mariadb_that_ends_the_session_is_a_foreseen_failure(mariadb):
    def end_others(cursor):
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND info LIKE '%zoo_concrete%'"
        )
        found = cursor.fetchall()
        for (number,) in found:
            cursor.execute(f"KILL {number}")

    _assert_broken_off(mariadb, end_others)


def _assert_broken_off(alias, end_others):
    _write_large_records(alias)
    ended = []

    def report(stage, done, total):
        if stage == Stage.DUMP and not ended:
            ended.append(stage)
            with closing(_other_session(alias)) as other, other.cursor() as cursor:
                end_others(cursor)

    with pytest.raises(SnapshotFailed, match="broke off"):
        dump_file(alias, Watch(report=report), exclude=EVERYTHING_ELSE)
    assert len(dump_file(alias).by_model["zoo.concretechild"]) == LARGE_RECORDS
