"""One database that a file is loaded into: what every kind of database can do, in one transaction."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import Field

from backups_app.engine.databases.base import Snapshot
from backups_app.engine.decoders import Dialect
from backups_app.engine.errors import CommitUnknown, EngineError, LoadFailed, LockNotFree
from backups_app.engine.progress import Watch
from backups_app.engine.selection import Table

# So long a load waits for others, in short tries.
LOCK_PATIENCE_SECONDS = 60.0

# Writes a batch, given by its columns in the order of the fields that the writer was made for.
Write = Callable[[Sequence[Sequence[Any]]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A table that is cleared, and how many records the file has for it."""

    table: Table
    records: int


class Target(Snapshot):
    """A connection that writes. `begin` connects and changes nothing; `lock` begins the transaction.

    The steps come in this order: exclude_others, before_transaction, lock, prepare, writer for each table and batch,
    settle, raise_next_id, commit. With staging the writers come before lock, and unstage in their place.
    Leaving without `commit` rolls back. As a Snapshot it reads what it wrote itself.
    """

    # What the driver raises for a row that the database does not take.
    refusals: tuple[type[Exception], ...]
    # Whether it may tell of a row that it does not take only when later ones are given.
    refuses_late = False
    # Triggers that can't be kept from firing on what is written, as "name on table".
    firing: tuple[str, ...] = ()
    # Set before `prepare`: whether references that lead nowhere are kept instead of refused.
    keeps_dangling = False
    # What was kept of them, once settled: (table, how many, where to, and what the database makes of that).
    dangling: tuple[tuple[str, str], ...] = ()

    def is_refusal(self, error: BaseException) -> bool:
        """Whether the database does not take a row, and works otherwise."""
        return isinstance(error, self.refusals)

    @abstractmethod
    def exclude_others(self, watch: Watch) -> None:
        """Till the end nobody else loads into this database, or dumps it but for this load itself.

        Raises LoadUnderWay, or LockNotFree when dumps would not end.
        """

    def before_transaction(self, next_ids: Mapping[Table, int]) -> None:
        """What can be done to counters only here; harmless if the load does not come about."""

    def free_bytes(self) -> int | None:
        """Free space on the database's disk; None where that can't be seen from here."""
        return None

    @abstractmethod
    def keys_by_collation(self, table: Table, *, all_unique: bool) -> list[dict[str, str]]:
        """Columns of each key in which texts that differ may be the same, each with the SQL that makes it compare so.

        That is "" where a column of `make_temporary` does by itself. Without `all_unique` the primary key only.
        """

    def make_temporary(self, place: Table, table: Table, fields: Sequence[Field[Any, Any]]) -> bool:
        """An empty temporary table `place` with those columns of `table`. False when that is not allowed."""
        columns = ", ".join(self.quote(str(field.column)) for field in fields)
        try:
            self.execute(
                f"CREATE TEMPORARY TABLE {self.quote(place.name)} AS"
                f" SELECT {columns} FROM {self.quote(table.name)} WHERE 1 = 0"
            )
        except self.driver_errors:
            return False
        return True

    def wants_staging(self, records: int, size_bytes: int) -> bool:
        """Whether so many records, of a file of that size, are read and converted before others are locked out."""
        return False

    @contextmanager
    def staging(self) -> Iterator[None]:
        """Before `lock`: what is written here goes aside, and into the tables by `unstage`."""
        raise NotImplementedError
        yield

    def unstage(self) -> None:
        """Writes what was put aside. Raises LoadRefused."""
        raise NotImplementedError

    @abstractmethod
    def lock(self, tables: Sequence[Table], watch: Watch) -> None:
        """Begins; from here on nobody else writes to `tables`. Raises LockNotFree, naming who is in the way."""

    @abstractmethod
    def prepare(self, work: Sequence[Work]) -> None:
        """Clears the tables, and takes away for the time being what makes writing slow or fires on it."""

    @abstractmethod
    def writer(self, table: Table, fields: Sequence[Field[Any, Any]]) -> Write:
        """What writes batches of `fields` of `table`. One at a time: call `end_writing` before the next."""

    def end_writing(self) -> None:
        """Everything given to the last writer is in its table."""

    @abstractmethod
    def settle(self) -> None:
        """Puts back what `prepare` took away and checks every key.

        Raises LoadRefused, and KeysDangle, which counts what dangles, unless that is kept.
        """

    @abstractmethod
    def raise_next_id(self, table: Table, at_least: int | None) -> None:
        """The table's counter, if it has one, gives `at_least` next, or more; it is never lowered.

        It gives no key that a row has.
        """

    @abstractmethod
    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a small query, with Django's %s for parameters."""

    @abstractmethod
    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """How many rows were changed by the statement, with Django's %s for parameters."""

    def commit(self) -> None:
        """Raises CommitUnknown when the server does not say how it ended."""
        try:
            self.execute("COMMIT")
        except self.driver_errors as error:
            raise CommitUnknown(f"The connection was lost while the database committed: {error}") from error

    def after_commit(self) -> list[tuple[str, str]]:
        """Puts in order what depends on the tables; what could not be, and why. Never raises."""
        return []

    def interrupt(self) -> None:
        """Ends the statement that runs, from another thread."""

    def dialect(self, manifest: Mapping[str, Any] | None) -> Dialect:
        """How values of the file with this manifest are written here."""
        forms = self.text_forms()
        return Dialect(
            connection=self.connection,
            zone=forms.zone,
            dashes_uuids=forms.dashes_uuids,
            is_origin=manifest is not None and manifest.get("database", {}).get("vendor") == self.vendor,
        )

    @contextmanager
    def as_alias(self) -> Iterator[str]:
        """For this thread the alias of Django's connection leads here, so that managers see what was loaded."""
        self.end_writing()
        alias = str(self.connection.alias)
        before = connections[alias]
        connections[alias] = self.connection
        try:
            yield alias
        finally:
            connections[alias] = before

    def begin_proof(self) -> None:
        """From here on rows are read as a dump reads them."""

    def _failure(self, words: str, error: BaseException) -> EngineError:
        return LoadFailed(f"The database broke off the load, nothing was changed: {error}")


def dump_in_the_way() -> LockNotFree:
    return LockNotFree(
        f"A backup of this database has been under way for {LOCK_PATIENCE_SECONDS:.0f} seconds.",
        hint="Nothing was changed. Wait until that backup has ended, or cancel it; then start the restore again.",
    )


def insert_sql(target: Target, table: Table, fields: Sequence[Field[Any, Any]], values: str) -> str:
    columns = ", ".join(target.quote(str(field.column)) for field in fields)
    return f"INSERT INTO {target.quote(table.name)} ({columns}) VALUES {values}"
