"""Workers are killed in the middle of a backup: the job reads lost, nothing is left, the next backup works."""

import pytest

from tests.installation import Installation

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]


def test_the_workers_child_is_killed(installation: Installation) -> None:
    before = installation.files()
    installation.hold_in_mid_backup().kill()

    assert_lost_and_nothing_left(installation, before)


def test_the_worker_itself_is_killed_and_its_child_dies_with_it(installation: Installation) -> None:
    before = installation.files()
    child = installation.hold_in_mid_backup()
    child.resume()
    installation.kill("worker")
    child.wait(10)
    installation.start("worker")

    assert_lost_and_nothing_left(installation, before)


def test_both_workers_are_killed(installation: Installation) -> None:
    before = installation.files()
    installation.hold_in_mid_backup().kill()
    installation.kill("worker")
    installation.kill("ticks")
    # As the process manager does.
    installation.start("worker", "ticks")

    assert_lost_and_nothing_left(installation, before)


def assert_lost_and_nothing_left(installation: Installation, before: list[str]) -> None:
    installation.wait_for_state("lost", seconds=60)
    job = installation.newest_job()
    assert "died" in job["reason"]
    assert job["code"] == "worker-died"
    assert installation.files() == before
    assert installation.manage("create_automatic_backup").returncode == 0
    assert len(installation.files()) == len(before) + 1
