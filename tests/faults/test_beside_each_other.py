"""Who runs beside whom, and what waits, with two real workers: running x requested."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.harmed import Harmed, on_each

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

# What becomes of the requested while the first one runs, or, in the last row, waits.
_BESIDE_OTHERS = {"backup": "runs", "clean-up": "runs", "preview": "runs", "restore": "waits", "delete": "deleted"}
_BESIDE_A_RESTORE = {
    "backup": "waits",
    "clean-up": "waits",
    "preview": "waits",
    "restore": "refused",
    "delete": "refused",
}
TABLE = {
    **dict.fromkeys(("backup", "clean-up", "preview"), _BESIDE_OTHERS),
    **dict.fromkeys(("restore", "queued restore"), _BESIDE_A_RESTORE),
}
STAGES = {"backup": "dump", "clean-up": "check", "preview": "check", "restore": "check"}


@pytest.fixture
def two_workers(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> Iterator[dict[str, Harmed]]:
    # In threads that stay, as in on_each: a process ends with the thread that started it.
    on_each(threads, harmed, lambda installation: installation.start("second worker"))
    on_each(threads, harmed, _adopt_what_was_left)
    yield harmed
    for installation in harmed.values():
        installation.release()
    on_each(threads, harmed, lambda installation: installation.stop("second worker"))


def _adopt_what_was_left(installation: Harmed) -> None:
    """Else the caretaker asks for it in the middle, after tests that killed workers, and it would be held too."""
    installation.wait_for_end(installation.do("ask_blindly", "rescan", {}))


@pytest.mark.parametrize("running", STAGES)
def test_beside_a_running_one(two_workers: dict[str, Harmed], threads: ThreadPoolExecutor, running: str) -> None:
    def look(installation: Harmed) -> None:
        backup = installation.do("make_old_backups")
        for requested, expected in TABLE[running].items():
            installation.hold(STAGES[running])
            first = ask(installation, running, backup)
            installation.wait_until_held()
            second = request(installation, requested, backup, expected)
            installation.release()
            for job in (first, second):
                if job:
                    assert installation.wait_for_end(job)["state"] == "succeeded", (running, requested)

    on_each(threads, two_workers, look)


def test_beside_a_restore_that_waits(two_workers: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    """It waits for a backup, and from then on the others wait for it."""

    def look(installation: Harmed) -> None:
        backup = installation.do("make_old_backups")
        for requested, expected in TABLE["queued restore"].items():
            installation.hold("dump")
            first = ask(installation, "backup", backup)
            installation.wait_until_held()
            restore = ask(installation, "restore", backup)
            wait_until(installation, restore, "waits")
            last = request(installation, requested, backup, expected)
            installation.release()
            for job in (first, restore, last):
                if job:
                    assert installation.wait_for_end(job)["state"] == "succeeded", requested

    on_each(threads, two_workers, look)


def test_a_file_that_a_job_uses_is_not_deleted(two_workers: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    def look(installation: Harmed) -> None:
        backup = installation.do("make_old_backups")
        installation.hold("check")
        job = ask(installation, "preview", backup)
        installation.wait_until_held()
        assert "in use by a running job" in installation.do("delete", backup)
        installation.release()
        assert installation.wait_for_end(job)["state"] == "succeeded"

    on_each(threads, two_workers, look)


def ask(installation: Harmed, kind: str, backup: str) -> str:
    parameters = {
        "backup": {"kind": "manual"},
        "clean-up": {"keep_days": 3},
        "preview": {"name": backup},
        "restore": {"name": backup},
    }[kind]
    if kind == "clean-up":
        # One that has nothing to delete does not stop to look.
        installation.do("make_old_backups")
    answer: str = installation.do("ask", kind, parameters)
    return answer


def request(installation: Harmed, kind: str, backup: str, expected: str) -> str | None:
    """Asks and sees what becomes of it. The job, if there is one."""
    if kind == "delete":
        other = installation.do("make_file")
        assert installation.do("delete", other).split(":")[0] == expected
        return None
    answer = ask(installation, kind, backup)
    if expected == "refused":
        assert answer.startswith("refused: A restore is under way already")
        return None
    wait_until(installation, answer, expected)
    return answer


def wait_until(installation: Harmed, job: str, expected: str) -> None:
    def is_so() -> bool:
        row = installation.do("state", job)
        if expected == "waits":
            return bool(row["state"] == "queued" and row["blocked"])
        return row["state"] in ("running", "succeeded")

    installation.wait_for(is_so, f"{job} to be one that {expected}", 60)
