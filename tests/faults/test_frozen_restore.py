"""A restore whose worker was frozen: declared lost, it commits nothing when it wakes up."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from backups_app import jobs, leases
from backups_app.choices import JobKind, JobState
from backups_app.engine.progress import Stage
from backups_app.models import Backup, Job
from eclick.models import Client
from tests.catalogue import (  # noqa: F401 (fixtures)
    backup_folder,
    fresh_cache,
    lease_file,
    machinery,
    make_job,
    other_connection,
    wait_until,
)
from tests.engine import oracle

# A worker that freezes where it is told to, in the middle of its restore.
FREEZING = """
import os, signal, sys, django
django.setup()
from backups_app import jobs
from backups_app.heartbeat import Heartbeat

report, stopped = Heartbeat._report, []

def report_and_freeze(self, stage, done, total):
    report(self, stage, done, total)
    if stage == sys.argv[2] and not stopped:
        stopped.append(stage)
        os.kill(os.getpid(), signal.SIGSTOP)

Heartbeat._report = report_and_freeze
jobs.run(sys.argv[1], worker="heavy@frozen", dies_with_parent=False)
"""


@pytest.fixture
def freeze(
    machinery: str,  # noqa: F811
    child_environment: Callable[..., dict[str, str]],
    backup_folder: Path,  # noqa: F811
) -> Iterator[Callable[[Job, Stage], subprocess.Popen[bytes]]]:
    """Starts a worker for the job, which is frozen at that stage when this returns."""
    frozen: list[subprocess.Popen[bytes]] = []

    def start(job: Job, stage: Stage) -> subprocess.Popen[bytes]:
        worker = subprocess.Popen(
            [sys.executable, "-c", FREEZING, str(job.pk), stage.value],
            env=child_environment(machinery, BACKUPS_DIR=str(backup_folder)),
        )
        frozen.append(worker)
        _, status = os.waitpid(worker.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        return worker

    yield start
    for worker in frozen:
        worker.kill()
        worker.wait(30)


@pytest.mark.parametrize("stage", [Stage.LOAD, Stage.COMMIT])
def test_it_is_declared_lost_only_when_its_session_has_ended(
    machinery: str,  # noqa: F811
    freeze: Callable[[Job, Stage], subprocess.Popen[bytes]],
    stage: Stage,
) -> None:
    job, before = a_restore(machinery)
    worker = freeze(job, stage)
    assert jobs.reap() == [], "a lease that is held is nobody's to take"

    take_the_lease_away(claim_of(job), machinery)
    is_sqlite = connections[machinery].vendor == "sqlite"
    if is_sqlite:
        # The lock is the fence: while it is held, nobody can write that the job is lost.
        connections[machinery].cursor().execute("PRAGMA busy_timeout = 50")
        assert jobs.reap() == []
        assert Job.objects.get(pk=job.pk).state == JobState.RUNNING
    else:
        assert [lost.pk for lost in jobs.reap()] == [job.pk]
        # Nothing of it is in the way any more.
        Client.objects.using(machinery).update(name="Café Museum")
    worker.send_signal(signal.SIGCONT)
    worker.wait(60)

    row = Job.objects.get(pk=job.pk)
    assert row.state == (JobState.SUCCEEDED if is_sqlite else JobState.LOST)
    assert (row.committed_at is not None) == is_sqlite
    assert is_sqlite != (oracle.read_table(machinery, "eclick_client").records() == before)


def a_restore(alias: str) -> tuple[Job, Any]:
    """A restore of other data than there is, waiting; and what there is."""
    Client.objects.using(alias).create(name="Café Central", country="AT", hourly_rate="95.50")
    jobs.run(make_job().pk, worker="heavy@here", dies_with_parent=False)
    Client.objects.using(alias).update(name="Café Museum")
    parameters = {"name": Backup.objects.get().name, "no_safety_backup": True, "accept_lock_out": True}
    job = make_job(kind=JobKind.RESTORE, parameters=parameters, backup_name=parameters["name"])
    return job, oracle.read_table(alias, "eclick_client").records()


def claim_of(job: Job) -> UUID:
    claim = Job.objects.get(pk=job.pk).claim
    assert claim is not None
    return claim


def take_the_lease_away(claim: UUID, alias: str) -> None:
    """Ends the session of the lease, and no other."""
    connection = other_connection(alias)
    if connection.vendor == "sqlite":
        lease_file(claim).unlink()
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            high, low = leases._key_halves(claim)
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND classid = %s AND objid = %s",
                [high, low],
            )
            assert len(cursor.fetchall()) == 1
        else:
            cursor.execute("SELECT IS_USED_LOCK(%s)", [leases._lock_name(claim)])
            cursor.execute("KILL %s", [cursor.fetchone()[0]])
    connection.close()
    assert wait_until(lambda: not leases.is_held(claim), seconds=5)
