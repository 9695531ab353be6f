"""What stands plainly in a file, Django itself reads back into the same rows."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.python import Deserializer
from django.db import connections

from eclick.seed import seed_demo
from tests.engine import oracle, reading
from tests.engine.comparing import differences
from tests.engine.databases import without_constraints
from tests.engine.files import dumped_zoo, witnessed_dump

# Rows that Django's way of saving can't write, whatever the file says.
BEYOND_DJANGO = {
    "django_celery_beat.periodictasks": "receivers that ignore `raw` change it",
    "zoo.answer": "its order is numbered anew",
    "zoo.percentnames": "its INSERT does not survive percent signs in names of columns",
    "zoo.watched": "receivers that ignore `raw` change it",
    "zoo_postgres.alwaysidentity": "the database refuses given keys",
}


def test_every_plain_record_of_the_zoo_comes_back_by_way_of_django(database):
    file = dumped_zoo(database)
    plain = {
        label: [record for record in records if _is_plain(record)]
        for label, records in file.by_model.items()
        if label not in BEYOND_DJANGO
    }
    assert sum(map(len, plain.values())) > 300
    with without_constraints(database):
        _empty(database, file)
        _make_what_natural_keys_name(database)
        for records in plain.values():
            for read in Deserializer(records, using=database):
                read.save(using=database)
    found = differences(database, plain, oracle.read(database))
    assert not found, "\n".join(found[:40])


def test_a_backup_of_eclick_loads_with_plain_loaddata(database, tmp_path):
    """Into an empty E-Click, whose content types and permissions have other ids."""
    seed_demo(3, using=database)
    file = witnessed_dump(database, exclude=("zoo", "zoo_postgres"))
    assert not differences(database, file.by_model, file.raw)
    path = tmp_path / "backup_20261123_120000.json"
    path.write_bytes(file.data)
    with _empty_eclick(database, tmp_path) as (alias, manage):
        manage("loaddata", str(path))
        raw = oracle.read(alias)
    # Beat's own mark of the last change is set by its receivers.
    records = {label: found for label, found in file.by_model.items() if label != "django_celery_beat.periodictasks"}
    found = differences(database, records, raw)
    assert not found, "\n".join(found[:40])
    (loaded,) = raw["backups_app_manifest"].records()
    assert loaded["signature"].text == file.manifest["signature"]


@contextmanager
def _empty_eclick(like, folder):
    """A fresh, migrated database of the same kind, as an alias for the oracle and a way to run manage.py on it."""
    server = settings.SERVERS.get(like)
    name = "loaded" if server else str(folder / "loaded.sqlite3")
    if server:
        server.create_database(name)
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "MYSQL_DRIVER")},
        "SECRET_KEY": settings.SECRET_KEY,
        "DATA_DIR": str(folder / "data"),
        "DATABASE_URL": server.url(name) if server else f"sqlite:///{name}",
    }

    def manage(*arguments):
        command = [sys.executable, "-W", "ignore", settings.BASE_DIR / "manage.py", *arguments]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stderr

    connections.databases["loaded"] = {**connections[like].settings_dict, "NAME": name}
    try:
        manage("migrate", "-v0")
        with closing(server.connect(name) if server else sqlite3.connect(name, isolation_level=None)) as connection:
            # What migrate itself makes has the names, but not always the ids, of what the file has.
            for table in ("periodictask", "intervalschedule", "crontabschedule"):
                connection.cursor().execute(f"DELETE FROM django_celery_beat_{table}")
        yield "loaded", manage
    finally:
        connections["loaded"].close()
        del connections["loaded"], connections.databases["loaded"]
        if server:
            server.drop_database(name)


def _is_plain(record):
    """Without the wrapper, without what a finding names and without a key of 0, which Django refuses on MariaDB."""
    if record["model"] == "zoo.texts" and record["fields"]["file_null"] is None:
        return False
    values = (record["pk"], *record["fields"].values())
    return record["pk"] != 0 and not isinstance(record["pk"], list) and not any(map(reading.is_wrapped, values))


def _empty(alias, file):
    with connections[alias].cursor() as cursor:
        for model in file.models():
            cursor.execute(f"DELETE FROM {connections[alias].ops.quote_name(model._meta.db_table)}")


def _make_what_natural_keys_name(alias):
    """A restore would make what is missing; loaddata needs it there."""
    gone = ContentType.objects.db_manager(alias).create(app_label="gone", model="dodo")
    Permission.objects.using(alias).create(codename="fly", name="Can fly", content_type=gone)
