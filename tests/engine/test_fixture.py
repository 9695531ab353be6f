"""Lines: one record each, strict JSON, whatever the values are."""

import hashlib
import json
from io import BytesIO

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backups_app.engine.fixture import Writer, dump_line, line_composer, tokens
from tests.engine.reading import strict

nested_record = {"model": "zoo.json", "pk": 1, "fields": {"value": [{"model": "zoo.json", "pk": 2, "fields": {}}]}}
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.text('",\\\n\r\t{}[]:null\x00\x7f\u2028é🦓')
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)
columns = st.one_of(st.lists(one, min_size=1) for one in (texts, texts | st.none(), st.integers(), values))


@given(columns)
def test_a_column_becomes_one_strict_json_text_for_each_value(column):
    found = tokens(column)
    assert len(found) == len(column)
    assert not any(b"\n" in token for token in found)
    assert [json.loads(token) for token in found] == column


@given(st.lists(st.tuples(values, texts, values), min_size=1))
@settings(max_examples=30)
def test_columns_become_one_line_for_each_record(rows):
    batch = [tokens(column) for column in zip(*rows, strict=True)]
    lines = line_composer("zoo.json", ["text", "value"])(batch)
    assert lines.count(b"\n") == len(rows)
    assert [strict(line.removesuffix(b",")) for line in lines.splitlines()] == [
        {"model": "zoo.json", "pk": pk, "fields": {"text": text, "value": value}} for pk, text, value in rows
    ]


def test_a_value_that_nests_whole_records_does_not_break_a_line():
    compose = line_composer("zoo.json", ["value"])
    lines = compose([tokens([1, 2]), tokens([nested_record, "x"])])
    first, second = lines.splitlines()
    assert strict(first.removesuffix(b",")) == {"model": "zoo.json", "pk": 1, "fields": {"value": nested_record}}
    assert strict(second.removesuffix(b",")) == {"model": "zoo.json", "pk": 2, "fields": {"value": "x"}}


def test_a_model_with_nothing_but_a_key_has_empty_fields():
    assert line_composer("zoo.justkey", [])([tokens([1, 2])]) == (
        b'{"model":"zoo.justkey","pk":1,"fields":{}},\n{"model":"zoo.justkey","pk":2,"fields":{}},\n'
    )


def test_a_composite_key_is_a_json_text_of_its_values():
    lines = line_composer("zoo.reading", ["value"], key_width=2)([tokens(['a"b']), tokens([5]), tokens([0.5])])
    record = strict(lines.rstrip().removesuffix(b","))
    assert record == {"model": "zoo.reading", "pk": '["a\\"b",5]', "fields": {"value": 0.5}}


@pytest.mark.parametrize("value", [2**64, -(2**64), 10**400, [2**70]])
def test_integers_beyond_64_bits_are_written_whole(value):
    assert json.loads(dump_line({"value": value})) == {"value": value}
    assert json.loads(tokens([value])[0]) == value


def test_lone_surrogates_are_escaped_so_that_the_file_stays_utf_8():
    line = dump_line({"value": "a\ud800b"})
    assert line.decode("utf-8").isascii()
    assert json.loads(line) == {"value": "a\ud800b"}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_is_refused_where_the_codecs_let_it_through(value):
    with pytest.raises(ValueError, match="Out of range"):
        dump_line({"value": [value, 2**64]})


def test_text_is_not_escaped_to_ascii():
    assert dump_line("Ωμέγα 🦓") == '"Ωμέγα 🦓"'.encode()


def test_the_writer_counts_and_hashes_every_byte():
    stream = BytesIO()
    writer = Writer(stream)
    first = b'{"model":"zoo.label","pk":1,"fields":{}},\n'
    second = b'{"model":"zoo.author","pk":1,"fields":{}},\n'
    writer.begin_model()
    writer.write_lines(first, 1)
    one = writer.end_model(label="zoo.label", next_id=2)
    writer.begin_model()
    writer.write_lines(second, 1)
    two = writer.end_model(label="zoo.author", next_id=None)
    content = writer.content_sha256
    whole = writer.finish({"model": "backups_app.manifest", "pk": "x", "fields": {}})
    data = stream.getvalue()
    manifest = orjson.dumps({"model": "backups_app.manifest", "pk": "x", "fields": {}})
    assert data == b"[\n" + first + second + manifest + b"\n]\n"
    assert one.as_dict() == {
        "model": "zoo.label",
        "records": 1,
        "next_id": 2,
        "sha256": hashlib.sha256(first).hexdigest(),
    }
    assert two.sha256 == hashlib.sha256(second).hexdigest()
    assert content == hashlib.sha256(b"[\n" + first + second).hexdigest()
    assert whole == hashlib.sha256(data).hexdigest()
    assert (writer.size_bytes, writer.record_count) == (len(data), 2)


def test_a_file_without_records_is_a_fixture_too():
    stream = BytesIO()
    Writer(stream).finish({"model": "backups_app.manifest", "pk": "x", "fields": {}})
    assert [record["pk"] for record in json.loads(stream.getvalue())] == ["x"]
