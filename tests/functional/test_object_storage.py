"""A whole E-Click with its files in object storage: every verb by a real worker, through a real S3 endpoint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Browser, Installation
from tests.servers import S3, Valkey
from tests.servers.s3 import ACCESS_KEY, BUCKET, SECRET_KEY
from tests.servers.trouble import Trouble

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def network(s3_server: S3) -> Iterator[Trouble]:
    with Trouble(s3_server.port) as network:
        yield network


@pytest.fixture(scope="module")
def remote(
    s3_server: S3, network: Trouble, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Files in a bucket, copies in a folder, one worker."""
    s3_server.start()
    copies = tmp_path_factory.mktemp("copies")
    with Installation(
        redis_url=valkey.url_of(4),
        projects=3,
        BACKUPS_STORAGE="s3",
        BACKUPS_S3_BUCKET=BUCKET,
        BACKUPS_S3_PREFIX="whole",
        BACKUPS_S3_REGION="us-east-1",
        BACKUPS_S3_ENDPOINT=f"http://127.0.0.1:{network.port}",
        BACKUPS_S3_ACCESS_KEY=ACCESS_KEY,
        BACKUPS_S3_SECRET_KEY=SECRET_KEY,
        BACKUPS_STORAGE_OPTIONS='{"connect_timeout": 5, "read_timeout": 5, "attempts": 1}',
        BACKUPS_COPY_STORAGE="folder",
        BACKUPS_COPY_DIR=str(copies),
    ) as made:
        made.start("worker")
        yield made


def objects(s3: S3) -> list[str]:
    folder = s3.bucket / "whole"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_backup_restore_download_copy_and_delete(remote: Installation, s3_server: S3) -> None:
    remote.manage("create_automatic_backup")
    made = remote.backups()[0]
    content = (s3_server.bucket / "whole" / made["name"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == made["sha256"]

    copied = "SELECT count(*) FROM backups_app_backup WHERE copied_at IS NOT NULL"
    remote.wait_for(lambda: remote.query(copied)[0][0], "the copy", 60)
    copies = Path(remote.environment["BACKUPS_COPY_DIR"])
    assert (copies / made["name"]).read_bytes() == content

    tasks = remote.query("SELECT count(*) FROM eclick_task")
    remote.manage("restore_backup", str(made["id"]), "--force")
    assert remote.query("SELECT count(*) FROM eclick_task") == tasks
    assert [name for name in objects(s3_server) if name.startswith("pre_restore_safety")]

    browser = Browser(remote.start_web())
    try:
        browser.sign_in()
        assert browser.download(f"/backup-management/{made['id']}/download/") == content
    finally:
        remote.stop("web")

    (s3_server.bucket / "whole" / made["name"]).unlink()
    remote.manage("rescan_backups")
    assert (s3_server.bucket / "whole" / made["name"]).read_bytes() == content


def test_an_upload_that_breaks_off_fails_the_job_and_leaves_nothing(
    remote: Installation, s3_server: S3, network: Trouble
) -> None:
    before = objects(s3_server), len(remote.backups())
    network.make("reset upload", after=1_000)
    ended = remote.manage("create_automatic_backup", check=False)
    network.make("none")
    assert ended.returncode != 0
    newest = remote.query("SELECT state, error_code FROM backups_app_job ORDER BY queued_at DESC LIMIT 1")
    assert newest == [("failed", "store-failed")]
    assert (objects(s3_server), len(remote.backups())) == before
    parts = remote.folder / "run" / "parts"
    assert not parts.exists() or not list(parts.iterdir())

    remote.manage("create_automatic_backup")
    assert len(remote.backups()) == before[1] + 1
