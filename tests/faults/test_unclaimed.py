"""Jobs that nobody takes, and what stops or forgets while a restore runs: each ends in a true state."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.harmed import Harmed, on_each
from tests.installation import Browser

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]


@pytest.fixture
def sqlite(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> Iterator[Harmed]:
    installation = harmed["sqlite"]
    yield installation
    installation.release()
    if not installation.queue.running:
        installation.queue.start()
    if not installation.is_running("worker"):
        threads.submit(installation.start, "worker").result()


def test_a_restore_that_nobody_takes_is_cancelled_and_a_backup_waits(sqlite: Harmed) -> None:
    """Within two minutes; here the patience is two seconds."""
    backup, _ = sqlite.change_everything()
    before = sqlite.contents()
    sqlite.stop("worker")
    restore = sqlite.restore(backup)
    waiting = sqlite.do("ask", "backup", {"kind": "manual"})

    row = sqlite.wait_for_end(restore, seconds=30)

    assert (row["state"], row["code"]) == ("cancelled", "no-worker")
    assert "No worker took the restore within two minutes" in row["message"]
    assert sqlite.do("state", waiting)["state"] == "queued"
    # Next morning the backup is made, and nothing else.
    sqlite.start("worker")
    assert sqlite.wait_for_end(waiting)["state"] == "succeeded"
    assert sqlite.do("state", restore)["state"] == "cancelled"
    assert sqlite.contents() == before


def test_a_restore_that_waits_for_a_busy_worker_is_not_given_up(sqlite: Harmed) -> None:
    backup, _ = sqlite.change_everything()
    sqlite.hold("dump")
    first = sqlite.do("ask", "backup", {"kind": "manual"})
    sqlite.wait_until_held()
    restore = sqlite.restore(backup)
    sqlite.do("reap_after_patience")
    assert sqlite.do("state", restore)["state"] == "queued"
    sqlite.release()

    assert sqlite.wait_for_end(first)["state"] == "succeeded"
    assert sqlite.wait_for_end(restore)["state"] == "succeeded"


@pytest.mark.parametrize("harm", ["forget", "restart"])
def test_the_queue_forgets_or_restarts_in_mid_restore(
    harmed: dict[str, Harmed], threads: ThreadPoolExecutor, harm: str
) -> None:
    def look(installation: Harmed) -> None:
        backup, at_backup = installation.change_everything()
        installation.hold("load")
        job = installation.restore(backup)
        installation.wait_until_held()
        getattr(installation.queue, harm)()
        installation.release()
        assert installation.wait_for_end(job)["state"] == "succeeded"
        assert installation.contents() == at_backup
        assert installation.wait_for_end(installation.do("ask", "backup", {"kind": "manual"}))["state"] == "succeeded"

    on_each(threads, harmed, look)


def test_a_worker_that_is_restarted_in_mid_restore_leaves_the_data_as_it_was(
    harmed: dict[str, Harmed], threads: ThreadPoolExecutor
) -> None:
    def look(installation: Harmed) -> None:
        backup, _ = installation.change_everything()
        before = installation.contents()
        installation.hold("load")
        job = installation.restore(backup)
        installation.wait_until_held()
        installation.stop("worker")
        installation.release()
        row = installation.wait_for_end(job)
        assert row["state"] == "cancelled", row
        assert installation.contents() == before
        installation.start("worker")
        assert installation.do("state", job)["state"] == "cancelled"

    on_each(threads, harmed, look)


def test_a_web_server_that_is_restarted_in_mid_restore_changes_nothing(sqlite: Harmed) -> None:
    backup, _ = sqlite.change_everything()
    address = sqlite.start_web()
    sqlite.hold("load")
    job = sqlite.restore(backup)
    sqlite.wait_until_held()
    assert Browser(address).get("/admin/login/")[0] == 503

    sqlite.stop("web")
    address = sqlite.start_web()

    assert Browser(address).get("/admin/login/")[0] == 503
    sqlite.release()
    assert sqlite.wait_for_end(job)["state"] == "succeeded"
    assert Browser(address).get("/admin/login/")[0] == 200
    sqlite.stop("web")
