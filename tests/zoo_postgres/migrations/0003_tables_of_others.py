"""What the unmanaged models stand over."""

from django.db import migrations

TABLES = {
    "zoo_always_identity": (
        "CREATE TABLE zoo_always_identity (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)"
    ),
    "zoo_serial": (
        "CREATE SEQUENCE zoo_counting_down INCREMENT BY -10 MAXVALUE 1000 MINVALUE -1000 START WITH 1000;"
        "CREATE TABLE zoo_serial"
        " (id integer DEFAULT nextval('zoo_counting_down') PRIMARY KEY, name text NOT NULL);"
        "ALTER SEQUENCE zoo_counting_down OWNED BY zoo_serial.id"
    ),
    "zoo_partitioned": (
        "CREATE TABLE zoo_partitioned (id bigint PRIMARY KEY, name text NOT NULL) PARTITION BY RANGE (id);"
        "CREATE TABLE zoo_partition_low PARTITION OF zoo_partitioned FOR VALUES FROM (MINVALUE) TO (1000);"
        "CREATE TABLE zoo_partition_high PARTITION OF zoo_partitioned FOR VALUES FROM (1000) TO (MAXVALUE)"
    ),
    "zoo_elsewhere.thing": "CREATE TABLE zoo_elsewhere.thing (id bigserial PRIMARY KEY, name text NOT NULL)",
}


class Migration(migrations.Migration):
    dependencies = [("zoo_postgres", "0002_models")]

    operations = [
        *(migrations.RunSQL(make, f"DROP TABLE {name}") for name, make in TABLES.items()),
        migrations.RunSQL(
            "CREATE MATERIALIZED VIEW zoo_materialized AS SELECT id, room FROM zoo_postgres_reserved",
            "DROP MATERIALIZED VIEW zoo_materialized",
        ),
    ]
