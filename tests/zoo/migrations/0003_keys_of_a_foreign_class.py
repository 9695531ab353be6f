"""Primary keys of a field class that nobody foresaw, as makemigrations wrote them."""

import django.db.models.deletion
import tests.zoo.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("zoo", "0002_tables_of_others")]

    operations = [
        migrations.CreateModel(
            name="KeyPair",
            fields=[
                ("pair", tests.zoo.fields.PairField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="KeyPairChild",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "only",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="zoo.keypair",
                    ),
                ),
                ("parent", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zoo.keypair")),
            ],
        ),
    ]
