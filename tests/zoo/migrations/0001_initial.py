"""The zoo's tables, as makemigrations wrote them (one reference apart)."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import tests.zoo.fields
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="Legacy",
            fields=[
                ("code", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
            ],
            options={
                "db_table": "legacy of others",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Missing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "db_table": "zoo_table_that_is_not_there",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="SecondLook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=50)),
            ],
            options={
                "db_table": "zoo_label",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="View",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "db_table": "zoo_view",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Swapped",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "swappable": "ZOO_SWAPPED_MODEL",
            },
        ),
        migrations.CreateModel(
            name="Author",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                ("code", models.CharField(max_length=20, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="Place",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                (
                    "near",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="zoo.place"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Food",
            fields=[
                ("food_id", models.AutoField(primary_key=True, serialize=False)),
                ("food_name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Chicken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Club",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Confusing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model", models.CharField(max_length=50)),
                ("fields", models.JSONField()),
                ("meta", models.CharField(db_column="pk", max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Custom",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pair", tests.zoo.fields.PairField()),
                ("pair_null", tests.zoo.fields.PairField(null=True)),
                ("price", tests.zoo.fields.PriceField(max_length=50)),
                ("price_null", tests.zoo.fields.PriceField(max_length=50, null=True)),
                ("rotated", tests.zoo.fields.RotatedField()),
                ("rotated_null", tests.zoo.fields.RotatedField(null=True)),
                ("colour", tests.zoo.fields.ColourField()),
                ("colour_null", tests.zoo.fields.ColourField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="CustomUnsound",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", tests.zoo.fields.WordsField()),
                ("words_null", tests.zoo.fields.WordsField(null=True)),
                ("normalised", tests.zoo.fields.NormalisedField(max_length=50)),
                ("normalised_null", tests.zoo.fields.NormalisedField(max_length=50, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="DatabaseDefault",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField(db_default=7)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("word", models.CharField(db_default="from the database", max_length=50, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Decimals",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("price", models.DecimalField(decimal_places=2, max_digits=12)),
                ("whole", models.DecimalField(decimal_places=0, max_digits=20)),
                ("fraction", models.DecimalField(decimal_places=30, max_digits=30)),
                ("widest", models.DecimalField(decimal_places=30, max_digits=65)),
                ("price_null", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ("widest_null", models.DecimalField(decimal_places=30, max_digits=65, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Tavern",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sign", models.CharField(max_length=50, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="Echo",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Flags",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("flag", models.BooleanField()),
                ("flag_null", models.BooleanField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Follow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="GeneratedStored",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("width", models.IntegerField()),
                ("height", models.IntegerField(null=True)),
                ("name", models.CharField(max_length=50)),
                (
                    "area",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            models.F("width"), "*", models.F("height")
                        ),
                        output_field=models.IntegerField(null=True),
                    ),
                ),
                (
                    "lower_name",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("name"),
                        output_field=models.CharField(max_length=50),
                    ),
                ),
            ],
            options={
                "required_db_features": {"supports_stored_generated_columns"},
            },
        ),
        migrations.CreateModel(
            name="GeneratedVirtual",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("width", models.IntegerField()),
                ("height", models.IntegerField(null=True)),
                (
                    "area",
                    models.GeneratedField(
                        db_persist=False,
                        expression=django.db.models.expressions.CombinedExpression(
                            models.F("width"), "*", models.F("height")
                        ),
                        output_field=models.IntegerField(null=True),
                    ),
                ),
                ("after", models.IntegerField()),
            ],
            options={
                "required_db_features": {"supports_virtual_generated_columns"},
            },
        ),
        migrations.CreateModel(
            name="Groupie",
            fields=[
                (
                    "permission",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="auth.permission",
                    ),
                ),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Guarded",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Hidden",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                ("deleted", models.BooleanField(default=False)),
            ],
            options={
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Husband",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Identities",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField()),
                ("ip", models.GenericIPAddressField()),
                ("ip4", models.GenericIPAddressField(protocol="IPv4")),
                ("binary", models.BinaryField()),
                ("uuid_null", models.UUIDField(null=True)),
                ("ip_null", models.GenericIPAddressField(null=True)),
                ("ip4_null", models.GenericIPAddressField(null=True, protocol="IPv4")),
                ("binary_null", models.BinaryField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Json",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("value", models.JSONField()),
                ("value_null", models.JSONField(null=True)),
                (
                    "tagged",
                    models.JSONField(decoder=tests.zoo.fields.TaggedDecoder, encoder=tests.zoo.fields.TaggedEncoder),
                ),
                (
                    "tagged_null",
                    models.JSONField(
                        decoder=tests.zoo.fields.TaggedDecoder, encoder=tests.zoo.fields.TaggedEncoder, null=True
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JustKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.CreateModel(
            name="KeyAuto",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="KeyBig",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="KeyDecimal",
            fields=[
                ("amount", models.DecimalField(decimal_places=10, max_digits=30, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="KeyMoment",
            fields=[
                ("at", models.DateTimeField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="KeyNumber",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="KeySmall",
            fields=[
                ("id", models.SmallAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="KeyText",
            fields=[
                ("code", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="KeyUuid",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Label",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Landmark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Tenant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                # By hand: makemigrations adds this reference later, but the key above needs it now.
                ("tenant", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zoo.tenant")),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.IntegerField()),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="NaturalLoopA",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="NaturalTwin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                ("number", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Numbers",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("small", models.SmallIntegerField()),
                ("integer", models.IntegerField()),
                ("big", models.BigIntegerField()),
                ("positive_small", models.PositiveSmallIntegerField()),
                ("positive", models.PositiveIntegerField()),
                ("positive_big", models.PositiveBigIntegerField()),
                ("real", models.FloatField()),
                ("small_null", models.SmallIntegerField(null=True)),
                ("integer_null", models.IntegerField(null=True)),
                ("big_null", models.BigIntegerField(null=True)),
                ("positive_small_null", models.PositiveSmallIntegerField(null=True)),
                ("positive_null", models.PositiveIntegerField(null=True)),
                ("positive_big_null", models.PositiveBigIntegerField(null=True)),
                ("real_null", models.FloatField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="PercentNames",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("share", models.IntegerField(db_column="share in %")),
                ("trap", models.CharField(db_column="%s %(name)s", max_length=50)),
            ],
            options={
                "db_table": "zoo 100% table",
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("value", models.FloatField(null=True)),
                ("sensor", models.CharField(max_length=50)),
                ("at", models.DateTimeField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "sensor", "at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Replacement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                ("extra", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Stamped",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("changed", models.DateTimeField(auto_now=True)),
                ("day", models.DateField(auto_now=True)),
                ("time", models.TimeField(auto_now_add=True)),
                ("stamp", tests.zoo.fields.StampingField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Texts",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("char", models.CharField(max_length=200)),
                ("text", models.TextField()),
                ("slug", models.SlugField(max_length=100)),
                ("email", models.EmailField(max_length=254)),
                ("url", models.URLField(max_length=500)),
                ("file_path", models.FilePathField(max_length=200)),
                ("file", models.FileField(upload_to="zoo")),
                ("char_null", models.CharField(max_length=200, null=True)),
                ("text_null", models.TextField(null=True)),
                ("slug_null", models.SlugField(max_length=100, null=True)),
                ("email_null", models.EmailField(max_length=254, null=True)),
                ("url_null", models.URLField(max_length=500, null=True)),
                ("file_path_null", models.FilePathField(max_length=200, null=True)),
                ("file_null", models.FileField(null=True, upload_to="zoo")),
            ],
        ),
        migrations.CreateModel(
            name="Times",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("date", models.DateField()),
                ("moment", models.DateTimeField()),
                ("time", models.TimeField()),
                ("duration", models.DurationField()),
                ("date_null", models.DateField(null=True)),
                ("moment_null", models.DateTimeField(null=True)),
                ("time_null", models.TimeField(null=True)),
                ("duration_null", models.DurationField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Restaurant",
            fields=[
                (
                    "place_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="zoo.place",
                    ),
                ),
                ("serves", models.CharField(max_length=50)),
                (
                    "partner",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="zoo.restaurant"
                    ),
                ),
                ("specials", models.ManyToManyField(related_name="restaurants", to="zoo.label")),
            ],
            bases=("zoo.place",),
        ),
        migrations.CreateModel(
            name="PlaceProxy",
            fields=[],
            options={
                "ordering": ["-name"],
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("zoo.place",),
        ),
        migrations.CreateModel(
            name="Cafe",
            fields=[
                (
                    "food_ptr",
                    models.OneToOneField(
                        auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, to="zoo.food"
                    ),
                ),
                (
                    "place_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="zoo.place",
                    ),
                ),
                ("beans", models.CharField(max_length=50)),
            ],
            bases=("zoo.place", "zoo.food"),
        ),
        migrations.CreateModel(
            name="Constrained",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=50, unique=True)),
                ("low", models.IntegerField(db_comment="never above high", db_index=True)),
                ("high", models.IntegerField()),
                ("active", models.BooleanField(default=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-high", "low"], name="zoo_high_desc"),
                    models.Index(condition=models.Q(("active", False)), fields=["code"], name="zoo_inactive"),
                    models.Index(django.db.models.functions.text.Lower("code"), models.F("low"), name="zoo_lower_low"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("low__lte", models.F("high"))), name="zoo_low_high"),
                    models.UniqueConstraint(fields=("low", "high"), name="zoo_low_high_unique"),
                    models.UniqueConstraint(
                        condition=models.Q(("active", True)),
                        fields=("low",),
                        name="zoo_one_active",
                        violation_error_message="one",
                    ),
                    models.UniqueConstraint(django.db.models.functions.text.Lower("code"), name="zoo_code_lower"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Drink",
            fields=[
                (
                    "served_at",
                    models.OneToOneField(
                        db_column="the_tavern",
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        related_name="drink",
                        serialize=False,
                        to="zoo.tavern",
                    ),
                ),
                ("strength", models.DecimalField(decimal_places=1, max_digits=4)),
            ],
            bases=("zoo.tavern",),
        ),
        migrations.CreateModel(
            name="Egg",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "laid_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="eggs", to="zoo.chicken"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="chicken",
            name="favourite",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="zoo.egg"),
        ),
        migrations.CreateModel(
            name="Gate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                ("about", models.ManyToManyField(related_name="+", to="contenttypes.contenttype")),
                ("any_of", models.ManyToManyField(related_name="+", to="auth.permission")),
                ("groups", models.ManyToManyField(related_name="+", to="auth.group")),
                (
                    "opens_with",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="auth.permission"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HiddenFan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("all_of_them", models.ManyToManyField(to="zoo.hidden")),
                (
                    "favourite",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="fans", to="zoo.hidden"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KeyOneToOne",
            fields=[
                (
                    "number",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="zoo.keynumber",
                    ),
                ),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="KeyTextChild",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("note", models.CharField(max_length=50)),
                ("parent", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zoo.keytext")),
            ],
        ),
        migrations.AddField(
            model_name="place",
            name="labels",
            field=models.ManyToManyField(related_name="places", to="zoo.label"),
        ),
        migrations.CreateModel(
            name="Dangling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "author",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="zoo.author",
                    ),
                ),
                (
                    "optional",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="zoo.author",
                    ),
                ),
                ("labels", models.ManyToManyField(db_constraint=False, related_name="+", to="zoo.label")),
            ],
        ),
        migrations.CreateModel(
            name="ConcreteChild",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=50)),
                ("body", models.TextField(null=True)),
                ("labels", models.ManyToManyField(related_name="%(class)ss", to="zoo.label")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Book",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=50)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="books", to="zoo.author"
                    ),
                ),
                (
                    "by_code",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="books_by_code",
                        to="zoo.author",
                        to_field="code",
                    ),
                ),
                (
                    "editor",
                    models.ForeignKey(
                        db_column="the_editor",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="edited",
                        to="zoo.author",
                    ),
                ),
                (
                    "printer",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.RESTRICT, related_name="printed", to="zoo.author"
                    ),
                ),
                (
                    "reader",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name="read", to="zoo.author"
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        default=1, on_delete=django.db.models.deletion.SET_DEFAULT, related_name="sold", to="zoo.author"
                    ),
                ),
                ("labels", models.ManyToManyField(related_name="books", to="zoo.label")),
            ],
        ),
        migrations.CreateModel(
            name="NaturalLoopB",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                (
                    "other",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="zoo.naturalloopa"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="naturalloopa",
            name="other",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="zoo.naturalloopb"
            ),
        ),
        migrations.CreateModel(
            name="NaturalChild",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                ("twin", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zoo.naturaltwin")),
            ],
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object_id", models.BigIntegerField()),
                ("text", models.CharField(max_length=100)),
                (
                    "content_type",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="contenttypes.contenttype"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OddNames",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order", models.IntegerField(db_column="order")),
                ("select", models.CharField(db_column="SELECT", max_length=50)),
                ("spaced", models.CharField(db_column="with space", max_length=50)),
                ("quoted", models.CharField(db_column="it's", max_length=50, null=True)),
                ("accented", models.CharField(db_column="naïve ☂", max_length=50)),
                ("dotted", models.CharField(db_column="a.b;c-d[e]", max_length=50)),
                ("backslash", models.CharField(db_column="back\\slash", max_length=50)),
                ("others", models.ManyToManyField(db_table="Zoo's Other Table", related_name="+", to="zoo.oddnames")),
                (
                    "parent",
                    models.ForeignKey(
                        db_column="Parent Id", null=True, on_delete=django.db.models.deletion.CASCADE, to="zoo.oddnames"
                    ),
                ),
            ],
            options={
                "db_table": "Zoo's Odd Täble",
            },
        ),
        migrations.CreateModel(
            name="Passport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "holder",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="passport", to="zoo.author"
                    ),
                ),
                (
                    "issued_by",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="issued_passport",
                        to="zoo.author",
                        to_field="code",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                (
                    "follows",
                    models.ManyToManyField(
                        related_name="followers",
                        through="zoo.Follow",
                        through_fields=("follower", "followed"),
                        to="zoo.person",
                    ),
                ),
                ("friends", models.ManyToManyField(to="zoo.person")),
                ("idols", models.ManyToManyField(related_name="fans", to="zoo.person")),
            ],
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(max_length=50)),
                ("joined", models.DateField(null=True)),
                ("club", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zoo.club")),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zoo.person")),
            ],
        ),
        migrations.AddField(
            model_name="follow",
            name="followed",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="zoo.person"),
        ),
        migrations.AddField(
            model_name="follow",
            name="follower",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="zoo.person"),
        ),
        migrations.AddField(
            model_name="follow",
            name="introduced_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="zoo.person"
            ),
        ),
        migrations.AddField(
            model_name="club",
            name="members",
            field=models.ManyToManyField(related_name="clubs", through="zoo.Membership", to="zoo.person"),
        ),
        migrations.CreateModel(
            name="SwappedFan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("to", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.ZOO_SWAPPED_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name="Post",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.UUIDField(default=uuid.uuid4)),
                ("author_id", models.IntegerField(null=True)),
                ("title", models.CharField(max_length=50)),
                (
                    "author",
                    models.ForeignObject(
                        from_fields=("tenant_id", "author_id"),
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="posts",
                        to="zoo.member",
                        to_fields=("tenant_id", "id"),
                    ),
                ),
                ("tenant", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zoo.tenant")),
            ],
        ),
        migrations.CreateModel(
            name="TextNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=100, null=True)),
                ("text", models.CharField(max_length=100)),
                (
                    "kind",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="contenttypes.contenttype",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Tree",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="children", to="zoo.tree"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Watched",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("friends", models.ManyToManyField(to="zoo.watched")),
            ],
        ),
        migrations.CreateModel(
            name="Wife",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                (
                    "husband",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="as_husband_of",
                        to="zoo.husband",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="husband",
            name="wife",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="as_wife_of", to="zoo.wife"
            ),
        ),
        migrations.CreateModel(
            name="ItalianRestaurant",
            fields=[
                (
                    "restaurant_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="zoo.restaurant",
                    ),
                ),
                ("has_gnocchi", models.BooleanField()),
            ],
            bases=("zoo.restaurant",),
        ),
        migrations.CreateModel(
            name="KeyRing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "decimal",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="zoo.keydecimal"),
                ),
                ("decimals", models.ManyToManyField(related_name="rings", to="zoo.keydecimal")),
                (
                    "moment",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="zoo.keymoment"),
                ),
                ("moments", models.ManyToManyField(related_name="rings", to="zoo.keymoment")),
                (
                    "number",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="zoo.keynumber"),
                ),
                ("text", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="zoo.keytext")),
                ("texts", models.ManyToManyField(related_name="rings", to="zoo.keytext")),
                ("uuid", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="zoo.keyuuid")),
                ("uuids", models.ManyToManyField(related_name="rings", to="zoo.keyuuid")),
                (
                    "chain",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="zoo.keyonetoone"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Answer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=50)),
                ("question", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zoo.question")),
            ],
            options={
                "order_with_respect_to": "question",
            },
        ),
        migrations.CreateModel(
            name="ProxyFan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="zoo.placeproxy"
                    ),
                ),
                ("places", models.ManyToManyField(related_name="+", to="zoo.placeproxy")),
                (
                    "restaurant",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="zoo.italianrestaurant",
                    ),
                ),
            ],
        ),
    ]
