"""Loading into PostgreSQL: one transaction with COPY, large tables without their keys and plain indexes.

DDL rolls back here, so that a large table is truncated and its indexes are built at the end. Every constraint, index
and trigger that was there at the start is there at the end: a fingerprint of them all is compared before the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import orjson
from django.db.models import Field

from backups_app.engine.databases.postgresql import DUMPS, LOADS, PostgreSQLSnapshot
from backups_app.engine.databases.restore_base import LOCK_PATIENCE_SECONDS, Target, Work, Write, dump_in_the_way
from backups_app.engine.errors import KeysDangle, LoadFailed, LoadRefused, LoadUnderWay, LockNotFree
from backups_app.engine.progress import Stage, Watch
from backups_app.engine.selection import Table

# From this number of records on, building keys and indexes at the end is cheaper than the locks that it takes.
MANY_RECORDS = 10_000
# So much of the room for locks a load takes; with more to lock, tables are emptied row by row.
LOCKS_SHARE = 0.5
_LOCK_TRY = "1s"
# Blocks of COPY that wait for the server, each as large as what is read of the file at a time.
_BLOCKS_WAITING = 8

_NONE = type(None)
_WHOLE = {int, bool, _NONE}
_NULL = b"\\N"
_FOREIGN_KEYS = """
    SELECT k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text, pg_get_constraintdef(k.oid),
        obj_description(k.oid, 'pg_constraint'),
        k.condeferrable AND k.confdeltype = 'a' AND k.convalidated, k.confdeltype = 'a',
        k.conrelid::bigint, k.confrelid::bigint, pg_has_role(c.relowner, 'USAGE')
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = ANY(%s) OR k.confrelid = ANY(%s))
    ORDER BY k.oid
"""
_PLAIN_INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY(%s) AND NOT i.indisunique AND NOT i.indisexclusion AND i.indisvalid AND i.indisready
        AND NOT i.indisclustered AND NOT i.indisreplident AND c.reltablespace = 0 AND NOT c.relispartition
        AND obj_description(c.oid, 'pg_class') IS NULL
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conindid = c.oid)
        AND NOT EXISTS (
            SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget >= 0
        )
    ORDER BY i.indexrelid
"""
_TRIGGERS = """
    SELECT tgrelid::regclass::text, tgname, tgenabled::text, tgrelid::bigint FROM pg_catalog.pg_trigger
    WHERE NOT tgisinternal AND tgrelid = ANY(%s) AND tgenabled <> 'D' ORDER BY tgname
"""
_REFERENCES = """
    SELECT k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text,
        string_agg(format('b.%%I = a.%%I', theirs.attname, own.attname), ' AND '),
        string_agg(format('a.%%I IS NOT NULL', own.attname), ' AND ')
    FROM pg_catalog.pg_constraint k
        CROSS JOIN unnest(k.conkey, k.confkey) AS pair(own, theirs)
        JOIN pg_catalog.pg_attribute own ON own.attrelid = k.conrelid AND own.attnum = pair.own
        JOIN pg_catalog.pg_attribute theirs ON theirs.attrelid = k.confrelid AND theirs.attnum = pair.theirs
    WHERE k.contype = 'f' AND k.convalidated AND (k.conrelid = ANY(%s) OR k.confrelid = ANY(%s))
    GROUP BY k.oid, k.conname, k.conrelid, k.confrelid ORDER BY k.oid
"""
_MATERIALIZED_VIEWS = """
    WITH RECURSIVE dependent(oid, depth) AS (
        SELECT unnest(%s::oid[]), 0
        UNION
        SELECT r.ev_class, d.depth + 1 FROM dependent d
            JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_class'::regclass AND p.refobjid = d.oid
                AND p.classid = 'pg_rewrite'::regclass
            JOIN pg_catalog.pg_rewrite r ON r.oid = p.objid
        WHERE r.ev_class <> d.oid AND d.depth < 100
    )
    SELECT c.oid::regclass::text FROM dependent JOIN pg_catalog.pg_class c USING (oid)
    WHERE c.relkind = 'm' AND c.relispopulated GROUP BY c.oid ORDER BY max(depth), c.oid
"""
# Of columns, and of all rows; with a column in which texts that differ may be equal.
_KEYS = """
    SELECT array_agg(a.attname::text ORDER BY k.place)
    FROM pg_catalog.pg_index i
        CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(number, place)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
    WHERE i.indrelid = %s::regclass AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
        AND k.place <= i.indnkeyatts AND (i.indisprimary OR %s)
    GROUP BY i.indexrelid HAVING bool_or(t.typname = 'citext' OR NOT c.collisdeterministic) ORDER BY i.indexrelid
"""
# The table of locks that all sessions share, and what is locked besides the tables: indexes, dropped and made anew.
_ROOM_FOR_LOCKS = """
    SELECT current_setting('max_locks_per_transaction')::bigint
        * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint),
        (SELECT count(*) FROM pg_catalog.pg_index WHERE indrelid = ANY(%s))
"""
_FINGERPRINT = """
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated::text,
        obj_description(oid, 'pg_constraint')
    FROM pg_catalog.pg_constraint WHERE conrelid = ANY(%(oids)s) OR confrelid = ANY(%(oids)s)
    UNION ALL SELECT 'index', indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid),
        concat(indisvalid, indisclustered, indisreplident), obj_description(indexrelid, 'pg_class')
    FROM pg_catalog.pg_index WHERE indrelid = ANY(%(oids)s)
    UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text,
        obj_description(oid, 'pg_trigger')
    FROM pg_catalog.pg_trigger WHERE tgrelid = ANY(%(oids)s) AND NOT tgisinternal
"""
_IN_THE_WAY = """
    SELECT DISTINCT l.pid, a.usename, a.application_name, a.state, l.relation::regclass::text
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.granted AND l.relation = ANY(%s) AND l.pid <> pg_backend_pid() ORDER BY l.pid LIMIT 3
"""
_SWITCHES = {"O": "ENABLE TRIGGER", "R": "ENABLE REPLICA TRIGGER", "A": "ENABLE ALWAYS TRIGGER"}


@dataclass(frozen=True, slots=True)
class _ForeignKey:
    name: str
    table: str
    definition: str
    comment: str | None


class PostgreSQLTarget(Target, PostgreSQLSnapshot):
    refuses_late = True

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        import psycopg

        self._errors = psycopg.errors
        self.refusals = (psycopg.IntegrityError, psycopg.DataError)
        self._copying: Any = None
        self._copy: Any = None
        self._foreign_keys: list[_ForeignKey] = []
        self._indexes: list[str] = []
        self._triggers: list[tuple[str, str, str]] = []
        self._large: list[str] = []
        self._oids: list[int] = []
        self._before: set[tuple[Any, ...]] = set()
        self._counters: list[tuple[str, int]] = []

    def exclude_others(self, watch: Watch) -> None:
        self._begin("BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE")
        self._watch = watch
        if not self.rows(f"SELECT pg_try_advisory_xact_lock({LOADS})")[0][0]:
            raise LoadUnderWay
        self._patiently(f"SELECT pg_advisory_xact_lock({DUMPS})", otherwise=dump_in_the_way)

    def keys_by_collation(self, table: Table, *, all_unique: bool) -> list[dict[str, str]]:
        return [dict.fromkeys(columns, "") for (columns,) in self.run(_KEYS, (self.quote(table.name), all_unique))]

    def lock(self, tables: Sequence[Table], watch: Watch) -> None:
        names = [self.source(table) for table in tables]
        self._oids = self._oids_of([self.quote(table.name) for table in tables])
        self._lock(names, "EXCLUSIVE")
        self._before = self._fingerprint()
        # Read now, since keys that were taken away can't be asked for.
        self._references = self.run(_REFERENCES, (self._oids, self._oids))

    def _lock(self, names: Sequence[str], mode: str) -> None:
        if names:
            self._patiently(f"LOCK TABLE {', '.join(names)} IN {mode} MODE", otherwise=self._who_is_in_the_way)

    def _patiently(self, statement: str, *, otherwise: Callable[[], LockNotFree]) -> None:
        """In short tries, so that others are not kept waiting behind this and a cancel is seen."""
        give_up_at = monotonic() + LOCK_PATIENCE_SECONDS
        while True:
            self._raw.execute("SAVEPOINT before_lock")
            self._raw.execute(f"SET LOCAL lock_timeout = '{_LOCK_TRY}'")
            try:
                self._raw.execute(statement)
                break
            except (self._errors.LockNotAvailable, self._errors.DeadlockDetected) as error:
                self._raw.execute("ROLLBACK TO SAVEPOINT before_lock")
                if monotonic() > give_up_at:
                    raise otherwise() from error
            self._watch.step(Stage.CLEAR, 0, None)
        self._raw.execute("RELEASE SAVEPOINT before_lock")

    def _who_is_in_the_way(self) -> LockNotFree:
        found = [
            f"process {pid} of {user}{f' ({application})' if application else ''}, {state}, holds {table}"
            for pid, user, application, state, table in self.run(_IN_THE_WAY, (self._oids,))
        ]
        who = "; ".join(found) or "whoever held them has gone since"
        return LockNotFree(f"Tables were not free for {LOCK_PATIENCE_SECONDS:.0f} seconds; {who}.")

    def _oids_of(self, names: Sequence[str]) -> list[int]:
        return [oid for (oid,) in self.run("SELECT n::regclass::oid::bigint FROM unnest(%s::text[]) n", (list(names),))]

    def prepare(self, work: Sequence[Work]) -> None:
        self._raw.execute("SET CONSTRAINTS ALL IMMEDIATE")
        by_oid = dict(zip(self._oids_of([self.quote(item.table.name) for item in work]), work, strict=True))
        owned = self._owned(list(by_oid))
        keys = self.run(_FOREIGN_KEYS, (list(by_oid), list(by_oid)))
        large = [
            oid
            for oid, item in by_oid.items()
            if item.records >= MANY_RECORDS
            and oid in owned - _referred_by_others(keys)
            and self._relkind(item.table.name) != "p"
        ]
        if not self._has_room_for_locks(list(by_oid), large):
            large = []
        self._take_keys_away(keys, set(by_oid), set(large))
        self._take_triggers_away(list(by_oid), owned)
        for name, definition in self.run(_PLAIN_INDEXES, (large,)):
            self._raw.execute(f"DROP INDEX {name}")
            self._indexes.append(definition)
        self._large = [self.source(by_oid[oid].table) for oid in large]
        if self._large:
            self._raw.execute(f"TRUNCATE TABLE {', '.join(self._large)}")
        self._raw.execute("SET CONSTRAINTS ALL DEFERRED")
        # Who refers before whom he refers to, for keys that neither wait nor can be taken away.
        for oid, item in reversed(by_oid.items()):
            if oid not in large:
                self._raw.execute(f"DELETE FROM {self.source(item.table)}")

    def _owned(self, oids: list[int]) -> set[int]:
        rows = self.run(
            "SELECT oid::bigint FROM pg_catalog.pg_class WHERE oid = ANY(%s) AND pg_has_role(relowner, 'USAGE')",
            (oids,),
        )
        return {oid for (oid,) in rows}

    def _has_room_for_locks(self, oids: list[int], large: list[int]) -> bool:
        ((room, indexes),) = self.run(_ROOM_FOR_LOCKS, (large,))
        # A table, its overflow with an index, and what refers to it or is referred to.
        return len(oids) + 4 * len(large) + 2 * int(indexes) <= int(room) * LOCKS_SHARE

    def _take_keys_away(self, keys: Sequence[tuple[Any, ...]], oids: set[int], large: set[int]) -> None:
        """Of large tables all; of others those that can't wait for the end, act by themselves, or may dangle."""
        taken = []
        locked = set(self._names_of(list(large)))
        for name, table, other, definition, comment, can_wait, is_passive, own, referred, is_owned in keys:
            if can_wait and own not in large and referred not in large and not self.keeps_dangling:
                continue
            if is_owned:
                taken.append(_ForeignKey(self.quote(name), table, definition, comment))
                locked |= {table, other}
            elif own not in oids and not is_passive:
                raise LoadRefused(
                    f"The key {name} would change rows of {table}, which stays, when rows of {other} go, and only the"
                    " owner of that table can take it away for the time being.",
                    hint="Nothing was changed. Restore with the database user that owns the tables.",
                )
        self._lock(sorted(locked), "ACCESS EXCLUSIVE")
        for key in taken:
            self._raw.execute(f"ALTER TABLE {key.table} DROP CONSTRAINT {key.name}")
        self._foreign_keys = taken

    def _names_of(self, oids: list[int]) -> list[str]:
        return [
            name
            for (name,) in self.run("SELECT oid::regclass::text FROM pg_catalog.pg_class WHERE oid = ANY(%s)", (oids,))
        ]

    def _take_triggers_away(self, oids: list[int], owned: set[int]) -> None:
        found = self.run(_TRIGGERS, (oids,))
        self._triggers = [(table, self.quote(name), state) for table, name, state, oid in found if oid in owned]
        self.firing = tuple(f"{name} on {table}" for table, name, _, oid in found if oid not in owned)
        self._lock(sorted({table for table, _, _ in self._triggers}), "ACCESS EXCLUSIVE")
        for table, name, _ in self._triggers:
            self._raw.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")

    def writer(self, table: Table, fields: Sequence[Field[Any, Any]]) -> Write:
        from psycopg.adapt import PyFormat, Transformer

        columns = ", ".join(self.quote(str(field.column)) for field in fields)
        # What was truncated in this transaction nobody sees half-way, so its rows need no later visit by VACUUM.
        freeze = " WITH (FREEZE)" if self.source(table) in self._large else ""
        sql = f"COPY {self.quote(table.name)} ({columns}) FROM STDIN{freeze}"
        get_dumper = Transformer(self._raw).get_dumper

        def adapt(value: Any) -> str | None:
            dumped = get_dumper(value, PyFormat.TEXT).dump(value)
            return None if dumped is None else bytes(dumped).decode()

        def write(given: Sequence[Sequence[Any]]) -> None:
            texts = [copy_texts(column, adapt) for column in given]
            data = b"\n".join(map(b"\t".join, zip(*texts, strict=True))) + b"\n"
            if self._copy is None:
                cursor = self._raw.cursor()
                self._copying = cursor.copy(sql, writer=_queued_writer(cursor))
                self._copy = self._copying.__enter__()
            self._copy.write(data)

        return write

    def end_writing(self) -> None:
        copying, self._copying, self._copy = self._copying, None, None
        if copying is not None:
            copying.__exit__(None, None, None)

    def end(self) -> None:
        copying, self._copying, self._copy = self._copying, None, None
        if copying is not None:
            # Ends the thread that sends; what went wrong is on its way up already.
            with suppress(*self.driver_errors, OSError):
                copying.__exit__(LoadFailed, LoadFailed("The load ended before its time."), None)
        super().end()

    def settle(self) -> None:
        from psycopg.sql import Literal

        # The last is for partitioned tables, of which a key is valid or is not there.
        refusals: tuple[type[Exception], ...] = (*self.refusals, self._errors.FeatureNotSupported)
        self._raw.execute("SAVEPOINT before_keys")
        try:
            self._raw.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for definition in self._indexes:
                self._raw.execute(definition)
            not_valid = {(key.table, key.name) for key in self._foreign_keys if not self._put_back(key)}
            for key in self._foreign_keys:
                if key.comment is not None:
                    comment = Literal(key.comment).as_string(self._raw)
                    self._raw.execute(f"COMMENT ON CONSTRAINT {key.name} ON {key.table} IS {comment}")
        except refusals as error:
            self._raw.execute("ROLLBACK TO SAVEPOINT before_keys")
            found = "; ".join(
                f"{count:,} references from {table} to {other} lead nowhere ({name})"
                for name, table, other, count in self._what_dangles()
            )
            if found and not self.keeps_dangling:
                raise KeysDangle(f"The file breaks a constraint: {found}") from error
            raise LoadRefused(f"The file breaks a constraint: {found or error}") from error
        for table, name, state in self._triggers:
            self._raw.execute(f"ALTER TABLE {table} {_SWITCHES[state]} {name}")
        changed = {
            (kind, table, name, *others)
            for kind, table, name, *others in self._before ^ self._fingerprint()
            if kind != "constraint" or (table, self.quote(name)) not in not_valid
        }
        if changed:
            raise LoadFailed(f"The schema would not be what it was: {sorted(map(str, changed))[0]}")
        if not_valid:
            self.dangling = tuple(
                (table, f"{count:,} references to {other} lead nowhere; the key {name} is NOT VALID now.")
                for name, table, other, count in self._what_dangles()
            )

    def _put_back(self, key: _ForeignKey) -> bool:
        """False for a key of which only later rows are held to, since references lead nowhere and are kept."""
        statement = f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}"
        if not self.keeps_dangling:
            self._raw.execute(statement)
            return True
        self._raw.execute("SAVEPOINT before_key")
        try:
            self._raw.execute(statement)
        except self._errors.ForeignKeyViolation:
            self._raw.execute("ROLLBACK TO SAVEPOINT before_key")
            self._raw.execute(f"{statement} NOT VALID")
            return False
        finally:
            self._raw.execute("RELEASE SAVEPOINT before_key")
        return True

    def _what_dangles(self) -> list[tuple[str, str, str, int]]:
        """Name of the key, table, table referred to, how many."""
        found = []
        for name, table, other, same, given in self._references:
            sql = f"SELECT count(*) FROM {table} a WHERE {given} AND NOT EXISTS (SELECT 1 FROM {other} b WHERE {same})"
            if count := self.rows(sql)[0][0]:
                found.append((name, table, other, int(count)))
        return found

    def _fingerprint(self) -> set[tuple[Any, ...]]:
        return set(self._raw.execute(_FINGERPRINT, {"oids": self._oids}).fetchall())

    def raise_next_id(self, table: Table, at_least: int | None) -> None:
        key = str(table.key_fields[0].column)
        rows = self.run("SELECT pg_get_serial_sequence(%s, %s)", (self.quote(table.name), key))
        if not rows or rows[0][0] is None:
            return
        sequence = rows[0][0]
        step = self.run("SELECT seqincrement FROM pg_catalog.pg_sequence WHERE seqrelid = %s::regclass", (sequence,))[
            0
        ][0]
        last, is_called = self.run(f"SELECT last_value, is_called FROM {sequence}")[0]
        furthest, name = (max, "max") if step > 0 else (min, "min")
        now = last + step if is_called else last
        ((used,),) = self.run(f"SELECT {name}({self.quote(key)}) FROM {self.source(table)}")
        wanted = furthest([now, *([] if at_least is None else [at_least]), *([] if used is None else [used + step])])
        if wanted == now:
            return
        if self.run("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = %s::regclass", (sequence,))[0][0]:
            # Rolls back, unlike setval.
            self._raw.execute(f"ALTER SEQUENCE {sequence} RESTART WITH {wanted}")
        else:
            self._counters.append((sequence, wanted))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        self.end_writing()
        return super().rows(sql)

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.end_writing()
        return list(self._raw.execute(sql, parameters or None).fetchall())

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        self.end_writing()
        return int(self._raw.execute(sql, parameters or None).rowcount)

    def commit(self) -> None:
        # As late as can be; that a counter is further on does no harm if the rest is rolled back.
        for sequence, wanted in self._counters:
            self.run("SELECT setval(%s, %s, false)", (sequence, wanted))
        super().commit()

    def after_commit(self) -> list[tuple[str, str]]:
        """Plans get statistics, materialized views what the tables hold; everybody is back meanwhile."""
        if self._large:
            names = ", ".join(name.removeprefix("ONLY ") for name in self._large)
            with suppress(*self.driver_errors):
                self._raw.execute(f"ANALYZE (SKIP_LOCKED) {names}")
        failed = []
        try:
            for (view,) in self.run(_MATERIALIZED_VIEWS, (self._oids,)):
                try:
                    self._raw.execute(f"REFRESH MATERIALIZED VIEW {view}")
                except self.driver_errors as error:
                    failed.append((view, f"The materialized view could not be refreshed: {error}"))
        except self.driver_errors as error:
            failed.append(("materialized views", f"They could not be looked for: {error}"))
        return failed

    def interrupt(self) -> None:
        with suppress(*self.driver_errors):
            self._raw.cancel()


def _referred_by_others(keys: Sequence[tuple[Any, ...]]) -> set[int]:
    """Tables with a key from a table that somebody else owns: that can't be taken away."""
    return {referred for *_, referred, is_owned in keys if not is_owned}


def _queued_writer(cursor: Any) -> Any:
    """Sends in a thread, so that the next rows are made while the server takes these; few wait at a time."""
    from psycopg.copy import QueuedLibpqWriter

    writer = QueuedLibpqWriter(cursor)
    writer._queue.maxsize = _BLOCKS_WAITING
    return writer


def copy_texts(values: Sequence[Any], adapt: Callable[[Any], str | None]) -> Sequence[bytes]:
    """A column in the text format of COPY; `adapt` makes text of what is neither text, number, flag nor bytes."""
    types = set(map(type, values))
    if types == {str}:
        return _escaped(values)
    if types <= _WHOLE:
        with suppress(TypeError):  # beyond 64 bits
            return orjson.dumps(values)[1:-1].replace(b"null", _NULL).split(b",")
    if types == {str, _NONE}:
        escaped = _escaped(["" if value is None else value for value in values])
        return [_NULL if value is None else text for value, text in zip(values, escaped, strict=True)]
    return [_copy_text(value, adapt) for value in values]


def _copy_text(value: Any, adapt: Callable[[Any], str | None]) -> bytes:
    if value is None:
        return _NULL
    if type(value) in (int, float, bool):
        return repr(value).encode()
    if isinstance(value, bytes):
        return b"\\\\x" + value.hex().encode()
    text = value if type(value) is str else adapt(value)
    return _NULL if text is None else _escaped([text])[0]


def _escaped(texts: Sequence[str]) -> Sequence[bytes]:
    # Texts of PostgreSQL hold no NUL, so it can stand between them while they are escaped together.
    column = "\0".join(texts).encode()
    if column.count(b"\0") != len(texts) - 1:
        raise ValueError("PostgreSQL does not take the character NUL in text.")
    column = column.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r").replace(b"\t", b"\\t")
    return column.split(b"\0")
