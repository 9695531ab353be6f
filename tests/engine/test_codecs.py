"""Whatever a column holds comes back from the file: plain by way of Django, or in the wrapper."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connections, models
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from backups_app.engine import codecs, kinds
from backups_app.engine.codecs import TextForms
from backups_app.engine.fixture import tokens
from backups_app.engine.wrapper import InvalidText
from tests.engine import reading
from tests.engine.oracle import Cell
from tests.zoo.fields import TaggedDecoder, TaggedEncoder
from tests.zoo.models import Custom, CustomUnsound

SQLITE = TextForms(zone=UTC)
MARIADB = TextForms(zone=UTC, pads_fraction=True, dashes_uuids=True)

whole = st.integers(-(2**63), 2**63 - 1)
reals = st.floats(allow_nan=False)
text = st.text(st.characters(exclude_categories=["Cs"]))
not_text = st.sampled_from([b"\xff", b"a\xffb", b"\xed\xa0\x80"]).map(InvalidText)
anything = whole | reals | text | st.binary() | not_text

dates = st.dates().map(str)
times = st.times().map(str)
moments = st.datetimes().map(str)
uuids = st.uuids().map(lambda value: value.hex)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("$raw"), inner),
)
json_texts = json_values.map(json.dumps) | json_values.map(lambda value: json.dumps(value, ensure_ascii=False))
json_texts = json_texts.filter(lambda written: written.isascii() or _is_utf8(written))
addresses = st.ip_addresses().map(str)
address_like = st.sampled_from(["", " 10.0.0.1", "::ffff:10.0.0.1", "2001:DB8::1", "10.0.0.0/8", "::1 ", "::1.2.3.4"])
decimal_like = st.decimals(allow_nan=False, allow_infinity=False).map(str) | st.integers().map(str)

FIELDS: dict[str, tuple[models.Field, st.SearchStrategy[Any]]] = {
    "integer": (models.IntegerField(), whole),
    "big auto": (models.BigAutoField(primary_key=True), whole),
    "float": (models.FloatField(), reals),
    "boolean": (models.BooleanField(), st.integers(0, 1)),
    "text": (models.TextField(), text),
    "char": (models.CharField(max_length=200), text),
    "file": (models.FileField(upload_to=""), text),
    "date": (models.DateField(), dates),
    "time": (models.TimeField(), times),
    "datetime": (models.DateTimeField(), moments),
    "duration": (models.DurationField(), whole),
    "uuid": (models.UUIDField(), uuids | st.uuids().map(str)),
    "binary": (models.BinaryField(), st.binary()),
    "address": (models.GenericIPAddressField(), addresses | address_like),
    "address unpacked": (models.GenericIPAddressField(unpack_ipv4=True), addresses | address_like),
    "json": (models.JSONField(), json_texts),
    "tagged json": (models.JSONField(encoder=TaggedEncoder, decoder=TaggedDecoder), json_texts),
    "price": (models.DecimalField(max_digits=12, decimal_places=2), whole | reals | decimal_like),
    "whole decimal": (models.DecimalField(max_digits=20, decimal_places=0), whole | reals | decimal_like),
    "wide decimal": (models.DecimalField(max_digits=65, decimal_places=30), whole | reals | decimal_like),
}


def _is_utf8(written: str) -> bool:
    try:
        written.encode()
    except UnicodeEncodeError:
        return False
    return True


def batches(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Columns as they are, columns with NULL, and columns where something else has got in."""
    return st.lists(usual) | st.lists(usual | st.none()) | st.lists(usual | st.none() | anything)


def in_file(encoded: Any) -> list[Any]:
    """The values as a reader of the file has them."""
    return [reading.strict(token) for token in tokens(encoded)] if len(encoded) else []


def cell(raw: Any) -> Cell:
    match raw:
        case None:
            return Cell("null", None)
        case InvalidText():
            return Cell("text", raw.decode("utf-8", "surrogateescape"))
        case bytes():
            return Cell("blob", raw.hex())
        case str():
            return Cell("text", raw)
        case int():
            return Cell("integer", repr(raw))
        case _:
            return Cell("real", repr(raw))


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def encoder(field: models.Field, forms: TextForms = SQLITE) -> tuple[Callable[[list[Any]], list[Any]], Counter]:
    counter = Counter()
    encode = codecs.encoder(kinds.kind_of(field), field, forms, counter)
    assert encode
    return encode, counter


def written_by_django(token: Any, field: models.Field, connection: Any) -> Cell:
    """What a plain value becomes in SQLite when loaddata reads it."""
    value = field.get_db_prep_save(field.to_python(json.loads(json.dumps(token))), connection)
    return cell(reading.stored(value, str(field.db_type(connection))))


@pytest.mark.parametrize(("field", "usual"), FIELDS.values(), ids=FIELDS)
@given(data=st.data())
@settings(max_examples=40)
def test_what_sqlite_holds_comes_back(field, usual, data):
    """Plain values through Django's own conversions, all others through the wrapper."""
    connection = connections["default"]
    declared = str(field.db_type(connection))
    given_values = data.draw(batches(usual))
    raw = [value if isinstance(value, InvalidText) else reading.stored(value, declared) for value in given_values]
    encode, noted = encoder(field)
    found = in_file(encode(raw))
    assert len(found) == len(raw)
    for token, value in zip(found, raw, strict=True):
        if token is None or reading.is_wrapped(token):
            assert reading.cell_of(token, field, "", connection) == cell(value)
        else:
            assert written_by_django(token, field, connection) == cell(value)
    assert noted.count == sum(map(reading.is_wrapped, found))


@pytest.mark.parametrize(("field", "usual"), FIELDS.values(), ids=FIELDS)
@given(data=st.data())
@settings(max_examples=15)
def test_a_whole_column_is_written_like_its_values_one_by_one(field, usual, data):
    declared = str(field.db_type(connections["default"]))
    first, second = (
        [value if isinstance(value, InvalidText) else reading.stored(value, declared) for value in values]
        for values in data.draw(st.tuples(batches(usual), batches(usual)))
    )
    together, _ = encoder(field)
    alone = [token for value in first + second for token in in_file(encoder(field)[0]([value]))]
    assert repr(in_file(together(first)) + in_file(together(second))) == repr(alone)


# --- MariaDB -----------------------------------------------------------------------------------------------------

MARIADB_FIELDS: dict[str, tuple[models.Field, st.SearchStrategy[str]]] = {
    "datetime": (
        models.DateTimeField(),
        st.datetimes().map(lambda value: value.isoformat(" ", "microseconds"))
        | st.sampled_from(["0000-00-00 00:00:00.000000", "2026-11-00 00:00:00.000000", "2026-02-31 00:00:00.000000"]),
    ),
    "date": (models.DateField(), dates | st.sampled_from(["0000-00-00", "2026-00-00", "2026-11-00", "2026-02-30"])),
    "time": (
        models.TimeField(),
        st.times().map(lambda value: value.isoformat("microseconds"))
        | st.sampled_from(["24:00:00.000000", "838:59:59.999999", "-00:00:01.000000"]),
    ),
    "decimal": (
        models.DecimalField(max_digits=12, decimal_places=2),
        st.decimals(places=2, min_value=-(10**10) + 1, max_value=10**10 - 1).map(str),
    ),
    "uuid": (models.UUIDField(), st.uuids().map(str)),
}


@pytest.mark.parametrize(("field", "usual"), MARIADB_FIELDS.values(), ids=MARIADB_FIELDS)
@given(data=st.data())
@settings(max_examples=40)
def test_what_mariadb_shows_comes_back(field, usual, data):
    raw = data.draw(st.lists(usual) | st.lists(usual | st.none()))
    encode, noted = encoder(field, MARIADB)
    found = in_file(encode(raw))
    server = SimpleNamespace(vendor="mysql")
    assert [reading.cell_of(token, field, "", server) for token in found] == [Cell("", value) for value in raw]
    assert noted.count == sum(map(reading.is_wrapped, found))


# --- Other zones, and none ---------------------------------------------------------------------------------------


clock_changes = st.sampled_from(["2026-03-29", "2026-10-25"]).flatmap(
    lambda day: st.datetimes(datetime.fromisoformat(f"{day} 01:00"), datetime.fromisoformat(f"{day} 04:00"))
)


@given(raw=st.lists(moments | clock_changes.map(str)))
@settings(max_examples=40)
def test_times_of_a_database_in_another_zone_come_back(raw):
    """The hour that a clock change leaves out is wrapped; the one that comes twice is the first of the two."""
    connection = connections["default"].copy()
    connection.settings_dict["TIME_ZONE"] = "Europe/Berlin"
    field = models.DateTimeField()
    encode, _ = encoder(field, TextForms(zone=ZoneInfo("Europe/Berlin")))
    for token, value in zip(in_file(encode(raw)), raw, strict=True):
        if reading.is_wrapped(token):
            assert token == {"$raw": ["text", value]}
        else:
            assert written_by_django(token, field, connection) == cell(value)


@given(raw=st.lists(moments))
@settings(max_examples=40)
def test_times_without_zones_come_back(raw):
    field = models.DateTimeField()
    encode, _ = encoder(field, TextForms(zone=None))
    found = in_file(encode(raw))
    with override_settings(USE_TZ=False):
        assert [written_by_django(token, field, connections["default"]) for token in found] == list(map(cell, raw))


# --- Field classes that nobody foresaw -----------------------------------------------------------------------------

FOREIGN: dict[str, tuple[models.Field, st.SearchStrategy[Any]]] = {
    "pair": (Custom._meta.get_field("pair"), st.tuples(whole, whole).map(lambda pair: f"{pair[0]}|{pair[1]}")),
    "price": (Custom._meta.get_field("price"), st.tuples(st.decimals(), text).map(lambda p: f"{p[0]} {p[1]}")),
    "rotated": (Custom._meta.get_field("rotated"), text),
    "colour": (Custom._meta.get_field("colour"), st.integers(0, 3)),
    "words": (CustomUnsound._meta.get_field("words"), text),
    "normalised": (CustomUnsound._meta.get_field("normalised"), text),
}


@pytest.mark.parametrize(("field", "usual"), FOREIGN.values(), ids=FOREIGN)
@given(data=st.data())
@settings(max_examples=40)
def test_what_a_foreign_field_class_keeps_in_sqlite_comes_back(field, usual, data):
    connection = connections["default"]
    raw = data.draw(batches(usual))
    noted = Counter()
    encode = codecs.by_django(field, connection, lambda value: value, noted)
    found = in_file(encode(raw, raw))
    for token, value in zip(found, raw, strict=True):
        if token is None or reading.is_wrapped(token):
            assert reading.cell_of(token, field, "", connection) == cell(value)
        else:
            assert cell(field.get_db_prep_save(field.to_python(token), connection)) == cell(value)
    assert noted.count == sum(map(reading.is_wrapped, found))


# --- By example --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "raw", "token"),
    [
        (models.IntegerField(), 5, "5"),
        (models.FloatField(), 0.1, "0.1"),
        (models.BooleanField(), 1, "true"),
        (models.DecimalField(max_digits=12, decimal_places=2), 1.1, '"1.10"'),
        (models.DateTimeField(), "2026-11-23 12:30:15.123456", '"2026-11-23T12:30:15.123456Z"'),
        (models.DateTimeField(), "2026-11-23 12:30:15", '"2026-11-23T12:30:15Z"'),
        (models.DurationField(), 90_000_000_000, '"1 01:00:00"'),
        (models.UUIDField(), "0123456789abcdef0123456789abcdef", '"01234567-89ab-cdef-0123-456789abcdef"'),
        (models.BinaryField(), b"\0\xff", '"AP8="'),
        (models.JSONField(), '{"b": 1, "a": null}', '{"b":1,"a":null}'),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, models.Field) else "",
)
def test_the_plain_form_is_the_one_of_a_fixture(field, raw, token):
    assert tokens(encoder(field)[0]([raw])) == [token.encode()]


@pytest.mark.parametrize(
    ("field", "raw", "token"),
    [
        (models.BooleanField(), 2, {"$raw": ["integer", 2]}),
        (models.IntegerField(), "twelve", {"$raw": ["text", "twelve"]}),
        (models.IntegerField(), 1.5, {"$raw": ["real", 1.5]}),
        (models.FloatField(), float("inf"), {"$raw": ["real", "Infinity"]}),
        (models.FloatField(), "inf", {"$raw": ["text", "inf"]}),
        (models.TextField(), b"\0", {"$raw": ["blob", "AA=="]}),
        (models.TextField(), InvalidText(b"\xff"), {"$raw": ["invalid-text", "/w=="]}),
        (models.DateField(), "2026-02-30", {"$raw": ["text", "2026-02-30"]}),
        (models.DateField(), "2026-01-01\n2026-01-02", {"$raw": ["text", "2026-01-01\n2026-01-02"]}),
        (models.DecimalField(max_digits=3, decimal_places=2), 10, {"$raw": ["integer", 10]}),
        (models.DecimalField(max_digits=9, decimal_places=2), 0.125, {"$raw": ["real", 0.125]}),
        (models.GenericIPAddressField(), "", {"$raw": ["text", ""]}),
        (models.JSONField(), "null", {"$raw": ["json", "null"]}),
        (models.JSONField(), "1.10", {"$raw": ["json", "1.10"]}),
        (models.JSONField(), "NaN", {"$raw": ["json", "NaN"]}),
        (models.JSONField(), '{"$raw": 1}', {"$raw": ["json", '{"$raw": 1}']}),
        (models.JSONField(), '"\\ud800"', {"$raw": ["json", '"\\ud800"']}),
        (models.JSONField(), "[" * 300 + "]" * 300, {"$raw": ["json", "[" * 300 + "]" * 300]}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, models.Field) else "",
)
def test_what_has_no_plain_form_is_wrapped(field, raw, token):
    assert encoder(field)[0]([raw]) == [token]
    assert in_file(encoder(field)[0]([raw])) == [token]


def test_brackets_within_texts_are_not_depth():
    text_with_brackets = json.dumps(["[" * 300, '"{' * 300])
    assert in_file(encoder(models.JSONField())[0]([text_with_brackets])) == [["[" * 300, '"{' * 300]]
