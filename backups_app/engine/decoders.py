"""From values of a fixture to what a driver writes, a batch of one column at a time: the way back of `codecs`.

The usual form of each kind is proven for a whole column at once and respelled as the database keeps it. What has
another form is looked at value by value: the wrapper gives back the raw value, anything else goes through the field's
own `to_python` and `get_db_prep_save`, as Django's loaddata does it.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

import orjson
from django.db.models import Field
from django.utils.dateparse import parse_duration
from django.utils.duration import duration_microseconds

from backups_app.engine import kinds, limits, wrapper
from backups_app.engine.databases.base import plain_field, referred_label

Decode = Callable[[Sequence[Any]], Sequence[Any]]
# The same for the usual form of values; None where some value has another.
Usual = Callable[[Sequence[Any]], Sequence[Any] | None]
# The primary key that a left-out row has in this database, by its model and natural key.
Resolve = Callable[[str, tuple[Any, ...]], Any]

_NONE = type(None)
_REMEMBERED_VALUES = 20_000
_DIGITS = str.maketrans("123456789", "000000000")
_HEX_DIGITS = str.maketrans("123456789abcdef", "000000000000000")
_FRACTIONS = ("", *(f".{'0' * digits}" for digits in range(1, 7)))
_WHOLE_FRACTIONS = ("", ".000000")
_UUID_SHAPES = frozenset({"00000000-0000-0000-0000-000000000000"})
_DATE_SHAPES = frozenset({"0000-00-00"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What the database to write to wants: see `codecs.TextForms`.

    `is_origin`: the file was made from this kind of database, so whatever it holds has a place in it. Else each value
    is looked at whether the column can hold it.
    """

    connection: Any
    zone: tzinfo | None
    dashes_uuids: bool
    is_origin: bool = True

    @property
    def vendor(self) -> str:
        return str(self.connection.vendor)

    @property
    def is_postgresql(self) -> bool:
        return self.vendor == "postgresql"


def decoder(field: Field[Any, Any], dialect: Dialect, resolve: Resolve) -> Decode:
    """The way from fixture to driver for `field`'s column. It raises whatever is wrong with one of the values."""
    plain = plain_field(field)
    kind = kinds.kind_of(field)
    one = partial(_decode_one, plain, dialect, kind)
    usual = _usual(kind, plain, dialect)

    def plainly(values: Sequence[Any]) -> Sequence[Any]:
        found = None if usual is None else usual(values)
        return list(map(one, values)) if found is None else found

    holds = None if dialect.is_origin else limits.checker(kind, plain, dialect.connection)
    decode = plainly if holds is None else _within(plainly, holds)
    label = referred_label(field)
    return _resolving(decode, label, resolve) if label else decode


def _within(decode: Decode, holds: Callable[[Any], str]) -> Decode:
    def decode_and_look(values: Sequence[Any]) -> Sequence[Any]:
        decoded = decode(values)
        for value in decoded:
            if value is not None and (reason := holds(value)):
                raise ValueError(reason)
        return decoded

    return decode_and_look


def _resolving(decode: Decode, label: str, resolve: Resolve) -> Decode:
    def decode_references(values: Sequence[Any]) -> Sequence[Any]:
        if list not in set(map(type, values)):
            return decode(values)
        named = {tuple(value) for value in values if type(value) is list}
        ids = {name: resolve(label, name) for name in named}
        plain = iter(decode([value for value in values if type(value) is not list]))
        return [ids[tuple(value)] if type(value) is list else next(plain) for value in values]

    return decode_references


def _usual(kind: str, field: Field[Any, Any], dialect: Dialect) -> Usual | None:
    """What decodes a column in which every value has the usual form; it gives None where that is not so."""
    server = dialect.is_postgresql
    match kind:
        case "integer":
            return _typed({int, _NONE})
        case "boolean":
            return _typed({bool, _NONE})
        case "float":
            return _typed({float, int, _NONE})
        case "text":
            return _typed({str, _NONE})
        case "decimal":
            return _decimals_of_sqlite if dialect.vendor == "sqlite" else _decimals
        case "date":
            return _shaped(_DATE_SHAPES, date.fromisoformat, str)
        case "time":
            fractions = _FRACTIONS if server else _WHOLE_FRACTIONS
            return _shaped(frozenset(f"00:00:00{end}" for end in fractions), time.fromisoformat, str)
        case "datetime":
            return _datetimes(dialect)
        case "uuid":
            keeps = server or dialect.dashes_uuids
            return _shaped(_UUID_SHAPES, None, str if keeps else _without_dashes, _HEX_DIGITS)
        case "binary":
            return _binaries
        case "duration":
            return _durations(dialect)
        case "ip":
            return _addresses
        case "json":
            return _jsons(field, dialect)
        case _:
            return None


def _typed(types: set[type]) -> Usual:
    return lambda values: values if set(map(type, values)) <= types else None


def _shaped(
    shapes: frozenset[str],
    parse: Callable[[str], Any] | None,
    respell: Callable[[str], str],
    digits: dict[int, int] = _DIGITS,
) -> Usual:
    """Text of certain shapes, every digit shown as 0, that `parse` takes. `respell` gets a whole column, one a line."""

    def decode(values: Sequence[Any]) -> Sequence[Any] | None:
        present = [value for value in values if value is not None]
        if not present:
            return values
        try:
            column = "\n".join(present)
            if not shapes.issuperset(column.translate(digits).split("\n")):
                return None
            if parse is not None:
                deque(map(parse, present), maxlen=0)
        except (TypeError, ValueError):
            return None
        respelled = respell(column)
        if respelled is column:
            return values
        return _with_nulls(values, present, respelled.split("\n"))

    return decode


def _with_nulls(values: Sequence[Any], present: list[Any], decoded: Sequence[Any]) -> Sequence[Any]:
    if len(present) == len(values):
        return decoded
    following = iter(decoded)
    return [None if value is None else next(following) for value in values]


def _without_dashes(column: str) -> str:
    return column.replace("-", "")


def _datetimes(dialect: Dialect) -> Usual | None:
    if dialect.is_postgresql:
        ends = ("Z", "+00:00") if dialect.zone is not None else ("",)
        shapes = frozenset(f"0000-00-00T00:00:00{part}{end}" for part in _FRACTIONS for end in ends)
        offsets = {f"0000-00-00T00:00:00{part}{sign}00:00" for part in _FRACTIONS for sign in "+-"}
        return _shaped(shapes | offsets, datetime.fromisoformat, str)
    if dialect.zone is None:
        shapes = frozenset(f"0000-00-00T00:00:00{part}" for part in _WHOLE_FRACTIONS)
        return _shaped(shapes, datetime.fromisoformat, lambda column: column.replace("T", " "))
    if dialect.zone is UTC:
        shapes = frozenset(f"0000-00-00T00:00:00{part}Z" for part in _WHOLE_FRACTIONS)
        return _shaped(shapes, datetime.fromisoformat, lambda column: column.replace("T", " ").replace("Z", ""))
    return None


def _decimals(values: Sequence[Any]) -> Sequence[Any] | None:
    present = [value for value in values if value is not None]
    if not present:
        return values
    if set(map(type, present)) != {str}:
        return None
    # What is left of a number without its digits is its sign and its point.
    rests = "\n".join(present).translate(_NO_DIGITS).split("\n")
    if len(rests) != len(present) or not _RESTS.issuperset(rests):
        return None
    return values if all(map(str.isdigit, map(_LAST, present))) else None


def _decimals_of_sqlite(values: Sequence[Any]) -> Sequence[Any] | None:
    """Whole numbers that a float would round go in without their point: then SQLite keeps them as integers."""
    found = _decimals(values)
    return None if found is None else [text if text is None or len(text) <= 16 else _whole(text) for text in found]


def _whole(text: str) -> str:
    whole, _, fraction = text.partition(".")
    return text if fraction.strip("0") else whole


_NO_DIGITS = str.maketrans("", "", "0123456789")
_RESTS = frozenset({"", ".", "-", "-."})
_LAST = itemgetter(slice(-1, None))


def _binaries(values: Sequence[Any]) -> Sequence[Any] | None:
    if not set(map(type, values)) <= {str, _NONE}:
        return None
    return [None if value is None else b64decode(value, validate=True) for value in values]


def _addresses(values: Sequence[Any]) -> Sequence[Any] | None:
    """IPv4, or a network of it, with nothing around; Django normalises the rest."""
    for value in values:
        if value is not None and (type(value) is not str or not _IPV4.issuperset(value)):
            return None
    return values


_IPV4 = frozenset("0123456789./")


def _durations(dialect: Dialect) -> Usual:
    known: dict[Any, Any] = {None: None}

    def decode(values: Sequence[Any]) -> Sequence[Any] | None:
        if not set(map(type, values)) <= {str, _NONE}:
            return None
        if len(known) > _REMEMBERED_VALUES:
            known.clear()
            known[None] = None
        for text in set(values).difference(known):
            span = parse_duration(text)
            if span is None:
                return None
            known[text] = _interval(span) if dialect.is_postgresql else duration_microseconds(span)
        return list(map(known.__getitem__, values))

    return decode


def _interval(span: timedelta) -> str:
    return f"{span.days} days {span.seconds} seconds {span.microseconds} microseconds"


def _jsons(field: Field[Any, Any], dialect: Dialect) -> Usual:
    encode = _json_encoder(field, dialect)

    def decode(values: Sequence[Any]) -> Sequence[Any] | None:
        if any(type(value) is dict and wrapper.KEY in value for value in values):
            return None
        if not field.null and None in values:
            return None
        if encode is json.dumps:
            present = [value for value in values if value is not None]
            if (found := _dumped_together(present)) is not None:
                return _with_nulls(values, present, found)
        return [None if value is None else encode(value) for value in values]

    return decode


def _dumped_together(values: Sequence[Any]) -> list[str] | None:
    """Each as `json.dumps` writes it, by one call; None where a value has in it what stands between them."""
    between = chain.from_iterable(zip(values, repeat(_BETWEEN)))
    texts = json.dumps(list(between)[:-1])[1:-1].split(_BETWEEN_AS_JSON)
    return texts if len(texts) == len(values) else None


_BETWEEN = "\0between\0"
_BETWEEN_AS_JSON = f", {json.dumps(_BETWEEN)}, "


def _json_encoder(field: Field[Any, Any], dialect: Dialect) -> Callable[[Any], str]:
    if dialect.is_postgresql:
        return _short_json  # the server makes its own form of it
    cls = getattr(field, "encoder", None)
    return json.dumps if cls is None else cls().encode


def _short_json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


def _decode_one(field: Field[Any, Any], dialect: Dialect, kind: str, value: Any) -> Any:
    if wrapper.is_wrapped(value):
        if dialect.is_origin:
            return unwrapped(value)
        return limits.placed(value[wrapper.KEY], kind, field, dialect.connection)
    if kind == "json":
        # A column that takes no NULL can only have held JSON null.
        return _json_encoder(field, dialect)(value) if value is not None or not field.null else None
    if value is None:
        return None
    usual = _usual(kind, field, dialect)
    if usual is not None and (found := usual([value])) is not None:
        return found[0]
    return by_django(field, dialect, value)


def by_django(field: Field[Any, Any], dialect: Dialect, value: Any) -> Any:
    """As loaddata reads a value and as save() writes it."""
    written = field.get_db_prep_save(field.to_python(value), dialect.connection)
    if isinstance(written, datetime) and written.tzinfo is None and dialect.zone is not None:
        return written.isoformat(" ")
    return written


def unwrapped(value: Mapping[str, Any]) -> Any:
    """The raw value of a wrapper; ValueError when it is not one of the documented forms."""
    match value[wrapper.KEY]:
        case ["integer", int() as number]:
            return int(number)
        case ["real", float() | int() as number]:
            return float(number)
        case ["real", ("Infinity" | "-Infinity") as text]:
            return float(text)
        case ["text", str() as text]:
            return text
        case ["json", str() as text]:
            return text
        case ["blob", str() as text]:
            return b64decode(text, validate=True)
        case ["invalid-text", str() as text]:
            return wrapper.InvalidText(b64decode(text, validate=True))
        case other:
            raise ValueError(f"The wrapper's form {str(other)[:50]} is not known.")
