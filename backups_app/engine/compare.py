"""compare: a file against a database, record by record: what a load would do, or whether it did.

Both sides go into a ledger on disk, a hash for each record, so that memory stays flat and no collation has a say in
which key is which. Between our own file and the same kind of database the lines themselves are compared; else each
value is brought to one form for its kind first.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from hashlib import blake2b, sha256
from ipaddress import ip_address
from operator import itemgetter
from typing import Any, BinaryIO
from uuid import UUID

import orjson
from django.db import connections, models
from django.db.models import Field
from django.utils import timezone
from django.utils.dateparse import parse_duration

from backups_app.engine import kinds, wrapper
from backups_app.engine.check import Checked
from backups_app.engine.databases import open_snapshot
from backups_app.engine.databases.base import Snapshot, Wrapped, plain_field, referred_label
from backups_app.engine.dump import Scope
from backups_app.engine.errors import LoadRefused
from backups_app.engine.fixture import SEPARATOR, dump_line
from backups_app.engine.foreign import Foreign
from backups_app.engine.garbage import collected_seldom
from backups_app.engine.naturals import Naturals
from backups_app.engine.plan import Plan, make_plan
from backups_app.engine.progress import Stage, Watch
from backups_app.engine.reading import Batch, Reader, Unreadable, parse_lines
from backups_app.engine.selection import Table

FILE, DATABASE = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a load would do to one model: rows that come, go, and change."""

    model: str
    now: int
    in_file: int
    added: int
    removed: int
    changed: int


@collected_seldom()
def compare(
    open_stream: Callable[[], BinaryIO],
    *,
    checked: Checked,
    scope: Scope,
    watch: Watch | None = None,
    clear_unnamed: bool = False,
) -> tuple[Difference, ...]:
    """One Difference for each model that a load would clear. Changes nothing; one snapshot of the database."""
    watch = watch or Watch()
    with open_snapshot(connections[scope.using]) as snapshot:
        plan = make_plan(snapshot, checked, scope, clear_unnamed=clear_unnamed)
        snapshot.hold(plan.cleared)
        comparison = Comparison(snapshot, plan, checked, Naturals(snapshot), open_stream, watch)
        same = set(comparison.proven_by_digest())
        with closing(comparison.ledger(leaving_out=same)) as ledger:
            return tuple(_difference(comparison, ledger, table, same) for table in plan.cleared)


def _difference(comparison: Comparison, ledger: Ledger, table: Table, same: set[str]) -> Difference:
    now, in_file = comparison.snapshot.count(table), comparison.in_file(table.label)
    if table.label in same:
        return Difference(model=table.label, now=now, in_file=in_file, added=0, removed=0, changed=0)
    added, removed, changed = ledger.counts(table.label)
    return Difference(
        model=table.label,
        now=now,
        in_file=in_file or now - removed + added,
        added=added,
        removed=removed,
        changed=changed,
    )


class Comparison:
    """Of the file that `checked` tells of, with the tables that `plan` clears, as `snapshot` reads them."""

    def __init__(
        self,
        snapshot: Snapshot,
        plan: Plan,
        checked: Checked,
        naturals: Naturals,
        open_stream: Callable[[], BinaryIO],
        watch: Watch,
    ) -> None:
        self.snapshot = snapshot
        self._plan = plan
        self._checked = checked
        self._naturals = naturals
        self._open_stream = open_stream
        self._watch = watch
        self._tables = {table.label: table for table in plan.cleared}
        manifest = checked.manifest if checked.is_by_lines else None
        self._entries: Mapping[str, Any] = {entry["model"]: entry for entry in manifest["tables"]} if manifest else {}
        self._counts = dict(checked.models)
        # Lines are comparable as they stand; what they call content types and permissions by must be the same.
        self.is_exact = manifest is not None and manifest["database"]["vendor"] == snapshot.vendor
        # Labels whose records have other fields than this project's model: only what both have can be compared.
        self._other_shape: set[str] = set()
        self._keys = naturals.as_dumped(list(manifest["natural_keys"])) if manifest else {}

    def in_file(self, label: str) -> int:
        return self._counts.get(label, 0)

    def proven_by_digest(self) -> Iterator[str]:
        """Labels of the models whose rows are the file's to the last byte, which is the cheap and usual way to know."""
        read = 0
        for table in self._plan.cleared:
            entry = self._entries.get(table.label)
            if entry is None or not self.is_exact:
                continue
            digest = sha256()
            for lines, count in self.snapshot.lines(table, self._keys, Wrapped()):
                digest.update(lines)
                read += count
                self._watch.step(Stage.PROVE, read, self._checked.record_count)
            if digest.hexdigest() == entry["sha256"]:
                yield table.label

    def ledger(self, *, leaving_out: set[str]) -> Ledger:
        """Both sides of every model that is not in `leaving_out`."""
        ledger = Ledger()
        tables = {label: table for label, table in self._tables.items() if label not in leaving_out}
        if tables:
            for batch in self._file_batches():
                if batch.label in tables:
                    self._note_shape(tables[batch.label], batch.records[0])
                    ledger.add(FILE, self._hashed(tables[batch.label], batch.records, batch.lines, ledger))
        for table in tables.values():
            for records, lines in self._database_batches(table):
                ledger.add(DATABASE, self._hashed(table, records, lines, ledger, of_database=True))
        return ledger

    def _note_shape(self, table: Table, record: Mapping[str, Any]) -> None:
        if record["fields"].keys() != {field.name for field in table.fields}:
            self._other_shape.add(table.label)

    def _is_exact_for(self, label: str) -> bool:
        return self.is_exact and label not in self._other_shape

    def named(self, ledger: Ledger, most: int) -> list[str]:
        """The first differences in words: model, key and field."""
        wanted = ledger.differing(most)
        found: dict[tuple[str, bytes], list[dict[str, Any] | None]] = {place: [None, None] for place in wanted}
        for batch in self._file_batches():
            self._keep(found, FILE, batch.label, batch.records)
        for label in {label for label, _ in wanted}:
            for records, _ in self._database_batches(self._tables[label]):
                self._keep(found, DATABASE, label, records)
        return [self._in_words(label, *sides) for (label, _), sides in found.items()]

    def _keep(self, found: dict[Any, Any], side: int, label: str, records: Iterable[dict[str, Any]]) -> None:
        if label in self._tables:
            for record in records:
                place = label, self._key(self._tables[label], record)
                if place in found:
                    found[place][side] = record

    def _in_words(self, label: str, in_file: dict[str, Any] | None, now: dict[str, Any] | None) -> str:
        if in_file is None:
            return f"{label} {_short((now or {}).get('pk'))} is not in the file"
        if now is None:
            return f"{label} {_short(in_file.get('pk'))} is not in the database"
        table = self._tables[label]
        by_name = {field.name: field for field in table.fields}
        fields = [
            f"{name} is {_short(now['fields'].get(name))}, not {_short(value)}"
            for name, value in in_file["fields"].items()
            if name in by_name
            and self._form(by_name[name], value) != self._form(by_name[name], now["fields"].get(name))
        ]
        return f"{label} {_short(in_file.get('pk'))}: {'; '.join(fields) or 'it differs'}"

    def _file_batches(self) -> Iterator[Batch]:
        with self._open_stream() as stream:
            reader = Reader(stream, by_lines=self._checked.is_by_lines)
            batches = reader.batches()
            if not self._checked.is_by_lines:
                foreign = Foreign()
                with self._open_stream() as first:
                    foreign.survey(Reader(first, by_lines=False).batches())
                batches = foreign.plain(batches)
            try:
                for batch in batches:
                    yield batch
                    self._watch.step(Stage.PROVE, reader.record_count, self._checked.record_count)
            except Unreadable as error:
                raise LoadRefused(str(error)) from error

    def _database_batches(self, table: Table) -> Iterator[tuple[list[dict[str, Any]], bytes]]:
        for lines, count in self.snapshot.lines(table, self._keys, Wrapped()):
            self._watch.step(Stage.PROVE, count, None)
            yield parse_lines(lines, first=1), lines

    def _hashed(
        self, table: Table, records: list[dict[str, Any]], lines: bytes, ledger: Ledger, *, of_database: bool = False
    ) -> Iterator[tuple[str, bytes, int, bytes]]:
        """(label, key, shape, hash). A shape is the set of fields that the file's records have."""
        if self._is_exact_for(table.label):
            for record, line in zip(records, lines[: -len(SEPARATOR)].split(SEPARATOR), strict=True):
                yield table.label, self._key(table, record), 0, blake2b(line, digest_size=16).digest()
            return
        by_name = {field.name: field for field in table.fields}
        for record in records:
            fields, key = record["fields"], self._key(table, record)
            if of_database:
                shapes = ledger.shapes_of(table.label)
            else:
                shapes = [ledger.shape(table.label, tuple(sorted(name for name in fields if name in by_name)))]
            for shape, names in shapes:
                forms = [[name, self._form(by_name[name], fields.get(name))] for name in names]
                yield table.label, key, shape, blake2b(orjson.dumps(forms, default=str), digest_size=16).digest()

    def _key(self, table: Table, record: Mapping[str, Any]) -> bytes:
        if self._is_exact_for(table.label):
            return dump_line(record["pk"])
        if table.has_composite_key:
            parts = [self._form(field, record["fields"].get(field.name)) for field in table.key_fields]
            return orjson.dumps(parts, default=str)
        return orjson.dumps(self._form(table.key_fields[0], record["pk"]), default=str)

    def _form(self, field: Field[Any, Any], token: Any) -> Any:
        if type(token) is list and (label := referred_label(field)):
            try:
                token = self._naturals.resolve(label, tuple(token), make=False)
            except (LookupError, ValueError):
                return ["lacking", *token]
        return one_form(plain_field(field), kinds.kind_of(field), token)


def one_form(field: Field[Any, Any], kind: str, token: Any) -> Any:
    """The form of a value that is the same however a file or another kind of database spells it."""
    if token is None:
        return None if kind != "json" or field.null else "null"
    try:
        if wrapper.is_wrapped(token):
            return _wrapped_form(kind, *token[wrapper.KEY])
        return repr(_json(token)) if kind == "json" else _FORMS[kind](token)
    except (KeyError, ValueError, TypeError, ArithmeticError, RecursionError):
        return ["as it stands", token]


def _wrapped_form(kind: str, form: str, payload: Any) -> Any:
    if form == "json" and kind == "json":
        return repr(_json(json.loads(payload, parse_float=Decimal, parse_int=Decimal, object_pairs_hook=_Pairs)))
    if kind == "float" or (form == "integer" and kind in ("integer", "boolean", "decimal")):
        return _FORMS[kind](payload)
    if kind == "time":
        payload = payload.removesuffix(".000000")
    return ["as it stands" if form == "text" else form, payload]


class _Pairs(list[tuple[str, Any]]):
    """A JSON object, each name as often as it stands there."""


def _json(value: Any) -> Any:
    """The same for every spelling of a JSON value: names in order, every digit of numbers."""
    match value:
        case bool() | None:
            return value
        case _Pairs() | dict():
            pairs = value.items() if isinstance(value, dict) else value
            return {"object": [(name, _json(inner)) for name, inner in sorted(pairs, key=itemgetter(0))]}
        case list():
            return [_json(inner) for inner in value]
        case int() | float() | Decimal():
            return _digits(value)
        case _:
            return [value]


def _digits(value: Any) -> tuple[int, str, int]:
    """Sign, digits without zeros around them, and exponent."""
    sign, digits, exponent = Decimal(str(value)).as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    kept = text.rstrip("0")
    return (sign, kept, int(exponent) + len(text) - len(kept)) if kept else (0, "", 0)


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.get_default_timezone())
    return moment.astimezone(UTC).isoformat()


def _decimal(value: Any) -> str:
    text = format(Decimal(str(value)), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _flag(value: Any) -> int:
    """0 and 1 for no and yes; SQLite and MariaDB have other numbers too."""
    return int(models.BooleanField().to_python(value)) if value in _FLAGS else int(value)


_FLAGS = frozenset((*"tf01", "True", "False"))


def _duration(text: str) -> str:
    span = parse_duration(text)
    if span is None:
        raise ValueError(text)
    return str(span)


_FORMS: dict[str, Callable[[Any], Any]] = {
    "integer": lambda value: str(int(value)),
    "float": lambda value: repr(float(value)),
    "decimal": _decimal,
    "text": str,
    "date": str,
    "time": lambda value: time.fromisoformat(value).isoformat(),
    "datetime": _moment,
    "duration": _duration,
    "uuid": lambda value: UUID(value).hex,
    "ip": lambda value: str(ip_address(value)),
    "binary": lambda value: value.replace("\n", ""),
    "boolean": _flag,
    "fallback": str,
}


class Ledger:
    """Hashes of the records of both sides, in a temporary database on disk."""

    def __init__(self) -> None:
        # An empty name is a file of SQLite's own that is gone when it is closed.
        self._raw = sqlite3.connect("", isolation_level=None)
        self._raw.execute("PRAGMA journal_mode = OFF")
        self._raw.execute("PRAGMA cache_size = -8000")
        self._raw.execute(
            "CREATE TABLE seen (side INTEGER, label TEXT, pk BLOB, shape INTEGER, hash BLOB,"
            " PRIMARY KEY (side, label, pk, shape)) WITHOUT ROWID"
        )
        self._raw.execute("BEGIN")
        self._shapes: dict[tuple[str, tuple[str, ...]], int] = {}

    def close(self) -> None:
        self._raw.close()

    def shape(self, label: str, names: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
        return self._shapes.setdefault((label, names), len(self._shapes) + 1), names

    def shapes_of(self, label: str) -> list[tuple[int, tuple[str, ...]]]:
        """Those that the file has; a model that it has no record of needs one all the same."""
        return [(number, names) for (of, names), number in self._shapes.items() if of == label] or [(0, ())]

    def add(self, side: int, rows: Iterable[tuple[str, bytes, int, bytes]]) -> None:
        self._raw.executemany(f"INSERT OR REPLACE INTO seen VALUES ({side}, ?, ?, ?, ?)", rows)  # noqa: S608 (0 or 1)

    def counts(self, label: str) -> tuple[int, int, int]:
        """Added, removed and changed by a load."""
        alone = f"SELECT COUNT(DISTINCT a.pk) FROM seen a WHERE a.side = ? AND a.label = ? AND NOT {_OTHER}"  # noqa: S608
        ((added,),) = self._raw.execute(alone, (FILE, label))
        ((removed,),) = self._raw.execute(alone, (DATABASE, label))
        ((changed,),) = self._raw.execute(f"SELECT COUNT(*) FROM {_CHANGED} AND a.label = ?", (label,))  # noqa: S608
        return added, removed, changed

    def differing(self, most: int) -> list[tuple[str, bytes]]:
        return self._raw.execute(
            f"SELECT DISTINCT a.label, a.pk FROM seen a WHERE NOT {_OTHER}"  # noqa: S608 (constants)
            f" UNION SELECT a.label, a.pk FROM {_CHANGED} LIMIT ?",
            (most,),
        ).fetchall()


_OTHER = "EXISTS (SELECT 1 FROM seen b WHERE b.side = 1 - a.side AND b.label = a.label AND b.pk = a.pk)"
_CHANGED = (
    "seen a JOIN seen b ON b.side = 1 AND b.label = a.label AND b.pk = a.pk AND b.shape = a.shape"
    " WHERE a.side = 0 AND a.hash <> b.hash"
)


def _short(value: Any) -> str:
    text = dump_line(value).decode()
    return text if len(text) <= 100 else f"{text[:97]}..."
