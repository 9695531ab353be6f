"""From columns of PostgreSQL's COPY text to JSON, a batch of one column at a time.

COPY escapes text almost as JSON does, and spells numbers, dates and UUIDs as the file does, so a column becomes JSON by
a few replacements in all its values at once. Only a column that holds a value without a plain form is looked at value
by value, and such a value goes into the wrapper.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson

from backups_app.engine import codecs, wrapper

# Takes values as COPY writes them, gives JSON.
Spell = Callable[[Sequence[bytes]], Sequence[bytes]]

NULL = b"\\N"
_BACKSLASH = b"\\"


def speller(kind: str, note: codecs.Note) -> Spell | None:
    """The way from COPY's text to JSON for a column of `kind`, or None when no such way is known.

    Moments come with an offset, binary as base64.
    """
    always_plain: dict[str, Spell] = {
        "integer": _numbers,
        "boolean": _booleans,
        "text": _texts,
        "uuid": _in_quotes,
        "binary": _in_quotes,
    }
    checked: dict[str, Callable[[codecs.Note], Spell]] = {
        "float": _floats,
        "decimal": _decimals,
        "date": _dates,
        "time": _times,
        "datetime": _datetimes,
        "duration": _durations,
        "ip": _addresses,
        "json": _jsons,
    }
    if kind in checked:
        return checked[kind](note)
    return always_plain.get(kind)


def decode(values: Sequence[bytes]) -> list[str | None]:
    """The texts that COPY escaped."""
    return [None if value == NULL else _unescape(value).decode() for value in values]


def naturals(keys: Mapping[Any, Any], inner: Spell) -> Spell:
    """References to left-out tables: the natural key where there is one, else as `inner` does it (it dangles)."""
    known = {str(key).encode(): orjson.dumps(natural) for key, natural in keys.items()}
    return lambda values: list(map(known.get, values, inner(values)))


def _numbers(values: Sequence[bytes]) -> Sequence[bytes]:
    return [b"null" if value == NULL else value for value in values] if NULL in values else values


_BOOLEANS = {b"t": b"true", b"f": b"false", NULL: b"null"}


def _booleans(values: Sequence[bytes]) -> Sequence[bytes]:
    return list(map(_BOOLEANS.__getitem__, values))


# COPY writes these as they are; JSON has to escape them. Line ends stand between values here.
_CONTROLS = bytes(number for number in range(0x20) if number != ord("\n"))


def _texts(values: Sequence[bytes]) -> Sequence[bytes]:
    column = b"\n".join(values)
    if len(column.translate(None, _CONTROLS)) != len(column) or (_BACKSLASH in column and b"\\v" in column):
        # COPY's \v is the one escape that JSON does not have.
        return [b"null" if value == NULL else orjson.dumps(_unescape(value).decode()) for value in values]
    return _lines_in_quotes(column.replace(b'"', b'\\"'))


def _in_quotes(values: Sequence[bytes]) -> Sequence[bytes]:
    return _lines_in_quotes(b"\n".join(values))


def _lines_in_quotes(column: bytes) -> list[bytes]:
    quoted = b'"' + column.replace(b"\n", b'"\n"') + b'"'
    if _BACKSLASH in column:  # looking for one byte costs nothing, for four of them as much as all the rest
        # In text a backslash is doubled and a quote escaped, so what looks like NULL in quotes is NULL.
        quoted = quoted.replace(b'"\\N"', b"null")
    return quoted.split(b"\n")


_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_FLOAT = re.compile(rb"(?!-0$)-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?")
_DECIMAL = re.compile(rb"-?[0-9]+(\.[0-9]+)?")
_DATE = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(rb"(?!24)[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?")
_DATETIME = re.compile(
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?[+-][0-9]{2})((?::[0-9]{2}){0,2})"
)
# Days, and a time of day of 0 to 24 hours: what Django writes.
_DURATION = re.compile(
    rb"(?=.)(-?[0-9]+ days?)?((^| )\+?([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(\.[0-9]+)?)?",
)
_ADDRESS = re.compile(rb"[^/]+")


def _floats(note: codecs.Note) -> Spell:
    one = _one_by_one(_FLOAT, lambda match: match[0], note)

    def spell(values: Sequence[bytes]) -> Sequence[bytes]:
        column = b"\n%b\n" % b"\n".join(values)
        return one(values) if _names_a_number(column) or b"\n-0\n" in column else _numbers(values)

    return spell


def _decimals(note: codecs.Note) -> Spell:
    return _quoted(lambda column, _values: not _names_a_number(column), _DECIMAL, note)


def _names_a_number(column: bytes) -> bool:
    """Whether NaN or Infinity is among the numbers."""
    return b"a" in column or b"y" in column


def _dates(note: codecs.Note) -> Spell:
    return _quoted(lambda _column, values: {10, len(NULL)}.issuperset(map(len, values)), _DATE, note)


def _times(note: codecs.Note) -> Spell:
    return _quoted(lambda column, _values: b"\n24" not in b"\n" + column, _TIME, note)


def _addresses(note: codecs.Note) -> Spell:
    return _quoted(lambda column, _values: b"/" not in column, _ADDRESS, note)


def _datetimes(note: codecs.Note) -> Spell:
    one = _one_by_one(_DATETIME, lambda match: b'"%bT%b%b"' % (match[1], match[2], match[3] or b":00"), note)

    def spell(values: Sequence[bytes]) -> Sequence[bytes]:
        column = b"\n%b\n" % b"\n".join(values)
        present = len(values) - (column.count(NULL) if _BACKSLASH in column else 0)
        # A year of four digits at the beginning, UTC at the end: no infinity, no year BC.
        starts = column.translate(_ZEROS).count(b"\n0000-00-00 00:00:00")
        if starts != present or column.count(b"+00\n") != present:
            return one(values)
        if present < len(values):
            return _lines_in_quotes(column[1:-1].replace(b" ", b"T").replace(b"+00", b"+00:00"))
        spelled = column.replace(b" ", b"T").replace(b"+00\n", b'+00:00"\n"')
        return (b'"' + spelled[1:-2]).split(b"\n")

    return spell


def _durations(note: codecs.Note) -> Spell:
    return _quoted(lambda _column, values: all(map(_DURATION.fullmatch, set(values) - {NULL})), _DURATION, note)


def _quoted(is_plain: Callable[[bytes, Sequence[bytes]], bool], form: re.Pattern[bytes], note: codecs.Note) -> Spell:
    """Values of a form. `is_plain` proves a whole column of values, also given one a line, to be of that form."""
    one = _one_by_one(form, lambda match: b'"%b"' % match[0], note)

    def spell(values: Sequence[bytes]) -> Sequence[bytes]:
        column = b"\n".join(values)
        return _lines_in_quotes(column) if is_plain(column, values) else one(values)

    return spell


def _one_by_one(form: re.Pattern[bytes], spell: Callable[[re.Match[bytes]], bytes], note: codecs.Note) -> Spell:
    def spell_one(value: bytes) -> bytes:
        if value == NULL:
            return b"null"
        if match := form.fullmatch(value):
            return spell(match)
        note()
        return orjson.dumps(wrapper.wrap(value.decode()))

    return lambda values: list(map(spell_one, values))


# Numbers that Python might round, or that end in a zero after the point: jsonb keeps every digit.
_LONG_NUMBER = b"0" * 16
_DIGITS = bytes.maketrans(b".123456789", b"0000000000")
_ODD_NUMBER = re.compile(rb"[0-9.]{16}|\.[0-9]*0(?![0-9])")
_RAW_KEY = orjson.dumps(wrapper.KEY)


def _jsons(note: codecs.Note) -> Spell:
    """SQL NULL is null; JSON null, a top key like the wrapper's, inexact numbers and great depth are wrapped."""

    def spell_one(value: bytes) -> bytes:
        if value == NULL:
            return b"null"
        text = value.replace(b"\\\\", b"\\")
        if _is_plain_json(text):
            return text
        note()
        return orjson.dumps(wrapper.wrap_json(text.decode()))

    def spell(values: Sequence[bytes]) -> Sequence[bytes]:
        column = b"\n".join(values)
        if (
            NULL in values
            or b"null" in values
            or (b"$" in column and _RAW_KEY in column)
            or max(map(len, values)) > codecs.DEEPEST_JSON
            or _LONG_NUMBER in column.translate(_DIGITS)
            or (b"." in column and _ODD_NUMBER.search(column))
        ):
            return list(map(spell_one, values))
        return column.replace(b"\\\\", b"\\").split(b"\n")

    return spell


def _is_plain_json(text: bytes) -> bool:
    if text == b"null":
        return False
    if len(text) > codecs.DEEPEST_JSON and codecs.is_deep(text.decode()):
        return False
    if _RAW_KEY not in text and not _ODD_NUMBER.search(text):
        return True
    try:
        value = json.loads(text, parse_float=_exact_float)
    except ValueError:
        return False
    return not (isinstance(value, dict) and wrapper.KEY in value)


def _exact_float(digits: str) -> float:
    value = float(digits)
    if not isfinite(value) or Decimal(repr(value)).as_tuple() != Decimal(digits).as_tuple():
        raise ValueError(digits)
    return value


_ESCAPE = re.compile(rb"\\(.)")
_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"\\": b"\\"}


def _unescape(value: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: _ESCAPES[match[1]], value) if b"\\" in value else value
