"""Values that more than one cage needs."""

import datetime

UTC = datetime.UTC

TEXTS = [
    "",
    " ",
    " spaces around ",
    "ordinary",
    "Ünïcödé, ľúbezný, Ωμέγα, Ж, 日本語, हिन्दी, עברית, العربية",
    "e\u0301 is not \u00e9",
    "🦓 outside the basic plane 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "tab\tnewline\nreturn\rboth\r\nform\fbell\x07escape\x1bdelete\x7f",
    "\x01\x1f\x80\x9f\u00a0\u00ad",
    "line\u2028paragraph\u2029next\u0085",
    "\ufeffa BOM, \u200bnothing, \u202eturned\u202c",
    "\ufffd \ufffe \uffff \U0010ffff",
    "\"double\" 'single' `back` \\ \\n \\u0041 \\N / </script><!-- ]]>",
    "null",
    "NULL",
    "None",
    "true",
    "0",
    "1e5",
    "NaN",
    "{}",
    "[]",
    '{"model": "zoo.texts", "pk": 1, "fields": {}}',
    "},\n{",
    "%s %(name)s {0} ${x} ; DROP TABLE zoo_texts; --",
    "x" * 200,
]

JSONS = [
    {},
    [],
    "",
    0,
    -0.0,
    False,
    True,
    {"ordinary": [1, 2.5, "three", None, True, {"nested": []}]},
    {"": {"": ""}},
    {"é": "e\u0301", "🦓": "\u2028", 'quote"d': "\\"},
    list(range(100)),
    "null",
    12345678901234567890123456789,
    1e-7,
    [[[[[[[[[["deep"]]]]]]]]]],
]

MOMENTS = [
    datetime.datetime(2026, 11, 23, 12, 30, 15, 123456, tzinfo=UTC),
    datetime.datetime(2026, 11, 23, 12, 30, 15, 123457, tzinfo=UTC),
    datetime.datetime(2026, 11, 23, 12, 30, 15, tzinfo=UTC),
    datetime.datetime(1970, 1, 1, tzinfo=UTC),
    datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime.datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # 02:30 in Europe, twice
    datetime.datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime.datetime(1, 1, 2, 0, 0, 0, 1, tzinfo=UTC),
    datetime.datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
    datetime.datetime(1582, 10, 10, tzinfo=UTC),
]

REALS = [
    0.0,
    -0.0,
    1.5,
    0.1,
    1 / 3,
    -1e22,
    1e23,
    123456789.123456789,
    1.7976931348623157e308,
    2.2250738585072014e-308,
    9007199254740993.0,
    5e-324,
]

IPS = ["127.0.0.1", "255.255.255.255", "::1", "2001:db8::1", "fe80::1", "::ffff:10.0.0.1"]

ORDINARY_NUMBERS = {
    "small": 1,
    "integer": 1,
    "big": 1,
    "positive_small": 1,
    "positive": 1,
    "positive_big": 1,
    "real": 1.5,
}
ORDINARY_TEXTS = {"char": "", "text": "", "slug": "", "email": "", "url": "", "file_path": "", "file": ""}
ORDINARY_TIMES = {"date": "2026-11-23", "moment": "2026-11-23 12:00:00", "time": "12:00:00"}
ORDINARY_DECIMALS = {"price": "1.00", "whole": "1", "fraction": "0.1", "widest": "1"}
ORDINARY_JSON = {"value": "{}", "tagged": "{}"}
# JSON text that a parser into Python's numbers and dicts, and back, would change.
EXACT_JSONS = [
    "1.10",
    "1E400",
    "-0",
    "-0.0",
    "123456789012345678901234567890.123456789012345678901234567890",
    "[18446744073709551616, 0.1000000000000000055511151231257827, 100]",
    '{"b": 1, "a": 2, "": 1.0}',
]
