"""The zoo, dumped once on each kind of database, for the many tests that only look at the result."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.models import Model
from pytest_django import DjangoDbBlocker

from backups_app.engine.dump import Dumped, Scope, dump
from tests import ledger
from tests.conftest import KINDS
from tests.engine import oracle
from tests.engine.comparing import key_columns
from tests.engine.databases import in_order
from tests.engine.reading import strict


@dataclass(frozen=True)
class Filed:
    """A backup file, with what an independent reader found in the database at the same time."""

    alias: str
    data: bytes
    result: Dumped
    raw: Mapping[str, oracle.Table]
    # Label -> the keys of its rows as text, in the order of the database.
    keys: Mapping[str, list[tuple[Any, ...]]]
    next_ids: Mapping[str, int]

    @property
    def connection(self) -> Any:
        return connections[self.alias]

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
        return json.loads(self.lines[-1])["fields"]

    def models(self) -> list[type[Model]]:
        return [apps.get_model(entry["model"]) for entry in self.manifest["tables"]]


def dump_bytes(alias: str, **scope: Any) -> tuple[bytes, Dumped]:
    stream = BytesIO()
    result = dump(stream, scope=Scope(using=alias, **scope), kind="manual")
    return stream.getvalue(), result


def filed(alias: str, **scope: Any) -> Filed:
    """A backup of what is in the database now."""
    data, result = dump_bytes(alias, **scope)
    models = [apps.get_model(entry["model"]) for entry in result.manifest["tables"]]
    keys = {model._meta.label_lower: in_order(alias, model._meta.db_table, key_columns(model)) for model in models}
    return Filed(alias, data, result, oracle.read(alias), keys, oracle.next_ids(alias))


_dumped: dict[str, Filed] = {}


def dumped_zoo(alias: str) -> Filed:
    """The filled zoo and the backup of it, once for each kind of database; the database is emptied again."""
    if alias not in _dumped:
        from tests.zoo.samples import fill

        fill(alias)
        try:
            _dumped[alias] = filed(alias)
        finally:
            call_command("flush", database=alias, interactive=False, verbosity=0, reset_sequences=False)
    return _dumped[alias]


def _kinds() -> Iterator[Any]:
    for kind, alias in KINDS.items():
        mark = pytest.mark.django_db(databases=[alias])
        yield pytest.param(alias, id=kind, marks=[mark] if alias in settings.DATABASES else [])


@pytest.fixture(scope="session", params=_kinds())
def dumped(request: pytest.FixtureRequest) -> Filed:
    """`dumped_zoo` on each kind of database in turn."""
    alias: str = request.param
    if alias not in settings.DATABASES:
        ledger.leave_out(*settings.NOT_INSTALLED[alias].split(": ", 1))
    request.getfixturevalue("django_db_setup")
    blocker: DjangoDbBlocker = request.getfixturevalue("django_db_blocker")
    with blocker.unblock():
        return dumped_zoo(alias)
