"""A database's schema in its own words, to be compared before and after."""

import subprocess

from django.conf import settings
from django.db import connections


def schema_of(alias: str) -> list[str]:
    connection = connections[alias]
    with connection.cursor() as cursor:
        match connection.vendor:
            case "sqlite":
                cursor.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
                return sorted(map(str, cursor.fetchall()))
            case "mysql":
                return _of_mariadb(cursor)
            case _:
                return _of_postgresql(cursor)


def as_pg_dump_tells_it(alias: str) -> list[str]:
    server, name = settings.SERVERS[alias], connections[alias].settings_dict["NAME"]
    said = subprocess.run(
        [server.binaries / "pg_dump", "--schema-only", server.url(name)], capture_output=True, text=True, check=True
    )
    # Newer ones protect each dump with a random word.
    return [line for line in said.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def _of_mariadb(cursor) -> list[str]:
    cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
    found = []
    for (name,) in cursor.fetchall():
        cursor.execute(f"SHOW CREATE TABLE `{name}`")
        words = [word for word in cursor.fetchone()[1].split() if not word.startswith("AUTO_INCREMENT=")]
        found.append(" ".join(words))
    cursor.execute(
        "SELECT trigger_name, event_object_table, event_manipulation, action_timing, action_statement"
        " FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
    )
    found += map(str, cursor.fetchall())
    return sorted(found)


def _of_postgresql(cursor) -> list[str]:
    found = []
    for sql in (
        "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated, obj_description(oid)"
        " FROM pg_constraint WHERE connamespace <> 'pg_catalog'::regnamespace"
        " AND connamespace <> 'information_schema'::regnamespace",
        "SELECT pg_get_indexdef(indexrelid), indisvalid, obj_description(indexrelid) FROM pg_index"
        " JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace <> 'pg_catalog'::regnamespace"
        " AND relnamespace <> 'pg_toast'::regnamespace",
        "SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute"
        " JOIN pg_class ON pg_class.oid = attrelid WHERE relkind IN ('r', 'p', 'v', 'm') AND attnum > 0"
        " AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)",
    ):
        cursor.execute(sql)
        found += [str(row) for row in cursor.fetchall()]
    return sorted(found)
