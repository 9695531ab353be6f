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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field
from django.db.models.base import ModelState
from django.utils.duration import duration_string
from django.utils.ipv6 import clean_ipv6_address

from backups_app.engine import wrapper

Encode = Callable[[Sequence[Any]], Sequence[Any]]
# Told of each value that had to be wrapped.
Note = Callable[[], None]

_NONE = type(None)
_CACHED_JSON_TEXTS = 4096
_CACHED_JSON_LENGTH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class TextForms:
    """How one kind of database spells values as text.

    `zone_suffix`: what follows each time of a time zone, "" where the database keeps none.
    `zone`: the zone that naive text is in; None where times are naive on purpose (USE_TZ off).
    `trims_fraction`: trailing zeros of a fraction are not shown; `pads_fraction`: six digits always are.
    """

    zone_suffix: str
    zone: tzinfo | None
    trims_fraction: bool = False
    pads_fraction: bool = False

    def unpadded(self, text: str) -> str:
        """Without the fractions of zero, which Django does not write; for one value or a whole column."""
        return text.replace(".000000", "") if self.pads_fraction else text

    @property
    def fraction(self) -> str:
        return _TRIMMED_FRACTION if self.trims_fraction else _DJANGO_FRACTION


def encoder(kind: str, field: Field[Any, Any], forms: TextForms, note: Note) -> Encode | None:
    """The way from raw to fixture for a column of `kind`, or None when no such way is known."""
    simple: dict[str, Callable[[Note], Encode]] = {
        "integer": integers,
        "float": floats,
        "text": texts,
        "boolean": booleans,
        "uuid": uuids,
        "binary": binaries,
        "duration": durations,
        "ip": addresses,
        "json": json_texts,
        "date": dates,
    }
    if kind in simple:
        return simple[kind](note)
    if kind == "decimal":
        return decimals(field, note)
    if kind == "time":
        return times(forms, note)
    if kind == "datetime":
        return datetimes(forms, note)
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
    """Text from the databases that keep decimals; from SQLite a number, spelled with the field's decimal places."""
    places: int | None = getattr(field, "decimal_places", None)

    def spell(value: Any) -> str:
        if type(value) is str:
            return value
        return f"{value:.{places or 0}f}"

    def is_exact(value: Any) -> bool:
        match value:
            case bool():
                return False
            case int():
                return True
            case float():
                return isfinite(value) and float(spell(value)) == value
            case str():
                return _is_decimal_text(value)
            case _:
                return False

    return _one_by_one(is_exact, spell, note)


def _is_decimal_text(value: str) -> bool:
    if not _DECIMAL.fullmatch(value):
        return False
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
# Django leaves a fraction of zero away and otherwise writes six digits; PostgreSQL trims zeros; MariaDB pads.
_DJANGO_FRACTION = r"(?:\.(?!000000)[0-9]{6})?"
_TRIMMED_FRACTION = r"(?:\.[0-9]{0,5}[1-9])?"


def dates(note: Note) -> Encode:
    return _spelled(_DATE, date.fromisoformat, None, note)


def times(forms: TextForms, note: Note) -> Encode:
    return _spelled(_CLOCK + forms.fraction, time.fromisoformat, None, note, prepare=forms.unpadded)


def datetimes(forms: TextForms, note: Note) -> Encode:
    if forms.zone not in (None, UTC) and not forms.zone_suffix:
        return _local_datetimes(forms, note)
    pattern = f"{_DATE} {_CLOCK}{forms.fraction}{re.escape(forms.zone_suffix)}"
    suffix = {"": "" if forms.zone is None else "Z", "+00": "+00:00"}[forms.zone_suffix]

    def respell(column: str) -> str:
        column = column.replace(" ", "T")
        if forms.zone_suffix:
            return column.replace(forms.zone_suffix, suffix)
        return column.replace("\n", f"{suffix}\n") + suffix

    return _spelled(pattern, datetime.fromisoformat, respell, note, prepare=forms.unpadded)


def _local_datetimes(forms: TextForms, note: Note) -> Encode:
    zone = forms.zone
    pattern = re.compile(f"{_DATE} {_CLOCK}{forms.fraction}")

    def spell(text: str) -> str:
        return datetime.fromisoformat(forms.unpadded(text)).replace(tzinfo=zone).isoformat()

    def is_exact(value: Any) -> bool:
        """Not for local times that a clock change leaves out: their moment has another local time."""
        if type(value) is not str or not pattern.fullmatch(forms.unpadded(value)):
            return False
        try:
            local = datetime.fromisoformat(value)
            moment = local.replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return False
        return moment.astimezone(zone).replace(tzinfo=None) == local

    return _one_by_one(is_exact, spell, note)


def uuids(note: Note) -> Encode:
    """32 digits without dashes, as SQLite and MySQL keep them, or with dashes, as native columns show them."""
    bare = re.compile(r"[0-9a-f]{32}")
    dashed = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

    def is_exact(value: Any) -> bool:
        return type(value) is str and bool(bare.fullmatch(value) or dashed.fullmatch(value))

    def spell(value: str) -> str:
        if len(value) == 36:
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

    return _one_by_one(is_exact, lambda value: duration_string(timedelta(microseconds=value)), note)


def addresses(note: Note) -> Encode:
    def is_exact(value: Any) -> bool:
        if type(value) is not str:
            return False
        if "/" in value:
            return False
        if ":" not in value:
            return True
        try:
            return clean_ipv6_address(value) == value
        except ValidationError:
            return False

    return _one_by_one(is_exact, lambda value: value, note)


def json_texts(note: Note) -> Encode:
    """JSON kept as text: embedded where Django would write the same text again, else the text in the wrapper."""
    known: dict[str, Any] = {}

    def encode_one(text: Any) -> Any:
        if text is None:
            return None
        if type(text) is not str:
            note()
            return wrapper.wrap(text)
        if text in known:
            return known[text]
        is_plain, value = parse_plain_json(text)
        if not is_plain:
            note()
            return wrapper.wrap_json(text)
        if len(text) <= _CACHED_JSON_LENGTH and len(known) < _CACHED_JSON_TEXTS:
            known[text] = value
        return value

    return lambda values: list(map(encode_one, values))


def parse_plain_json(text: str) -> tuple[bool, Any]:
    """(True, value) when the value has a plain fixture form that Django writes as `text` again."""
    try:
        value = json.loads(text)
        is_plain = json.dumps(value) == text
    except (ValueError, RecursionError):
        return False, None
    if value is None or (isinstance(value, dict) and wrapper.KEY in value) or not is_plain:
        return False, None
    return not _has_no_json_form(text), value


def _has_no_json_form(text: str) -> bool:
    """Python writes NaN and Infinity into JSON, and lone surrogates as escapes; neither belongs into our file."""
    return _UNSAFE_JSON.search(text) is not None


_UNSAFE_JSON = re.compile(r"NaN|Infinity|\\ud[89a-f]", re.IGNORECASE)


def naturals(keys: Mapping[Any, Any], inner: Encode) -> Encode:
    """References to left-out tables: the natural key where there is one, else as `inner` does it (it dangles)."""

    def encode(values: Sequence[Any]) -> Sequence[Any]:
        plain = inner(values)
        return [keys.get(raw, value) for raw, value in zip(values, plain, strict=True)]

    return encode


def by_django(field: Field[Any, Any], connection: Any, note: Note) -> Callable[[Iterable[tuple[Any, Any]]], list[Any]]:
    """The slow but right way: `field`'s own conversions. Takes pairs of driver value and raw value.

    A value that does not survive `value_to_string` and `to_python` is wrapped as raw.
    """
    expression = field.get_col(field.model._meta.db_table)
    converters = [*connection.ops.get_db_converters(expression), *expression.get_db_converters(connection)]

    def encode_one(driver_value: Any, raw: Any) -> Any:
        if driver_value is None:
            return None
        try:
            value = driver_value
            for convert in converters:
                value = convert(value, expression, connection)
            token = _fixture_value(field, value)
            if _is_json_safe(token) and _survives(field, token, value):
                return token
        except Exception:  # noqa: BLE001 (any error of a foreign field class means: keep the raw value)
            note()
            return wrapper.wrap(raw)
        note()
        return wrapper.wrap(raw)

    return lambda pairs: [encode_one(value, raw) for value, raw in pairs]


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


def _survives(field: Field[Any, Any], token: Any, value: Any) -> bool:
    returned = field.to_python(json.loads(json.dumps(token)))
    if token is None:
        return value is None
    return type(returned) is type(value) and bool(returned == value)


def _typed(types: set[type], is_exact: Callable[[Any], bool], note: Note) -> Encode:
    slow = _one_by_one(is_exact, lambda value: value, note)
    return lambda values: values if set(map(type, values)) <= types else slow(values)


def _one_by_one(is_exact: Callable[[Any], bool], spell: Callable[[Any], Any], note: Note) -> Encode:
    def encode_one(value: Any) -> Any:
        if value is None:
            return None
        if is_exact(value):
            return spell(value)
        note()
        return wrapper.wrap(value)

    return lambda values: list(map(encode_one, values))


def _spelled(
    pattern: str,
    parse: Callable[[str], Any],
    respell: Callable[[str], str] | None,
    note: Note,
    prepare: Callable[[str], str] = str,
) -> Encode:
    """Text of one form. `prepare` and `respell` change the spelling of a whole column, its values one a line."""
    one = re.compile(pattern)
    column_form = re.compile(f"(?:{pattern}\n)*")

    def spell(value: str) -> str:
        return respell(prepare(value)) if respell else prepare(value)

    def is_exact(value: Any) -> bool:
        if type(value) is not str or not one.fullmatch(prepare(value)):
            return False
        try:
            parse(value)
        except ValueError:
            return False
        return True

    slow = _one_by_one(is_exact, spell, note)

    def encode(values: Sequence[Any]) -> Sequence[Any]:
        present = [value for value in values if value is not None]
        if not present:
            return values
        try:
            column = prepare("\n".join(present))
            if not column_form.fullmatch(column + "\n"):
                return slow(values)
            deque(map(parse, present), maxlen=0)
        except (TypeError, ValueError):
            return slow(values)
        spelled = (respell(column) if respell else column).split("\n")
        if len(present) == len(values):
            return spelled
        following = iter(spelled)
        return [None if value is None else next(following) for value in values]

    return encode
