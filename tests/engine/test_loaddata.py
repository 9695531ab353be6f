"""What stands plainly in a file, Django itself reads back into the same rows."""

from contextlib import contextmanager

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.python import Deserializer
from django.db import connections, transaction

from tests.engine import oracle, reading
from tests.engine.comparing import differences
from tests.engine.conftest import dumped_zoo

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
    with _without_constraints(database):
        _empty(database, file)
        _make_what_natural_keys_name(database)
        for records in plain.values():
            for read in Deserializer(records, using=database):
                read.save(using=database)
    found = differences(database, plain, oracle.read(database))
    assert not found, "\n".join(found[:40])


def _is_plain(record):
    """Without the wrapper, without what a finding names and without a key of 0, which Django refuses on MariaDB."""
    if record["model"] == "zoo.texts" and record["fields"]["file_null"] is None:
        return False
    values = (record["pk"], *record["fields"].values())
    return record["pk"] != 0 and not isinstance(record["pk"], list) and not any(map(reading.is_wrapped, values))


@contextmanager
def _without_constraints(alias):
    """Since records that are not plain are missing."""
    connection = connections[alias]
    match connection.vendor:
        case "sqlite":
            with connection.constraint_checks_disabled(), transaction.atomic(using=alias):
                yield
        case "mysql":
            with transaction.atomic(using=alias), connection.constraint_checks_disabled():
                yield
        case "postgresql":
            with transaction.atomic(using=alias), connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                yield


def _empty(alias, file):
    with connections[alias].cursor() as cursor:
        for model in file.models():
            cursor.execute(f"DELETE FROM {connections[alias].ops.quote_name(model._meta.db_table)}")


def _make_what_natural_keys_name(alias):
    """A restore would make what is missing; loaddata needs it there."""
    gone = ContentType.objects.db_manager(alias).create(app_label="gone", model="dodo")
    Permission.objects.using(alias).create(codename="fly", name="Can fly", content_type=gone)
