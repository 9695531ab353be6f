"""The second house's tables, as makemigrations wrote them."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.hstore
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.constraints
import tests.zoo.fields
import tests.zoo_postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("zoo_postgres", "0001_types"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlwaysIdentity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "db_table": "zoo_always_identity",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="MaterializedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("room", models.IntegerField()),
            ],
            options={
                "db_table": "zoo_materialized",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="OtherSchema",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "db_table": 'zoo_elsewhere"."thing',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Partitioned",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "db_table": "zoo_partitioned",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Serial",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "db_table": "zoo_serial",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Arrays",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("numbers", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ("texts", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(null=True), size=None)),
                (
                    "moments",
                    django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(null=True), size=None),
                ),
                (
                    "nested",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=django.contrib.postgres.fields.ArrayField(
                            base_field=models.IntegerField(null=True), size=None
                        ),
                        size=None,
                    ),
                ),
                (
                    "decimals",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DecimalField(decimal_places=5, max_digits=20), size=None
                    ),
                ),
                (
                    "fixed",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), size=2),
                ),
                ("flags", django.contrib.postgres.fields.ArrayField(base_field=models.BooleanField(), size=None)),
                ("reals", django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ("uuids", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ("jsons", django.contrib.postgres.fields.ArrayField(base_field=models.JSONField(null=True), size=None)),
                ("binaries", django.contrib.postgres.fields.ArrayField(base_field=models.BinaryField(), size=None)),
                ("durations", django.contrib.postgres.fields.ArrayField(base_field=models.DurationField(), size=None)),
                (
                    "pairs",
                    django.contrib.postgres.fields.ArrayField(base_field=tests.zoo.fields.PairField(), size=None),
                ),
                (
                    "numbers_null",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(null=True), null=True, size=None
                    ),
                ),
                (
                    "texts_null",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(null=True), null=True, size=None
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Caseless",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", tests.zoo_postgres.fields.ColumnOf("citext", unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="Foreign",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mac", tests.zoo_postgres.fields.ColumnOf("macaddr")),
                ("point", tests.zoo_postgres.fields.ColumnOf("point")),
                ("bits", tests.zoo_postgres.fields.ColumnOf("bit varying(64)")),
                ("network", tests.zoo_postgres.fields.ColumnOf("cidr")),
                ("plain_json", tests.zoo_postgres.fields.ColumnOf("json")),
                ("query", tests.zoo_postgres.fields.ColumnOf("tsquery")),
                ("zoned_time", tests.zoo_postgres.fields.ColumnOf("time with time zone")),
                ("naive", tests.zoo_postgres.fields.ColumnOf("timestamp without time zone")),
                ("real", tests.zoo_postgres.fields.ColumnOf("real")),
                ("money", tests.zoo_postgres.fields.ColumnOf("money")),
                ("padded", tests.zoo_postgres.fields.ColumnOf("character(10)")),
                ("mood", tests.zoo_postgres.fields.ColumnOf("zoo_mood")),
                ("moods", tests.zoo_postgres.fields.ColumnOf("zoo_mood[]")),
                ("positive", tests.zoo_postgres.fields.ColumnOf("zoo_positive")),
                ("pair", tests.zoo_postgres.fields.ColumnOf("zoo_pair")),
                ("many", tests.zoo_postgres.fields.ColumnOf("int4multirange")),
                ("days", tests.zoo_postgres.fields.ColumnOf("interval day to second(3)")),
            ],
        ),
        migrations.CreateModel(
            name="Hstores",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pairs", django.contrib.postgres.fields.hstore.HStoreField()),
                ("pairs_null", django.contrib.postgres.fields.hstore.HStoreField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Markup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("xml", tests.zoo_postgres.fields.ColumnOf("xml")),
            ],
        ),
        migrations.CreateModel(
            name="Ranges",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("integers", django.contrib.postgres.fields.ranges.IntegerRangeField()),
                ("bigs", django.contrib.postgres.fields.ranges.BigIntegerRangeField()),
                ("decimals", django.contrib.postgres.fields.ranges.DecimalRangeField()),
                ("moments", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("dates", django.contrib.postgres.fields.ranges.DateRangeField()),
                ("closed", django.contrib.postgres.fields.ranges.DecimalRangeField(default_bounds="[]")),
                (
                    "several",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=django.contrib.postgres.fields.ranges.IntegerRangeField(), size=None
                    ),
                ),
                ("integers_null", django.contrib.postgres.fields.ranges.IntegerRangeField(null=True)),
                ("bigs_null", django.contrib.postgres.fields.ranges.BigIntegerRangeField(null=True)),
                ("decimals_null", django.contrib.postgres.fields.ranges.DecimalRangeField(null=True)),
                ("moments_null", django.contrib.postgres.fields.ranges.DateTimeRangeField(null=True)),
                ("dates_null", django.contrib.postgres.fields.ranges.DateRangeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Unlimited",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", tests.zoo_postgres.fields.NumericField(decimal_places=500, max_digits=1000)),
                ("number_null", tests.zoo_postgres.fields.NumericField(decimal_places=500, max_digits=1000, null=True)),
                ("long", models.DecimalField(decimal_places=400, max_digits=1000)),
            ],
        ),
        migrations.CreateModel(
            name="Reserved",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("room", models.IntegerField()),
                ("during", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("position", models.IntegerField()),
            ],
            options={
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        expressions=[("during", "&&")],
                        name="zoo_no_overlap",
                    ),
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        fields=("position",),
                        name="zoo_position_deferred",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Search",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", django.contrib.postgres.search.SearchVectorField()),
                ("words_null", django.contrib.postgres.search.SearchVectorField(null=True)),
            ],
            options={
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["words"], name="zoo_words_gin")],
            },
        ),
    ]
