"""Who may run beside whom: running x requested, as a table."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from backups_app import jobs
from backups_app.actions.delete import DeleteRefused, delete_backup
from backups_app.choices import BackupKind, JobKind, JobState, Trigger
from backups_app.models import Job
from tests.catalogue import AMELIE, BRUNO, backup_folder, fresh_cache, make_backup  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db(transaction=True)

# What happens to the requested job while the other one runs.
TABLE = {
    **{(running, requested): "runs" for running in JobKind for requested in JobKind},
    **{(running, JobKind.RESTORE): "waits" for running in JobKind},
    **{(JobKind.RESTORE, requested): "waits" for requested in JobKind},
    (JobKind.RESTORE, JobKind.RESTORE): "refused",
}


@pytest.mark.parametrize(("running", "requested"), TABLE)
def test_a_job_beside_a_running_one(running: JobKind, requested: JobKind) -> None:
    enter(running, state=JobState.RUNNING)

    assert outcome_of_asking_for(requested) == TABLE[running, requested]


@pytest.mark.parametrize("requested", JobKind)
def test_a_restore_excludes_from_the_moment_it_is_queued(requested: JobKind) -> None:
    enter(JobKind.RESTORE, state=JobState.QUEUED)

    assert outcome_of_asking_for(requested) == ("refused" if requested == JobKind.RESTORE else "waits")


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_nothing_is_deleted_while_a_restore_is_under_way(state: JobState) -> None:
    backups = [make_backup(kind=BackupKind.MANUAL), make_backup(kind=BackupKind.MANUAL)]
    enter(JobKind.RESTORE, state=state)

    with pytest.raises(DeleteRefused, match="restore is under way"):
        delete_backup(backups[0], by=BRUNO, reason="test")


def test_a_restore_that_ended_makes_way_for_the_next() -> None:
    first = enter(JobKind.RESTORE, state=JobState.QUEUED)
    jobs.cancel(first.pk, by=AMELIE)

    assert enter(JobKind.RESTORE, state=JobState.QUEUED).exclusive_slot


def test_a_restore_that_no_worker_takes_is_cancelled_after_two_minutes() -> None:
    job = enter(JobKind.RESTORE, state=JobState.QUEUED)
    jobs.reap()
    assert Job.objects.get(pk=job.pk).state == JobState.QUEUED

    Job.objects.filter(pk=job.pk).update(queued_at=timezone.now() - timedelta(minutes=3))
    jobs.reap()

    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.CANCELLED, "no-worker")


def test_a_restore_that_died_after_its_commit_counts_as_done() -> None:
    job = enter(JobKind.RESTORE, state=JobState.RUNNING)
    Job.objects.filter(pk=job.pk).update(committed_at=timezone.now())

    jobs.reap()

    assert Job.objects.get(pk=job.pk).state == JobState.SUCCEEDED


def test_a_restore_that_died_before_its_commit_is_lost() -> None:
    job = enter(JobKind.RESTORE, state=JobState.RUNNING)

    jobs.reap()

    assert Job.objects.get(pk=job.pk).state == JobState.LOST


def enter(kind: JobKind, *, state: JobState) -> Job:
    """A job in this state, of which nobody holds the lease."""
    job = jobs._enter(kind, by=AMELIE, trigger=Trigger.PAGE, parameters={"name": "none.json", "keep_days": 1})
    if state == JobState.RUNNING:
        Job.objects.filter(pk=job.pk).update(state=state, claim=uuid.uuid4(), started_at=timezone.now())
    job.refresh_from_db()
    return job


def outcome_of_asking_for(kind: JobKind) -> str:
    try:
        job = enter(kind, state=JobState.QUEUED)
    except jobs.Refused:
        return "refused"
    try:
        jobs.run(job.pk, worker="test", dies_with_parent=False)
    except jobs.NotOurs:
        job.refresh_from_db()
        assert job.state == JobState.QUEUED
        assert job.blocked_at is not None
        return "waits"
    return "runs"
