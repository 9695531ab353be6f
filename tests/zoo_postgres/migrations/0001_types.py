"""Types and a schema that the columns of this house need."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = []

    operations = [
        migrations.RunSQL("CREATE TYPE zoo_mood AS ENUM ('glad', 'so-so', 'it''s, \"bad\"')", "DROP TYPE zoo_mood"),
        migrations.RunSQL("CREATE DOMAIN zoo_positive AS integer CHECK (VALUE > 0)", "DROP DOMAIN zoo_positive"),
        migrations.RunSQL("CREATE TYPE zoo_pair AS (number integer, word text)", "DROP TYPE zoo_pair"),
        migrations.RunSQL("CREATE SCHEMA zoo_elsewhere", "DROP SCHEMA zoo_elsewhere CASCADE"),
    ]
