"""A restore that is killed leaves the data as it was, or wholly restored; never between, never twice."""

import pytest

from tests.installation import Installation

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

DELETE = "from eclick.models import Comment; Comment.objects.filter(pk__lte=9000).delete()"
COUNT = "SELECT COUNT(*), MAX(id) FROM eclick_comment"


@pytest.mark.parametrize("seconds", [0.05, 0.5, 1.0, 1.5])
def test_a_killed_worker_leaves_before_or_after(installation: Installation, seconds: float) -> None:
    installation.manage("create_automatic_backup")
    backup = installation.backups()[0]
    then = installation.query(COUNT)
    installation.manage(
        "shell", "-c", "from eclick.models import Comment; Comment.objects.filter(pk__lte=9000).delete()"
    )
    now = installation.query(COUNT)
    child = installation.child("worker")
    asking = installation.begin("restore_backup", backup["name"], "--force", "--no-wait")
    installation.wait_for(lambda: installation.newest_job().get("state") == "running", "the restore", 30, every=0.01)
    try:
        child.wait(seconds)
    except Exception as still_there:  # noqa: BLE001 (psutil's own error: it lives, as it should)
        assert "timeout" in str(still_there).lower()
    child.kill()
    asking.wait(30)

    installation.wait_for_state("lost", "succeeded", seconds=60)
    state = installation.newest_job()["state"]
    assert installation.query(COUNT) == (then if state == "succeeded" else now)

    installation.manage("restore_backup", backup["name"], "--force")
    assert installation.query(COUNT) == then
