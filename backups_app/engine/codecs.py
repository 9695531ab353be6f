"""From a column's raw values to values of a fixture, a batch of one column at a time.

A raw value is what the driver gives without Django's converters: int, float, str, bytes, bool or None. The fixture
value is what Django's own `to_python` reads back into exactly that raw value; where there is none, the raw value goes
into the wrapper. Batches keep the usual case fast: one regular expression over a whole column proves its form, and
only a column that fails is looked at value by value.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.db.models import Field
from django.db.models.base import ModelState
from django.utils.duration import duration_string
from django.utils.ipv6 import clean_ipv6_address

from backups_app.engine import wrapper
from backups_app.engine.fixture import dump_line

Encode = Callable[[Sequence[Any]], Sequence[Any]]
# Told of each value that had to be wrapped.
Note = Callable[[], None]

_NONE = type(None)
_REMEMBERED_VALUES = 20_000
# Digits, with a point, that a number of 64 bit always keeps.
_SURE_DIGITS = 16
_CACHED_JSON_TEXTS = 4096
_CACHED_JSON_LENGTH = 256
DEEPEST_JSON = 200
# Texts whole, so that brackets in them are not counted.
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]')


@dataclass(frozen=True, slots=True, kw_only=True)
class TextForms:
    """How one database spells times and UUIDs as text.

    `zone`: the zone that naive text is in; None where times are naive on purpose (USE_TZ off).
    `pads_fraction`: the text always shows six digits, also of a fraction that Django leaves away.
    `dashes_uuids`: Django writes UUIDs with dashes.
    """

    zone: tzinfo | None
    pads_fraction: bool = False
    dashes_uuids: bool = False

    def unpadded(self, text: str) -> str:
        """Without fractions of zero; for one value or a whole column."""
        return text.replace(_ZERO_FRACTION, "") if self.pads_fraction else text


def encoder(kind: str, field: Field[Any, Any], forms: TextForms, note: Note) -> Encode | None:
    """The way from raw to fixture for a column of `kind`, or None when no such way is known."""
    simple: dict[str, Callable[[Note], Encode]] = {
        "integer": integers,
        "float": floats,
        "text": texts,
        "boolean": booleans,
        "binary": binaries,
        "duration": durations,
        "date": dates,
    }
    by_field: dict[str, Callable[[Field[Any, Any], Note], Encode]] = {
        "decimal": decimals,
        "ip": addresses,
        "json": json_texts,
    }
    by_form: dict[str, Callable[[TextForms, Note], Encode]] = {"time": times, "datetime": datetimes, "uuid": uuids}
    if kind in simple:
        return simple[kind](note)
    if kind in by_field:
        return by_field[kind](field, note)
    if kind in by_form:
        return by_form[kind](forms, note)
    return None


def integers(note: Note) -> Encode:
    return _typed({int, _NONE}, lambda value: type(value) is int, note)


def texts(note: Note) -> Encode:
    return _typed({str, _NONE}, lambda value: type(value) is str, note)


def floats(note: Note) -> Encode:
    wrapped = _one_by_one(lambda value: type(value) is float and isfinite(value), lambda value: value, note)

    def encode(values: Sequence[Any]) -> Sequence[Any]:
        if set(map(type, values)) == {float} and all(map(isfinite, values)):
            return values
        return wrapped(values)

    return encode


def booleans(note: Note) -> Encode:
    slow = _one_by_one(lambda value: type(value) in (int, bool) and value in (0, 1), bool, note)

    def encode(values: Sequence[Any]) -> Sequence[Any]:
        types = set(map(type, values))
        if types <= {bool, _NONE}:
            return values
        if types == {int} and set(values) <= {0, 1}:
            return list(map(bool, values))
        return slow(values)

    return encode


def decimals(field: Field[Any, Any], note: Note) -> Encode:
    """Text from the databases that keep decimals; from SQLite a number, spelled with the field's decimal places.

    Of all spellings that mean the same number to SQLite the one with the fewest digits, which is what Django reads.
    """
    digits, places = getattr(field, "max_digits", None), getattr(field, "decimal_places", None)
    zeros = f".{'0' * places}" if places else ""

    def spell(value: Any) -> str:
        if type(value) is str:
            return value
        if type(value) is int:
            return f"{value}{zeros}"
        text = f"{value:.{places or 0}f}"
        return text if len(text) <= _SURE_DIGITS else f"{Decimal(repr(value)):.{places or 0}f}"

    def is_exact(value: Any) -> bool:
        match value:
            case bool():
                return False
            case int():
                # SQLite reads a number with a point as a float.
                return (not zeros or abs(value) <= 2**53) and _is_taken(spell(value), digits, places)
            case float() if isfinite(value):
                text = spell(value)
                return repr(float(text)) == repr(value) and _is_taken(text, digits, places)
            case str():
                return bool(_DECIMAL.fullmatch(value)) and _is_taken(value, digits, places)
            case _:
                return False

    return _remembering(is_exact, spell, note)


def _is_taken(text: str, digits: int | None, places: int | None) -> bool:
    """Whether Django neither refuses the number, for more digits than the field has, nor rounds it."""
    whole, _, fraction = text.lstrip("-").partition(".")
    if places is not None and len(fraction) > places:
        return False
    return digits is None or len((whole + fraction.ljust(places or 0, "0")).lstrip("0")) <= digits


_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# The shapes that Django writes, every digit shown as 0; a fraction of zero is left away.
_ZERO_FRACTION = ".000000"
_DATE_SHAPES = frozenset({"0000-00-00"})
_TIME_SHAPES = frozenset({"00:00:00", "00:00:00.000000"})
_DATETIME_SHAPES = frozenset({"0000-00-00 00:00:00", "0000-00-00 00:00:00.000000"})
_DIGITS = str.maketrans("123456789", "000000000")


def dates(note: Note) -> Encode:
    return _shaped(_DATE_SHAPES, date.fromisoformat, str, str, note)


def times(forms: TextForms, note: Note) -> Encode:
    return _shaped(_TIME_SHAPES, time.fromisoformat, forms.unpadded, str, note)


def datetimes(forms: TextForms, note: Note) -> Encode:
    if forms.zone not in (None, UTC):
        return _local_datetimes(forms, note)
    suffix = "" if forms.zone is None else "Z"

    def respell(column: str) -> str:
        return column.replace(" ", "T").replace("\n", f"{suffix}\n") + suffix

    return _shaped(_DATETIME_SHAPES, datetime.fromisoformat, forms.unpadded, respell, note)


def _local_datetimes(forms: TextForms, note: Note) -> Encode:
    zone = forms.zone

    def spell(text: str) -> str:
        return datetime.fromisoformat(forms.unpadded(text)).replace(tzinfo=zone).isoformat()

    def is_exact(value: Any) -> bool:
        """Not for local times that a clock change leaves out: their moment has another local time."""
        if type(value) is not str or not _has_shape(forms.unpadded(value), _DATETIME_SHAPES):
            return False
        try:
            local = datetime.fromisoformat(value)
            moment = local.replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return False
        return moment.astimezone(zone).replace(tzinfo=None) == local

    return _one_by_one(is_exact, spell, note)


def uuids(forms: TextForms, note: Note) -> Encode:
    """32 digits in lower case, and dashes where the column is of the database's own type."""
    form = re.compile("-".join(f"[0-9a-f]{{{length}}}" for length in (8, 4, 4, 4, 12)))
    if not forms.dashes_uuids:
        form = re.compile(r"[0-9a-f]{32}")

    def is_exact(value: Any) -> bool:
        return type(value) is str and bool(form.fullmatch(value))

    def spell(value: str) -> str:
        if forms.dashes_uuids:
            return value
        return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"

    return _one_by_one(is_exact, spell, note)


def binaries(note: Note) -> Encode:
    def is_exact(value: Any) -> bool:
        return isinstance(value, bytes | bytearray | memoryview) and not isinstance(value, wrapper.InvalidText)

    return _one_by_one(is_exact, lambda value: b64encode(value).decode(), note)


def durations(note: Note) -> Encode:
    """Microseconds, as SQLite and MySQL keep them."""

    def is_exact(value: Any) -> bool:
        if type(value) is not int:
            return False
        try:
            timedelta(microseconds=value)
        except OverflowError:
            return False
        return True

    return _remembering(is_exact, lambda value: duration_string(timedelta(microseconds=value)), note)


def addresses(field: Field[Any, Any], note: Note) -> Encode:
    """Text that Django neither strips nor normalises, and not the empty one, which it writes as NULL."""
    unpack_ipv4 = bool(getattr(field, "unpack_ipv4", False))

    def is_exact(value: Any) -> bool:
        if type(value) is not str or not value or value != value.strip():
            return False
        if ":" not in value:
            return True
        try:
            return bool(clean_ipv6_address(value, unpack_ipv4) == value)
        except ValidationError:
            return False

    return _one_by_one(is_exact, lambda value: value, note)


def json_texts(field: Field[Any, Any], note: Note) -> Encode:
    """JSON kept as text: embedded where Django would write the same text again, else the text in the wrapper.

    Embedded values are made JSON one by one, since parsed they take ten times as much memory.
    """
    known: dict[str, orjson.Fragment] = {}
    dumps = partial(json.dumps, cls=getattr(field, "encoder", None))

    def encode_one(text: Any) -> Any:
        if text is None:
            return None
        if type(text) is not str:
            note()
            return wrapper.wrap(text)
        if text in known:
            return known[text]
        is_plain, value = _parse_plain_json(text, dumps)
        if not is_plain:
            note()
            return wrapper.wrap_json(text)
        fragment = orjson.Fragment(dump_line(value))
        if len(text) <= _CACHED_JSON_LENGTH and len(known) < _CACHED_JSON_TEXTS:
            known[text] = fragment
        return fragment

    return lambda values: list(map(encode_one, values))


def _parse_plain_json(text: str, dumps: Callable[[Any], str]) -> tuple[bool, Any]:
    """(True, value) when the value has a plain fixture form that `dumps` writes as `text` again."""
    if is_deep(text):
        return False, None
    try:
        value = json.loads(text)
        is_plain = dumps(value) == text
    except (ValueError, RecursionError):
        return False, None
    if value is None or (isinstance(value, dict) and wrapper.KEY in value) or not is_plain:
        return False, None
    return not _has_no_json_form(text, value), value


def is_deep(text: str) -> bool:
    """Whether JSON may nest deeper than every parser can follow."""
    return len(text) > DEEPEST_JSON and text.count("[") + text.count("{") > DEEPEST_JSON and depth(text) > DEEPEST_JSON


def depth(text: str) -> int:
    """How many lists and objects of JSON are nested in one another."""
    deepest = depth = 0
    for part in _NESTING.findall(text):
        depth += (part in "[{") - (part in "]}")
        deepest = max(deepest, depth)
    return deepest


def _has_no_json_form(text: str, value: Any) -> bool:
    """Python writes NaN, Infinity and lone surrogates into JSON; none of them belongs into our file."""
    if "NaN" in text or "Infinity" in text:
        return _has_odd_float(value)
    if "\\ud" not in text:
        return False
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _has_odd_float(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return True
    return False


def naturals(keys: Mapping[Any, Any], inner: Encode) -> Encode:
    """References to left-out tables: the natural key where there is one, else as `inner` does it (it dangles)."""

    def encode(values: Sequence[Any]) -> Sequence[Any]:
        plain = inner(values)
        return [keys.get(raw, value) for raw, value in zip(values, plain, strict=True)]

    return encode


def by_django(
    field: Field[Any, Any], connection: Any, load: Callable[[Any], Any], note: Note
) -> Callable[[Sequence[Any], Sequence[Any]], list[Any]]:
    """The slow but right way: `field`'s own conversions. Takes what `load` makes driver values of, and raw values.

    A value that does not survive `value_to_string`, `to_python` and `get_db_prep_save` is wrapped as raw.
    """
    expression = field.get_col(field.model._meta.db_table)
    converters = [*connection.ops.get_db_converters(expression), *expression.get_db_converters(connection)]

    def convert(given: Any) -> tuple[bool, Any]:
        """Whether there is a plain fixture form, and that."""
        driver_value = value = load(given)
        for converter in converters:
            value = converter(value, expression, connection)
        token = _fixture_value(field, value)
        if not _is_json_safe(token):
            return False, None
        returned = field.to_python(json.loads(json.dumps(token)))
        written = field.get_db_prep_save(returned, connection)
        return _is_same(returned, value) and _is_written_as(written, driver_value), token

    def encode_one(given: Any, raw: Any) -> Any:
        if raw is None:
            return None
        try:
            is_plain, token = convert(given)
        except Exception:  # noqa: BLE001 (any error of a foreign field class means: keep the raw value)
            is_plain, token = False, None
        if is_plain:
            return token
        note()
        return wrapper.wrap(raw)

    return lambda given, raw: list(map(encode_one, given, raw))


def _fixture_value(field: Field[Any, Any], value: Any) -> Any:
    if value is None or type(value) in (bool, int, float):
        return value
    return field.value_to_string(_carrying(field, value))  # type: ignore[no-untyped-call, unused-ignore]


def _carrying(field: Field[Any, Any], value: Any) -> Any:
    """An instance with just this attribute, made without __init__: no defaults, no signals."""
    instance = field.model.__new__(field.model)
    instance._state = ModelState()
    instance.__dict__[field.attname] = value
    return instance


def _is_json_safe(token: Any) -> bool:
    if type(token) is float:
        return isfinite(token)
    if type(token) is str:
        return token.isprintable() or not any("\ud800" <= character <= "\udfff" for character in token)
    if type(token) is int:
        return -(2**63) <= token < 2**63
    return token is None or type(token) is bool


def _is_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _is_written_as(written: Any, driver_value: Any) -> bool:
    """Drivers give objects for dates and decimals that Django writes as their text."""
    if type(driver_value) in (int, float, str, bytes):
        return _is_same(written, driver_value)
    return _is_same(written, driver_value) or (type(written) is str and written == str(driver_value))


def _typed(types: set[type], is_exact: Callable[[Any], bool], note: Note) -> Encode:
    slow = _one_by_one(is_exact, lambda value: value, note)
    return lambda values: values if types.issuperset(map(type, values)) else slow(values)


def _remembering(is_exact: Callable[[Any], bool], spell: Callable[[Any], Any], note: Note) -> Encode:
    """As _one_by_one, for values that cost to convert and tend to come again."""
    # Keys name the type too, since 1 and 1.0 are one key; so are 0.0 and -0.0.
    known: dict[tuple[type, Any], Any] = {}
    slow = _one_by_one(is_exact, spell, note)

    def encode(values: Sequence[Any]) -> Sequence[Any]:
        keys = list(zip(map(type, values), values, strict=True))
        distinct = set(keys)
        if (float, 0.0) in distinct and "-0.0" in map(repr, values):
            return slow(values)
        if not known or len(known) > _REMEMBERED_VALUES:
            known.clear()
            known[_NONE, None] = None
        unknown = distinct.difference(known)
        if not all(is_exact(value) for _type, value in unknown):
            return slow(values)
        known.update((key, spell(key[1])) for key in unknown)
        return list(map(known.__getitem__, keys))

    return encode


def _one_by_one(is_exact: Callable[[Any], bool], spell: Callable[[Any], Any], note: Note) -> Encode:
    def encode_one(value: Any) -> Any:
        if value is None:
            return None
        if is_exact(value):
            return spell(value)
        note()
        return wrapper.wrap(value)

    return lambda values: list(map(encode_one, values))


def _has_shape(text: str, shapes: frozenset[str]) -> bool:
    return text.translate(_DIGITS) in shapes and _ZERO_FRACTION not in text


def _shaped(
    shapes: frozenset[str],
    parse: Callable[[str], Any],
    prepare: Callable[[str], str],
    respell: Callable[[str], str],
    note: Note,
) -> Encode:
    """Text of certain shapes. `prepare` and `respell` change the spelling of a whole column, its values one a line."""

    def is_exact(value: Any) -> bool:
        if type(value) is not str or not _has_shape(prepare(value), shapes):
            return False
        try:
            parse(value)
        except ValueError:
            return False
        return True

    slow = _one_by_one(is_exact, lambda value: respell(prepare(value)), note)

    def encode(values: Sequence[Any]) -> Sequence[Any]:
        present = [value for value in values if value is not None]
        if not present:
            return values
        try:
            column = prepare("\n".join(present))
            if _ZERO_FRACTION in column or not shapes.issuperset(column.translate(_DIGITS).split("\n")):
                return slow(values)
            deque(map(parse, present), maxlen=0)
        except (TypeError, ValueError):
            return slow(values)
        spelled = respell(column).split("\n")
        if len(present) == len(values):
            return spelled
        following = iter(spelled)
        return [None if value is None else next(following) for value in values]

    return encode
