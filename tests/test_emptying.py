"""Between two tests everything goes away that a test has written."""

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections

from eclick.models import Client
from tests.emptying import empty
from tests.engine import oracle
from tests.zoo.models import Landmark
from tests.zoo.samples import fill


def read(alias):
    """No flush empties a table that Django does not manage."""
    managed = connections[alias].introspection.django_table_names(only_existing=True, include_views=False)
    return {name: table.records() for name, table in oracle.read(alias, only=managed).items()}


def test_all_that_a_test_has_written_goes_away(database):
    empty(database)
    before = read(database)
    fill(database)
    Client.objects.using(database).create(name="Café Central", country="AT", hourly_rate=1)
    assert read(database) != before
    empty(database)
    assert read(database) == before


def test_what_migrate_made_comes_back(database):
    empty(database)
    before = read(database)
    ContentType.objects.using(database).filter(app_label="eclick").delete()
    Landmark.objects.using(database).update(name="moved")
    empty(database)
    assert read(database) == before
    assert Landmark.objects.using(database).get().name == "made by post_migrate"


def test_what_is_left_is_what_a_flush_leaves(database):
    empty(database)
    rows = {name: len(records) for name, records in read(database).items()}
    call_command("flush", database=database, interactive=False, verbosity=0, reset_sequences=False)
    assert {name: len(records) for name, records in read(database).items()} == rows
