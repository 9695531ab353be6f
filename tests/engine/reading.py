"""What a backup file says must stand in the columns, read by the documented format alone.

Like the oracle it imports nothing of backups_app. A value of the file becomes the Cell that the oracle must have read
for it: `cell_of(token, field, kind, connection)`.
"""

import json
import re
import sqlite3
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Field, ForeignKey, GeneratedField, Model

from tests.engine.oracle import Cell

WRAPPER = "$raw"


def strict(text: str | bytes) -> Any:
    """Strict JSON: no NaN and no Infinity. Numbers with a point stay exact."""
    return json.loads(text, parse_constant=refuse, parse_float=Number)


def refuse(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON.")


class Number(float):
    """A float that remembers its digits."""

    def __new__(cls, digits: str) -> "Number":
        number = super().__new__(cls, digits)
        number.digits = digits
        return number

    digits: str


def is_wrapped(token: Any) -> bool:
    return isinstance(token, dict) and list(token) == [WRAPPER]


def tokens(record: dict[str, Any], model: type[Model]) -> Iterator[tuple[Field, Any]]:
    """Each column's field and its value; the columns of a composite key stand in it and among the fields."""
    key = model._meta.pk
    composite = list(getattr(model._meta, "pk_fields", None) or [key])
    if len(composite) > 1:
        parts = strict(record["pk"])
        assert len(parts) == len(composite)
        yield from zip(composite, parts, strict=True)
    else:
        yield key, record["pk"]
    for name, token in record["fields"].items():
        yield model._meta.get_field(name), token


def columns_of(model: type[Model]) -> list[Field]:
    """Every column of the model's own table that can be written."""
    return [field for field in model._meta.local_concrete_fields if not isinstance(field, GeneratedField)]


def final(field: Field) -> Field:
    """For a reference, the field that it refers to in the end."""
    while isinstance(field, ForeignKey):
        field = field.target_field
    return field


def cell_of(token: Any, field: Field, kind: str, connection: Any) -> Cell:
    """The Cell of a column of the type `kind` (the oracle's word) that `token` stands for; not for natural keys."""
    reader = {"sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mariadb}[connection.vendor]
    if token is None:
        return Cell("null" if connection.vendor == "sqlite" else kind, None)
    if is_wrapped(token):
        form, payload = token[WRAPPER]
        return _unwrapped(form, payload, kind, connection.vendor)
    return reader(token, final(field), kind, connection)


def same(written: Cell, read: Cell) -> bool:
    """Equal; binary floats and jsonb may be spelled differently and still be the same value to the last digit."""
    if written == read:
        return True
    if written.type != read.type or written.text is None or read.text is None:
        return False
    if read.type in ("double precision", "double"):
        return repr(float(written.text)) == repr(float(read.text))
    if read.type == "jsonb":
        return _exact(written.text) == _exact(read.text)
    return False


def _exact(text: str) -> Any:
    """Equal only when every digit is."""
    return json.loads(text, parse_float=lambda digits: ("float", Decimal(digits).as_tuple()))


def _unwrapped(form: str, payload: Any, kind: str, vendor: str) -> Cell:
    if vendor == "sqlite":
        match form:
            case "integer":
                return Cell("integer", repr(payload))
            case "real":
                return Cell("real", repr(float(payload)))
            case "text" | "json":
                return Cell("text", payload)
            case "blob":
                return Cell("blob", b64decode(payload).hex())
            case "invalid-text":
                return Cell("text", b64decode(payload).decode("utf-8", "surrogateescape"))
    match form:
        case "text" | "json":
            return Cell(kind, payload)
        case "integer":
            return Cell(kind, str(payload))
    raise AssertionError(f"A {form} on {vendor} is not documented.")


# --- The plain forms, as Django's documentation of fixtures and of each field has them ----------------------------


def _is_of_django(field: Field) -> bool:
    return type(field).__module__.startswith("django.db.models.")


def _moment(token: str) -> datetime:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6}|\.\d{1,6})?(Z|\+00:00)", token), token
    return datetime.fromisoformat(token).astimezone(UTC)


def _microseconds(token: str) -> int:
    found = re.fullmatch(r"(?:(-?\d+) )?(\d\d):(\d\d):(\d\d)(?:\.(\d{6}))?", token)
    assert found, token
    days, hours, minutes, seconds, fraction = (int(part or 0) for part in found.groups())
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction


def _sqlite(token: Any, field: Field, kind: str, connection: Any) -> Cell:
    return _through_a_column(_sqlite_value(token, field, connection), str(field.db_type(connection)))


def _sqlite_value(token: Any, field: Field, connection: Any) -> Any:
    if not _is_of_django(field):
        return field.get_db_prep_save(field.to_python(token), connection)
    match field.get_internal_type():
        case "BooleanField":
            assert type(token) is bool
            return int(token)
        case "FloatField":
            assert type(token) is Number
            return float(token)
        case "DecimalField":
            return format(Decimal(token), "f")
        case "DateTimeField":
            return _moment(token).replace(tzinfo=None).isoformat(" ")
        case "DurationField":
            return _microseconds(token)
        case "UUIDField":
            assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", token)
            return token.replace("-", "")
        case "BinaryField":
            return b64decode(token, validate=True)
        case "JSONField":
            return json.dumps(token)
        case name if name.endswith("IntegerField") or name.endswith("AutoField") or name == "OrderWrt":
            assert type(token) is int
            return token
        case _:
            assert type(token) is str
            return token


_memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
_made: set[str] = set()


def stored(value: Any, declared: str) -> Any:
    """What SQLite makes of a value in a column of that type: text with a number in a decimal column is a number."""
    if declared not in _made:
        _memory.execute(f'CREATE TABLE "of {declared}" (c {declared})')
        _made.add(declared)
    _memory.execute(f'INSERT INTO "of {declared}" VALUES (?)', (value,))
    try:
        return _memory.execute(f'SELECT c FROM "of {declared}"').fetchone()[0]
    finally:
        _memory.execute(f'DELETE FROM "of {declared}"')


def _through_a_column(value: Any, declared: str) -> Cell:
    match stored(value, declared):
        case str() as text:
            return Cell("text", text)
        case bytes() as blob:
            return Cell("blob", blob.hex())
        case int() as number:
            return Cell("integer", repr(number))
        case number:
            return Cell("real", repr(number))


def _postgresql(token: Any, field: Field, kind: str, connection: Any) -> Cell:
    if not _is_of_django(field):
        return Cell(kind, _as_the_server_writes(token, field, kind, connection))
    match field.get_internal_type():
        case "BooleanField":
            assert type(token) is bool
            return Cell(kind, str(token).lower())
        case "FloatField":
            assert type(token) in (Number, int)
            return Cell(kind, repr(float(token)))
        case "DateTimeField":
            moment = _moment(token)
            fraction = f"{moment:.%f}".rstrip("0").rstrip(".")
            return Cell(kind, f"{moment.replace(tzinfo=None, microsecond=0).isoformat(' ')}{fraction}+00")
        case "BinaryField":
            return Cell(kind, b64decode(token, validate=True).hex())
        case "GenericIPAddressField":
            return Cell(kind, token + ("/128" if ":" in token else "/32"))
        case "JSONField":
            return Cell(kind, _json_text(token))
        case name if name.endswith("IntegerField") or name.endswith("AutoField") or name == "OrderWrt":
            assert type(token) is int
            return Cell(kind, str(token))
        case _:
            assert type(token) is str
            return Cell(kind, token)


def _as_the_server_writes(token: Any, field: Field, kind: str, connection: Any) -> str:
    """For what only Django knows: its own way into a column of the type `kind`, and what the server shows of it."""
    value = field.get_db_prep_save(field.to_python(token), connection)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'UTC'")
        cursor.execute(f"SELECT %s::{kind}::text", [value])
        return cursor.fetchone()[0]


def _json_text(token: Any) -> str:
    """JSON text with every digit that the file has."""
    match token:
        case Number():
            return token.digits
        case dict():
            return "{" + ",".join(f"{json.dumps(key)}:{_json_text(value)}" for key, value in token.items()) + "}"
        case list():
            return "[" + ",".join(map(_json_text, token)) + "]"
        case _:
            return json.dumps(token)


def _mariadb(token: Any, field: Field, kind: str, connection: Any) -> Cell:
    if not _is_of_django(field):
        return Cell(kind, str(field.get_db_prep_save(field.to_python(token), connection)))
    match field.get_internal_type():
        case "BooleanField":
            assert type(token) is bool
            return Cell(kind, str(int(token)))
        case "FloatField":
            assert type(token) is Number
            return Cell(kind, token.digits)
        case "DecimalField":
            return Cell(kind, format(Decimal(token), f".{field.decimal_places}f"))
        case "DateTimeField":
            return Cell(kind, _moment(token).replace(tzinfo=None).isoformat(" ", "microseconds"))
        case "TimeField":
            return Cell(kind, token if "." in token else f"{token}.000000")
        case "DurationField":
            return Cell(kind, str(_microseconds(token)))
        case "BinaryField":
            return Cell(kind, b64decode(token, validate=True).hex())
        case "JSONField":
            return Cell(kind, json.dumps(token))
        case name if name.endswith("IntegerField") or name.endswith("AutoField") or name == "OrderWrt":
            assert type(token) is int
            return Cell(kind, str(token))
        case _:
            assert type(token) is str
            return Cell(kind, token)
