"""load: a file into the database, all or nothing, and proven before it commits.

One transaction: writers out, the caller's safety backup, clear, load, keys and indexes, prove, the caller's fence,
commit. Rows are written as they were: no signals, no save(), no defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event, Thread
from typing import Any, BinaryIO

from django.db import connections
from django.db.models import Field

from backups_app.engine.check import NEVER, OURS, Checked, Finding
from backups_app.engine.databases.restore import open_target
from backups_app.engine.databases.restore_base import Target, Work, Write
from backups_app.engine.dump import Scope
from backups_app.engine.errors import Cancelled, LoadFailed, LoadRefused, LockNotFree, ProofFailed
from backups_app.engine.following import Following
from backups_app.engine.foreign import Foreign
from backups_app.engine.garbage import collected_seldom
from backups_app.engine.manifest import MODEL
from backups_app.engine.naturals import PERMISSIONS, TYPES, Naturals
from backups_app.engine.plan import Plan, make_plan
from backups_app.engine.progress import Stage, Watch
from backups_app.engine.proof import prove
from backups_app.engine.reading import Batch, Reader, Unreadable
from backups_app.engine.rows import BadValue, Block, TableRows
from backups_app.engine.selection import Table

__all__ = ["Execute", "LoadFailed", "LoadRefused", "Loaded", "LockNotFree", "ProofFailed", "load", "look_ahead"]

# Runs SQL on the connection of the load and returns how many rows it changed.
Execute = Callable[[str, Sequence[Any]], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was done. `before` and `after` count the rows of each model that was cleared."""

    record_count: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    proven: bool
    remarks: tuple[Finding, ...]


def _do_nothing() -> None:
    return None


def _let_pass(execute: Execute, loaded: Loaded | None = None) -> None:
    return None


@collected_seldom()
def load(
    open_stream: Callable[[], BinaryIO],
    *,
    checked: Checked,
    scope: Scope,
    watch: Watch | None = None,
    mark: Callable[[Execute], None] = _let_pass,
    under_lock: Callable[[], None] = _do_nothing,
    fence: Callable[[Execute, Loaded], None] = _let_pass,
    prove_it: bool = True,
    clear_unnamed: bool = False,
    keep_dangling: bool = False,
) -> Loaded:
    """Makes the database of `scope` what the file says, or leaves it as it was.

    `checked` is what `check` said of this very file. Of its refusals those that may be overridden count as overridden:
    models and fields that are not known are left out. `clear_unnamed` empties what a file without manifest does not
    name. `keep_dangling` keeps references that lead nowhere, which are refused otherwise, and counts them in the
    remarks; on PostgreSQL their keys are NOT VALID afterwards. `mark` is called before anything is locked: it may leave
    a sign by which this session can be found and ended. `under_lock` is called once writers are locked out and before
    anything is cleared; it may read the database on a connection of its own. `fence` is the last thing before COMMIT,
    and is given what was done. What `mark` and `fence` are given besides runs a statement (with Django's %s) on the
    load's own connection and returns the number of changed rows; raising rolls back.

    Raises LoadRefused, LoadFailed, LoadUnderWay, LockNotFree, ProofFailed or Cancelled, each after rolling back;
    and CommitUnknown, of which nobody knows whether it did.
    """
    for finding in checked.refusals:
        if finding.kind in NEVER:
            raise LoadRefused(f"{finding.where}: {finding.detail}")
    watch = watch or Watch()
    with open_target(connections[scope.using]) as target:
        _refuse_without_space(target, checked.size_bytes)
        target.exclude_others(watch)
        mark(target.execute)
        plan = make_plan(target, checked, scope, clear_unnamed=clear_unnamed)
        run = _Load(target, plan, checked, open_stream, watch)
        target.keeps_dangling = keep_dangling
        target.before_transaction(run.next_ids_of_empty_tables())
        if target.wants_staging(checked.record_count, checked.size_bytes):
            run.stage()
        target.lock([*plan.cleared, *plan.manifest_table], watch)
        with _interrupting(target, watch):
            run.look_at_what_stays()
        under_lock()
        with _interrupting(target, watch):
            loaded = run.all(prove_it=prove_it)
        fence(target.execute, loaded)
        # The last moment to stop; from here on it counts as done.
        watch.step(Stage.COMMIT, loaded.record_count, loaded.record_count)
        target.commit()
        watch.report(Stage.AFTERCARE, loaded.record_count, loaded.record_count)
        late = [Finding(kind="not-refreshed", where=where, detail=why) for where, why in target.after_commit()]
        return replace(loaded, remarks=(*loaded.remarks, *late))


def _refuse_without_space(target: Target, size_bytes: int) -> None:
    # What is certainly too little: a database packs some data in half of the space that a file takes.
    needed, free = size_bytes // 2, target.free_bytes()
    if free is not None and free < needed:
        raise LoadRefused(
            f"The database's disk has {free:,} bytes free; the rows of the file take at least {needed:,}.",
            hint="Nothing was changed. Free space on that disk, then start the restore again.",
        )


def look_ahead(
    open_stream: Callable[[], BinaryIO], *, checked: Checked, scope: Scope, clear_unnamed: bool = False
) -> None:
    """Raises LoadRefused where `load` would for want of space or the sake of rows that stay. Locks nothing."""
    with open_target(connections[scope.using]) as target:
        _refuse_without_space(target, checked.size_bytes)
        plan = make_plan(target, checked, scope, clear_unnamed=clear_unnamed)
        _Load(target, plan, checked, open_stream, Watch()).look_at_what_stays()


class _Load:
    def __init__(
        self,
        target: Target,
        plan: Plan,
        checked: Checked,
        open_stream: Callable[[], BinaryIO],
        watch: Watch,
    ) -> None:
        self._target = target
        self._plan = plan
        self._checked = checked
        self._open_stream = open_stream
        self._watch = watch
        self._naturals = Naturals(target)
        self._dialect = target.dialect(checked.manifest)
        self._is_staged = False

    def stage(self) -> None:
        """Puts our own records aside, if no row has to be made first that they refer to."""
        manifest = self._checked.manifest
        if manifest is None or not self._naturals.know(manifest["natural_keys"]):
            return
        with self._target.staging():
            self._write_records(Stage.CHECK)
        self._is_staged = True

    def _unstage(self) -> None:
        now = Naturals(self._target)
        labels = (TYPES, PERMISSIONS)
        if now.as_dumped(labels) != self._naturals.as_dumped(labels):
            raise LoadRefused(
                "Content types or permissions were changed while the file was read.",
                hint="Nothing was changed. Start the restore again.",
            )
        self._target.unstage()

    def look_at_what_stays(self) -> None:
        """Before anything is changed; raises LoadRefused."""
        self._following = Following(self._target, self._plan, is_foreign=self._checked.provenance != OURS)
        self._following.refuse_early(self._batches)

    def _batches(self) -> Iterator[Batch]:
        try:
            with self._open_stream() as stream:
                yield from self._plain(Reader(stream, by_lines=self._checked.is_by_lines).batches())
        except Unreadable as error:
            raise LoadRefused(f"{error}") from error

    def all(self, *, prove_it: bool) -> Loaded:
        target, plan, watch, total = self._target, self._plan, self._watch, self._checked.record_count
        watch.step(Stage.CLEAR, 0, total)
        before = {table.label: target.count(table) for table in plan.cleared}
        self._naturals.make_missing((self._checked.manifest or {}).get("natural_keys", {}))
        counts = dict(self._checked.models)
        target.prepare(
            [
                Work(table=table, records=max(counts.get(table.label, 0), before[table.label]))
                for table in plan.cleared
                if table.label not in plan.same_table
            ]
        )
        watch.step(Stage.LOAD, 0, total)
        if self._is_staged:
            self._unstage()
        else:
            self._write_records(Stage.LOAD)
        watch.step(Stage.KEYS_AND_INDEXES, total, total)
        self._set_manifest()
        remarks = self._following.follow()
        target.settle()
        self._raise_next_ids()
        after = {table.label: target.count(table) for table in plan.cleared}
        watch.step(Stage.PROVE, 0, total)
        if prove_it:
            prove(target, plan, self._checked, self._naturals, self._open_stream, watch)
        words = "The file names it; it was missing."
        made = [Finding(kind="made", where=name, detail=words) for name in self._naturals.made]
        words = "It fired for the rows that were written."
        dangling = [Finding(kind="dangling", where=table, detail=words) for table, words in target.dangling]
        fired = [Finding(kind="trigger", where=name, detail=words) for name in target.firing]
        return Loaded(
            record_count=sum(after.values()),
            before=before,
            after=after,
            proven=prove_it,
            remarks=(*plan.remarks, *remarks, *made, *dangling, *fired),
        )

    def _write_records(self, stage: Stage) -> None:
        writing = _Writing(self._target)
        rows: dict[str, TableRows] = {}
        with self._open_stream() as stream:
            reader = Reader(stream, by_lines=self._checked.is_by_lines)
            try:
                for batch in self._plain(reader.batches()):
                    table = self._plan.loaded.get(batch.label)
                    if table is not None:
                        if batch.label not in rows:
                            rows[batch.label] = TableRows(table, self._dialect, self._naturals.resolve)
                        for block in rows[batch.label].blocks(batch.records):
                            writing.write(table, block, first=batch.first)
                    self._watch.step(stage, reader.record_count, self._checked.record_count)
                writing.end()
            except (Unreadable, BadValue) as error:
                raise LoadRefused(f"{error}") from error
        if reader.sha256 != self._checked.sha256:
            raise LoadRefused("The file changed since it was checked.")

    def _plain(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        if self._checked.is_by_lines:
            return batches
        foreign = Foreign()
        with self._open_stream() as stream:
            foreign.survey(Reader(stream, by_lines=False).batches())
        return foreign.plain(batches)

    def _set_manifest(self) -> None:
        """The row that says which backup the data came from; none after a file that has no manifest."""
        for table in self._plan.manifest_table:
            self._target.execute(f"DELETE FROM {self._target.quote(table.name)}")  # noqa: S608 (a quoted name)
            if self._checked.manifest is None:
                return
            names = {field.name for field in table.fields}
            fields = {name: value for name, value in self._checked.manifest.items() if name in names}
            record = {"model": MODEL, "pk": self._checked.manifest_id, "fields": fields}
            writing = _Writing(self._target)
            for block in TableRows(table, self._dialect, self._naturals.resolve).blocks([record]):
                writing.write(table, block, first=1)
            writing.end()

    def next_ids_of_empty_tables(self) -> dict[Table, int]:
        entries = (self._checked.manifest or {}).get("tables", ())
        return {
            self._plan.loaded[entry["model"]]: entry["next_id"]
            for entry in entries
            if entry["model"] in self._plan.loaded and entry["next_id"] is not None and not entry["records"]
        }

    def _raise_next_ids(self) -> None:
        entries = (self._checked.manifest or {}).get("tables", ())
        wanted = {entry["model"]: entry["next_id"] for entry in entries}
        for table in self._plan.loaded.values():
            if table.has_composite_key:
                continue
            self._target.raise_next_id(table, wanted.get(table.label))


class _Writing:
    """Hands blocks to the writer of their table; one writer is open at a time."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._open: tuple[Table, tuple[Field[Any, Any], ...]] | None = None
        self._write: Write | None = None
        self._first = 1

    def write(self, table: Table, block: Block, *, first: int) -> None:
        if self._open != (table, block.fields) or self._write is None:
            self.end()
            self._write = self._target.writer(table, block.fields)
            self._open = (table, block.fields)
            self._first = first
        elif not self._target.refuses_late:
            self._first = first
        with self._naming(table):
            self._write(block.columns)

    def end(self) -> None:
        if self._open is not None:
            table, _ = self._open
            self._open = self._write = None
            with self._naming(table):
                self._target.end_writing()

    @contextmanager
    def _naming(self, table: Table) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not self._target.is_refusal(error):
                raise
            raise LoadRefused(f"{table.label}, from record {self._first:,} on: {error}") from error


@contextmanager
def _interrupting(target: Target, watch: Watch) -> Iterator[None]:
    """Asks for a cancel also while one long statement runs, and ends that statement then."""
    over, cancelled = Event(), Event()

    def look() -> None:
        while not over.wait(1):
            if watch.is_cancelled():
                cancelled.set()
                target.interrupt()
                return

    thread = Thread(target=look, name="cancel of a load", daemon=True)
    thread.start()
    try:
        yield
    except Exception as error:
        if cancelled.is_set() and not isinstance(error, Cancelled):
            raise Cancelled("Cancelled; nothing was changed.") from error
        raise
    finally:
        over.set()
        thread.join()
