"""The proof can fail: whatever differs after the load, it says where, and everything is as it was."""

from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.core.management import call_command
from django.db import connections

from backups_app.engine.databases.restore_base import Target
from backups_app.engine.dump import Scope
from backups_app.engine.errors import ProofFailed
from backups_app.engine.load import load
from tests.engine import oracle
from tests.engine.restoring import check_bytes, dump_bytes
from tests.zoo import models as zoo
from tests.zoo.samples.literals import ORDINARY_NUMBERS, ORDINARY_TEXTS
from tests.zoo.samples.writing import create

NAMES = ("author", "label", "book", "texts", "times", "numbers", "decimals", "flags", "json", "keytext")
MOMENT = datetime(2026, 11, 23, 12, 30, 15, 123456, tzinfo=UTC)

# What is changed in the last row of a table, (table, column, new value), and what must be said of it.
CHANGES = {
    ("zoo_author", "name", "another"): 'zoo.author 3: name is "another", not "third"',
    ("zoo_book_labels", "label_id", 1): "label is 1, not 2",
    ("zoo_texts", "char_null", ""): 'zoo.texts 2: char_null is "", not null',
    ("zoo_texts", "text", "a "): 'zoo.texts 2: text is "a ", not "a"',
    ("zoo_texts", "text_null", None): 'zoo.texts 2: text_null is null, not ""',
    ("zoo_times", "moment", MOMENT.replace(microsecond=123457)): "zoo.times 1: moment is",
    ("zoo_times", "duration", 1): "zoo.times 1: duration is",
    ("zoo_numbers", "real", "0.30000000000000004"): "zoo.numbers 1: real is 0.30000000000000004, not 0.3",
    ("zoo_numbers", "big", 2**62 + 1): f"zoo.numbers 1: big is {2**62 + 1}, not {2**62}",
    ("zoo_decimals", "price", "1.11"): 'zoo.decimals 1: price is "1.11", not "1.10"',
    ("zoo_flags", "flag_null", False): "zoo.flags 1: flag_null is false, not null",
    ("zoo_json", "value", '{"a": [2, 1]}'): 'zoo.json 1: value is {"a":[2,1]}, not {"a":[1,2]}',
}


@pytest.fixture
def small(database):
    """A few rows, the keys of which are given."""
    authors = [zoo.Author(pk=n, name=name, code=name) for n, name in enumerate(("first", "second", "third"), start=1)]
    labels = [zoo.Label(pk=n, text=str(n)) for n in (1, 2)]
    book = zoo.Book(pk=1, title="It", author=authors[0], by_code=authors[1], seller=authors[2])
    times = {"date": MOMENT.date(), "moment": MOMENT, "time": MOMENT.time(), "duration": MOMENT - MOMENT}
    create(
        database,
        *authors,
        *labels,
        book,
        zoo.Texts(pk=1, **ORDINARY_TEXTS),
        zoo.Texts(pk=2, **{**ORDINARY_TEXTS, "text": "a"}, text_null=""),
        zoo.Times(pk=1, **times),
        zoo.Numbers(pk=1, **{**ORDINARY_NUMBERS, "real": 0.3, "big": 2**62}),
        zoo.Decimals(pk=1, price=Decimal("1.10"), whole=1, fraction=Decimal("0.5"), widest=1),
        zoo.Flags(pk=1, flag=True),
        zoo.Json(pk=1, value={"a": [1, 2]}, tagged={}),
        *(zoo.KeyText(code=code, name=code) for code in ("b", "ключ")),
    )
    book.labels.set([])
    book.labels.add(labels[1])
    return database


@pytest.fixture(params=["ours", "foreign"])
def file(small, request):
    """By the digests of its manifest, or record by record."""
    if request.param == "ours":
        return dump_bytes(small)[0]
    out = StringIO()
    call_command("dumpdata", *(f"zoo.{name}" for name in NAMES), database=small, stdout=out)
    return out.getvalue().encode()


def statements(alias):
    """(SQL, parameters, what must be said)"""
    quote = connections[alias].ops.quote_name
    for (table, column, value), words in CHANGES.items():
        sql = f"UPDATE {table} SET {quote(column)} = %s WHERE id = (SELECT n FROM (SELECT max(id) n FROM {table}) x)"
        if isinstance(value, datetime):
            value = connections[alias].ops.adapt_datetimefield_value(value)
        if column == "duration" and alias == "postgresql":
            sql = sql.replace("%s", "%s * interval '1 microsecond'")
        if column == "value" and alias == "postgresql":
            sql = sql.replace("%s", "%s::jsonb")
        yield sql, (value,), words
    yield "DELETE FROM zoo_numbers", (), "zoo.numbers 1 is not in the database"
    yield "DELETE FROM zoo_book_labels", (), "is not in the database"
    yield "INSERT INTO zoo_label (id, text) VALUES (-7, 'more')", (), "zoo.label -7 is not in the file"
    yield "UPDATE zoo_keytext SET code = 'B' WHERE code = 'b'", (), 'zoo.keytext "b" is not in the database'
    yield "UPDATE zoo_keytext SET name = 'x' WHERE code = 'ключ'", (), 'zoo.keytext "ключ": name is "x", not "ключ"'


def test_each_change_after_the_load_is_caught_and_named_and_undone(small, file, monkeypatch):
    before, checked = oracle.read(small), check_bytes(small, file)
    begin = Target.begin_proof
    missed = []
    for statement, parameters, words in statements(small):

        def change_first(target, statement=statement, parameters=parameters):
            assert target.execute(statement, parameters) == 1
            begin(target)

        monkeypatch.setattr(Target, "begin_proof", change_first)
        try:
            load(lambda: BytesIO(file), checked=checked, scope=Scope(using=small))
        except ProofFailed as error:
            if words not in str(error):
                missed.append(f"{words!r} is not in {error}")
        else:
            missed.append(statement)
    assert missed == []
    assert oracle.differences(before, oracle.read(small)) == []
    monkeypatch.setattr(Target, "begin_proof", begin)
    assert load(lambda: BytesIO(file), checked=checked, scope=Scope(using=small)).proven
