"""A value of every field class that all databases hold."""

import datetime
import uuid
from decimal import Decimal

from django.db import connections, models

from tests.zoo import models as zoo
from tests.zoo.samples.literals import (
    IPS,
    JSONS,
    MOMENTS,
    REALS,
    TEXTS,
)
from tests.zoo.samples.writing import concern, create, insert, nasty


@concern
def numbers(alias: str) -> None:
    """The least, the greatest, zero, NULL; floats to the last bit."""
    ranges = connections[alias].ops.integer_field_range
    names = {
        "small": "SmallIntegerField",
        "integer": "IntegerField",
        "big": "BigIntegerField",
        "positive_small": "PositiveSmallIntegerField",
        "positive": "PositiveIntegerField",
        "positive_big": "PositiveBigIntegerField",
    }
    # SQLite has one range for all.
    lowest = {name: ranges(kind)[0] for name, kind in names.items()}
    highest = {name: ranges(kind)[1] for name, kind in names.items()}
    lowest = {name: -(2**63) if value is None else value for name, value in lowest.items()}
    highest = {name: 2**63 - 1 if value is None else value for name, value in highest.items()}
    for values in (lowest, highest, dict.fromkeys(names, 0), dict.fromkeys(names, 1)):
        doubled = {**values, **{f"{name}_null": value for name, value in values.items()}}
        insert(alias, zoo.Numbers, {**doubled, "real": 0.5, "real_null": 0.5})
    ordinary = {**dict.fromkeys(names, 7)}
    # As text: -0.0 without quotes is an exact number to SQL, which has no negative zero. MariaDB has none at all.
    nasty(alias, zoo.Numbers, ordinary, ({"real": repr(real), "real_null": repr(real)} for real in REALS))
    nasty(alias, zoo.Numbers, ordinary, [{"real": 2.0}])


@concern
def flags(alias: str) -> None:
    create(alias, *(zoo.Flags(flag=a, flag_null=b) for a in (True, False) for b in (True, False, None)))


@concern
def decimals(alias: str) -> None:
    """All digits that a column has; trailing zeros where the database keeps them."""
    widest = Decimal("12345678901234567890123456789012345.123456789012345678901234567891")
    tiny = Decimal("0.000000000000000000000000000001")
    rows = [
        ("0", "0", "0", "0", None, None),
        ("0.01", "1", "0.5", "0.1", "0.01", "0.1"),
        ("1.10", "100", "0.10", "1.10", "1.10", "1.10"),
        ("9999999999.99", "99999999999999999999", "0." + "9" * 30, "9" * 35 + "." + "9" * 30, "-0.01", "-1.5"),
        ("-9999999999.99", "-99999999999999999999", "-0." + "9" * 30, "-" + "9" * 35, None, str(widest)),
        ("12345678.90", "12345678901234567890", str(tiny), str(tiny), "5.00", str(-tiny)),
    ]
    names = ("price", "whole", "fraction", "widest", "price_null", "widest_null")
    insert(alias, zoo.Decimals, *(dict(zip(names, row, strict=True)) for row in rows))


@concern
def texts(alias: str) -> None:
    """Every text in every column that is wide enough; file names and addresses; a long one."""
    for text in TEXTS:
        both = {"char": text, "text": text, "slug": text[:100], "email": text, "url": text, "file_path": text}
        both["file"] = text[:100]
        insert(alias, zoo.Texts, {**both, **{f"{name}_null": value for name, value in both.items()}})
    ordinary = {
        "char": "Zebra",
        "text": "Equus quagga",
        "slug": "zebra",
        "email": "zebra@example.com",
        "url": "https://example.com/?a=1&b=ü#z",
        "file_path": "/srv/zebra.txt",
        "file": "zoo/2026/zebra stripes (1).png",
    }
    nasty(alias, zoo.Texts, ordinary, [{}, {"text": "ß" * 300_000 + "\n"}])


@concern
def times(alias: str) -> None:
    """The calendar's ends, microseconds, leap days; durations of both signs and more days than a date has."""
    dates = [datetime.date(2026, 11, 23), datetime.date(2024, 2, 29), datetime.date(1, 1, 1)]
    dates += [datetime.date(9999, 12, 31), datetime.date(1970, 1, 1)]
    clock = [datetime.time(0), datetime.time(23, 59, 59, 999999), datetime.time(12, 0, 0, 1), datetime.time(2, 30)]
    spans = [datetime.timedelta(), datetime.timedelta(microseconds=1), datetime.timedelta(microseconds=-1)]
    spans += [datetime.timedelta(days=1, hours=25), datetime.timedelta(days=-100_000, seconds=3)]
    spans += [datetime.timedelta(days=100_000_000, microseconds=999_999)]
    for place, moment in enumerate(MOMENTS):
        date, time, span = dates[place % len(dates)], clock[place % len(clock)], spans[place % len(spans)]
        values = {"date": date, "moment": moment, "time": time, "duration": span}
        create(alias, zoo.Times(**values, **({f"{name}_null": v for name, v in values.items()} if place % 2 else {})))


@concern
def identities(alias: str) -> None:
    """UUIDs, addresses of both versions, bytes of every value."""
    ids = [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID("12345678-1234-5678-9abc-def012345678")]
    blobs = [b"", b"\0", bytes(range(256)), b"\\x41 'quoted' \xff\xfe", "é".encode("latin-1")]
    for place, ip in enumerate(IPS):
        values = {
            "uuid": ids[place % len(ids)],
            "ip": ip,
            "ip4": f"10.0.0.{place}",
            "binary": blobs[place % len(blobs)],
        }
        nulls = {f"{name}_null": value for name, value in values.items()} if place % 2 else {}
        create(alias, zoo.Identities(**values, **nulls))


@concern
def json(alias: str) -> None:
    """Every kind of JSON; JSON null beside SQL NULL; a field with its own encoder."""
    for value in JSONS:
        create(alias, zoo.Json(value=value, value_null=value, tagged=value, tagged_null=value))
    tagged = {"set": {1, 2, 3}, "price": Decimal("1.10"), "list": [set(), Decimal("1E+400")]}
    json_null = models.Value(None, models.JSONField())
    create(
        alias,
        zoo.Json(value="SQL NULL beside", value_null=None, tagged=tagged, tagged_null=None),
        zoo.Json(value=json_null, value_null=json_null, tagged=tagged, tagged_null=json_null),
    )


@concern
def generated(alias: str) -> None:
    features = connections[alias].features
    if features.supports_stored_generated_columns:
        create(
            alias, *(zoo.GeneratedStored(width=w, height=h, name=f"Box {w}") for w, h in ((2, 3), (-1, 0), (5, None)))
        )
    if features.supports_virtual_generated_columns:
        create(alias, *(zoo.GeneratedVirtual(width=w, height=h, after=9) for w, h in ((2, 3), (-1, 0), (5, None))))
