"""A lease is held exactly as long as its process lives, on each kind of database."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from backups_app import leases
from tests.catalogue import MachineryOn, lease_file, machinery, other_connection, wait_until  # noqa: F401 (machinery is a fixture)

HOLDER = """
import sys, uuid, django
django.setup()
from backups_app import leases
with leases.hold(uuid.UUID(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

on_each_database = pytest.mark.usefixtures("machinery")


@on_each_database
def test_a_lease_is_held_while_its_process_lives_and_is_free_once_that_is_killed(
    database: str, child_environment: Callable[..., dict[str, str]]
) -> None:
    claim = uuid.uuid4()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(claim)],
        env=child_environment(database),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert leases.is_held(claim)
        assert leases.is_held(claim), "asking must not take it away"
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    assert wait_until(lambda: not leases.is_held(claim), seconds=5)


@on_each_database
def test_a_lease_is_free_before_it_is_taken_and_after_an_exception() -> None:
    claim = uuid.uuid4()
    assert not leases.is_held(claim)
    with pytest.raises(ZeroDivisionError), leases.hold(claim):
        raise ZeroDivisionError
    assert wait_until(lambda: not leases.is_held(claim), seconds=5)


@on_each_database
def test_any_claim_can_be_told_from_its_neighbours() -> None:
    """Halves with the highest bit set are where signed and unsigned numbers of the databases part."""
    for text in [
        "ffffffff-ffff-4fff-bfff-ffffffffffff",
        "80000000-0000-4000-8000-000000000000",
        "00000000-8000-4000-8000-000000000000",
        "7fffffff-7fff-4fff-8000-000000000000",
    ]:
        claim = uuid.UUID(text)
        with leases.hold(claim):
            assert leases.is_held(claim)
            assert not leases.is_held(uuid.UUID(int=claim.int ^ (1 << 64)))
            assert not leases.is_held(uuid.UUID(int=claim.int ^ (1 << 127)))


@on_each_database
def test_the_side_thread_may_ask_whether_the_lease_is_still_its_job_s() -> None:
    answers: list[bool] = []
    with leases.hold(uuid.uuid4()) as lease:
        thread = threading.Thread(target=lambda: answers.append(lease.is_mine()))
        thread.start()
        thread.join()
        assert lease.is_mine()
    assert answers == [True]


@on_each_database
def test_a_lease_whose_session_the_server_ended_is_nobody_s(database: str) -> None:
    claim = uuid.uuid4()
    with leases.hold(claim) as lease:
        end_the_session_of(claim, database)
        assert wait_until(lambda: not lease.is_mine(), seconds=5)
        assert wait_until(lambda: not leases.is_held(claim), seconds=5)


def end_the_session_of(claim: uuid.UUID, alias: str) -> None:
    connection = other_connection(alias)
    if connection.vendor == "sqlite":
        lease_file(claim).unlink()
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            assert len(cursor.fetchall()) == 1
        else:
            cursor.execute("SELECT IS_USED_LOCK(%s)", [f"backups:{claim}"])
            (session,) = cursor.fetchone()
            cursor.execute(f"KILL {session}")
    connection.close()


def test_a_server_that_ends_idle_sessions_leaves_the_lease_alone(postgresql: str, settings: Any) -> None:
    settings.DATABASE_ROUTERS = ["tests.routers.ZooRouter", MachineryOn(postgresql)]
    administrator = other_connection(postgresql)
    name = administrator.settings_dict["NAME"]
    with administrator.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" SET idle_session_timeout = 100')
    try:
        with leases.hold(uuid.uuid4()) as lease:
            time.sleep(0.4)
            assert lease.is_mine()
    finally:
        with administrator.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" RESET idle_session_timeout')
        administrator.close()


@pytest.mark.django_db
class TestOnSQLite:
    def test_the_file_of_a_lease_is_for_its_owner_alone_and_goes_with_it(self) -> None:
        claim = uuid.uuid4()
        with leases.hold(claim):
            assert lease_file(claim).stat().st_mode & 0o777 == 0o600
            assert lease_file(claim).parent.stat().st_mode & 0o777 == 0o700
        assert not lease_file(claim).exists()

    def test_the_file_that_a_dead_process_left_is_removed_by_whoever_asks(self) -> None:
        claim = uuid.uuid4()
        lease_file(claim).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lease_file(claim).touch()
        assert not leases.is_held(claim)
        assert not lease_file(claim).exists()

    def test_a_lease_that_may_not_be_looked_at_counts_as_held(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The tests may run as root, whom no permission stops."""

        def refuse(*_arguments: Any) -> int:
            raise PermissionError

        monkeypatch.setattr(os, "open", refuse)
        assert leases.is_held(uuid.uuid4())
