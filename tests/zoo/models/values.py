"""Every field class that holds a value, once NOT NULL and once NULL."""

from django.db import models
from django.db.models.functions import Lower

from tests.zoo.fields import TaggedDecoder, TaggedEncoder


class Numbers(models.Model):
    small = models.SmallIntegerField()
    integer = models.IntegerField()
    big = models.BigIntegerField()
    positive_small = models.PositiveSmallIntegerField()
    positive = models.PositiveIntegerField()
    positive_big = models.PositiveBigIntegerField()
    real = models.FloatField()

    small_null = models.SmallIntegerField(null=True)
    integer_null = models.IntegerField(null=True)
    big_null = models.BigIntegerField(null=True)
    positive_small_null = models.PositiveSmallIntegerField(null=True)
    positive_null = models.PositiveIntegerField(null=True)
    positive_big_null = models.PositiveBigIntegerField(null=True)
    real_null = models.FloatField(null=True)


class Flags(models.Model):
    flag = models.BooleanField()
    flag_null = models.BooleanField(null=True)


class Decimals(models.Model):
    """From a price to the widest that all three databases have (65 digits, 30 after the point)."""

    price = models.DecimalField(max_digits=12, decimal_places=2)
    whole = models.DecimalField(max_digits=20, decimal_places=0)
    fraction = models.DecimalField(max_digits=30, decimal_places=30)
    widest = models.DecimalField(max_digits=65, decimal_places=30)
    price_null = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    widest_null = models.DecimalField(max_digits=65, decimal_places=30, null=True)


class Texts(models.Model):
    """ImageField is not here: it needs Pillow, and its column is FileField's."""

    char = models.CharField(max_length=200)
    text = models.TextField()
    slug = models.SlugField(max_length=100)
    email = models.EmailField()
    url = models.URLField(max_length=500)
    file_path = models.FilePathField(max_length=200)
    file = models.FileField(upload_to="zoo")

    char_null = models.CharField(max_length=200, null=True)
    text_null = models.TextField(null=True)
    slug_null = models.SlugField(max_length=100, null=True)
    email_null = models.EmailField(null=True)
    url_null = models.URLField(max_length=500, null=True)
    file_path_null = models.FilePathField(max_length=200, null=True)
    file_null = models.FileField(upload_to="zoo", null=True)


class Times(models.Model):
    date = models.DateField()
    moment = models.DateTimeField()
    time = models.TimeField()
    duration = models.DurationField()

    date_null = models.DateField(null=True)
    moment_null = models.DateTimeField(null=True)
    time_null = models.TimeField(null=True)
    duration_null = models.DurationField(null=True)


class Identities(models.Model):
    uuid = models.UUIDField()
    ip = models.GenericIPAddressField()
    ip4 = models.GenericIPAddressField(protocol="IPv4")
    binary = models.BinaryField()

    uuid_null = models.UUIDField(null=True)
    ip_null = models.GenericIPAddressField(null=True)
    ip4_null = models.GenericIPAddressField(protocol="IPv4", null=True)
    binary_null = models.BinaryField(null=True)


class Json(models.Model):
    """JSON null is not SQL NULL; 1.10 is not 1.1; a field may have its own encoder and decoder."""

    value = models.JSONField()
    value_null = models.JSONField(null=True)
    tagged = models.JSONField(encoder=TaggedEncoder, decoder=TaggedDecoder)
    tagged_null = models.JSONField(encoder=TaggedEncoder, decoder=TaggedDecoder, null=True)


class GeneratedStored(models.Model):
    """Columns that the database computes and that nobody may write."""

    width = models.IntegerField()
    height = models.IntegerField(null=True)
    name = models.CharField(max_length=50)
    area = models.GeneratedField(
        expression=models.F("width") * models.F("height"),
        output_field=models.IntegerField(null=True),
        db_persist=True,
    )
    lower_name = models.GeneratedField(
        expression=Lower("name"), output_field=models.CharField(max_length=50), db_persist=True
    )

    class Meta:
        required_db_features = {"supports_stored_generated_columns"}


class GeneratedVirtual(models.Model):
    """The same, computed when read; not on PostgreSQL with this Django."""

    width = models.IntegerField()
    height = models.IntegerField(null=True)
    area = models.GeneratedField(
        expression=models.F("width") * models.F("height"),
        output_field=models.IntegerField(null=True),
        db_persist=False,
    )
    after = models.IntegerField()

    class Meta:
        required_db_features = {"supports_virtual_generated_columns"}
