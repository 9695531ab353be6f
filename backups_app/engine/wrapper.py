"""The one wrapper for values that have no plain fixture form.

A field whose value plain `loaddata` could not read, or would change, is written as `{"$raw": [form, payload]}`:

    integer, real    a number of another type than the column's; payload a JSON number, or "Infinity", "-Infinity"
    text             the database's own text of the value; payload that text
    blob             bytes; payload base64
    invalid-text     text that is not valid UTF-8; payload base64 of its bytes
    json             the text of a JSON column that Django would write otherwise; payload that text

A JSON value that itself has the key `$raw` on top is wrapped too, so the wrapper can't be mistaken.
"""

from base64 import b64encode
from math import isfinite
from typing import Any

KEY = "$raw"

# `json.dumps` and the databases put no space here, and a quote inside of a string is escaped:
# these bytes in a line are a wrapper, or a JSON value that nests the same key.
MARK = b'{"$raw":['


class InvalidText(bytes):
    """The bytes of a text that is not valid UTF-8."""


def wrap(value: object) -> dict[str, list[Any]]:
    """`value` as the database gave it: int, float, str, bytes or InvalidText, never None."""
    match value:
        case InvalidText():
            return {KEY: ["invalid-text", b64encode(value).decode()]}
        case bytes() | bytearray() | memoryview():
            return {KEY: ["blob", b64encode(value).decode()]}
        case bool() | int() if -(2**63) <= value < 2**63:
            return {KEY: ["integer", int(value)]}
        case float():
            return {KEY: ["real", value if isfinite(value) else "Infinity" if value > 0 else "-Infinity"]}
        case _:
            return {KEY: ["text", str(value)]}


def wrap_json(text: str) -> dict[str, list[Any]]:
    return {KEY: ["json", text]}


def is_wrapped(value: object) -> bool:
    return isinstance(value, dict) and len(value) == 1 and KEY in value
