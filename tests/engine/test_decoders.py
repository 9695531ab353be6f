"""The way back of the codecs: what a dump wrote becomes what the column held."""

import json

import pytest
from django.db import connections, models
from hypothesis import given
from hypothesis import strategies as st

from backups_app.engine import codecs
from backups_app.engine.codecs import TextForms
from backups_app.engine.decoders import Dialect, decoder
from backups_app.engine.fixture import tokens
from backups_app.engine.naturals import accept_any
from backups_app.engine.wrapper import InvalidText

FIELDS = {
    "integer": (models.BigIntegerField(null=True), st.integers(-(2**63), 2**63 - 1)),
    "float": (models.FloatField(null=True), st.floats(allow_nan=False)),
    "text": (models.TextField(null=True), st.text(st.characters(exclude_categories=["Cs"]))),
    "boolean": (models.BooleanField(null=True), st.sampled_from([0, 1, 2, -1])),
    "binary": (models.BinaryField(null=True), st.binary()),
    "date": (models.DateField(null=True), st.dates().map(str) | st.just("2026-02-30")),
    "time": (models.TimeField(null=True), st.times().map(str) | st.just("24:00:00")),
    "duration": (models.DurationField(null=True), st.integers(-(2**63), 2**63 - 1)),
    "uuid": (models.UUIDField(null=True), st.uuids().map(lambda value: value.hex) | st.just("no uuid")),
    "ip": (models.GenericIPAddressField(null=True), st.ip_addresses().map(str) | st.just("")),
    "json": (models.JSONField(null=True), st.sampled_from(["null", "1.10", '{"a": [1, "é"]}', "[]", '{"$raw": 1}'])),
    "datetime": (
        models.DateTimeField(null=True),
        st.datetimes().map(lambda value: value.isoformat(" ")) | st.just("now"),
    ),
}
odd = (
    st.none()
    | st.binary(max_size=5)
    | st.text(max_size=5).filter(lambda text: "\0" not in text)
    | st.just(InvalidText(b"a\xff"))
)


@pytest.mark.parametrize("kind", FIELDS)
@given(data=st.data())
def test_what_sqlite_held_comes_back_as_it_was(kind, data):
    from datetime import UTC

    field, usual = FIELDS[kind]
    field.set_attributes_from_name(kind)
    raw = data.draw(st.lists(usual, min_size=1, max_size=5) | st.lists(usual | odd, min_size=1, max_size=5))
    encode = codecs.encoder(kind, field, TextForms(zone=UTC), lambda: None)
    written = json.loads(b"[" + b",".join(tokens(encode(raw))) + b"]")
    dialect = Dialect(connection=connections["default"], zone=UTC, dashes_uuids=False)
    found = list(decoder(field, dialect, accept_any)(written))
    assert [as_stored(value) for value in found] == [as_stored(value) for value in raw]


def as_stored(value):
    """SQLite keeps flags as numbers; text and bytes that are no text are not the same."""
    kind = int if type(value) is bool else type(value)
    return kind, repr(kind(value)) if value is not None else None


@pytest.mark.parametrize("value", [{"$raw": ["no such form", 1]}, {"$raw": 5}, {"$raw": ["blob", "not base64!"]}])
def test_an_unknown_wrapper_is_refused(value):
    field = models.TextField()
    field.set_attributes_from_name("text")
    dialect = Dialect(connection=connections["default"], zone=None, dashes_uuids=False)
    with pytest.raises(ValueError, match=r".+"):
        decoder(field, dialect, accept_any)([value])


@given(st.lists(st.none() | st.recursive(st.booleans() | st.text() | st.just("\0between\0"), st.lists, max_leaves=5)))
def test_json_is_written_as_django_writes_it(values):
    field = models.JSONField(null=True)
    dialect = Dialect(connection=connections["default"], zone=None, dashes_uuids=False)
    expected = [None if value is None else json.dumps(value) for value in values]
    assert list(decoder(field, dialect, accept_any)(values)) == expected
