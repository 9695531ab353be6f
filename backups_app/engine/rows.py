"""From records to the columns that an INSERT takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
from django.core.exceptions import FieldDoesNotExist
from django.db.models import NOT_PROVIDED, Field
from django.utils import timezone

from backups_app.engine.decoders import Decode, Dialect, Resolve, decoder
from backups_app.engine.selection import Table

Records = Sequence[Mapping[str, Any]]

_KEY, _FIELDS = itemgetter("pk"), itemgetter("fields")


class BadValue(Exception):
    """One value that can't be written."""

    def __init__(self, *, label: str, key: Any, field: str, reason: str) -> None:
        super().__init__(f"{label} {_short(key)}: {field}: {reason}")
        self.where = f"{label} {_short(key)}"
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Columns of the same length, one for each of `fields`."""

    fields: tuple[Field[Any, Any], ...]
    columns: tuple[Sequence[Any], ...]


class TableRows:
    """Decodes the records of one table. A field that a record does not have gets what the model says for new rows."""

    def __init__(self, table: Table, dialect: Dialect, resolve: Resolve) -> None:
        self.table = table
        self._dialect = dialect
        self._resolve = resolve
        self._decoders: dict[str, Decode] = {}
        self.key = None if table.has_composite_key else table.key_fields[0]
        self._names = tuple(field.name for field in table.fields)
        self._getters = tuple(map(itemgetter, self._names))
        self._by_name = {field.name: field for field in table.fields}
        self._all = (*(() if self.key is None else (self.key,)), *table.fields)

    def blocks(self, records: Records) -> Iterator[Block]:
        """Raises BadValue."""
        given = list(map(_FIELDS, records))
        if set(map(len, given)) == {len(self._names)}:
            try:
                keys = [] if self.key is None else [list(map(_KEY, records))]
                raw = keys + [list(map(value, given)) for value in self._getters]
            except KeyError:
                raw = None
            if raw is not None:
                yield self._block(records, self._all, raw)
                return
        for names, group in groupby(records, key=self._shape):
            alike = list(group)
            yield self._block_of_some(alike, names)

    def unknown_names(self, records: Records) -> set[str]:
        """Names of fields in `records` that the table has no column for; many-to-many fields are known."""
        names = set().union(*set(map(tuple, map(_FIELDS, records)))) - set(self._names)
        return {name for name in names if not self._is_known(name)}

    def _is_known(self, name: str) -> bool:
        meta = self.table.model._meta
        try:
            field = meta.get_field(name)
        except FieldDoesNotExist:
            return False
        is_known = field in meta.local_many_to_many or field in self.table.key_fields
        return is_known or bool(getattr(field, "generated", False))

    def _shape(self, record: Mapping[str, Any]) -> tuple[bool, tuple[str, ...]]:
        return record.get("pk") is not None, tuple(name for name in self._names if name in record["fields"])

    def _block_of_some(self, records: Records, shape: tuple[bool, tuple[str, ...]]) -> Block:
        """Of records that lack the same fields."""
        has_key, names = shape
        fields = [self._by_name[name] for name in names]
        columns = [[record["fields"][name] for record in records] for name in names]
        if self.key is not None and has_key:
            fields.insert(0, self.key)
            columns.insert(0, list(map(_KEY, records)))
        block = self._block(records, tuple(fields), columns)
        missing = [field for field in self._all if field not in block.fields and field is not self.key]
        filled = [(field, self._defaults(field, records)) for field in missing if not _has_database_default(field)]
        return Block(
            fields=(*block.fields, *(field for field, _ in filled)),
            columns=(*block.columns, *(column for _, column in filled)),
        )

    def _defaults(self, field: Field[Any, Any], records: Records) -> list[Any]:
        if field.default is NOT_PROVIDED and not field.null and not field.empty_strings_allowed:
            if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
                now = field.to_python(timezone.now())
                return [field.get_db_prep_save(now, self._dialect.connection)] * len(records)
            key = records[0].get("pk")
            raise BadValue(label=self.table.label, key=key, field=field.name, reason="it is missing and has no default")
        return [field.get_db_prep_save(field.get_default(), self._dialect.connection) for _ in records]

    def _block(self, records: Records, fields: tuple[Field[Any, Any], ...], raw: list[list[Any]]) -> Block:
        columns = tuple(self._decoded(field, values, records) for field, values in zip(fields, raw, strict=True))
        return Block(fields=fields, columns=columns)

    def _decoded(self, field: Field[Any, Any], values: list[Any], records: Records) -> Sequence[Any]:
        decode = self._decoder(field)
        try:
            # A field class may raise anything for a value that is not its own.
            return decode(values)
        except Exception:
            for value, record in zip(values, records, strict=True):
                self._decode_alone(decode, field, value, record)
            raise

    def _decode_alone(self, decode: Decode, field: Field[Any, Any], value: Any, record: Any) -> None:
        try:
            decode([value])
        except Exception as error:
            key = record.get("pk")
            reason = f"{_short(value)} can't be written: {_short(' '.join(getattr(error, 'messages', [str(error)])))}"
            raise BadValue(label=self.table.label, key=key, field=field.name, reason=reason) from error

    def _decoder(self, field: Field[Any, Any]) -> Decode:
        if field.name not in self._decoders:
            self._decoders[field.name] = decoder(field, self._dialect, self._resolve)
        return self._decoders[field.name]


def _has_database_default(field: Field[Any, Any]) -> bool:
    return getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED


def _short(value: Any) -> str:
    try:
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
    except TypeError:
        text = str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
