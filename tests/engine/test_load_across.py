"""From each kind of database to each other one: exact, or refused by name before anything is written."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connections

from backups_app.engine.dump import Scope
from backups_app.engine.load import load
from tests import ledger
from tests.conftest import KINDS
from tests.engine import oracle
from tests.engine.conftest import dumped_zoo
from tests.engine.restoring import check_bytes, dump_bytes, restore_bytes
from tests.zoo import models as zoo
from tests.zoo.samples.literals import ORDINARY_DECIMALS, ORDINARY_JSON, ORDINARY_NUMBERS, ORDINARY_TEXTS
from tests.zoo.samples.writing import create


def pairs():
    for source, one in KINDS.items():
        for target, other in KINDS.items():
            if one != other:
                there = {one, other} <= set(settings.DATABASES)
                mark = [pytest.mark.django_db(transaction=True, databases=[one, other])] if there else []
                yield pytest.param(one, other, id=f"{source} to {target}", marks=mark)


@pytest.mark.parametrize(("source", "target"), list(pairs()))
def test_ordinary_rows_go_across_and_come_back_the_same(source, target):
    """There and back again: what comes back is what went."""
    for alias in (source, target):
        if alias not in settings.DATABASES:
            ledger.leave_out(*settings.NOT_INSTALLED[alias].split(": ", 1))
    fill_with_ordinary_rows(source)
    data, dumped = dump_bytes(source, exclude=("zoo_postgres", "django_celery_beat"))
    before = oracle.read(source)
    loaded = restore_bytes(target, data)
    assert loaded.proven
    assert loaded.record_count == dumped.record_count
    there, _ = dump_bytes(target, exclude=("zoo_postgres", "django_celery_beat"))
    with connections[source].cursor() as cursor:
        cursor.execute("UPDATE zoo_author SET name = 'changed'")
    assert restore_bytes(source, there).proven
    after = oracle.read(source)
    for found in (before, after):
        found.pop("backups_app_manifest")
    assert oracle.differences(before, after) == []


def fill_with_ordinary_rows(alias):
    """One row of every kind of value that every database has, and rows that refer to each other."""
    author = zoo.Author.objects.using(alias).create(name="Ünï 🦓\n'quoted' \\ \t", code="A")
    create(
        alias,
        zoo.Numbers(**ORDINARY_NUMBERS),
        zoo.Decimals(**{**ORDINARY_DECIMALS, "fraction": "0.5"}),
        zoo.Texts(**ORDINARY_TEXTS),
        zoo.Json(**ORDINARY_JSON),
        zoo.Flags(flag=True, flag_null=False),
        zoo.Identities(uuid=UUID(int=5), ip="::1", ip4="10.0.0.1", binary=bytes(range(256))),
        zoo.Book(title="It", author=author, by_code=author, seller=author),
        zoo.KeyUuid(id=UUID(int=7), name="seven"),
        zoo.KeyText(code="ключ", name="text"),
    )
    for moment in (datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(1999, 1, 1, 0, 0, 0, 1, tzinfo=UTC)):
        for span in (timedelta(0), timedelta(days=-3, microseconds=7), timedelta(days=400, hours=5)):
            times = {"date": moment.date(), "moment": moment, "time": moment.time(), "duration": span}
            create(alias, zoo.Times(**times))
        create(alias, zoo.KeyMoment(at=moment, name="key"))


@pytest.mark.parametrize(("source", "target"), list(pairs()))
def test_what_the_other_kind_cannot_hold_is_refused_and_named_and_nothing_written(source, target):
    for alias in (source, target):
        if alias not in settings.DATABASES:
            ledger.leave_out(*settings.NOT_INSTALLED[alias].split(": ", 1))
    file = dumped_zoo(source)
    before = oracle.read(target)
    checked = check_bytes(target, file.data)
    assert {finding.kind for finding in checked.refusals} <= {"bad-value", "same-key", "unknown-model", "changed"}
    assert any(finding.kind == "bad-value" for finding in checked.refusals)
    assert all(finding.where for finding in checked.refusals)
    with pytest.raises(Exception, match=r"zoo"):
        load(lambda: BytesIO(file.data), checked=checked, scope=Scope(using=target))
    assert oracle.differences(before, oracle.read(target)) == []
