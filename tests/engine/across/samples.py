"""Values by kind of field, as each kind of database holds them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Model

from tests.zoo import models as zoo
from tests.zoo.samples import literals
from tests.zoo.samples.writing import Sql

ALL = ("sqlite", "postgresql", "mysql")
IDENTITIES = {"uuid": "12345678-1234-4678-9abc-def012345678", "ip": "::1", "ip4": "10.0.0.1", "binary": b""}
TIMES = {**literals.ORDINARY_TIMES, "duration": 1}


class Cage(NamedTuple):
    """A model of the zoo with what its other columns hold meanwhile."""

    model: type[Model]
    ordinary: Mapping[str, Any]


NUMBERS = Cage(zoo.Numbers, literals.ORDINARY_NUMBERS)
FLAGS = Cage(zoo.Flags, {"flag": True})
DECIMALS = Cage(zoo.Decimals, literals.ORDINARY_DECIMALS)
TEXTS = Cage(zoo.Texts, literals.ORDINARY_TEXTS)
CLOCK = Cage(zoo.Times, TIMES)
NAMES = Cage(zoo.Identities, IDENTITIES)
JSON = Cage(zoo.Json, literals.ORDINARY_JSON)
CUSTOM = Cage(zoo.CustomUnsound, {"words": "a", "normalised": "a"})


class Sample(NamedTuple):
    """`given` by vendor; a vendor that is not in it can't hold the value."""

    field: str
    value: str
    cage: Cage
    name: str
    given: Mapping[str, Any]

    @property
    def label(self) -> str:
        return self.cage.model._meta.label_lower


def _in(vendors: str, value: Any) -> dict[str, Any]:
    return dict.fromkeys(ALL if vendors == "all" else vendors.split(), value)


def _samples(field: str, cage: Cage, name: str, *values: tuple[str, dict[str, Any]]) -> list[Sample]:
    return [Sample(field, words, cage, name, given) for words, given in values]


SAMPLES = [
    *_samples(
        "SmallIntegerField",
        NUMBERS,
        "small",
        ("-32,768", _in("all", -32768)),
        ("40,000", _in("sqlite", 40000)),
    ),
    *_samples("PositiveIntegerField", NUMBERS, "positive", ("4,294,967,295", _in("sqlite mysql", 2**32 - 1))),
    *_samples(
        "BigIntegerField",
        NUMBERS,
        "big",
        ("the least, -2^63", _in("all", -(2**63))),
        ("text", _in("sqlite", "twelve")),
        ("1.5", _in("sqlite", 1.5)),
    ),
    *_samples("PositiveBigIntegerField", NUMBERS, "positive_big", ("2^64 - 1", _in("mysql", 2**64 - 1))),
    *_samples(
        "FloatField",
        NUMBERS,
        "real",
        ("0.1", _in("all", "0.1")),
        ("5e-324, the least", _in("all", "5e-324")),
        ("1.7976931348623157e308, the greatest", _in("all", "1.7976931348623157e308")),
        ("-0.0", _in("postgresql", "-0.0")),
        ("Infinity", {"sqlite": Sql("9e999"), "postgresql": "Infinity"}),
        ("-Infinity", {"sqlite": Sql("-9e999"), "postgresql": "-Infinity"}),
        ("NaN", _in("postgresql", "NaN")),
        ("text", _in("sqlite", "a real")),
    ),
    *_samples(
        "BooleanField",
        FLAGS,
        "flag",
        ("true", _in("all", True)),
        ("2", _in("sqlite mysql", 2)),
        ("1,000", _in("sqlite", 1000)),
        ("text", _in("sqlite", "yes")),
    ),
    *_samples(
        "DecimalField",
        DECIMALS,
        "price",
        ("1.10", _in("all", "1.10")),
        ("NaN", _in("postgresql", "NaN")),
        ("1.111 with 2 places", _in("sqlite", 1.111)),
        ("more digits than max_digits", _in("sqlite", 123456789012345.0)),
        ("text", _in("sqlite", "a price")),
    ),
    *_samples(
        "DecimalField",
        DECIMALS,
        "widest",
        ("0.1 with 30 places", _in("all", "0.1")),
        ("0.30000000000000004", _in("all", "0.30000000000000004")),
        ("16 digits", _in("all", "1234567890.123456")),
        ("2^53 + 1", _in("all", str(2**53 + 1))),
        ("20 digits", _in("postgresql mysql", "12345678901234567890")),
        ("30 places", _in("postgresql mysql", "0." + "1234567890" * 3)),
        ("65 digits", _in("postgresql mysql", "9" * 35 + "." + "9" * 30)),
    ),
    *_samples(
        "CharField",
        TEXTS,
        "char",
        ("any Unicode", _in("all", "Ünï 🦓 \u2028 \\ ' \" \ufffe")),
        ("empty", _in("all", "")),
        ("spaces at the end", _in("all", "ab  ")),
        ("201 characters of 200", _in("sqlite", "x" * 201)),
    ),
    *_samples(
        "TextField",
        TEXTS,
        "text",
        ("control characters", _in("all", "\x01\x1f\x7f\t\r\n")),
        ("300,000 characters", _in("all", "ß" * 300_000)),
        ("NUL", {"sqlite": "a\0b", "mysql": "a\0b"}),
        ("not UTF-8", _in("sqlite", Sql("CAST(x'61ff62' AS TEXT)"))),
        ("bytes", _in("sqlite", Sql("x'00ff'"))),
    ),
    *_samples(
        "DateField",
        CLOCK,
        "date",
        ("0001-01-01", _in("all", "0001-01-01")),
        ("9999-12-31", _in("all", "9999-12-31")),
        ("10000-01-01", _in("sqlite postgresql", "10000-01-01")),
        ("44 BC", _in("postgresql", "0044-03-15 BC")),
        ("infinity", _in("postgresql", "infinity")),
        ("0000-00-00", _in("sqlite mysql", "0000-00-00")),
        ("2026-02-30", _in("sqlite mysql", "2026-02-30")),
    ),
    *_samples(
        "DateTimeField",
        CLOCK,
        "moment",
        (
            "to the microsecond",
            _in("sqlite mysql", "2026-11-23 12:30:15.123457") | {"postgresql": "2026-11-23 12:30:15.123457+00"},
        ),
        (
            "9999-12-31 23:59:59.999999",
            _in("sqlite mysql", "9999-12-31 23:59:59.999999") | {"postgresql": "9999-12-31 23:59:59.999999+00"},
        ),
        ("0001-01-01", _in("sqlite mysql", "0001-01-01 00:00:00") | {"postgresql": "0001-01-01 00:00:00+00"}),
        ("44 BC", _in("postgresql", "0044-03-15 12:00:00+00 BC")),
        ("infinity", _in("postgresql", "infinity")),
        ("0000-00-00", _in("mysql", "0000-00-00 00:00:00")),
        ("text", _in("sqlite", "now")),
    ),
    *_samples(
        "TimeField",
        CLOCK,
        "time",
        ("23:59:59.999999", _in("all", "23:59:59.999999")),
        ("24:00:00", _in("all", "24:00:00")),
        ("838:59:59.999999", _in("mysql", "838:59:59.999999")),
        ("-00:00:01", _in("mysql", "-00:00:01")),
    ),
    *_samples(
        "DurationField",
        CLOCK,
        "duration",
        (
            "-3 days and 7 microseconds",
            _in("sqlite mysql", -3 * 86_400_000_000 + 7) | {"postgresql": "-3 days 00:00:00.000007"},
        ),
        ("100,000,000 days", _in("sqlite mysql", 100_000_000 * 86_400_000_000) | {"postgresql": "100000000 days"}),
        ("2^63 - 1 microseconds", _in("sqlite mysql", 2**63 - 1)),
        ("1 month", _in("postgresql", "1 month")),
        ("720:00:00", _in("postgresql", "720:00:00")),
        ("text", _in("sqlite", "1 day")),
    ),
    *_samples(
        "UUIDField",
        NAMES,
        "uuid",
        ("version 4", _in("sqlite", "12345678123446789abcdef012345678") | _in("postgresql mysql", IDENTITIES["uuid"])),
        ("all zeros", _in("sqlite", "0" * 32) | _in("postgresql mysql", "00000000-0000-0000-0000-000000000000")),
        ("all ones", _in("sqlite", "f" * 32) | _in("postgresql mysql", "ffffffff-ffff-ffff-ffff-ffffffffffff")),
        (
            "of no version: 0000000c-9f2c-9cd0-4674-edea40000000",
            _in("sqlite", "0000000c9f2c9cd04674edea40000000")
            | _in("postgresql", "0000000c-9f2c-9cd0-4674-edea40000000"),
        ),
        ("text", _in("sqlite", "no uuid")),
    ),
    *_samples(
        "GenericIPAddressField",
        NAMES,
        "ip",
        ("10.0.0.1", _in("all", "10.0.0.1")),
        ("2001:db8::1", _in("all", "2001:db8::1")),
        ("10.1.2.3/8", _in("all", "10.1.2.3/8")),
        ("empty", _in("sqlite mysql", "")),
        ("999.1.1.1", _in("sqlite mysql", "999.1.1.1")),
    ),
    *_samples(
        "BinaryField",
        NAMES,
        "binary",
        ("every byte", _in("all", bytes(range(256)))),
        ("empty", _in("all", b"")),
        ("text", _in("sqlite", "text")),
    ),
    *_samples(
        "JSONField",
        JSON,
        "value",
        ("objects and lists", _in("all", '{"b": [1, 2.5, "é", null, true], "a": {}}')),
        ("null", _in("all", "null")),
        ("1.10", _in("all", "1.10")),
        ("2^70", _in("all", str(2**70))),
        ("a number of 30 digits", _in("all", "123456789012345678901234567890.123")),
        ("1E400", _in("all", "1E400")),
        ("one name twice", _in("sqlite mysql", '{"a": 1, "a": 2}')),
        ("NUL in a text", _in("sqlite mysql", '"a\\u0000b"')),
        ("half of a pair of surrogates", _in("sqlite", '"\\ud800"')),
        ("40 lists in one another", _in("sqlite postgresql", "[" * 40 + "]" * 40)),
        ("the key $raw on top", _in("all", '{"$raw": ["text", "x"]}')),
    ),
    *_samples(
        "a field class that Django can't read back",
        CUSTOM,
        "words",
        ("a,b", _in("all", "a,b")),
    ),
]
