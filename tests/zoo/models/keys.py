"""Primary keys of every kind, and references to them."""

import uuid

from django.db import models

from tests.zoo.fields import PairField


class KeySmall(models.Model):
    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(max_length=50)


class KeyAuto(models.Model):
    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=50)


class KeyBig(models.Model):
    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=50)


class KeyUuid(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=50)


class KeyText(models.Model):
    """Case and accents tell keys apart, where the database's collation does."""

    code = models.CharField(max_length=100, primary_key=True)
    name = models.CharField(max_length=50)


class KeyTextChild(models.Model):
    parent = models.ForeignKey(KeyText, models.CASCADE)
    note = models.CharField(max_length=50)


class KeyMoment(models.Model):
    """Keys less than a millisecond apart."""

    at = models.DateTimeField(primary_key=True)
    name = models.CharField(max_length=50)


class KeyDecimal(models.Model):
    amount = models.DecimalField(max_digits=30, decimal_places=10, primary_key=True)
    name = models.CharField(max_length=50)


class KeyNumber(models.Model):
    """Not generated: also 0 and negative."""

    number = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=50)


class KeyPair(models.Model):
    """Of a field class that nobody foresaw."""

    pair = PairField(primary_key=True)
    name = models.CharField(max_length=50)


class KeyPairChild(models.Model):
    parent = models.ForeignKey(KeyPair, models.CASCADE)
    only = models.OneToOneField(KeyPair, models.CASCADE, null=True, related_name="+")


class KeyOneToOne(models.Model):
    """Its primary key is a reference."""

    number = models.OneToOneField(KeyNumber, models.CASCADE, primary_key=True)
    name = models.CharField(max_length=50)


class KeyRing(models.Model):
    """References of both kinds to each of them."""

    uuid = models.ForeignKey(KeyUuid, models.SET_NULL, null=True)
    text = models.ForeignKey(KeyText, models.SET_NULL, null=True)
    moment = models.ForeignKey(KeyMoment, models.SET_NULL, null=True)
    decimal = models.ForeignKey(KeyDecimal, models.SET_NULL, null=True)
    number = models.ForeignKey(KeyNumber, models.SET_NULL, null=True)
    chain = models.ForeignKey(KeyOneToOne, models.SET_NULL, null=True)
    uuids = models.ManyToManyField(KeyUuid, related_name="rings")
    texts = models.ManyToManyField(KeyText, related_name="rings")
    moments = models.ManyToManyField(KeyMoment, related_name="rings")
    decimals = models.ManyToManyField(KeyDecimal, related_name="rings")


class Tenant(models.Model):
    name = models.CharField(max_length=50)


class Member(models.Model):
    pk = models.CompositePrimaryKey("tenant_id", "id")
    tenant = models.ForeignKey(Tenant, models.CASCADE)
    id = models.IntegerField()
    name = models.CharField(max_length=50)


class Post(models.Model):
    """A composite key, and a nullable reference to another one which shares a column with it."""

    pk = models.CompositePrimaryKey("tenant_id", "id")
    tenant = models.ForeignKey(Tenant, models.CASCADE)
    id = models.UUIDField(default=uuid.uuid4)
    author_id = models.IntegerField(null=True)
    author = models.ForeignObject(
        Member,
        models.CASCADE,
        from_fields=("tenant_id", "author_id"),
        to_fields=("tenant_id", "id"),
        null=True,
        related_name="posts",
    )
    title = models.CharField(max_length=50)


class Reading(models.Model):
    """A composite key of values that need encoding, declared after other columns."""

    value = models.FloatField(null=True)
    sensor = models.CharField(max_length=50)
    at = models.DateTimeField()
    pk = models.CompositePrimaryKey("sensor", "at")
