"""Tables, names, columns and models that surprise."""

from typing import Any

from django.db import models
from django.db.models.functions import Lower, Now

from tests.zoo.fields import (
    ColourField,
    NormalisedField,
    PairField,
    PriceField,
    RotatedField,
    StampingField,
    WordsField,
)


class OddNames(models.Model):
    """Names that need quoting."""

    order = models.IntegerField(db_column="order")
    select = models.CharField(max_length=50, db_column="SELECT")
    spaced = models.CharField(max_length=50, db_column="with space")
    quoted = models.CharField(max_length=50, db_column="it's", null=True)
    accented = models.CharField(max_length=50, db_column="naïve ☂")
    dotted = models.CharField(max_length=50, db_column="a.b;c-d[e]")
    backslash = models.CharField(max_length=50, db_column="back\\slash")
    parent = models.ForeignKey("self", models.CASCADE, db_column="Parent Id", null=True)
    others = models.ManyToManyField("self", symmetrical=False, db_table="Zoo's Other Table", related_name="+")

    class Meta:
        db_table = "Zoo's Odd Täble"


class PercentNames(models.Model):
    """A percent sign in a column's name, which Django's own INSERT does not survive."""

    share = models.IntegerField(db_column="share in %")
    trap = models.CharField(max_length=50, db_column="%s %(name)s")

    class Meta:
        db_table = "zoo 100% table"


class Confusing(models.Model):
    """Its fields are called like the parts of a record."""

    model = models.CharField(max_length=50)
    fields = models.JSONField()
    meta = models.CharField(max_length=50, db_column="pk")


class JustKey(models.Model):
    """No column but its key."""


class Stamped(models.Model):
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)
    day = models.DateField(auto_now=True)
    time = models.TimeField(auto_now_add=True)
    stamp = StampingField(max_length=50)


class DatabaseDefault(models.Model):
    number = models.IntegerField(db_default=7)
    at = models.DateTimeField(db_default=Now())
    word = models.CharField(max_length=50, db_default="from the database", null=True)


class Watched(models.Model):
    """Receivers change it, and add rows elsewhere, whenever it is saved."""

    name = models.CharField(max_length=100)
    friends = models.ManyToManyField("self", symmetrical=False)


class Echo(models.Model):
    """What the receivers of Watched add."""

    text = models.CharField(max_length=50)


class Landmark(models.Model):
    """post_migrate makes a row of it."""

    name = models.CharField(max_length=50)


class Guarded(models.Model):
    """Can't be saved or deleted through the model."""

    name = models.CharField(max_length=50)

    def save(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("A row is written as it was: save() is not asked.")

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise RuntimeError("A table is cleared without asking delete().")


class Constrained(models.Model):
    """Constraints and indexes of every kind that the databases have in common or ignore."""

    code = models.CharField(max_length=50, unique=True)
    low = models.IntegerField(db_index=True, db_comment="never above high")
    high = models.IntegerField()
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(low__lte=models.F("high")), name="zoo_low_high"),
            models.UniqueConstraint(fields=["low", "high"], name="zoo_low_high_unique"),
            models.UniqueConstraint(
                fields=["low"], condition=models.Q(active=True), name="zoo_one_active", violation_error_message="one"
            ),
            models.UniqueConstraint(Lower("code"), name="zoo_code_lower"),
        ]
        indexes = [
            models.Index(fields=["-high", "low"], name="zoo_high_desc"),
            models.Index(fields=["code"], condition=models.Q(active=False), name="zoo_inactive"),
            models.Index(Lower("code"), "low", name="zoo_lower_low"),
        ]


class Custom(models.Model):
    """Field classes nobody foresaw that do what Django's documentation asks of them."""

    pair = PairField()
    pair_null = PairField(null=True)
    price = PriceField(max_length=50)
    price_null = PriceField(max_length=50, null=True)
    rotated = RotatedField()
    rotated_null = RotatedField(null=True)
    colour = ColourField()
    colour_null = ColourField(null=True)


class CustomUnsound(models.Model):
    """Field classes whose values don't survive Django's own serializers or writing."""

    words = WordsField()
    words_null = WordsField(null=True)
    normalised = NormalisedField(max_length=50)
    normalised_null = NormalisedField(max_length=50, null=True)


class Swapped(models.Model):
    """Replaced by another model through a setting: no table."""

    name = models.CharField(max_length=50)

    class Meta:
        swappable = "ZOO_SWAPPED_MODEL"


class Replacement(models.Model):
    name = models.CharField(max_length=50)
    extra = models.CharField(max_length=50)


class SwappedFan(models.Model):
    to = models.ForeignKey("zoo.Replacement", models.CASCADE)


class Legacy(models.Model):
    """Unmanaged, over a real table that somebody else made: data, like any other."""

    code = models.CharField(max_length=20, primary_key=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    label = models.ForeignKey("zoo.Label", models.DO_NOTHING, db_constraint=False, null=True, related_name="+")

    class Meta:
        managed = False
        db_table = "legacy of others"


class View(models.Model):
    """Unmanaged, over a view: not data."""

    name = models.CharField(max_length=50)

    class Meta:
        managed = False
        db_table = "zoo_view"


class SecondLook(models.Model):
    """Unmanaged, over the table of another model: the same data again."""

    text = models.CharField(max_length=50)

    class Meta:
        managed = False
        db_table = "zoo_label"


class Missing(models.Model):
    """Unmanaged, and its table is not there."""

    name = models.CharField(max_length=50)

    class Meta:
        managed = False
        db_table = "zoo_table_that_is_not_there"
