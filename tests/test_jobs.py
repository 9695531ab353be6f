"""One job's life, on real databases, with and without a queue."""

# ruff: noqa: F811 (fixtures are imported, and asked for by their names)

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.utils import timezone

from backups_app import cache, dispatch, jobs, leases
from backups_app.actions import create as create_action
from backups_app.choices import ACTIVE_STATES, BackupKind, JobKind, JobState, Trigger
from backups_app.engine import store
from backups_app.engine.progress import Stage
from backups_app.heartbeat import Heartbeat
from backups_app.models import Backup, Job
from eclick.seed import seed_demo
from tests.catalogue import (  # noqa: F401 (fixtures)
    AMELIE,
    BRUNO,
    MachineryOn,
    backup_folder,
    end_every_session,
    files,
    fresh_cache,
    in_the_middle,
    machinery,
    make_backup,
    make_job,
    trail,
)
from tests.servers import Valkey

pytestmark = pytest.mark.django_db(transaction=True)

Middle = Callable[[Callable[[Job], Any]], None]

MANUAL = {"kind": BackupKind.MANUAL, "description": "before the move"}
STORAGE = "django.core.files.storage.FileSystemStorage"
ENDED = [state for state in JobState if state not in ACTIVE_STATES]


def submit(**parameters: Any) -> Job:
    return jobs.submit(JobKind.BACKUP, by=AMELIE, trigger=Trigger.PAGE, parameters={**MANUAL, **parameters})


def run(job: Job) -> Job:
    return jobs.run(job.pk, worker="heavy@test", dies_with_parent=False)


def as_row(job: Job) -> dict[str, Any]:
    return Job.objects.filter(pk=job.pk).values().get()


# --- Asking ------------------------------------------------------------------------------------------------------


def test_without_a_queue_a_job_is_failed_at_once_with_the_reason_and_what_to_do() -> None:
    started = time.monotonic()
    job = submit()

    assert time.monotonic() - started < 6
    assert as_row(job)["state"] == job.state == JobState.FAILED
    assert job.error_code == "broker-unreachable"
    assert job.error_message.startswith("The queue can't be reached (")
    assert job.error_message.endswith("Nothing was started.")
    assert "Start Redis or Valkey" in job.error_hint
    assert trail() == [("backup.ended", "amelie", "failed")]


def test_a_frozen_queue_is_said_as_fast(queue: Valkey) -> None:
    queue.freeze()
    started = time.monotonic()
    job = submit()

    assert time.monotonic() - started < 6
    assert job.state == JobState.FAILED
    assert job.error_code == "broker-unreachable"


@pytest.mark.parametrize(("setting", "back"), [("maxmemory 1", "maxmemory 0"), ("requirepass secret", "")])
def test_a_queue_that_refuses_is_said_in_words(queue: Valkey, setting: str, back: str) -> None:
    queue.ask(f"CONFIG SET {setting}")
    try:
        job = submit()
    finally:
        if back:
            queue.ask(f"CONFIG SET {back}")
        else:
            queue.restart()
    assert job.state == JobState.FAILED
    assert job.error_message.startswith("The queue can't be reached (")
    assert "secret" not in job.error_message


def test_with_the_queue_one_message_with_the_jobs_id_waits_for_a_worker(queue: Valkey) -> None:
    job = submit()

    assert as_row(job)["state"] == job.state == JobState.QUEUED
    assert job.sent_at is not None
    (message,) = messages(queue)
    assert message["headers"]["task"] == "backups_app.tasks.create_backup"
    assert message["headers"]["id"] == str(job.pk)


def messages(queue: Valkey, name: str = "backups") -> list[dict[str, Any]]:
    count = int(queue.ask(f"LLEN {name}").removeprefix(":"))
    with dispatch.current_app.connection_for_read() as broker:
        return [json.loads(broker.default_channel.client.lindex(name, place)) for place in range(count)]


def test_the_bell_is_rung_only_when_the_row_is_committed(queue: Valkey) -> None:
    with transaction.atomic():
        submit()
        assert messages(queue) == []
    assert len(messages(queue)) == 1


def test_a_job_that_is_rolled_back_is_never_rung_for(queue: Valkey) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        submit()
        raise ZeroDivisionError
    assert messages(queue) == []
    assert not Job.objects.exists()


def test_a_clean_up_waits_in_the_same_queue(queue: Valkey) -> None:
    jobs.submit(JobKind.CLEAN_UP, by=AMELIE, trigger=Trigger.PAGE, parameters={"keep_days": 3})
    (message,) = messages(queue)
    assert message["headers"]["task"] == "backups_app.tasks.clean_up"


def test_a_queue_that_answers_too_late_fails_no_job_that_a_worker_has_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def send_and_time_out(job: Job) -> None:
        Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, claim=uuid.uuid4())
        raise dispatch.BrokerUnreachable("The queue can't be reached (TimeoutError).")

    monkeypatch.setattr(dispatch, "send", send_and_time_out)
    job = submit()

    assert as_row(job)["state"] == job.state == JobState.RUNNING
    assert trail() == []


def test_jobs_whose_messages_were_lost_are_sent_again(queue: Valkey) -> None:
    waiting = submit()
    make_job(JobState.RUNNING)
    make_job(JobState.SUCCEEDED)
    queue.forget()

    assert jobs.send_waiting() == 1
    (message,) = messages(queue)
    assert message["headers"]["id"] == str(waiting.pk)


def test_sending_again_without_a_queue_leaves_the_jobs_waiting() -> None:
    job = make_job()
    jobs.send_waiting()
    assert as_row(job)["state"] == JobState.QUEUED


# --- Running -----------------------------------------------------------------------------------------------------


def test_a_backup_that_ran_is_listed_with_its_file(machinery: str) -> None:
    job = run(make_job(parameters=MANUAL))

    backup = Backup.objects.get()
    assert job.state == JobState.SUCCEEDED
    assert (job.backup_id, job.backup_name) == (backup.pk, backup.name)
    assert job.claim is None
    assert job.worker == "heavy@test"
    assert job.queued_at <= job.started_at <= job.finished_at
    assert files() == {backup.name}
    assert backup.description == "before the move"
    assert (backup.created_by_id, backup.created_by_name) == ("7", "amelie")
    assert job.result == {"backup": backup.name, "records": backup.record_count, "sha256": backup.sha256}


def test_a_second_run_of_a_job_finds_nothing_to_claim_and_changes_nothing() -> None:
    job = run(make_job())
    before = as_row(job), files(), trail()

    with pytest.raises(jobs.NotOurs):
        run(job)
    assert (as_row(job), files(), trail()) == before


def test_a_job_that_runs_already_is_not_run_beside_itself(in_the_middle: Middle) -> None:
    seed_demo(1)
    refused = []

    def run_again(job: Job) -> None:
        with pytest.raises(jobs.NotOurs):
            run(job)
        refused.append(job.pk)

    in_the_middle(run_again)
    job = run(make_job())

    assert refused == [job.pk]
    assert job.state == JobState.SUCCEEDED
    assert Backup.objects.count() == 1


def test_only_a_waiting_job_is_claimed() -> None:
    for state in [JobState.RUNNING, *ENDED]:
        job = make_job(state)
        before = as_row(job)
        with pytest.raises(jobs.NotOurs):
            run(job)
        assert as_row(job) == before


def test_a_job_that_nobody_knows_is_not_ours() -> None:
    with pytest.raises(jobs.NotOurs):
        jobs.run(uuid.uuid4(), worker="heavy@test", dies_with_parent=False)


def test_progress_in_the_cache_ends_at_the_full_count(queue: Valkey) -> None:
    seed_demo(1)
    job = run(make_job())

    told = cache.read_progress(job.pk)
    assert told is not None
    assert told["state"] == JobState.SUCCEEDED
    assert told["done"] == told["total"] == Backup.objects.get().record_count > 0
    assert told["backup_name"] == job.backup_name


def test_the_lease_is_held_while_the_job_runs_and_not_after(in_the_middle: Middle) -> None:
    seed_demo(1)
    held = []
    in_the_middle(lambda job: held.append((job.claim, leases.is_held(job.claim))))
    run(make_job())

    ((claim, was_held),) = held
    assert was_held
    assert not leases.is_held(claim)


# --- Every arrow, and none other ---------------------------------------------------------------------------------

ARROWS = {
    JobState.QUEUED: {JobState.RUNNING, JobState.CANCELLED, JobState.FAILED},
    JobState.RUNNING: {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.ERRORED,
        JobState.CANCELLED,
        JobState.LOST,
    },
}


def push(job: Job) -> list[Callable[[], Any]]:
    """Everything that may move a job, each as somebody would do it who read the row a moment ago."""
    return [
        lambda: jobs._claim(job.pk, uuid.uuid4(), "heavy@test"),
        lambda: jobs._ring(job),
        lambda: jobs.cancel(job.pk, by=BRUNO),
        jobs.reap,
        lambda: jobs._succeed(job, {}),
        *(lambda state=state: jobs._end(job, state, message="Because.") for state in ENDED),
    ]


@pytest.mark.parametrize("state", JobState)
def test_a_job_leaves_its_state_only_along_the_arrows_of_the_diagram(state: JobState) -> None:
    reached = set()
    for way in range(len(push(Job()))):
        job = make_job(state)
        with suppress(jobs.NotOurs):
            push(job)[way]()
        row = as_row(job)
        reached.add(row["state"])
        assert row["state"] in ACTIVE_STATES or row["claim"] is None
    assert reached - {state} == ARROWS.get(state, set())


def test_whoever_lost_the_claim_ends_nothing() -> None:
    job = make_job(JobState.RUNNING)
    Job.objects.filter(pk=job.pk).update(claim=uuid.uuid4())
    before = as_row(job)

    for state in ENDED:
        jobs._end(job, state, message="Too late.")
    with pytest.raises(jobs.NotOurs):
        jobs._succeed(job, {})
    assert as_row(job) == before
    assert trail() == []


def test_of_two_who_cancel_a_waiting_job_at_once_one_does_and_both_are_told(machinery: str) -> None:
    job = make_job()
    assert jobs.cancel(job.pk, by=AMELIE)
    assert not jobs.cancel(job.pk, by=BRUNO)
    assert trail() == [("backup.ended", "amelie", "cancelled"), ("backup.cancel_asked", "amelie", "")]


# --- The fence ---------------------------------------------------------------------------------------------------


def declare_lost(job: Job) -> None:
    """As the caretaker does with a job whose lease is free."""
    Job.objects.filter(pk=job.pk).update(state=JobState.LOST, claim=None, finished_at=timezone.now())


def test_a_job_that_was_declared_lost_in_the_middle_publishes_no_row_and_leaves_no_file(
    machinery: str, in_the_middle: Middle
) -> None:
    make_some_rows(machinery)
    in_the_middle(declare_lost)
    job = run(make_job())

    assert job.state == JobState.LOST
    assert not Backup.objects.exists()
    assert files() == set()
    assert trail() == []


def make_some_rows(alias: str) -> None:
    from eclick.models import Client

    Client.objects.using(alias).create(name="Café Central", country="AT", hourly_rate="95.50")


def test_a_job_that_was_declared_lost_between_file_and_row_takes_its_file_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish = store.Part.publish
    job = make_job()

    def publish_and_be_declared_lost(*arguments: Any, **named: Any) -> str:
        name = publish(*arguments, **named)
        assert name in files()
        declare_lost(job)
        return name

    monkeypatch.setattr(store.Part, "publish", publish_and_be_declared_lost)
    assert run(job).state == JobState.LOST
    assert not Backup.objects.exists()
    assert files() == set()


def test_an_error_after_the_commit_takes_no_file_from_the_row_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the time limit's signal comes in at that very moment."""
    atomic = transaction.atomic

    class Late:
        def __init__(self, **using: Any) -> None:
            self.inner = atomic(**using)

        def __enter__(self) -> None:
            self.inner.__enter__()

        def __exit__(self, *error: Any) -> None:
            self.inner.__exit__(*error)
            raise SoftTimeLimitExceeded

    monkeypatch.setattr(create_action, "transaction", SimpleNamespace(atomic=Late))
    job = run(make_job())
    assert job.state == JobState.SUCCEEDED
    assert files() == {Backup.objects.get().name}


# --- Cancelling --------------------------------------------------------------------------------------------------


def test_a_waiting_job_is_cancelled_at_once(queue: Valkey) -> None:
    job = make_job()
    assert jobs.cancel(job.pk, by=BRUNO)

    row = as_row(job)
    assert row["state"] == JobState.CANCELLED
    assert row["error_message"] == "Cancelled while waiting."
    assert (cache.read_progress(job.pk) or {})["state"] == JobState.CANCELLED
    with pytest.raises(jobs.NotOurs):
        run(job)


def wait_for_the_heartbeat_to_hear(job: Job) -> None:
    """The engine asks between batches; here it stands still until there is an answer."""
    deadline = time.monotonic() + 10
    while not (cache.read_progress(job.pk) or {}).get("is_cancelling"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_running_backup_is_cancelled_and_leaves_neither_file_nor_row(queue: Valkey, in_the_middle: Middle) -> None:
    seed_demo(1)

    def cancel(job: Job) -> None:
        assert files() == {f".{job.pk}.part"}
        assert jobs.cancel(job.pk, by=BRUNO)
        wait_for_the_heartbeat_to_hear(job)

    in_the_middle(cancel)
    job = run(make_job())

    assert job.state == JobState.CANCELLED
    assert "nothing was left behind" in job.error_message
    assert not Backup.objects.exists()
    assert files() == set()
    assert trail() == [("backup.cancel_asked", "bruno", ""), ("backup.ended", "amelie", "cancelled")]


def test_a_job_whose_heart_beats_is_cancelled_without_touching_the_database(
    queue: Valkey, django_assert_num_queries: Callable[..., Any]
) -> None:
    job = make_job(JobState.RUNNING)
    cache.write_progress(job.pk, {"state": "running", "beat_at": time.time()})
    with django_assert_num_queries(0):
        assert jobs.cancel(job.pk, by=BRUNO)
    assert cache.is_cancel_asked(job.pk)


def test_a_running_backup_is_cancelled_through_the_database_when_the_cache_is_away(in_the_middle: Middle) -> None:
    seed_demo(1)

    def cancel(job: Job) -> None:
        assert jobs.cancel(job.pk, by=BRUNO)
        assert jobs.cancel(job.pk, by=AMELIE), "asking again is no mistake"
        time.sleep(1.2)  # the heartbeat has no way to say that it has heard

    in_the_middle(cancel)
    job = run(make_job())

    assert job.state == JobState.CANCELLED
    assert files() == set()
    assert trail() == [("backup.cancel_asked", "bruno", ""), ("backup.ended", "amelie", "cancelled")]


def test_a_wish_that_comes_after_the_last_batch_is_still_heard(queue: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    publish = store.Part.publish
    job = make_job()

    def publish_and_cancel(*arguments: Any, **named: Any) -> str:
        name = publish(*arguments, **named)
        jobs.cancel(job.pk, by=BRUNO)
        return name

    monkeypatch.setattr(store.Part, "publish", publish_and_cancel)
    assert run(job).state == JobState.CANCELLED
    assert files() == set()
    assert not Backup.objects.exists()


def test_a_job_that_has_ended_can_not_be_cancelled() -> None:
    for state in ENDED:
        job = make_job(state)
        before = as_row(job)
        assert not jobs.cancel(job.pk, by=BRUNO)
        assert as_row(job) == before


def test_a_job_that_nobody_knows_can_not_be_cancelled() -> None:
    assert not jobs.cancel(uuid.uuid4(), by=BRUNO)


# --- Failing -----------------------------------------------------------------------------------------------------


def test_a_bug_ends_as_errored_with_its_traceback(in_the_middle: Middle) -> None:
    seed_demo(1)

    def fail(_job: Job) -> None:
        raise ZeroDivisionError("by zero")

    in_the_middle(fail)
    job = run(make_job())

    assert job.state == JobState.ERRORED
    assert job.error_code == "ZeroDivisionError"
    assert job.error_message == "An unforeseen error: ZeroDivisionError: by zero"
    assert "report it" in job.error_hint
    assert job.traceback.startswith("Traceback (most recent call last):")
    assert job.traceback.rstrip().endswith("ZeroDivisionError: by zero")
    assert files() == set()


def test_a_bug_whose_message_no_database_would_take_ends_as_errored_too(
    machinery: str, in_the_middle: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    # pytest-xdist could not pass on a captured line with half a character.
    caplog.set_level(logging.CRITICAL, logger="backups_app")
    make_some_rows(machinery)
    error = type("E" * 300, (Exception,), {})

    def fail(_job: Job) -> None:
        raise error("nul \x00 and half \udc80")

    in_the_middle(fail)
    job = run(make_job())

    assert job.state == JobState.ERRORED
    assert job.error_message.endswith(r"nul \x00 and half \udc80")


def test_a_folder_that_can_not_be_made_fails_the_backup_with_what_to_do(backup_folder: Path) -> None:
    backup_folder.write_text("a file in place of the folder")
    job = run(make_job())

    assert job.state == JobState.FAILED
    assert job.error_code == "store-failed"
    assert job.error_message == "The backup folder can't be written: File exists."
    assert "permissions" in job.error_hint
    assert job.traceback == ""


def test_a_folder_that_may_not_be_written_fails_the_backup_with_what_to_do(settings: Any) -> None:
    """Below /sys nobody makes a folder, not even root, as whom the tests may run."""
    settings.STORAGES = {
        **settings.STORAGES,
        "backups": {"BACKEND": STORAGE, "OPTIONS": {"location": "/sys/backups"}},
    }
    job = run(make_job())

    assert job.state == JobState.FAILED
    assert job.error_code == "store-failed"
    assert job.error_message.startswith("The backup folder can't be written: ")
    assert "permissions" in job.error_hint


def test_a_full_disk_fails_the_backup_with_the_free_space(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any, **_named: Any) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.Part, "publish", full)
    job = run(make_job())

    assert job.state == JobState.FAILED
    assert job.error_code == "disk-full"
    assert "bytes were written" in job.error_message
    assert "larger" in job.error_hint
    assert files() == set()
    assert not Backup.objects.exists()


def test_a_time_limit_fails_the_backup_and_names_the_setting(in_the_middle: Middle) -> None:
    seed_demo(1)

    def be_late(_job: Job) -> None:
        raise SoftTimeLimitExceeded

    in_the_middle(be_late)
    job = run(make_job())

    assert job.state == JobState.FAILED
    assert job.error_code == "time-limit"
    assert "BACKUPS_TIME_LIMIT" in job.error_hint
    assert files() == set()


def test_ctrl_c_cancels_the_job_that_runs_here(in_the_middle: Middle) -> None:
    seed_demo(1)

    def interrupt(_job: Job) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    in_the_middle(interrupt)
    with pytest.raises(KeyboardInterrupt):
        jobs.run_here(JobKind.BACKUP, by=AMELIE, trigger=Trigger.COMMAND, parameters=MANUAL)

    job = Job.objects.get()
    assert job.state == JobState.CANCELLED
    assert job.error_message == "Interrupted; nothing was left behind."
    assert files() == set()


def test_a_postgresql_that_ends_the_sessions_fails_the_backup_and_the_row_says_so(
    postgresql: str, settings: Any, in_the_middle: Middle
) -> None:
    assert_sessions_end_in_failure(postgresql, settings, in_the_middle)


def test_a_mariadb_that_ends_the_sessions_fails_the_backup_and_the_row_says_so(
    mariadb: str, settings: Any, in_the_middle: Middle
) -> None:
    assert_sessions_end_in_failure(mariadb, settings, in_the_middle)


def assert_sessions_end_in_failure(alias: str, settings: Any, in_the_middle: Middle) -> None:
    settings.DATABASE_ROUTERS = ["tests.routers.ZooRouter", MachineryOn(alias)]
    settings.BACKUPS = {**settings.BACKUPS, "DATABASE": alias}
    make_some_rows(alias)
    in_the_middle(lambda _job: end_every_session(alias))
    job = run(make_job())

    assert job.state == JobState.FAILED
    assert job.error_code in {"database-failed", "snapshot-failed"}
    assert "database" in job.error_hint.lower() or "runs" in job.error_hint
    assert not Backup.objects.exists()
    assert files() == set()


# --- Dying -------------------------------------------------------------------------------------------------------

DYING = """
import os, signal, sys, django
django.setup()
from backups_app import jobs
from backups_app.engine import store
from backups_app.engine.progress import Stage
from backups_app.heartbeat import Heartbeat
from backups_app.engine.progress import Stage
from backups_app.heartbeat import Heartbeat

def die():
    os.kill(os.getpid(), signal.SIGKILL)

publish, report = store.Part.publish, Heartbeat._report

def publish_and_die(*arguments, **named):
    publish(*arguments, **named)
    die()

def report_and_die(self, stage, *numbers):
    report(self, stage, *numbers)
    if stage == Stage.DUMP:
        die()

if sys.argv[2] == "between file and row":
    store.Part.publish = publish_and_die
else:
    Heartbeat._report = report_and_die
jobs.run(sys.argv[1], worker="heavy@dying", dies_with_parent=False)
"""


def die(job: Job, when: str, environment: dict[str, str]) -> None:
    died = subprocess.run([sys.executable, "-c", DYING, str(job.pk), when], env=environment, timeout=60)
    assert died.returncode == -signal.SIGKILL


def test_a_worker_killed_between_file_and_row_leaves_a_whole_file_and_no_row(
    child_environment: Callable[..., dict[str, str]], backup_folder: Path
) -> None:
    job = make_job()
    die(job, "between file and row", child_environment(BACKUPS_DIR=str(backup_folder)))

    assert [lost.pk for lost in jobs.reap()] == [job.pk]
    (name,) = files()
    assert json.loads((backup_folder / name).read_bytes())[-1]["model"] == "backups_app.manifest"
    assert not Backup.objects.exists()
    assert as_row(job)["state"] == JobState.LOST


def test_a_worker_killed_in_the_middle_is_found_and_tidied_up_after(
    machinery: str, child_environment: Callable[..., dict[str, str]], backup_folder: Path
) -> None:
    make_some_rows(machinery)
    job = make_job()
    die(job, "in the middle", child_environment(machinery, BACKUPS_DIR=str(backup_folder)))
    assert files() == {f".{job.pk}.part"}
    assert as_row(job)["state"] == JobState.RUNNING

    wait_until_free(job)
    assert [lost.pk for lost in jobs.reap()] == [job.pk]
    row = as_row(job)
    assert row["state"] == JobState.LOST
    assert row["error_code"] == "worker-died"
    assert row["error_message"] == "The worker that ran it (heavy@dying) died."
    assert files() == set()
    assert trail() == [("backup.ended", "amelie", "lost")]


def wait_until_free(job: Job) -> None:
    claim = Job.objects.get(pk=job.pk).claim
    assert claim is not None
    deadline = time.monotonic() + 5
    while leases.is_held(claim):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_job_whose_lease_is_held_is_left_alone_however_silent_the_cache_is(machinery: str) -> None:
    job = make_job(JobState.RUNNING, started_at=timezone.now() - timedelta(hours=7))
    assert job.claim is not None
    with leases.hold(job.claim):
        before = as_row(job)
        assert jobs.reap() == []
        assert as_row(job) == before
    wait_until_free(job)
    assert [lost.pk for lost in jobs.reap()] == [job.pk]


def test_what_a_lost_worker_left_and_can_not_be_removed_keeps_nobody_from_saying_so(
    backup_folder: Path,
) -> None:
    job = make_job(JobState.RUNNING)
    (backup_folder / f".{job.pk}.part").mkdir(parents=True)
    assert [lost.pk for lost in jobs.reap()] == [job.pk]


def test_jobs_that_wait_or_have_ended_are_never_lost() -> None:
    for state in set(JobState) - {JobState.RUNNING}:
        make_job(state)
    before = list(Job.objects.values())
    assert jobs.reap() == []
    assert list(Job.objects.values()) == before


# --- What follows ------------------------------------------------------------------------------------------------


def test_a_backup_with_a_clean_up_enters_it_once_it_has_succeeded(queue: Valkey) -> None:
    job = run(make_job(parameters={**MANUAL, "clean_up_keep_days": 3}))

    follower = jobs.follower_of(job)
    assert follower is not None
    assert (follower.kind, follower.state) == (JobKind.CLEAN_UP, JobState.QUEUED)
    assert follower.parameters == {"keep_days": 3, "after": str(job.pk)}
    assert follower.requested_by_name == "amelie"
    (message,) = messages(queue)
    assert message["headers"]["id"] == str(follower.pk)


def test_a_backup_that_failed_is_followed_by_no_clean_up(backup_folder: Path) -> None:
    backup_folder.write_text("a file in place of the folder")
    job = run(make_job(parameters={**MANUAL, "clean_up_keep_days": 3}))
    assert job.state == JobState.FAILED
    assert jobs.follower_of(job) is None


def test_a_backup_that_was_fenced_is_followed_by_no_clean_up(queue: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    succeed = jobs._succeed

    def be_declared_lost_and_succeed(job: Job, *arguments: Any, **more: Any) -> None:
        declare_lost(job)
        succeed(job, *arguments, **more)

    monkeypatch.setattr(jobs, "_succeed", be_declared_lost_and_succeed)
    job = run(make_job(parameters={**MANUAL, "clean_up_keep_days": 3}))
    assert jobs.follower_of(job) is None
    assert messages(queue) == []


def test_beside_the_queue_the_clean_up_runs_here_too() -> None:
    old = make_backup(BackupKind.AUTOMATIC, days_old=5)
    job = jobs.run_here(
        JobKind.BACKUP,
        by=AMELIE,
        trigger=Trigger.COMMAND,
        parameters={"kind": BackupKind.AUTOMATIC, "description": "", "clean_up_keep_days": 3},
    )
    follower = jobs.follower_of(job)
    assert job.state == JobState.SUCCEEDED
    assert follower is not None
    assert follower.state == JobState.SUCCEEDED
    assert follower.result == {"deleted": [old.name]}
    assert files() == {job.backup_name}


def test_a_clean_up_that_can_not_delete_a_file_fails_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = make_backup(BackupKind.AUTOMATIC, days_old=5), make_backup(BackupKind.AUTOMATIC)

    def refuse(*_arguments: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "remove", refuse)
    job = run(make_job(kind=JobKind.CLEAN_UP, parameters={"keep_days": 3}))
    assert job.state == JobState.FAILED
    assert old.name in job.error_message
    assert "permissions" in job.error_hint
    assert set(Backup.objects.values_list("name", flat=True)) == files() == {old.name, new.name}


def test_a_cancelled_clean_up_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    for days in range(4, 8):
        make_backup(BackupKind.AUTOMATIC, days_old=days)
    make_backup(BackupKind.AUTOMATIC)
    report = Heartbeat._report

    def report_and_cancel(self: Heartbeat, stage: Stage, done: int, total: int | None) -> None:
        report(self, stage, done, total)
        if done == 2:
            self._cancelled.set()

    monkeypatch.setattr(Heartbeat, "_report", report_and_cancel)
    job = run(make_job(kind=JobKind.CLEAN_UP, parameters={"keep_days": 3}))
    assert job.state == JobState.CANCELLED
    assert job.error_message == "Cancelled after deleting 2 of 4 backups."
    assert Backup.objects.count() == 3


# --- Looking -----------------------------------------------------------------------------------------------------


def test_the_running_job_is_shown_before_those_that_wait_and_the_longest_waiting_before_the_rest() -> None:
    assert jobs.active() is None
    for state in ENDED:
        make_job(state)
    assert jobs.active() is None
    early = make_job(queued_at=timezone.now() - timedelta(minutes=5))
    make_job(queued_at=timezone.now() - timedelta(minutes=3))
    assert jobs.active() == early
    running = make_job(JobState.RUNNING)
    assert jobs.active() == running
