"""create_automatic_backup: each option, each way to end, with and without a queue."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from backups_app import jobs
from backups_app.choices import BackupKind, JobKind, JobState, Trigger
from backups_app.management import following
from backups_app.models import Backup, Job
from eclick.seed import seed_demo
from tests.catalogue import BRUNO, files, make_backup, wait_until
from tests.commands.conftest import Run, Terminal
from tests.servers import Valkey

pytestmark = pytest.mark.django_db(transaction=True)

Middle = Callable[[Callable[[Job], Any]], None]


@pytest.fixture
def make(run: Run) -> Callable[..., tuple[int, str]]:
    return partial(run, "create_automatic_backup")


@contextmanager
def worker() -> Iterator[None]:
    """A thread that does what a worker does: run whatever waits."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            for job in Job.objects.filter(state=JobState.QUEUED):
                jobs.run(job.pk, worker="heavy@test", dies_with_parent=False)
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """`act` in a thread of its own."""

    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()


class TestHere:
    """In this process, without broker or worker."""

    def test_a_backup_is_made_and_told_of(self, make: Run) -> None:
        status, said = make("--here", "--description", "Every night")

        backup, job = Backup.objects.get(), Job.objects.get()
        assert status == 0
        assert said == (
            f"{backup.name}: {backup.record_count:,} records, {backup.size_bytes:,} bytes, SHA-256 {backup.sha256}\n"
        )
        assert files() == {backup.name}
        assert backup.name.startswith("auto_backup_")
        assert (backup.kind, backup.trigger, backup.description) == ("automatic", "command", "Every night")
        assert (job.kind, job.state, job.trigger) == (JobKind.BACKUP, JobState.SUCCEEDED, Trigger.COMMAND)
        assert backup.created_by_name.endswith(" (command)")

    def test_without_a_description_it_has_none(self, make: Run) -> None:
        assert make("--here")[0] == 0
        assert Backup.objects.get().description == ""

    def test_a_foreseen_failure_ends_with_1_and_what_to_do(self, make: Run, backup_folder: Path) -> None:
        backup_folder.write_text("a file in place of the folder")
        status, said = make("--here")
        assert status == 1
        assert said.startswith(
            "Backup failed: The backup folder can't be written: File exists.\nCheck the backup folder"
        )
        assert "Traceback" not in said

    def test_a_bug_ends_with_2_and_its_traceback(self, make: Run, in_the_middle: Middle) -> None:
        seed_demo(1)

        def fail(_job: Job) -> None:
            raise ZeroDivisionError

        in_the_middle(fail)
        status, said = make("--here")
        assert status == 2
        assert said.startswith("Backup errored: An unforeseen error: ZeroDivisionError")
        assert "Traceback (most recent call last):" in said

    def test_a_cancelled_one_ends_with_3(self, make: Run, in_the_middle: Middle) -> None:
        seed_demo(1)

        def cancel(job: Job) -> None:
            jobs.cancel(job.pk, by=BRUNO)
            time.sleep(1.2)  # until the heartbeat has looked

        in_the_middle(cancel)
        status, said = make("--here")
        assert status == 3
        assert said.startswith("Backup cancelled: Cancelled")
        assert files() == set()

    def test_a_lost_one_ends_with_4(self, make: Run, in_the_middle: Middle) -> None:
        seed_demo(1)
        in_the_middle(
            lambda job: Job.objects.filter(pk=job.pk).update(
                state=JobState.LOST, claim=None, finished_at=timezone.now(), error_message="It died."
            )
        )
        status, said = make("--here")
        assert (status, said) == (4, "Backup lost: It died.")
        assert files() == set()

    def test_ctrl_c_ends_it_with_130_and_leaves_nothing(self, make: Run, in_the_middle: Middle) -> None:
        seed_demo(1)

        def interrupt(_job: Job) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

        in_the_middle(interrupt)
        status, said = make("--here")
        assert status == 130
        assert "cancelled" in said
        assert Job.objects.get().state == JobState.CANCELLED
        assert files() == set()


class TestThroughTheQueue:
    def test_it_is_followed_to_its_end(self, make: Run, queue: Valkey) -> None:
        with worker():
            status, said = make()
        backup = Backup.objects.get()
        assert status == 0
        assert said.startswith(f"{backup.name}: ")
        assert Job.objects.get().worker == "heavy@test"

    def test_its_failure_is_told_with_the_same_words_and_statuses(
        self, make: Run, queue: Valkey, backup_folder: Path
    ) -> None:
        backup_folder.write_text("a file in place of the folder")
        with worker():
            status, said = make()
        assert status == 1
        assert said.startswith("Backup failed: The backup folder can't be written: File exists.")

    def test_no_wait_queues_it_and_returns(self, make: Run, queue: Valkey) -> None:
        status, said = make("--no-wait")
        job = Job.objects.get()
        assert (status, said) == (0, f"Queued as job {job.pk}.\n")
        assert job.state == JobState.QUEUED
        assert queue.ask("LLEN backups") == ":1"

    @pytest.mark.parametrize("options", [[], ["--no-wait"]])
    def test_without_a_queue_it_fails_at_once(self, options: list[str], make: Run) -> None:
        started = time.monotonic()
        status, said = make(*options)
        assert time.monotonic() - started < 6
        assert status == 1
        assert said.startswith("Backup failed: The queue can't be reached")
        assert "Start Redis or Valkey" in said

    def test_ctrl_c_ends_the_following_and_not_the_job(
        self, make: Run, queue: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt() -> None:
            assert wait_until(Job.objects.exists, seconds=5)
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGINT)

        with meanwhile(interrupt):
            status, said = make()
        job = Job.objects.get()
        assert (status, said) == (130, f"No longer following. Job {job.pk} goes on.")
        assert job.state == JobState.QUEUED

    def test_without_a_worker_it_says_so_after_a_few_seconds_and_what_to_start(
        self, make: Run, queue: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(following, "WORKER_GRACE_SECONDS", 0.2)
        out = StringIO()

        def cancel_when_said() -> None:
            assert wait_until(lambda: "No worker answers" in out.getvalue(), seconds=10)
            jobs.cancel(Job.objects.get().pk, by=BRUNO)

        with meanwhile(cancel_when_said):
            status, said = make(out=out)
        assert status == 3
        assert said.count("No worker answers") == 1
        assert "celery -A celery_worker worker -Q backups" in said
        assert "--here" in said

    def test_a_job_whose_worker_has_died_is_known_to_who_follows_it(
        self, make: Run, queue: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(following, "_REAP_SECONDS", 0.2)

        def claim_and_die() -> None:
            assert wait_until(Job.objects.exists, seconds=5)
            jobs._claim(Job.objects.get().pk, uuid.uuid4(), "heavy@dead")

        with meanwhile(claim_and_die):
            status, said = make()
        assert status == 4
        assert said.startswith("Backup lost: The worker that ran it (heavy@dead) died.")

    def test_on_a_terminal_it_shows_a_bar(self, make: Run, queue: Valkey) -> None:
        out = Terminal()
        with worker():
            status, said = make(out=out)
        assert status == 0
        assert "queued" in said or "dump" in said
        assert "\x1b[" in said
        assert f"{Backup.objects.get().name}: " in said


class TestCleaningUp:
    def test_afterwards_those_past_their_days_are_deleted_and_named(self, make: Run) -> None:
        old = make_backup(BackupKind.AUTOMATIC, days_old=8)
        kept = [
            make_backup(BackupKind.AUTOMATIC, days_old=6),
            make_backup(BackupKind.MANUAL, days_old=800),
            make_backup(BackupKind.SAFETY, days_old=800),
            make_backup(BackupKind.UPLOADED, days_old=800),
        ]
        status, said = make("--here", "--cleanup", "--keep-days", "7")

        new = Backup.objects.latest("created_at")
        assert status == 0
        assert said.splitlines()[1:] == ["Clean-up: 1 deleted.", f"  {old.name}"]
        assert files() == {new.name, *(backup.name for backup in kept)}

    def test_without_days_the_setting_says_how_many(self, make: Run, settings: Any) -> None:
        settings.BACKUPS = {**settings.BACKUPS, "KEEP_DAYS": 3}
        for days in (2, 4):
            make_backup(BackupKind.AUTOMATIC, days_old=days)
        status, said = make("--here", "--cleanup")
        assert status == 0
        assert "Clean-up: 1 deleted." in said
        assert Backup.objects.count() == 2

    def test_without_being_asked_for_nothing_is_deleted(self, make: Run) -> None:
        old = make_backup(BackupKind.AUTOMATIC, days_old=800)
        assert make("--here")[0] == 0
        assert old.name in files()

    def test_through_the_queue_it_is_followed_too(self, make: Run, queue: Valkey) -> None:
        make_backup(BackupKind.AUTOMATIC, days_old=8)
        with worker():
            status, said = make("--cleanup", "--keep-days", "7")
        assert status == 0
        assert "Clean-up: 1 deleted." in said
        assert Job.objects.filter(kind=JobKind.CLEAN_UP, state=JobState.SUCCEEDED).count() == 1

    def test_its_failure_is_told_although_the_backup_was_made(self, make: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        make_backup(BackupKind.AUTOMATIC, days_old=8)

        def refuse(*_arguments: Any) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "remove", refuse)
        status, said = make("--here", "--cleanup", "--keep-days", "7")
        assert status == 1
        assert f"{Backup.objects.latest('created_at').name}: " in said
        assert "Clean-up failed: auto_backup_" in said

    def test_a_backup_that_failed_deletes_nothing(self, make: Run, backup_folder: Path, settings: Any) -> None:
        old = make_backup(BackupKind.AUTOMATIC, days_old=8)
        make_backup(BackupKind.AUTOMATIC, days_old=0)
        settings.BACKUPS = {**settings.BACKUPS, "DATABASE": "nowhere"}
        assert make("--here", "--cleanup", "--keep-days", "7")[0] != 0
        assert old.name in files()


class TestWrongWords:
    @pytest.mark.parametrize("days", ["0", "-1", "x", "1.5", "", " 7", "٧", "1e3"])
    def test_days_that_are_none_are_named(self, days: str, make: Run) -> None:
        status, said = make("--here", "--cleanup", f"--keep-days={days}")
        assert status == 1
        assert "--keep-days" in said
        assert f"{days!r} is not a whole number of days of at least 1" in said
        assert not Job.objects.exists()

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--keep-days", "7"], "--keep-days says what --cleanup keeps; give both, or neither."),
            (["--here", "--no-wait"], "argument --no-wait: not allowed with argument --here|argument --here: not"),
            (["--description", "x" * 2001], "--description: it has 2,001 characters, and 2,000 are the most"),
            (["--description", "\udcff"], "is not written in UTF-8"),
            (["unexpected"], "unrecognized arguments: unexpected"),
        ],
    )
    def test_are_refused_before_anything_is_done(self, words: list[str], said: str, make: Run) -> None:
        status, answer = make(*words)
        assert status == 1
        assert any(part in answer for part in said.split("|"))
        assert not Job.objects.exists()


@pytest.mark.parametrize(("content", "status"), [(None, 0), ("a file in place of the folder", 1)])
def test_the_process_ends_with_that_status(
    content: str | None, status: int, child_environment: Callable[..., dict[str, str]], backup_folder: Path
) -> None:
    if content:
        backup_folder.write_text(content)
    ended = subprocess.run(
        [sys.executable, "manage.py", "create_automatic_backup", "--here"],
        cwd=Path(__file__).parents[2],
        env=child_environment(BACKUPS_DIR=str(backup_folder)),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == status
    if content:
        assert "CommandError: Backup failed: The backup folder can't be written" in ended.stderr
    else:
        assert ended.stdout.startswith(Backup.objects.get().name)
