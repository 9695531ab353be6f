"""The wrapper holds any raw value, and nothing else looks like it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups_app.engine import wrapper
from backups_app.engine.fixture import dump_line
from backups_app.engine.wrapper import InvalidText
from tests.engine import reading
from tests.engine.oracle import Cell


@pytest.mark.parametrize(
    ("raw", "wrapped"),
    [
        (2, ["integer", 2]),
        (-(2**63), ["integer", -(2**63)]),
        (True, ["integer", 1]),
        (1.5, ["real", 1.5]),
        (float("inf"), ["real", "Infinity"]),
        (float("-inf"), ["real", "-Infinity"]),
        ("infinity", ["text", "infinity"]),
        ("", ["text", ""]),
        (b"\x00\xff", ["blob", "AP8="]),
        (b"", ["blob", ""]),
        (bytearray(b"\x00"), ["blob", "AA=="]),
        pytest.param(memoryview(b"\x00"), ["blob", "AA=="], id="memoryview"),
        (InvalidText(b"a\xff"), ["invalid-text", "Yf8="]),
    ],
    ids=repr,
)
def test_each_type_has_its_form(raw, wrapped):
    assert wrapper.wrap(raw) == {"$raw": wrapped}


def test_json_is_kept_as_its_text():
    assert wrapper.wrap_json('{"a": 1.10}') == {"$raw": ["json", '{"a": 1.10}']}


@given(
    st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(st.characters(exclude_categories=["Cs"]))
)
def test_what_is_wrapped_is_strict_json_and_comes_back(raw):
    token = reading.strict(dump_line(wrapper.wrap(raw)))
    kinds = {int: "integer", float: "real", str: "text"}
    expected = raw if isinstance(raw, str) else repr(raw)
    assert reading.cell_of(token, None, "", _Sqlite) == Cell(kinds[type(raw)], expected)


class _Sqlite:
    vendor = "sqlite"


@given(st.binary())
def test_bytes_come_back(raw):
    token = json.loads(dump_line(wrapper.wrap(raw)))
    assert reading.cell_of(token, None, "", _Sqlite) == Cell("blob", raw.hex())


@pytest.mark.parametrize(
    ("value", "is_wrapper"),
    [
        ({"$raw": ["text", ""]}, True),
        ({"$raw": ["text", ""], "more": 1}, False),
        ({"raw": 1}, False),
        ([["$raw"]], False),
        ("$raw", False),
        (None, False),
    ],
)
def test_a_wrapper_is_an_object_with_that_key_alone(value, is_wrapper):
    assert wrapper.is_wrapped(value) is is_wrapper
