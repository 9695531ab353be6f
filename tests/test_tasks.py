"""The Celery tasks, run as a worker runs them but in this process."""

from typing import Any

import pytest

from backups_app import tasks
from backups_app.choices import BackupKind, JobKind, JobState, Trigger
from backups_app.models import Backup, Job
from tests.catalogue import backup_folder, fresh_cache, make_backup, make_job  # noqa: F401 (fixtures)
from tests.servers import Valkey

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_backup_s_task_runs_its_job_and_tells_onlookers_how_it_ended() -> None:
    job = make_job()
    result = tasks.create_backup.apply(args=[str(job.pk)])
    assert result.get() == {"job": str(job.pk), "state": "succeeded"}
    assert Backup.objects.get().job_id == job.pk


def test_a_clean_up_s_task_runs_its_job() -> None:
    old = make_backup(BackupKind.AUTOMATIC, days_old=9)
    make_backup(BackupKind.AUTOMATIC)
    job = make_job(kind=JobKind.CLEAN_UP, parameters={"keep_days": 3})
    assert tasks.clean_up.apply(args=[str(job.pk)]).get() == {"job": str(job.pk), "state": "succeeded"}
    assert not Backup.objects.filter(pk=old.pk).exists()


def test_a_message_that_comes_twice_is_ignored_the_second_time() -> None:
    """Ignored, to Celery, means that no result is written, so the first one stays."""
    job = make_job()
    tasks.create_backup.apply(args=[str(job.pk)])
    before = Job.objects.values().get()
    assert tasks.create_backup.apply(args=[str(job.pk)]).state == "IGNORED"
    assert Job.objects.values().get() == before
    assert Backup.objects.count() == 1


def test_the_caretaker_declares_jobs_lost_whose_worker_is_dead() -> None:
    make_job(JobState.RUNNING)
    tasks.look_after_jobs.apply().get()
    assert Job.objects.get().state == JobState.LOST


def test_every_night_an_automatic_backup_is_queued_with_the_clean_up_after_it(queue: Valkey, settings: Any) -> None:
    settings.BACKUPS = {**settings.BACKUPS, "KEEP_DAYS": 11}
    tasks.start_nightly_backup.apply().get()

    job = Job.objects.get()
    assert (job.kind, job.state, job.trigger) == (JobKind.BACKUP, JobState.QUEUED, Trigger.SCHEDULE)
    assert job.parameters == {"kind": "automatic", "description": "Nightly backup", "clean_up_keep_days": 11}
    assert job.requested_by_name == "schedule"
    assert queue.ask("LLEN backups") == ":1"
