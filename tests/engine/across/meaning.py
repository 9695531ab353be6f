"""What a cell means, whichever kind of database it was read from. Imports nothing of backups_app."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from tests.engine.oracle import Cell


def meaning(field: str, cell: Cell) -> Any:
    """As a value of Python; text where the value is none of the field's kind."""
    try:
        return _READERS[field](str(cell.text))
    except (ValueError, ArithmeticError, KeyError):
        return cell.text


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _float(text: str) -> str:
    """As text, which tells -0.0 from 0.0."""
    return repr(float(text))


def _span(text: str) -> timedelta:
    """Microseconds, or PostgreSQL's days and time of day."""
    if text.lstrip("-").isdigit():
        return timedelta(microseconds=int(text))
    days, _, clock = text.partition(" day")
    clock = clock.lstrip("s").strip() if _ else text
    sign = -1 if clock.startswith("-") else 1
    hours, minutes, seconds = (clock.lstrip("+-") or "0:0:0").split(":")
    of_day = timedelta(hours=int(hours), minutes=int(minutes), microseconds=int(Decimal(seconds) * 1_000_000))
    return timedelta(days=int(days) if _ else 0) + sign * of_day


def _json(text: str) -> Any:
    """Names in any order, but each as often as it stands there; numbers with every digit."""
    return json.loads(
        text, parse_float=Fraction, parse_int=Fraction, object_pairs_hook=lambda pairs: sorted(map(repr, pairs))
    )


_READERS: dict[str, Any] = {
    **dict.fromkeys(("SmallIntegerField", "PositiveIntegerField", "BigIntegerField", "PositiveBigIntegerField"), int),
    "FloatField": _float,
    "DecimalField": Decimal,
    "BooleanField": lambda text: {"true": 1, "false": 0}.get(text) if text in ("true", "false") else int(text),
    "DateField": date.fromisoformat,
    "DateTimeField": _moment,
    "TimeField": lambda text: time.fromisoformat(text) if text < "24" else text.removesuffix(".000000"),
    "DurationField": _span,
    "UUIDField": UUID,
    "GenericIPAddressField": lambda text: ip_address(text.removesuffix("/32").removesuffix("/128")),
    "BinaryField": bytes.fromhex,
    "JSONField": _json,
    "CharField": str,
    "TextField": str,
    "a field class that Django can't read back": str,
}
