"""The tables of backups_app: what they promise by their shape, on each kind of database."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connections, models, transaction
from django.utils import timezone

from backups_app.choices import ACTIVE_STATES, GOOD_STATUSES, BackupStatus, JobState
from backups_app.models import AuditEvent, Backup, Job, Manifest
from tests.catalogue import backup_folder, make_backup, make_job  # noqa: F401 (fixture)

OURS = list(apps.get_app_config("backups_app").get_models(include_auto_created=True))


def test_no_table_points_to_one_that_a_restore_replaces() -> None:
    assert set(OURS) == {AuditEvent, Backup, Job, Manifest}
    for model in OURS:
        assert not [field.name for field in model._meta.get_fields() if field.is_relation]


def test_the_databases_know_of_no_foreign_key_either(database: str) -> None:
    connection = connections[database]
    with connection.cursor() as cursor:
        for model in OURS:
            table = model._meta.db_table
            assert connection.introspection.get_relations(cursor, table) == {}
            constraints = connection.introspection.get_constraints(cursor, table)
            assert not [name for name, constraint in constraints.items() if constraint["foreign_key"]]


def test_the_id_of_a_backup_is_never_given_out_twice(database: str) -> None:
    def make() -> Backup:
        return Backup.objects.using(database).create(
            name=f"backup_{timezone.now().timestamp()}.json", size_bytes=1, record_count=1, created_at=timezone.now()
        )

    make()
    last = make()
    Backup.objects.using(database).filter(pk=last.pk).delete()
    assert make().pk > last.pk


@pytest.mark.django_db
def test_two_backups_can_not_have_one_name() -> None:
    backup = make_backup()
    with pytest.raises(IntegrityError), transaction.atomic():
        Backup.objects.create(name=backup.name, size_bytes=1, record_count=1, created_at=timezone.now())


@pytest.mark.django_db
@pytest.mark.parametrize("status", BackupStatus)
def test_available_and_restored_backups_are_good(status: BackupStatus) -> None:
    assert make_backup(status=status).is_good == (status in {"available", "restored"}) == (status in GOOD_STATUSES)


@pytest.mark.django_db
@pytest.mark.parametrize("state", JobState)
def test_waiting_and_running_jobs_are_active(state: JobState) -> None:
    assert make_job(state).is_active == (state in {"queued", "running"}) == (state in ACTIVE_STATES)


@pytest.mark.django_db
def test_each_row_says_what_it_is() -> None:
    backup, job = make_backup(), make_job()
    assert str(backup) == backup.name
    assert str(job) == f"Backup {job.pk}"
    event = AuditEvent(at=timezone.now().replace(2026, 3, 4, 5, 6, 7), event="backup.created")
    assert str(event) == "2026-03-04 05:06:07 backup.created"


def test_every_word_that_is_stored_fits_its_column() -> None:
    for model in OURS:
        for field in model._meta.get_fields():
            if isinstance(field, models.CharField) and field.choices:
                assert max(len(str(value)) for value, _ in field.choices) <= (field.max_length or 0)
    longest_outcome = max(len(state) for state in JobState)
    assert longest_outcome <= (AuditEvent._meta.get_field("outcome").max_length or 0)
