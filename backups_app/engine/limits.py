"""What a column can hold, for values that come from another kind of database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from ipaddress import ip_interface
from math import isfinite
from typing import Any

from django.db.models import DecimalField, Field

from backups_app.engine import codecs

# Why a value does not fit; "" when it does.
Holds = Callable[[Any], str]

_INTEGERS_OF_SQLITE = 2**63
_WHOLE_FLOATS = 2**53
_TINY_INTEGERS = range(-128, 128)
_ADDRESS_LENGTH = 39
# Deeper JSON is none to MariaDB.
_JSON_DEPTH_OF_MYSQL = 31
_NUL_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_MIDNIGHT = re.compile(r"24:00:00(\.0+)?")
# Of numbers in jsonb: digits before and after the point.
_WHOLE_DIGITS, _PLACES = 131_072, 16_383
_NO_SUCH_VALUE = "only the kind of database that it comes from has such a value"


def placed(wrapped: Any, kind: str, field: Field[Any, Any], connection: Any) -> Any:
    """The raw value here of a wrapped one, [form, payload], of another kind of database. Raises ValueError."""
    server = connection.vendor == "postgresql"
    match wrapped:
        case ["json", str() as text] if kind == "json":
            _parse(text, is_jsonb=server)
            return text
        case ["integer", int() as number] if kind == "integer" or (kind == "duration" and not server):
            return number
        case ["integer", int() as number] if kind == "decimal":
            return str(number)
        case ["integer", int() as number] if kind == "boolean":
            return bool(number) if number in (0, 1) else _flag(number, connection.vendor)
        case ["text" | "real", ("Infinity" | "-Infinity" | "NaN" | "-0" | int() | float()) as number] if (
            kind == "float"
        ):
            return float(number)
        case ["text", str() as text] if kind == "time" and _MIDNIGHT.fullmatch(text):
            return "24:00:00"
        case ["text", str() as text] if _is_text_here(text, kind, field, connection):
            return text
        case _:
            raise ValueError(_NO_SUCH_VALUE)


def _flag(number: int, vendor: str) -> int:
    if vendor == "postgresql" or (vendor == "mysql" and number not in _TINY_INTEGERS):
        raise ValueError(f"the column does not take {number}")
    return number


def _is_text_here(text: str, kind: str, field: Field[Any, Any], connection: Any) -> bool:
    match kind:
        case "text":
            return True
        case "ip":
            return connection.vendor != "postgresql" or _is_network(text)
        case "fallback":
            return _type_of(field, connection).startswith(("varchar", "char", "text", "longtext"))
        case _:
            return False


def _type_of(field: Field[Any, Any], connection: Any) -> str:
    return str(field.db_type(connection)).lower()


def _is_network(text: str) -> bool:
    """Whether PostgreSQL gives `text` back as it is: an address, and a mask unless it is of full length."""
    try:
        network = ip_interface(text)
    except ValueError:
        return False
    is_one = network.network.prefixlen == network.max_prefixlen
    return text in ((str(network.ip),) if is_one else (network.with_prefixlen,))


def checker(kind: str, field: Field[Any, Any], connection: Any) -> Holds | None:
    """What says why a decoded value does not fit into `field`'s column."""
    vendor = connection.vendor
    match kind:
        case "text" | "fallback":
            return _texts(field, connection)
        case "integer":
            return _integers(field, connection)
        case "decimal" if isinstance(field, DecimalField):
            return _decimals_of_sqlite if vendor == "sqlite" else _decimals(field)
        case "float" if vendor != "postgresql":
            return _floats_of_mysql if vendor == "mysql" else _floats_of_sqlite
        case "ip":
            return _networks if vendor == "postgresql" else _addresses
        case "uuid" if vendor == "mysql" and connection.features.has_native_uuid_field:
            return _uuids_of_mariadb
        case "json" if vendor != "sqlite":
            return _jsons_of_postgresql if vendor == "postgresql" else _jsons_of_mysql
        case _:
            return None


def _texts(field: Field[Any, Any], connection: Any) -> Holds:
    is_bounded = connection.vendor != "sqlite" and "char" in _type_of(field, connection)
    longest = field.max_length if is_bounded else None

    def holds(value: Any) -> str:
        if type(value) is not str:
            return ""
        if longest is not None and len(value) > longest:
            return f"it has {len(value):,} characters, and the column takes {longest:,}"
        if connection.vendor == "postgresql" and "\0" in value:
            return "PostgreSQL takes no NUL in text"
        return ""

    return holds


def _integers(field: Field[Any, Any], connection: Any) -> Holds:
    low, high = connection.ops.integer_field_range(field.get_internal_type())
    low = -_INTEGERS_OF_SQLITE if low is None else low
    high = _INTEGERS_OF_SQLITE - 1 if high is None else high
    return lambda value: "" if low <= value <= high else f"the column takes {low} to {high}"


def _floats_of_mysql(value: float) -> str:
    return _floats_of_sqlite(value) if isfinite(value) else "the column takes neither NaN nor Infinity"


def _floats_of_sqlite(value: float) -> str:
    if value != value:
        return "SQLite would make NULL of NaN"
    return "the column has no negative zero" if repr(value) == "-0.0" else ""


def _decimals(field: DecimalField[Any, Any]) -> Holds:
    places, digits = field.decimal_places or 0, field.max_digits or 0

    def holds(value: Any) -> str:
        whole, _, fraction = str(value).lstrip("-").partition(".")
        if len(fraction.rstrip("0")) > places or len(whole.lstrip("0")) > digits - places:
            return f"the column takes {digits} digits, {places} of them after the point"
        return ""

    return holds


def _decimals_of_sqlite(value: Any) -> str:
    """SQLite keeps decimals as numbers of 64 bit; a dump spells those with the fewest digits that mean them."""
    number = Decimal(str(value))
    if number == number.to_integral_value() and abs(number) <= _WHOLE_FLOATS:
        return ""
    if "." not in str(value) and abs(number) < _INTEGERS_OF_SQLITE:
        return ""
    return "" if number == Decimal(repr(float(number))) else "SQLite would round it"


def _addresses(value: Any) -> str:
    return "" if len(value) <= _ADDRESS_LENGTH else f"the column takes {_ADDRESS_LENGTH} characters"


def _networks(value: Any) -> str:
    return "" if _is_network(str(value)) else "PostgreSQL takes addresses only, and spells them its own way"


def _uuids_of_mariadb(value: str) -> str:
    """MariaDB keeps parts of a UUID in another order, told apart by bits that are free in real UUIDs."""
    raw = bytes.fromhex(value.replace("-", ""))
    return "MariaDB takes no UUID of this version and variant" if raw[6] >= 0x80 and 0 < raw[8] <= 0x80 else ""


def _jsons_of_postgresql(text: Any) -> str:
    if "\\u0000" in text and _NUL_ESCAPE.search(text):
        return "PostgreSQL takes no NUL in text"
    return _half_a_pair(text)


def _jsons_of_mysql(text: Any) -> str:
    if text.count("[") + text.count("{") > _JSON_DEPTH_OF_MYSQL and codecs.depth(text) > _JSON_DEPTH_OF_MYSQL:
        return f"the column takes JSON of {_JSON_DEPTH_OF_MYSQL} levels"
    return _half_a_pair(text)


def _half_a_pair(text: str) -> str:
    if "\\ud" in text.lower():
        try:
            json.dumps(json.loads(text), ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return "the column takes no half of a pair of surrogates"
    return ""


def _parse(text: str, *, is_jsonb: bool) -> None:
    """Raises ValueError for what is no JSON, or would be another one in jsonb."""
    try:
        if is_jsonb:
            numbers = _number_of_jsonb
            json.loads(text, object_pairs_hook=_without_doubles, parse_float=numbers, parse_int=numbers)
        json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("PostgreSQL keeps only the last of a name that is there twice")


def _number_of_jsonb(digits: str) -> None:
    if len(digits) > _PLACES or "e" in digits.lower():
        number = Decimal(digits)
        if number.adjusted() >= _WHOLE_DIGITS or -int(number.as_tuple().exponent) > _PLACES:
            raise ValueError("PostgreSQL has no number of so many digits")


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
