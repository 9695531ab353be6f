"""One consistent snapshot of one database, read as lines of a fixture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Self

from django.db.models import Field, ForeignKey

from backups_app.engine import codecs, kinds
from backups_app.engine.errors import EngineError, SnapshotFailed, TableChanged
from backups_app.engine.fixture import line_composer, tokens
from backups_app.engine.selection import Table

# Records fetched, converted and written at a time: large enough to amortise, small enough to stay in the cache.
BATCH_RECORDS = 500
# A batch ends early at this size, so that memory stays flat with records of a megabyte.
BATCH_BYTES = 2 << 20

_UNBOUNDED = {"text", "json", "binary"}


class Wrapped(Counter[tuple[str, str]]):
    """How many values of (model, field) had to be wrapped."""

    def note(self, label: str, field: str) -> Callable[[], None]:
        def add_one() -> None:
            self[label, field] += 1

        return add_one


# Raw values by the columns of the select list, not by rows.
Batch = Sequence[Sequence[Any]]
# Natural keys of left-out rows: {model label: {primary key: natural key}}.
NaturalKeys = Mapping[str, Mapping[Any, list[str]]]


class Snapshot(ABC):
    """Begun on entering, ended on leaving. Opens its own connection, so that nobody's transaction is in the way."""

    vendor: str
    # What the driver raises, for translation into SnapshotFailed.
    driver_errors: tuple[type[Exception], ...]

    def __init__(self, connection: Any) -> None:
        self.connection = connection.copy()

    def __enter__(self) -> Self:
        try:
            self.begin()
        except self.driver_errors as error:
            self.end()
            raise self._failure("The database gave no snapshot", error) from error
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        if isinstance(error, self.driver_errors) and not isinstance(error, EngineError):
            raise self._failure("The database broke off while it was read", error) from error

    def _failure(self, words: str, error: BaseException) -> EngineError:
        if self.is_change_of_shape(error):
            return TableChanged(f"A table changed while it was backed up: {error}")
        return SnapshotFailed(f"{words}: {error}")

    @abstractmethod
    def is_change_of_shape(self, error: BaseException) -> bool:
        """Whether the driver's `error` comes of a table that somebody altered, dropped or replaced meanwhile."""

    @abstractmethod
    def begin(self) -> None:
        """Connects; `relation_kind` answers from here on."""

    @abstractmethod
    def end(self) -> None:
        """Closes what is open; never raises."""

    @abstractmethod
    def keep_loads_away(self) -> None:
        """Till the end nobody loads into this database; others may dump it too. Raises LoadUnderWay."""

    @abstractmethod
    def hold(self, tables: Sequence[Table]) -> None:
        """From now on all rows are of one moment, and none of `tables` changes its shape or is truncated."""

    @abstractmethod
    def version(self) -> str: ...

    @abstractmethod
    def relation_kind(self, name: str) -> str | None:
        """ "table", "view", or None when there is nothing of that name."""

    @abstractmethod
    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a small query."""

    @abstractmethod
    def batches(self, sql: str, unbounded: Sequence[int]) -> Iterator[Batch]:
        """The rows of a large query, a batch at a time; values of any length stand at the places `unbounded`."""

    @abstractmethod
    def next_id(self, table: Table) -> int | None:
        """The number that the table's counter gives next, or None when it has no counter."""

    @abstractmethod
    def text_forms(self) -> codecs.TextForms: ...

    def select(self, field: Field[Any, Any], kind: str) -> str:
        """The expression that brings a field's column as a raw value of `kind`."""
        return self.quote(str(field.column))

    def select_raw(self, field: Field[Any, Any]) -> str:
        """The expression that brings the column of a foreign field class as the raw value to fall back on."""
        return self.quote(str(field.column))

    def loader(self, field: Field[Any, Any]) -> Callable[[Any], Any]:
        """What makes the value that Django's converters take of one that `batches` gives."""
        return _as_it_is

    def quote(self, name: str) -> str:
        return str(self.connection.ops.quote_name(name))

    def source(self, table: Table) -> str:
        return self.quote(table.name)

    def count(self, table: Table) -> int:
        return int(self.rows(f"SELECT COUNT(*) FROM {self.source(table)}")[0][0])

    def count_nulls(self, table: Table, field: Field[Any, Any]) -> int:
        column = self.quote(str(field.column))
        return int(self.rows(f"SELECT COUNT(*) FROM {self.source(table)} WHERE {column} IS NULL")[0][0])

    def findings(self, tables: Sequence[Table]) -> list[dict[str, Any]]:
        """What is wrong with the database but did not stop the backup."""
        return []

    def order(self, table: Table) -> str:
        # With the table's name: the name alone could be that of an expression in the select list.
        source = self.quote(table.name)
        return ", ".join(f"{source}.{self.quote(str(field.column))}" for field in table.key_fields)

    def lines(self, table: Table, naturals: NaturalKeys, wrapped: Wrapped) -> Iterator[tuple[bytes, int]]:
        """The table's records as lines, each ended by SEPARATOR, with their number, a batch at a time."""
        columns = [self.column(table, field, naturals, wrapped) for field in (*table.key_fields, *table.fields)]
        expressions = [expression for column in columns for expression in column.expressions]
        sql = f"SELECT {', '.join(expressions)} FROM {self.source(table)} ORDER BY {self.order(table)}"
        compose = line_composer(table.label, [field.name for field in table.fields], key_width=len(table.key_fields))
        unbounded = [place for column in columns if column.is_unbounded for place in column.places(columns)]
        for raw in self.batches(sql, unbounded):
            encoded = [column.encode([raw[place] for place in column.places(columns)]) for column in columns]
            yield compose(encoded), len(raw[0])

    def column(self, table: Table, field: Field[Any, Any], naturals: NaturalKeys, wrapped: Wrapped) -> Column:
        kind = kinds.kind_of(field)
        note = wrapped.note(table.label, field.name)
        encode = codecs.encoder(kind, plain_field(field), self.text_forms(), note)
        if encode is None:
            return self.column_by_django(field, note)
        if keys := naturals.get(referred_label(field)):
            encode = codecs.naturals(keys, encode)
        single = encode
        return Column(
            expressions=(self.select(field, kind),),
            encode=lambda values: tokens(single(values[0])),
            is_unbounded=kind in _UNBOUNDED and field.max_length is None,
        )

    def column_by_django(self, field: Field[Any, Any], note: codecs.Note) -> Column:
        slow = codecs.by_django(plain_field(field), self.connection, self.loader(field), note)
        return Column(
            expressions=(self.quote(str(field.column)), self.select_raw(field)),
            encode=lambda values: tokens(slow(values[0], values[1])),
            is_unbounded=True,
        )


def _as_it_is(value: Any) -> Any:
    return value


class Column:
    """One field on its way from the select list into the record: `encode` makes JSON of its raw values."""

    def __init__(
        self,
        *,
        expressions: tuple[str, ...],
        encode: Callable[[list[Sequence[Any]]], Sequence[bytes]],
        is_unbounded: bool,
    ) -> None:
        self.expressions = expressions
        self.encode = encode
        self.is_unbounded = is_unbounded

    def places(self, columns: list[Column]) -> range:
        """Where this column's expressions stand in the select list."""
        start = 0
        for column in columns:
            if column is self:
                break
            start += len(column.expressions)
        return range(start, start + len(self.expressions))


def referred_label(field: Field[Any, Any]) -> str:
    """The label of the model that a reference points at by primary key; "" for other fields."""
    if not isinstance(field, ForeignKey) or not field.target_field.primary_key:
        return ""
    return str(field.remote_field.model._meta.label_lower)


def plain_field(field: Field[Any, Any]) -> Field[Any, Any]:
    """The field whose class decides how values look: for a reference what it points at, in the end."""
    while isinstance(field, ForeignKey) and kinds.is_plain_reference(field):
        field = field.target_field
    return field


def batches_of(rows: Iterator[tuple[Any, ...]], unbounded: Sequence[int]) -> Iterator[Batch]:
    """`rows` by the batch. Where `unbounded` places hold values of any length, a batch also ends by its size."""
    if not unbounded:
        while batch := list(islice(rows, BATCH_RECORDS)):
            yield list(zip(*batch, strict=True))
        return
    batch, size = [], 0
    for row in rows:
        batch.append(row)
        for place in unbounded:
            value = row[place]
            if value.__class__ is str or value.__class__ is bytes:
                size += len(value)
        if size >= BATCH_BYTES or len(batch) >= BATCH_RECORDS:
            yield list(zip(*batch, strict=True))
            batch, size = [], 0
    if batch:
        yield list(zip(*batch, strict=True))
