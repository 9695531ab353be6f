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


# What makes the zoo worth having: (table, column) -> texts that plain SQL finds there.
NASTY = {
    "sqlite": {
        ("zoo_texts", "text"): ["a\udcffb", "\udced\udca0\udc80", "before\0after", "00ff"],
        ("zoo_numbers", "integer"): ["twelve", "1.5", "inf"],
        ("zoo_numbers", "real"): ["inf", "-inf", "a real", "5e-324"],
        ("zoo_flags", "flag"): ["2", "-1", "yes"],
        ("zoo_times", "date"): ["2026-02-30", "0000-00-00", "yesterday"],
        ("zoo_times", "moment"): ["2026-02-30 25:61:61", "1700000000"],
        ("zoo_json", "value"): ["null", "1.10", "1E400", '{"a": 1, "a": 2}'],
        ("zoo_keybig", "id"): ["0", "-5"],
    },
    "postgresql": {
        ("zoo_times", "date"): ["infinity", "-infinity", "0044-03-15 BC"],
        ("zoo_times", "moment"): ["infinity", "0044-03-15 12:00:00.000001+00 BC", "294276-12-31 23:59:59.999999+00"],
        ("zoo_times", "time"): ["24:00:00"],
        ("zoo_times", "duration"): ["1 mon", "-10 mons -3 days +04:05:06.000007"],
        ("zoo_numbers", "real"): ["NaN", "Infinity", "-Infinity", "-0", "5e-324"],
        ("zoo_decimals", "price"): ["NaN"],
        ("zoo_identities", "ip"): ["10.1.2.3/8", "10.0.0.0/8", "2001:db8::1/64"],
        ("zoo_json", "value"): ["null", "1.10", "[18446744073709551616, 0.1000000000000000055511151231257827, 100]"],
        ("zoo_postgres_arrays", "numbers"): ["[5:7]={1,2,3}", "{}"],
        ("zoo_postgres_unlimited", "number"): ["Infinity", "NaN", "1.1000000000"],
        ("zoo_keybig", "id"): ["0", "-5"],
    },
    "mysql": {
        ("zoo_times", "date"): ["0000-00-00", "2026-00-00", "2026-02-30"],
        ("zoo_times", "moment"): ["0000-00-00 00:00:00.000000", "2026-02-31 00:00:00.000000"],
        ("zoo_times", "time"): ["838:59:59.999999", "-00:00:01.000000"],
        ("zoo_texts", "text"): ["before\0after"],
        ("zoo_numbers", "real"): ["-1e22", "5e-324"],
        ("zoo_numbers", "positive_big"): ["18446744073709551615"],
        ("zoo_flags", "flag"): ["2", "-128"],
        ("zoo_json", "value"): ["null", "1.10", " null ", '{ "a" : 1 }'],
        ("zoo_keybig", "id"): ["0", "-5"],
    },
}


def test_nasty_values_lie_in_the_columns_as_they_are(zoo):
    expected = NASTY[connections[zoo].vendor]
    found = oracle.read(zoo, only={table for table, _ in expected})
    missing = [
        (table, column, text)
        for (table, column), texts in expected.items()
        for text in texts
        if text not in found[table].column(column)
    ]
    assert missing == []


def test_ids_were_given_out_whose_rows_have_gone(zoo):
    greatest = max(int(key) for key in oracle.read_table(zoo, "zoo_justkey").column("id"))
    assert oracle.next_ids(zoo)["zoo_justkey"] > greatest + 1
    greatest = max(int(key) for key in oracle.read_table(zoo, "zoo_book_labels").column("id"))
    assert oracle.next_ids(zoo)["zoo_book_labels"] > greatest + 1
