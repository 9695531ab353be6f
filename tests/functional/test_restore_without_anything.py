"""The day when nothing else is left: a file, an empty database that was migrated, and the code."""

from collections.abc import Iterator

import pytest

from tests.installation import Installation
from tests.installations import Installations

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

COUNTS = "SELECT (SELECT COUNT(*) FROM eclick_client), (SELECT COUNT(*) FROM eclick_comment), COUNT(*) FROM auth_user"


@pytest.fixture
def full(installations: Installations) -> Installation:
    return installations.get("sqlite")


@pytest.fixture
def bare() -> Iterator[Installation]:
    """Migrated and empty; its queue and its cache can't be reached, and no worker runs."""
    with Installation(redis_url="redis://127.0.0.1:1/0") as installation:
        yield installation


def test_a_path_is_restored_without_queue_worker_cache_or_list(full: Installation, bare: Installation) -> None:
    full.manage("create_automatic_backup")
    backup = full.backups()[0]
    path = full.folder / "backups" / backup["name"]

    planned = bare.manage("restore_backup", str(path), "--here", "--plan")
    ended = bare.manage("restore_backup", str(path), "--here", "--force")

    assert "made by this installation" in planned.stdout
    assert ended.stdout.startswith(f"Restored {backup['name']}: ")
    assert bare.query(COUNTS) == full.query(COUNTS)

    bare.manage("import_backup", str(path), "--here")
    listed = {each["name"]: each for each in bare.backups()}
    assert listed[backup["name"]]["kind"] == "automatic"
    assert listed[backup["name"]]["sha256"] == backup["sha256"]
    assert {each["kind"] for each in listed.values()} == {"automatic", "safety"}
