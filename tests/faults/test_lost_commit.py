"""A connection that is lost in the COMMIT: the job looks what the database holds, and says that."""

import pytest
from django.db import connections

from backups_app import jobs
from backups_app.choices import JobState
from backups_app.engine.databases.restore import open_target
from backups_app.engine.databases.restore_base import Target
from backups_app.engine.errors import CommitUnknown
from backups_app.models import Backup, Job
from eclick.models import Client
from tests.catalogue import (  # noqa: F401 (fixtures)
    backup_folder,
    end_every_session,
    fresh_cache,
    machinery,
)
from tests.faults.test_frozen_restore import a_restore


def run(job: Job, alias: str) -> Job:
    jobs.run(job.pk, worker="heavy@here", dies_with_parent=False)
    return Job.objects.using(alias).get(pk=job.pk)


def test_a_commit_whose_answer_is_lost_has_succeeded(machinery: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    job, _ = a_restore(machinery)
    commit = type(open_target(connections[machinery])).commit

    def commit_and_lose_the_answer(target: Target) -> None:
        commit(target)
        raise CommitUnknown("The connection was lost while the database committed.")

    monkeypatch.setattr(type(open_target(connections[machinery])), "commit", commit_and_lose_the_answer)
    row = run(job, machinery)
    assert row.state == JobState.SUCCEEDED
    assert row.committed_at is not None
    assert Backup.objects.get(name=job.backup_name).status == "restored"
    assert Client.objects.using(machinery).get().name == "Café Central"


def test_a_commit_that_never_reached_the_server_has_failed(
    machinery: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if connections[machinery].vendor == "sqlite":
        return
    job, _ = a_restore(machinery)
    target_class = type(open_target(connections[machinery]))
    commit = target_class.commit

    def lose_the_connection_and_commit(target: Target) -> None:
        end_every_session(machinery)
        commit(target)

    monkeypatch.setattr(target_class, "commit", lose_the_connection_and_commit)
    row = run(job, machinery)
    assert row.committed_at is None
    assert Client.objects.using(machinery).get().name == "Café Museum"
    assert row.state in {JobState.FAILED, JobState.RUNNING}
    if row.state == JobState.FAILED:
        assert row.error_code == "commit-unknown"
    else:
        assert [lost.pk for lost in jobs.reap()] == [job.pk]
