"""Backup files for tests: made now, or of the zoo, once for each kind of database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import connections
from django.db.models import Model

from backups_app.engine.dump import Dumped, Scope, dump
from backups_app.engine.progress import Watch
from tests.engine import oracle
from tests.engine.comparing import key_columns
from tests.engine.databases import in_order
from tests.engine.reading import strict


@dataclass(frozen=True)
class File:
    """A backup file as its reader has it, and what the dump said of it."""

    data: bytes
    result: Dumped

    @cached_property
    def lines(self) -> list[bytes]:
        """The lines of the records, without their separators; the manifest's is the last."""
        assert self.data.startswith(b"[\n")
        assert self.data.endswith(b"\n]\n")
        *records, manifest = self.data[2:-3].split(b"\n")
        assert all(line.endswith(b",") for line in records)
        return [*(line[:-1] for line in records), manifest]

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """Without the manifest."""
        return [strict(line) for line in self.lines[:-1]]

    @cached_property
    def by_model(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {entry["model"]: [] for entry in self.manifest["tables"]}
        for record in self.records:
            found[record["model"]].append(record)
        return found

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Its fields."""
        fields: dict[str, Any] = json.loads(self.lines[-1])["fields"]
        return fields

    def models(self) -> list[type[Model]]:
        return [apps.get_model(entry["model"]) for entry in self.manifest["tables"]]


@dataclass(frozen=True)
class Witnessed(File):
    """A backup file, with what an independent reader found in the database at the same time."""

    alias: str
    raw: Mapping[str, oracle.Table]
    # Label -> the keys of its rows as text, in the order of the database.
    keys: Mapping[str, list[tuple[Any, ...]]]
    next_ids: Mapping[str, int]

    @property
    def connection(self) -> Any:
        return connections[self.alias]


def dump_file(alias: str, watch: Watch | None = None, **scope: Any) -> File:
    """A backup of what is in the database now."""
    stream = BytesIO()
    result = dump(stream, scope=Scope(using=alias, **scope), kind="manual", watch=watch)
    return File(stream.getvalue(), result)


def witnessed_dump(alias: str, **scope: Any) -> Witnessed:
    file = dump_file(alias, **scope)
    keys = {
        model._meta.label_lower: in_order(alias, model._meta.db_table, key_columns(model)) for model in file.models()
    }
    return Witnessed(file.data, file.result, alias, oracle.read(alias), keys, oracle.next_ids(alias))


_dumped: dict[str, Witnessed] = {}


def dumped_zoo(alias: str) -> Witnessed:
    """The filled zoo and the backup of it, made when first asked for; the database is emptied again."""
    if alias not in _dumped:
        from tests.zoo.samples import fill

        fill(alias)
        try:
            _dumped[alias] = witnessed_dump(alias)
        finally:
            call_command("flush", database=alias, interactive=False, verbosity=0, reset_sequences=False)
    return _dumped[alias]
