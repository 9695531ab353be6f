"""A file that no row names is adopted by itself: beat, ticks and worker see to it."""

import pytest

from tests.installation import Installation
from tests.installations import Installations

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


@pytest.fixture
def installation(installations: Installations) -> Installation:
    return installations.get("sqlite")


def test_what_a_killed_job_left_is_in_the_list_within_a_minute(installation: Installation) -> None:
    installation.manage("create_automatic_backup")
    left = installation.backups()[0]
    installation.manage(
        "shell", "-c", f"from backups_app.models import Backup; Backup.objects.filter(pk={left['id']}).delete()"
    )

    installation.wait_for(
        lambda: left["name"] in {name for (name,) in installation.query("SELECT name FROM backups_app_backup")},
        "the file to be adopted",
        60,
        every=0.5,
    )

    again = next(backup for backup in installation.backups() if backup["name"] == left["name"])
    assert (again["kind"], again["sha256"], again["records"]) == ("automatic", left["sha256"], left["records"])
