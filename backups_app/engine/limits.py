"""What a column can hold, for values that come from another kind of database."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, Field

_INTEGERS_OF_SQLITE = 2**63
_WHOLE_FLOATS = 2**53


def has_place(wrapped: Any, kind: str, vendor: str) -> bool:
    """Whether a wrapped value, [form, payload], means something to another kind of database."""
    match wrapped:
        case ["json", str() as text]:
            return kind == "json" and _is_json(text)
        case ["integer", int() as number]:
            return kind == "integer" or (kind == "boolean" and (vendor != "postgresql" or number in (0, 1)))
        case ["text", str()]:
            return kind == "text"
        case _:
            return False


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(name: str) -> Any:
    raise ValueError(name)


def checker(kind: str, field: Field[Any, Any], connection: Any) -> Callable[[Any], str] | None:
    """What says why a decoded value does not fit into `field`'s column; "" when it does."""
    match kind:
        case "text":
            return _texts(field, connection)
        case "integer":
            return _integers(field, connection)
        case "decimal" if isinstance(field, DecimalField):
            return _decimals_of_sqlite(field) if connection.vendor == "sqlite" else _decimals(field)
        case "json" if connection.vendor == "postgresql":
            return lambda value: "PostgreSQL takes no NUL in text" if "\\u0000" in str(value) else ""
        case _:
            return None


def _texts(field: Field[Any, Any], connection: Any) -> Callable[[Any], str]:
    longest = None if connection.vendor == "sqlite" else field.max_length

    def holds(value: Any) -> str:
        if longest is not None and len(value) > longest:
            return f"it has {len(value):,} characters, and the column takes {longest:,}"
        if connection.vendor == "postgresql" and "\0" in value:
            return "PostgreSQL takes no NUL in text"
        return ""

    return holds


def _integers(field: Field[Any, Any], connection: Any) -> Callable[[Any], str]:
    low, high = connection.ops.integer_field_range(field.get_internal_type())
    low = -_INTEGERS_OF_SQLITE if low is None else low
    high = _INTEGERS_OF_SQLITE - 1 if high is None else high
    return lambda value: "" if low <= value <= high else f"the column takes {low} to {high}"


def _decimals(field: DecimalField[Any, Any]) -> Callable[[Any], str]:
    places, digits = field.decimal_places or 0, field.max_digits or 0

    def holds(value: Any) -> str:
        whole, _, fraction = str(value).lstrip("-").partition(".")
        if len(fraction.rstrip("0")) > places or len(whole.lstrip("0")) > digits - places:
            return f"the column takes {digits} digits, {places} of them after the point"
        return ""

    return holds


def _decimals_of_sqlite(field: DecimalField[Any, Any]) -> Callable[[Any], str]:
    """SQLite keeps decimals as numbers of 64 bit; a dump shows those with all places of the field."""
    places = field.decimal_places or 0

    def holds(value: Any) -> str:
        number = Decimal(str(value))
        if number == number.to_integral_value() and abs(number) <= _WHOLE_FLOATS:
            return ""
        if "." not in str(value) and abs(number) < _INTEGERS_OF_SQLITE:
            return ""
        kept = float(number)
        is_kept = number in (Decimal(repr(kept)), Decimal(f"{kept:.{places}f}"))
        return "" if is_kept else "SQLite would round it"

    return holds
