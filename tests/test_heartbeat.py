"""The side thread of a running job: what it tells, what it hears, and that it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from django.db import connections
from django.utils import timezone

from backups_app import cache, heartbeat, leases
from backups_app.choices import JobState
from backups_app.engine.progress import Stage, Watch
from backups_app.heartbeat import Heartbeat, is_beating, write_ending
from backups_app.models import Job
from tests.catalogue import (  # noqa: F401 (fixtures)
    MachineryOn,
    end_every_session,
    fresh_cache,
    make_job,
    wait_until,
)
from tests.servers import Valkey

pytestmark = pytest.mark.django_db(transaction=True)


class Ours:
    """A lease that stays until told otherwise."""

    held = True

    def is_mine(self) -> bool:
        return self.held


def beat_of(job: Job, lease: leases.Lease | None = None) -> Heartbeat:
    return Heartbeat(job, lease or Ours(), dies_with_parent=False)


def told(job: Job) -> dict[str, Any]:
    return cache.read_progress(job.pk) or {}


@pytest.fixture
def job() -> Job:
    return make_job(JobState.RUNNING)


def test_it_tells_where_the_job_is_within_a_second_or_two(queue: Valkey, job: Job) -> None:
    with beat_of(job) as beat:
        beat.watch().report(Stage.DUMP, 1200, 5000)
        assert wait_until(lambda: told(job).get("done") == 1200, seconds=3)
        progress = told(job)

    assert (progress["kind"], progress["state"]) == ("backup", "running")
    assert (progress["stage"], progress["total"]) == ("dump", 5000)
    assert abs(progress["beat_at"] - time.time()) < 3
    assert progress["is_cancelling"] is False


def test_it_tells_how_fast_the_job_is(queue: Valkey, job: Job) -> None:
    with beat_of(job) as beat:
        assert wait_until(lambda: "rate" in told(job), seconds=3)
        assert told(job)["rate"] is None
        beat.watch().report(Stage.DUMP, 1000, None)
        assert wait_until(lambda: bool(told(job)["rate"]), seconds=3)
        assert 200 < told(job)["rate"] < 5000


def test_it_hears_the_wish_to_cancel_within_a_second_or_two(queue: Valkey, job: Job) -> None:
    with beat_of(job) as beat:
        watch = beat.watch()
        assert not watch.is_cancelled()
        cache.ask_to_cancel(job.pk, {"name": "bruno"})
        assert wait_until(watch.is_cancelled, seconds=3)
        assert wait_until(lambda: told(job)["is_cancelling"], seconds=3)


def test_it_hears_the_wish_from_the_row_when_the_cache_is_away(job: Job) -> None:
    with beat_of(job) as beat:
        Job.objects.filter(pk=job.pk).update(cancel_asked_at=timezone.now())
        assert wait_until(beat.watch().is_cancelled, seconds=3)


def test_it_hears_the_wish_from_the_row_when_the_cache_has_forgotten_it(
    queue: Valkey, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_ROW_CHECK_SECONDS", 0.1)
    with beat_of(job) as beat:
        Job.objects.filter(pk=job.pk).update(cancel_asked_at=timezone.now())
        assert wait_until(beat.watch().is_cancelled, seconds=3)


def test_it_stops_a_job_that_was_taken_away(job: Job) -> None:
    with beat_of(job) as beat:
        Job.objects.filter(pk=job.pk).update(claim=uuid.uuid4())
        assert wait_until(beat.watch().is_cancelled, seconds=3)
    assert not beat.lease_lost


def test_it_stops_a_job_whose_lease_was_taken_back(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_ROW_CHECK_SECONDS", 0.1)
    lease = Ours()
    with beat_of(job, lease) as beat:
        assert not beat.watch().is_cancelled()
        lease.held = False
        assert wait_until(beat.watch().is_cancelled, seconds=3)
    assert beat.lease_lost


def test_a_database_that_ends_its_session_neither_stops_the_job_nor_deafens_it(postgresql: str, settings: Any) -> None:
    settings.DATABASE_ROUTERS = ["tests.routers.ZooRouter", MachineryOn(postgresql)]
    job = make_job(JobState.RUNNING)
    with beat_of(job) as beat:
        assert wait_until(lambda: sessions(postgresql) > 1, seconds=3)
        end_every_session(postgresql)
        connections[postgresql].close()
        time.sleep(1.2)
        assert not beat.watch().is_cancelled()
        Job.objects.filter(pk=job.pk).update(cancel_asked_at=timezone.now())
        assert wait_until(beat.watch().is_cancelled, seconds=4)


def sessions(alias: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        (count,) = cursor.fetchone()
    return int(count)


def test_a_frozen_cache_slows_no_report_of_the_job(queue: Valkey, job: Job) -> None:
    with beat_of(job) as beat:
        queue.freeze()
        watch: Watch = beat.watch()
        started = time.monotonic()
        for done in range(10_000):
            watch.step(Stage.DUMP, done, None)
        assert time.monotonic() - started < 1
        queue.thaw()


def test_after_the_ending_it_writes_nothing_more(queue: Valkey, job: Job) -> None:
    with beat_of(job) as beat:
        beat.watch().report(Stage.PUBLISH, 70, 70)
    job.state = JobState.SUCCEEDED
    write_ending(job, last=beat.snapshot())
    ended = told(job)
    time.sleep(1.2)

    assert told(job) == ended
    assert (ended["state"], ended["stage"], ended["done"], ended["total"]) == ("succeeded", "publish", 70, 70)


def test_its_thread_ends_with_the_job(job: Job) -> None:
    with pytest.raises(ZeroDivisionError), beat_of(job):
        assert any(str(job.pk) in thread.name for thread in threading.enumerate())
        raise ZeroDivisionError
    assert not any(str(job.pk) in thread.name for thread in threading.enumerate())


def test_the_ending_of_a_job_that_somebody_else_ran_keeps_how_far_it_came(queue: Valkey, job: Job) -> None:
    cache.write_progress(job.pk, {"state": "running", "done": 7, "total": 9, "beat_at": 1.0, "started_at": 0.5})
    job.state, job.error_message, job.error_hint = JobState.LOST, "It died.", "Start it."
    write_ending(job)
    ended = told(job)
    assert (ended["state"], ended["done"], ended["total"]) == ("lost", 7, 9)
    assert (ended["message"], ended["hint"]) == ("It died.", "Start it.")


@pytest.mark.parametrize(
    ("progress", "beats"),
    [
        ({}, False),
        ({"state": "running"}, False),
        ({"state": "running", "beat_at": None}, False),
        ({"state": "running", "beat_at": "now"}, False),
        ({"state": "running", "beat_at": 0}, True),
        ({"state": "running", "beat_at": -4}, True),
        ({"state": "running", "beat_at": -6}, False),
        ({"state": "succeeded", "beat_at": 0}, False),
        ({"state": "queued", "beat_at": 0}, False),
    ],
)
def test_only_the_fresh_word_of_a_running_job_is_a_beat(progress: dict[str, Any], beats: bool) -> None:
    beat_at = progress.get("beat_at")
    if isinstance(beat_at, int):
        progress = {**progress, "beat_at": time.time() + beat_at}
    assert is_beating(progress) is beats


# --- Dying with the parent ---------------------------------------------------------------------------------------

CHILD = """
import sys, time, django
django.setup()
from backups_app.heartbeat import Heartbeat
from backups_app.models import Job

class Ours:
    def is_mine(self):
        return True

with Heartbeat(Job.objects.get(pk=sys.argv[1]), Ours(), dies_with_parent=sys.argv[2] == "dies"):
    print("beats", flush=True)
    time.sleep(30)
"""
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.parametrize("how", ["dies", "lives on"])
def test_a_job_whose_worker_is_gone_dies_and_one_that_a_command_runs_does_not(
    job: Job, how: str, child_environment: Callable[..., dict[str, str]]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD, str(job.pk), how],
        env=child_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    try:
        is_gone = wait_until(lambda: not is_alive(child), seconds=5 if how == "dies" else 1.5)
        assert is_gone == (how == "dies")
    finally:
        if is_alive(child):
            os.kill(child.pid, signal.SIGKILL)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
