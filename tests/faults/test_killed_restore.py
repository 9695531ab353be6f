"""Whoever is killed in a restore, the data is as it was or wholly restored; never between, never twice, truly told."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from math import ceil

import psutil
import pytest

from tests.faults.harmed import Harmed, on_each
from tests.servers.processes import ServerFailed

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

# Of each sort, on all kinds of database together.
KILLS = 20
BEFORE_COMMIT = ("check", "safety backup", "load", "keys and indexes", "prove", "commit")


def test_a_worker_killed_at_random_moments(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    on_each(threads, harmed, partial(kill_workers, seed=seed, kills=ceil(KILLS / len(harmed))))


def test_a_database_server_killed_at_random_moments(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    servers = {kind: installation for kind, installation in harmed.items() if installation.server is not None}
    on_each(threads, servers, partial(kill_servers, seed=seed, kills=ceil(KILLS / len(servers))))


def test_a_worker_killed_in_each_stage(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    on_each(threads, harmed, kill_in_each_stage)


def kill_workers(installation: Harmed, *, seed: int, kills: int) -> None:
    moments = random.Random(f"{seed} {installation.kind}")
    backup, at_backup, usual = prepare(installation)
    for _ in range(kills):
        installation.do("change")
        before = installation.contents()
        child = installation.child("worker")
        job = begin(installation, backup)
        time.sleep(moments.uniform(0, 1.3 * usual))
        child.kill()
        wait_for_new_child(installation, child)
        assert_before_or_after(installation, job, before, at_backup)


def kill_servers(installation: Harmed, *, seed: int, kills: int) -> None:
    assert installation.server is not None
    moments = random.Random(f"{seed} {installation.kind}")
    backup, at_backup, usual = prepare(installation)
    for _ in range(kills):
        installation.do("change")
        before = installation.contents()
        job = begin(installation, backup)
        time.sleep(moments.uniform(0, 1.3 * usual))
        installation.server.kill()
        # Now and then a killed PostgreSQL's shared memory is not free yet.
        with suppress(ServerFailed):
            installation.server.start()
        installation.server.start()
        assert_before_or_after(installation, job, before, at_backup)


def kill_in_each_stage(installation: Harmed) -> None:
    backup, at_backup, _ = prepare(installation)
    for stage in (*BEFORE_COMMIT, "aftercare"):
        installation.do("change")
        before = installation.contents()
        child = installation.child("worker")
        installation.hold(stage)
        job = installation.restore(backup)
        installation.wait_until_held()
        child.kill()
        installation.release()
        wait_for_new_child(installation, child)
        row = installation.wait_for_end(job)
        is_committed = stage == "aftercare"
        assert row["state"] == ("succeeded" if is_committed else "lost"), (stage, row)
        assert installation.contents() == (at_backup if is_committed else before), stage
        assert is_committed or "as it was before" in row["hint"]


def prepare(installation: Harmed) -> tuple[str, object, float]:
    """A backup, what it holds, and the seconds that a restore of it takes when nobody is harmed."""
    backup, at_backup = installation.change_everything()
    job = begin(installation, backup)
    started = time.monotonic()
    row = installation.wait_for_end(job)
    seconds = time.monotonic() - started
    assert row["state"] == "succeeded", row
    assert installation.contents() == at_backup
    return backup, at_backup, seconds


def begin(installation: Harmed, backup: str) -> str:
    """A restore that runs."""
    job = installation.restore(backup)
    installation.wait_for(lambda: installation.do("state", job)["state"] != "queued", "the restore", 60, every=0.005)
    return job


def wait_for_new_child(installation: Harmed, old: psutil.Process) -> None:
    def is_there() -> bool:
        children = installation.parent("worker").children()
        return len(children) == 1 and children[0].pid != old.pid

    installation.wait_for(is_there, "a new child of the worker", 60)


def assert_before_or_after(installation: Harmed, job: str, before: object, at_backup: object) -> None:
    row = installation.wait_for_end(job)
    assert row["state"] in ("succeeded", "lost", "failed"), row
    is_restored = row["state"] == "succeeded"
    assert row["committed"] == is_restored, row
    assert installation.contents() == (at_backup if is_restored else before), row
    assert is_restored or row["message"]
    ended = Counter(installation.do("trail", job))
    assert ended["restore.ended"] + ended["backup.restored"] == 1, ended
