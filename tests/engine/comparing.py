"""A backup's records against what an independent reader found in a database, value by value."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.db.models import Field, Model

from tests.engine import oracle, reading
from tests.engine.oracle import Cell

Records = Sequence[Mapping[str, Any]]
Row = dict[str, Cell]


def differences(alias: str, by_model: Mapping[str, Records], raw: Mapping[str, oracle.Table]) -> list[str]:
    """In words, empty when there is none. `by_model`: label -> all records that its table shall have."""
    found: list[str] = []
    for label, records in by_model.items():
        model = apps.get_model(label)
        table = raw[model._meta.db_table]
        written = [_row(record, model, table, alias, raw) for record in records]
        found += _differences_of(model, written, table.records())
    return found


def keys_of_file(alias: str, label: str, records: Records, raw: Mapping[str, oracle.Table]) -> list[tuple[Cell, ...]]:
    """The key of each record, in the order of the file."""
    model = apps.get_model(label)
    table = raw[model._meta.db_table]
    rows = [_row(record, model, table, alias, raw) for record in records]
    return [tuple(row[name] for name in key_columns(model)) for row in rows]


def key_columns(model: type[Model]) -> list[str]:
    return [str(field.column) for field in getattr(model._meta, "pk_fields", None) or [model._meta.pk]]


def _row(record: Any, model: type[Model], table: oracle.Table, alias: str, raw: Mapping[str, oracle.Table]) -> Row:
    row: Row = {}
    for field, token in reading.tokens(record, model):
        place = table.columns.index(str(field.column))
        kind = next((cells[place].type for cells in table.rows if cells[place].type != "null"), "null")
        try:
            cell = _natural(token, field, raw) or reading.cell_of(token, field, kind, connections[alias])
        except Exception as error:  # noqa: BLE001 (told with the others)
            cell = Cell(f"unreadable: {error!r}", str(token)[:200])
        assert row.setdefault(str(field.column), cell) == cell, "Parts of a key stand twice in the file, and differ."
    return row


def _natural(token: Any, field: Field, raw: Mapping[str, oracle.Table]) -> Cell | None:
    """The id for the natural key of a row that is not in the file."""
    if not isinstance(token, list) or field.remote_field is None:
        return None
    types = {(row["app_label"].text, row["model"].text): row["id"] for row in raw["django_content_type"].records()}
    if field.remote_field.model is ContentType:
        return types[tuple(token)]
    assert field.remote_field.model is Permission
    codename, *of_type = token
    (found,) = [
        row["id"]
        for row in raw["auth_permission"].records()
        if row["codename"].text == codename and row["content_type_id"] == types[tuple(of_type)]
    ]
    return found


def _differences_of(model: type[Model], written: list[Row], rows: list[Row]) -> list[str]:
    label = model._meta.label_lower
    columns = {str(field.column) for field in reading.columns_of(model)}
    keys = key_columns(model)
    found = [f"{label}: {len(written)} records of {len(rows)}"] if len(written) != len(rows) else []
    by_key = {tuple(row[name] for name in keys): row for row in rows}
    for record in written:
        key = tuple(record[name] for name in keys)
        if set(record) != columns:
            found.append(f"{label}: columns {sorted(set(record) ^ columns)}")
        if key not in by_key:
            found.append(f"{label}: {key} is not in the database")
            continue
        found += [
            f"{label} {key}: {name} is {str(by_key[key][name])[:300]}, the file has {str(cell)[:300]}"
            for name, cell in record.items()
            if not reading.same(cell, by_key[key][name])
        ]
    return found
