"""The zoo is full on every database: what is not there can't be lost, and would prove nothing."""

from django.apps import apps
from django.db import connections, router

from tests.engine import oracle


def _tables(alias):
    """Tables of the zoo's models on this database, links of many-to-many fields included."""
    connection = connections[alias]
    models = [
        *apps.get_app_config("zoo").get_models(include_auto_created=True),
        *apps.get_app_config("zoo_postgres").get_models(include_auto_created=True),
    ]
    present = set(oracle.count(alias))
    return {
        model._meta.db_table: model
        for model in models
        if not model._meta.proxy
        and not model._meta.swapped
        and model._meta.db_table in present
        and router.allow_migrate_model(alias, model)
        and model._meta.can_migrate(connection)
    }


def test_every_table_has_rows(zoo):
    counts = oracle.count(zoo)
    assert [table for table in _tables(zoo) if not counts[table]] == []


def test_every_column_has_values_and_every_nullable_one_has_null(zoo):
    found = oracle.read(zoo, only=_tables(zoo))
    without_value, without_null = [], []
    for table, model in _tables(zoo).items():
        for field in model._meta.local_concrete_fields:
            if getattr(field, "fields", None):  # a composite key has columns of its fields, not of its own
                continue
            values = found[table].column(field.column)
            if all(value is None for value in values):
                without_value.append(f"{table}.{field.column}")
            if field.null and all(value is not None for value in values):
                without_null.append(f"{table}.{field.column}")
    assert without_value == []
    assert without_null == []


def test_filling_is_the_same_every_time(database):
    from tests.zoo.samples import fill

    fill(database)
    first = oracle.read(database, only=[name for name in _tables(database) if name != "zoo_databasedefault"])
    assert sum(map(len, first.values())) > 300
