"""Reads a file to its last byte and says what it is and whether it can be loaded into this database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from backups_app.engine import manifest as manifests
from backups_app.engine.collisions import Collisions
from backups_app.engine.databases.restore import open_target
from backups_app.engine.databases.restore_base import Target
from backups_app.engine.decoders import Dialect
from backups_app.engine.dump import Scope
from backups_app.engine.garbage import collected_seldom
from backups_app.engine.guard import Limits, TooMuch
from backups_app.engine.naturals import accept_any
from backups_app.engine.progress import Stage, Watch
from backups_app.engine.reading import Batch, Reader, Unreadable, last_manifest, looks_like_ours, proves_itself
from backups_app.engine.references import DANGLING, References
from backups_app.engine.rows import BadValue, TableRows
from backups_app.engine.selection import ALWAYS_EXCLUDE, Table, is_excluded, table_of

# Provenances.
OURS = "ours"
ELSEWHERE = "elsewhere"
CHANGED = "changed"
UNSIGNED = "unsigned"

# Refusals that nobody can wave through.
NEVER = frozenset(
    {
        "changed",
        "unreadable",
        "too-much",
        "bad-value",
        "newer-format",
        "no-database",
        "same-key",
        "duplicate-key",
        "nothing-inside",
    }
)
# Of these, those that say that the bytes are not what was written.
DAMAGED = frozenset({"changed", "unreadable"})
# Refusals that may be waved through: `load` leaves out what is not known.
OVERRIDABLE = frozenset({"unknown-model", "unknown-field", "newer-migrations"})

_MOST_FINDINGS = 100
_FINDING_CHARACTERS = 500
_NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about a file: a word for machines, the place in it, and what it is in words."""

    kind: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a file is. `refusals` must be empty, or each of them overridden, for `load`."""

    provenance: str
    manifest: Mapping[str, Any] | None
    manifest_id: str
    record_count: int
    models: tuple[tuple[str, int], ...]
    superusers: tuple[str, ...]
    refusals: tuple[Finding, ...]
    remarks: tuple[Finding, ...]
    sha256: str
    size_bytes: int = 0
    # Of the file as it is stored, which may be packed; the caller knows.
    stored_sha256: str = ""
    staff_count: int = 0
    findings_left_out: int = 0

    @property
    def is_by_lines(self) -> bool:
        return self.provenance in (OURS, ELSEWHERE)


@collected_seldom()
def check(
    open_stream: Callable[[], BinaryIO], *, scope: Scope, watch: Watch | None = None, limits: Limits | None = None
) -> Checked:
    """Never raises for what is wrong with the file. Memory stays flat.

    `limits`: for a file from outside, which is looked at more closely too: keys that stand twice, references that lead
    nowhere. What provably was made here is not held to them.
    """
    watch = watch or Watch()
    if limits is not None and proves_itself(open_stream):
        limits = None
    with open_stream() as stream:
        head = stream.read(64)
    with open_target(connections[scope.using]) as target:
        if looks_like_ours(head):
            # Which values have a place here depends on where they come from, which stands at the end.
            with open_stream() as stream:
                dialect = target.dialect(last_manifest(stream))
            with open_stream() as stream:
                reading = _Check(target, scope, watch, dialect, stream, by_lines=True, limits=limits)
                reading.read()
            if reading.is_whole or _may_be_damaged(open_stream):
                return reading.result()
        with open_stream() as stream:
            reading = _Check(target, scope, watch, target.dialect(None), stream, by_lines=False, limits=limits)
            reading.read()
        return reading.result()


def _may_be_damaged(open_stream: Callable[[], BinaryIO]) -> bool:
    """Whether a file that breaks off as one of ours is rather a damaged one than one of another layout."""
    with open_stream() as stream:
        stream.readline()
        second = stream.readline()
    return second.startswith(b'{"model":"') and second.endswith(b"}},\n")


class _Check:
    """One reading of the file."""

    def __init__(
        self,
        target: Target,
        scope: Scope,
        watch: Watch,
        dialect: Dialect,
        stream: BinaryIO,
        *,
        by_lines: bool,
        limits: Limits | None,
    ) -> None:
        self._reader = Reader(stream, by_lines=by_lines, limits=limits)
        self._limits = limits
        self._references = References() if limits is not None else None
        self._staff_count = 0
        self._left_out = 0
        self._dialect = dialect
        self._target = target
        self._scope = scope
        self._watch = watch
        self._rows: dict[str, TableRows | None] = {}
        self._counts: dict[str, int] = {}
        self._hashes: dict[str, Any] = {}
        self._refusals: dict[tuple[str, str, str], Finding] = {}
        self._remarks: dict[tuple[str, str, str], Finding] = {}
        self._superusers: list[str] = []
        self._collisions: dict[str, Collisions] = {}
        self.is_whole = False

    def read(self) -> None:
        try:
            for batch in self._reader.batches():
                self._look_at(batch)
                self._watch.step(Stage.CHECK, self._reader.record_count, None)
            self.is_whole = True
        except Unreadable as error:
            self._refuse("unreadable", error.where, str(error))
        except TooMuch as error:
            self._refuse("too-much", error.where, str(error))
        for label, collisions in self._collisions.items():
            for fields, values in collisions.found():
                self._refuse("same-key", f"{label}: {fields}", f"To this database these are the same: {values}.")
        if self._references is not None:
            if self.is_whole:
                for kind, where, detail in self._references.findings():
                    # A restore can be told to keep what leads nowhere.
                    (self._remark if kind == DANGLING else self._refuse)(kind, where, detail)
                if not any(self._rows.values()) and not self._refusals:
                    self._refuse("nothing-inside", "the file", "It holds no records that a restore would load.")
            self._references.close()
        # To the last byte, so that the hash is that of the file.
        self._reader.drain()

    def _look_at(self, batch: Batch) -> None:
        label = batch.label
        if self._limits is not None and label not in self._counts and len(self._counts) >= self._limits.models:
            raise TooMuch(
                f"It names more than {self._limits.models:,} models; the limit is for files from outside.",
                where=f"record {batch.first:,}",
            )
        self._counts[label] = self._counts.get(label, 0) + len(batch.records)
        if batch.lines:
            self._hashes.setdefault(label, hashlib.sha256()).update(batch.lines)
        rows = self._rows_of(label)
        if rows is None:
            return
        for name in rows.unknown_names(batch.records):
            self._refuse("unknown-field", f"{label}.{name}", "This project's model has no such field.")
        try:
            for block in rows.blocks(batch.records):
                self._collisions[label].add(block)
                if self._references is not None:
                    self._references.add(rows.table, block)
        except BadValue as error:
            self._refuse("bad-value", f"{error.where}: {error.field}", error.reason)
        if label == get_user_model()._meta.label_lower:
            self._note_superusers(batch.records)

    def _rows_of(self, label: str) -> TableRows | None:
        if label not in self._rows:
            table = self._table_of(label)
            self._rows[label] = None if table is None else TableRows(table, self._dialect, accept_any)
            if table is not None:
                # The same kind of database let them be different keys; that its primary keys may differ is rare enough.
                self._collisions[label] = Collisions(self._target, table, all_unique=not self._dialect.is_origin)
        return self._rows[label]

    def _table_of(self, label: str) -> Table | None:
        """None for a model that is not loaded; says why."""
        try:
            model = apps.get_model(label)
        except (LookupError, ValueError):
            self._refuse("unknown-model", label, "This project has no such model.")
            return None
        if model._meta.app_label in ALWAYS_EXCLUDE:
            self._remark("left-out", label, "It belongs to the machinery itself, and stays.")
        elif model._meta.proxy or model._meta.swapped or self._target.relation_kind(model._meta.db_table) != "table":
            self._refuse("unknown-model", label, "It has no table of its own in this database.")
        else:
            return table_of(model)
        return None

    def _note_superusers(self, records: Iterable[Mapping[str, Any]]) -> None:
        name_field = get_user_model().USERNAME_FIELD
        for record in records:
            fields = record["fields"]
            is_active = fields.get("is_active", True) is True
            self._staff_count += is_active and fields.get("is_staff") is True
            if fields.get("is_superuser") is True and is_active:
                if self._limits is not None and len(self._superusers) >= self._limits.superusers:
                    raise TooMuch(
                        f"It has more than {self._limits.superusers:,} superusers, too many for a file from outside.",
                        where=f"after record {self._reader.record_count:,}",
                    )
                self._superusers.append(str(fields.get(name_field))[:_NAME_CHARACTERS])

    def result(self) -> Checked:
        record = self._reader.manifest
        provenance = self._provenance(record)
        if record is not None and manifests.what_is_wrong(record):
            # Nothing more can be told by it.
            record = None
        elif record is not None:
            self._compare_versions(record["fields"])
        else:
            self._remark_what_is_excluded()
        return Checked(
            provenance=provenance,
            manifest=record["fields"] if record is not None else None,
            manifest_id=str(record["pk"]) if record is not None else "",
            record_count=self._reader.record_count,
            models=tuple(self._counts.items()),
            superusers=tuple(self._superusers),
            refusals=tuple(self._refusals.values()),
            remarks=tuple(self._remarks.values()),
            sha256=self._reader.sha256,
            size_bytes=self._reader.size_bytes,
            stored_sha256=self._reader.sha256,
            staff_count=self._staff_count,
            findings_left_out=self._left_out,
        )

    def _provenance(self, record: Mapping[str, Any] | None) -> str:
        if record is None:
            if any(finding.kind == "unreadable" for finding in self._refusals.values()) and self._hashes:
                self._refuse("changed", "the end", "It has the layout of a backup, but not its last record.")
                return CHANGED
            return UNSIGNED
        if version := _unknown_version(record):
            self._refuse("newer-format", "manifest", f"Its format is {version}, unknown here.")
            return CHANGED
        if problem := manifests.what_is_wrong(record):
            self._refuse("changed", "manifest", problem)
            return CHANGED
        signed = manifests.is_signed_here(record)
        differences = list(self._digest_differences(record["fields"]))
        if signed is False:
            differences.append(("manifest", "Its signature is wrong."))
        for where, detail in differences:
            self._refuse("changed", where, detail)
        if differences:
            return CHANGED
        return OURS if signed else ELSEWHERE

    def _digest_differences(self, fields: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        named = {entry["model"]: entry for entry in fields["tables"]}
        for label, entry in named.items():
            count = self._counts.get(label, 0)
            digest = self._hashes[label].hexdigest() if label in self._hashes else hashlib.sha256().hexdigest()
            if count != entry["records"]:
                yield label, f"It has {count:,} records, and had {entry['records']:,} when it was made."
            elif digest != entry["sha256"]:
                yield label, "Its records are not those that were written."
        for label in self._counts.keys() - named.keys():
            yield label, "Its manifest does not name this model."
        if self._reader.content_sha256 != fields["content_sha256"]:
            yield "the file", "Its bytes are not those that were written."

    def _compare_versions(self, fields: Mapping[str, Any]) -> None:
        graph = MigrationLoader(None, ignore_no_migrations=True).graph
        applied = self._applied_migrations()
        for app, names in dict(fields.get("migrations") or {}).items():
            for name in names:
                if (app, name) in applied:
                    continue
                detail = "This project does not have it." if (app, name) not in graph.nodes else "Run migrate first."
                self._refuse("newer-migrations", f"{app}.{name}", f"The backup was made with it. {detail}")
        leaves = manifests.migration_leaves(applied)
        for app, names in leaves.items():
            then = dict(fields.get("migrations") or {}).get(app, [])
            if sorted(then) != sorted(names) and all((app, name) in applied for name in then):
                since = f"made at {', '.join(then)}" if then else "made before this app"
                self._remark("older-migrations", app, f"The backup was {since}; the database is at {', '.join(names)}.")

    def _applied_migrations(self) -> set[tuple[str, str]]:
        if self._target.relation_kind("django_migrations") != "table":
            return set()
        return {(app, name) for app, name in self._target.run("SELECT app, name FROM django_migrations")}

    def _remark_what_is_excluded(self) -> None:
        for label in self._counts:
            if is_excluded(label, exclude=self._scope.exclude, include=self._scope.include):
                self._remark("left-out", label, "It stays out of backups and restores, so its records are not loaded.")

    def _refuse(self, kind: str, where: str, detail: str) -> None:
        self._left_out += _note(self._refusals, kind, where, detail)

    def _remark(self, kind: str, where: str, detail: str) -> None:
        self._left_out += _note(self._remarks, kind, where, detail)


def _note(found: dict[tuple[str, str, str], Finding], kind: str, where: str, detail: str) -> int:
    """How many were left out, since there are enough."""
    where, detail = where[:_FINDING_CHARACTERS], detail[:_FINDING_CHARACTERS]
    place = kind, where, detail
    # The first of each kind is always there: many that may be waved through must not hide one that may not.
    if len(found) >= _MOST_FINDINGS and any(finding.kind == kind for finding in found.values()):
        return int(place not in found)
    found.setdefault(place, Finding(kind=kind, where=where, detail=detail))
    return 0


def _unknown_version(record: Mapping[str, Any]) -> int | None:
    fields = record.get("fields")
    version = fields.get("format_version") if isinstance(fields, dict) else None
    return version if type(version) is int and version != manifests.FORMAT_VERSION else None
