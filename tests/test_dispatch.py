"""The only sender of messages: what it sends, and what it says of a queue that can't take them."""

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from celery import current_app

from backups_app import dispatch, tasks  # noqa: F401 (tasks register themselves)
from backups_app.choices import JobKind
from backups_app.models import Job
from eclick.environment import broker_url
from tests.catalogue import wait_until
from tests.servers import Valkey

SECRET = "a-password-nobody-may-read"


def test_every_kind_of_job_has_a_task_for_the_workers_of_the_backups_queue() -> None:
    assert set(dispatch.TASKS) == set(JobKind)
    for name in dispatch.TASKS.values():
        assert name in current_app.tasks
        assert current_app.amqp.router.route({}, name)["queue"].name == dispatch.BACKUPS_QUEUE


def test_the_caretaker_and_the_nightly_start_wait_behind_no_backup() -> None:
    for name in (
        "backups_app.tasks.look_after_jobs",
        "backups_app.tasks.start_nightly_backup",
        "backups_app.tasks.start_nightly_verify",
    ):
        assert current_app.amqp.router.route({}, name)["queue"].name == "ticks"
        assert current_app.tasks[name].ignore_result


def test_a_queue_that_answers_is_reachable(queue: Valkey) -> None:
    assert dispatch.is_broker_reachable()


def test_a_queue_that_is_absent_is_said_to_be_so_at_once() -> None:
    started = time.monotonic()
    assert not dispatch.is_broker_reachable()
    assert dispatch.workers_on("backups", timeout_seconds=1) == []
    with pytest.raises(dispatch.BrokerUnreachable):
        dispatch.send(Job(kind=JobKind.BACKUP))
    assert time.monotonic() - started < 3


def test_a_frozen_queue_is_given_up_within_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    with Valkey(address="tcp") as server:
        monkeypatch.setattr(current_app.conf, "broker_url", broker_url(server.url))
        dispatch.send(Job(kind=JobKind.BACKUP))
        server.freeze()
        for ask in (dispatch.is_broker_reachable, lambda: dispatch.workers_on("backups", timeout_seconds=1), send):
            started = time.monotonic()
            assert not ask()
            assert time.monotonic() - started < 4


def send() -> bool:
    try:
        dispatch.send(Job(kind=JobKind.BACKUP))
    except dispatch.BrokerUnreachable as error:
        assert str(error) == "The queue can't be reached (TimeoutError)."
        return False
    return True


def test_the_queue_s_password_stands_in_neither_reason_nor_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(current_app.conf, "broker_url", f"redis://:{SECRET}@127.0.0.1:1/0")
    assert not dispatch.is_broker_reachable()
    with pytest.raises(dispatch.BrokerUnreachable) as caught:
        dispatch.send(Job(kind=JobKind.BACKUP))
    assert SECRET not in str(caught.value)
    assert SECRET not in caplog.text


def test_only_workers_that_take_from_the_queue_count(
    queue: Valkey, db: None, child_environment: Callable[..., dict[str, str]]
) -> None:
    with ExitStack() as stack:
        for name in ("backups", "ticks"):
            start_worker(name, child_environment(), stack)
        assert wait_until(lambda: dispatch.workers_on("ticks", timeout_seconds=0.3) == ["ticks@test"], seconds=30)
        assert wait_until(lambda: dispatch.workers_on("backups", timeout_seconds=0.3) == ["backups@test"], seconds=30)
        assert dispatch.workers_on("nobody's", timeout_seconds=0.3) == []


def start_worker(queue: str, environment: dict[str, str], stack: ExitStack) -> None:
    command = ["-m", "celery", "-A", "celery_worker", "worker", "-P", "solo", "-Q", queue, "-n", f"{queue}@test"]
    worker = subprocess.Popen(
        [sys.executable, *command],
        cwd=Path(__file__).parent.parent,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(worker.wait, 10)
    stack.callback(worker.kill)
