"""What the unmanaged models stand over."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def make(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    quote = schema_editor.quote_name
    schema_editor.execute(
        f"CREATE TABLE {quote('legacy of others')} "
        "(code varchar(20) NOT NULL PRIMARY KEY, amount numeric(12, 2) NULL, label_id bigint NULL)"
    )
    schema_editor.execute("CREATE VIEW zoo_view AS SELECT id, name FROM zoo_author")


def unmake(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP VIEW zoo_view")
    schema_editor.execute(f"DROP TABLE {schema_editor.quote_name('legacy of others')}")


class Migration(migrations.Migration):
    atomic = False  # MariaDB has no transactions around tables
    dependencies = [("zoo", "0001_initial")]

    operations = [migrations.RunPython(make, unmake)]
