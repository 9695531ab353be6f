"""Make tables, fill them, back up, change everything, restore, all in one process.

Prints as JSON what plain SQL found, for the test that started it.
"""

import json
import sys
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.db.migrations import RunSQL
from django.db.models import CharField, Field, TextField

from tests.engine import oracle
from tests.engine.restoring import without_keys
from tests.engine.schema import schema_of
from tests.others.filling import fill
from tests.others.shelf.models import Story

# What tells of the restore itself, and how SQLite cuts its search index into pieces.
NOT_COMPARED = ("backups_app_", "wagtailsearch_indexentry_fts_data", "wagtailsearch_indexentry_fts_idx")
# Labels that no backup has, and the schedules, which a restore leaves alone.
STAYS = {
    *("admin.logentry", "auth.permission", "contenttypes.contenttype", "sessions.session"),
    *("backups_app", "django_celery_beat", "django_celery_results"),
}


class Command(BaseCommand):
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(journey()))


def journey() -> dict[str, Any]:
    call_command("migrate", run_syncdb=True, verbosity=0)
    make_search_indexes()
    with transaction.atomic():
        fill()
    call_command("create_automatic_backup", "--here", verbosity=0, stdout=sys.stderr)
    before, schema, ids, finds = rows(), schema_of("default"), next_ids(), found_by_search()
    change_everything()
    changed = rows()
    call_command("restore_backup", "1", "--here", "--force", stdout=sys.stderr)
    return {
        "rows": {name: len(table) for name, table in before.items()},
        "unchanged": [name for name, table in before.items() if len(table) and changed[name] == table],
        "differences": oracle.differences(before, rows()),
        "schema_is_the_same": schema_of("default") == schema,
        "next_ids_are_the_same": next_ids() == ids,
        "search_finds_the_same": bool(finds) and found_by_search() == finds,
    }


def make_search_indexes() -> None:
    """What a migration of Wagtail's makes: on SQLite a virtual table with triggers, full-text indexes on MariaDB."""
    migration = import_module("wagtail.search.migrations.0006_customise_indexentry").Migration
    with connection.schema_editor() as editor:
        if connection.vendor == "sqlite":
            editor.execute("DROP TABLE wagtailsearch_indexentry_fts")
        for operation in migration.operations:
            for each in getattr(operation, "database_operations", [operation]):
                if isinstance(each, RunSQL):
                    each.database_forwards("wagtailsearch", editor, None, None)


def rows() -> dict[str, oracle.Table]:
    return {name: table for name, table in oracle.read("default").items() if not name.startswith(NOT_COMPARED)}


def next_ids() -> dict[str, int]:
    return {name: number for name, number in oracle.next_ids("default").items() if not name.startswith(NOT_COMPARED)}


def found_by_search() -> list[str]:
    return sorted(story.title for story in Story.objects.search("story"))


def change_everything() -> None:
    """Every other row of what is backed up goes; texts of the rest change, where nothing keeps them unique."""
    quote, tables = connection.ops.quote_name, oracle.count("default")
    with without_keys("default"), connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            meta = model._meta
            if meta.db_table not in tables or meta.proxy or {meta.app_label, meta.label_lower} & STAYS:
                continue
            table, key = quote(meta.db_table), quote(meta.pk.column)
            cursor.execute(f"SELECT {key} FROM {table} ORDER BY {key}")
            for (each,) in cursor.fetchall()[::2]:
                cursor.execute(f"DELETE FROM {table} WHERE {key} = %s", [each])
            for field in meta.local_concrete_fields:
                if isinstance(field, CharField | TextField) and not is_unique(field):
                    cursor.execute(f"UPDATE {table} SET {quote(field.column)} = 'x'")


def is_unique(field: Field) -> bool:
    meta = field.model._meta
    together = [*meta.unique_together, *(getattr(each, "fields", ()) for each in meta.constraints)]
    return field.unique or any(field.name in names for names in together)
