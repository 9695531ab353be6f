"""Kill -9 at 20 random moments of a backup: it is complete and proven, or it is not in the list."""

import hashlib
import json
import random
import time

import pytest

from tests.installation import Installation
from tests.servers import Valkey

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

KILLS = 20


def test_whatever_is_listed_is_whole() -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    with Valkey() as queue, Installation(redis_url=queue.url, projects=500) as installation:
        for _ in range(KILLS):
            process = installation.begin("create_automatic_backup", "--here")
            installation.wait_for(
                lambda: process.poll() is not None or any(".part" in name for name in installation.files()),  # noqa: B023
                "the backup to begin",
                30,
            )
            time.sleep(moments.uniform(0, 1.2))
            process.kill()
            process.wait(10)
            assert_whole(installation)
        # Whatever the killed left behind is tidied up, and the next one works.
        installation.manage("create_automatic_backup", "--here")
        installation.manage("shell", "-c", "from backups_app import jobs; jobs.reap()")
        assert not [name for name in installation.files() if name.endswith(".part")]
        assert {state for (state,) in installation.query("SELECT state FROM backups_app_job")} <= {"succeeded", "lost"}


def assert_whole(installation: Installation) -> None:
    listed = dict(installation.query("SELECT name, sha256 FROM backups_app_backup"))
    visible = {name for name in installation.files() if not name.startswith(".")}
    assert set(listed) <= visible
    for name in visible:
        content = (installation.folder / "backups" / name).read_bytes()
        assert json.loads(content)[-1]["model"] == "backups_app.manifest"
        if name in listed:
            assert hashlib.sha256(content).hexdigest() == listed[name]
