"""Every field class of django.contrib.postgres, and column types beyond them."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    BigIntegerRangeField,
    DateRangeField,
    DateTimeRangeField,
    DecimalRangeField,
    HStoreField,
    IntegerRangeField,
    RangeOperators,
)
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from tests.zoo.fields import PairField
from tests.zoo_postgres.fields import ColumnOf, NumericField


class Arrays(models.Model):
    numbers = ArrayField(models.IntegerField())
    texts = ArrayField(models.TextField(null=True))
    moments = ArrayField(models.DateTimeField(null=True))
    nested = ArrayField(ArrayField(models.IntegerField(null=True)))
    decimals = ArrayField(models.DecimalField(max_digits=20, decimal_places=5))
    fixed = ArrayField(models.CharField(max_length=10), size=2)
    flags = ArrayField(models.BooleanField())
    reals = ArrayField(models.FloatField())
    uuids = ArrayField(models.UUIDField())
    jsons = ArrayField(models.JSONField(null=True))
    binaries = ArrayField(models.BinaryField())
    durations = ArrayField(models.DurationField())
    pairs = ArrayField(PairField())

    numbers_null = ArrayField(models.IntegerField(null=True), null=True)
    texts_null = ArrayField(models.TextField(null=True), null=True)


class Hstores(models.Model):
    """Needs the extension hstore."""

    pairs = HStoreField()
    pairs_null = HStoreField(null=True)


class Ranges(models.Model):
    integers = IntegerRangeField()
    bigs = BigIntegerRangeField()
    decimals = DecimalRangeField()
    moments = DateTimeRangeField()
    dates = DateRangeField()
    closed = DecimalRangeField(default_bounds="[]")
    several = ArrayField(IntegerRangeField())

    integers_null = IntegerRangeField(null=True)
    bigs_null = BigIntegerRangeField(null=True)
    decimals_null = DecimalRangeField(null=True)
    moments_null = DateTimeRangeField(null=True)
    dates_null = DateRangeField(null=True)


class Search(models.Model):
    words = SearchVectorField()
    words_null = SearchVectorField(null=True)

    class Meta:
        indexes = [GinIndex(fields=["words"], name="zoo_words_gin")]


class Unlimited(models.Model):
    """Numbers as long as PostgreSQL has them."""

    number = NumericField()
    number_null = NumericField(null=True)
    long = models.DecimalField(max_digits=1000, decimal_places=400)


class Caseless(models.Model):
    """Text that compares without case, which Django had field classes for until 5.1. Needs the extension citext."""

    word = ColumnOf("citext", unique=True)


class Markup(models.Model):
    """Needs a PostgreSQL with libxml."""

    xml = ColumnOf("xml")


class Foreign(models.Model):
    """Column types that neither Django nor, for some, psycopg knows."""

    mac = ColumnOf("macaddr")
    point = ColumnOf("point")
    bits = ColumnOf("bit varying(64)")
    network = ColumnOf("cidr")
    plain_json = ColumnOf("json")
    query = ColumnOf("tsquery")
    zoned_time = ColumnOf("time with time zone")
    naive = ColumnOf("timestamp without time zone")
    real = ColumnOf("real")
    money = ColumnOf("money")
    padded = ColumnOf("character(10)")
    mood = ColumnOf("zoo_mood")
    moods = ColumnOf("zoo_mood[]")
    positive = ColumnOf("zoo_positive")
    pair = ColumnOf("zoo_pair")
    many = ColumnOf("int4multirange")
    days = ColumnOf("interval day to second(3)")


class Reserved(models.Model):
    """Constraints that only PostgreSQL has: no overlap, and uniqueness checked at COMMIT."""

    room = models.IntegerField()
    during = DateTimeRangeField()
    position = models.IntegerField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="zoo_no_overlap",
                expressions=[("during", RangeOperators.OVERLAPS)],
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(
                fields=["position"], name="zoo_position_deferred", deferrable=models.Deferrable.DEFERRED
            ),
        ]


class AlwaysIdentity(models.Model):
    """Unmanaged: its key is GENERATED ALWAYS, so that a plain INSERT of a key is refused."""

    name = models.CharField(max_length=50)

    class Meta:
        managed = False
        db_table = "zoo_always_identity"


class Serial(models.Model):
    """Unmanaged: the old serial, with a sequence that counts down in steps of ten."""

    name = models.CharField(max_length=50)

    class Meta:
        managed = False
        db_table = "zoo_serial"


class Partitioned(models.Model):
    """Unmanaged: a table whose rows lie in two others."""

    name = models.CharField(max_length=50)

    class Meta:
        managed = False
        db_table = "zoo_partitioned"


class OtherSchema(models.Model):
    """Unmanaged, in another schema, written as projects do it."""

    name = models.CharField(max_length=50)

    class Meta:
        managed = False
        db_table = 'zoo_elsewhere"."thing'


class MaterializedView(models.Model):
    """Unmanaged, over a materialized view: not data."""

    room = models.IntegerField()

    class Meta:
        managed = False
        db_table = "zoo_materialized"
