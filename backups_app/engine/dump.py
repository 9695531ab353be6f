"""dump: one consistent snapshot of the database into a stream of records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.models import Field, FileField
from django.db.models.fields.proxy import OrderWrt

from backups_app.engine import manifest
from backups_app.engine.databases import open_snapshot
from backups_app.engine.databases.base import NaturalKeys, Snapshot, Wrapped, referred_label
from backups_app.engine.errors import SnapshotFailed
from backups_app.engine.fixture import Writer
from backups_app.engine.garbage import collected_seldom
from backups_app.engine.progress import Stage, Watch
from backups_app.engine.selection import Selection, Table, is_excluded, select_tables

# Kinds of findings: values in the wrapper, and plain ones that loaddata changes all the same.
WRAPPED = "wrapped"
CHANGED_BY_LOADDATA = "changed-by-loaddata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dumped:
    """What was written. `record_count` leaves out the manifest; `sha256` is over every byte of the file."""

    record_count: int
    size_bytes: int
    sha256: str
    manifest: Mapping[str, Any]

    @property
    def needs_restore(self) -> bool:
        """Whether Django's own loaddata would not give the same rows."""
        kinds = {finding["kind"] for finding in self.manifest["findings"]}
        return bool(kinds & {WRAPPED, CHANGED_BY_LOADDATA})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What to dump: the alias, and labels added to or taken from the default list of what stays out."""

    using: str = "default"
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    application: str = field(default="")


@collected_seldom()
def dump(
    stream: BinaryIO, *, scope: Scope, kind: str, watch: Watch | None = None, is_within_load: bool = False
) -> Dumped:
    """Writes the whole database of `scope` to `stream` as it is at one moment.

    Dumps run beside dumps, but not beside a load, other than the one that asks for it (`is_within_load`).

    Raises SnapshotFailed when the database does not give that, LoadUnderWay, Cancelled when `watch` says so; what
    `stream` then holds is worthless. Memory stays flat at any number of records.
    """
    watch = watch or Watch()
    with open_snapshot(connections[scope.using]) as snapshot:
        created_at = datetime.now(UTC)
        watch.step(Stage.CHECK, 0, None)
        if not is_within_load:
            snapshot.keep_loads_away()
        selection = select_tables(
            using=scope.using, relation_kind=snapshot.relation_kind, exclude=scope.exclude, include=scope.include
        )
        snapshot.hold(selection.tables)
        return _write(stream, snapshot, selection, scope=scope, kind=kind, created_at=created_at, watch=watch)


def _write(
    stream: BinaryIO,
    snapshot: Snapshot,
    selection: Selection,
    *,
    scope: Scope,
    kind: str,
    created_at: datetime,
    watch: Watch,
) -> Dumped:
    naturals = _natural_keys(snapshot, scope)
    counts = []
    for table in selection.tables:
        counts.append(snapshot.count(table))
        watch.step(Stage.CHECK, 0, None)
    total = sum(counts)
    wrapped = Wrapped()
    writer = Writer(stream)
    entries = []
    for table, expected in zip(selection.tables, counts, strict=True):
        writer.begin_model()
        for lines, count in snapshot.lines(table, naturals, wrapped):
            writer.write_lines(lines, count)
            watch.step(Stage.DUMP, writer.record_count, total)
        entry = writer.end_model(label=table.label, next_id=snapshot.next_id(table))
        if entry.records != expected:
            raise SnapshotFailed(f"{table.label}: counted {expected:,} records but read {entry.records:,}.")
        entries.append(entry)
    record = manifest.build(
        kind=kind,
        created_at=created_at,
        application=scope.application or str(getattr(settings, "VERSION", "")),
        database={"vendor": snapshot.vendor, "version": snapshot.version()},
        migrations=manifest.migration_leaves(_applied_migrations(snapshot)),
        tables=entries,
        left_out=[{"model": item.model, "reason": item.reason} for item in selection.left_out],
        findings=[
            *snapshot.findings(selection.tables),
            *_wrapped_findings(wrapped),
            *_loaddata_findings(snapshot, selection, entries, naturals),
        ],
        natural_keys={label: sorted(keys.values()) for label, keys in naturals.items()},
        wrapped_count=wrapped.total(),
        content_sha256=writer.content_sha256,
    )
    digest = writer.finish(record)
    return Dumped(
        record_count=writer.record_count, size_bytes=writer.size_bytes, sha256=digest, manifest=record["fields"]
    )


def _natural_keys(snapshot: Snapshot, scope: Scope) -> NaturalKeys:
    """Content types and permissions as Django's own natural keys name them, where those tables are left out."""
    keys: dict[str, dict[Any, list[str]]] = {}
    types = _rows_of_left_out(snapshot, scope, "contenttypes.contenttype", ("id", "app_label", "model"))
    permissions = _rows_of_left_out(snapshot, scope, "auth.permission", ("id", "codename", "content_type"))
    models = {key: [app_label, model] for key, app_label, model in types}
    if types:
        keys["contenttypes.contenttype"] = models
    if permissions:
        keys["auth.permission"] = {
            key: [codename, *models[content_type]]
            for key, codename, content_type in permissions
            if content_type in models
        }
    return keys


def _applied_migrations(snapshot: Snapshot) -> set[tuple[str, str]]:
    if snapshot.relation_kind("django_migrations") != "table":
        return set()
    return {(app, name) for app, name in snapshot.rows("SELECT app, name FROM django_migrations")}


def _rows_of_left_out(snapshot: Snapshot, scope: Scope, label: str, fields: tuple[str, ...]) -> list[tuple[Any, ...]]:
    app_label, model_name = label.split(".")
    if not is_excluded(label, exclude=scope.exclude, include=scope.include) or not apps.is_installed(
        f"django.contrib.{app_label}"
    ):
        return []
    meta = apps.get_model(app_label, model_name)._meta
    if snapshot.relation_kind(meta.db_table) != "table":
        return []
    columns = ", ".join(snapshot.quote(str(meta.get_field(name).column)) for name in fields)
    return snapshot.rows(f"SELECT {columns} FROM {snapshot.quote(meta.db_table)}")


def _wrapped_findings(wrapped: Wrapped) -> list[dict[str, Any]]:
    return [
        {"kind": WRAPPED, "model": model, "field": name, "count": count}
        for (model, name), count in sorted(wrapped.items())
    ]


def _loaddata_findings(
    snapshot: Snapshot, selection: Selection, entries: list[manifest.ModelEntry], naturals: NaturalKeys
) -> list[dict[str, Any]]:
    """Plain values that Django's own loaddata would write otherwise all the same, or not read."""
    found = []
    for table, entry in zip(selection.tables, entries, strict=True):
        for column in (*table.key_fields, *table.fields):
            count, detail = _changed_by_loaddata(snapshot, table, column, entry.records, naturals)
            if count:
                where = {"model": table.label, "field": column.name}
                found.append({"kind": CHANGED_BY_LOADDATA, **where, "count": count, "detail": detail})
    return found


def _changed_by_loaddata(
    snapshot: Snapshot, table: Table, column: Field[Any, Any], records: int, naturals: NaturalKeys
) -> tuple[int, str]:
    if isinstance(column, FileField) and column.null:
        return snapshot.count_nulls(table, column), "it writes NULL as an empty text"
    if isinstance(column, OrderWrt):
        return records, "it numbers the rows anew"
    if column is table.key_fields[0] and referred_label(column) in naturals:
        return records, "it reads no natural key in place of a primary key"
    return 0, ""
