"""A real worker makes a real backup, asked for by the command and by the page."""

import hashlib
import re
import time

import pytest

from tests.installation import Browser, Installation

pytestmark = pytest.mark.servers


def test_the_command_queues_a_backup_and_follows_it_to_its_end(installation: Installation) -> None:
    ended = installation.manage("create_automatic_backup", "--description", "By command")

    made = installation.backups()[0]
    content = (installation.folder / "backups" / made["name"]).read_bytes()
    assert made["kind"] == "automatic"
    assert made["sha256"] == hashlib.sha256(content).hexdigest()
    assert made["records"] == content.count(b"\n") - 3  # "[", the manifest and "]" have a line each
    assert made["name"] in ended.stdout
    assert installation.newest_job()["worker"].startswith("heavy@")


def test_the_result_is_in_django_celery_results_for_onlookers(installation: Installation) -> None:
    installation.manage("create_automatic_backup")

    rows = installation.query("SELECT status, result FROM django_celery_results_taskresult ORDER BY id DESC LIMIT 1")
    assert rows[0][0] == "SUCCESS"
    assert '"succeeded"' in rows[0][1].replace("\\", "")


def test_the_page_queues_a_backup_whose_download_has_the_hash_that_it_shows(installation: Installation) -> None:
    address = installation.start_web()
    try:
        browser = Browser(address)
        browser.sign_in()
        status, _ = browser.post("/backup-management/create/", description="By <b>page</b>")
        assert status == 200
        installation.wait_for_state("succeeded")

        _, page = browser.get("/backup-management/")
        made = installation.backups()[0]
        shown = re.search(r'<code class="sha256">([0-9a-f]{64})</code>', page)
        downloaded = browser.download(f"/backup-management/{made['id']}/download/")
    finally:
        installation.stop("web")

    assert made["kind"] == "manual"
    assert "By &lt;b&gt;page&lt;/b&gt;" in page
    assert shown is not None
    assert shown[1] == made["sha256"] == hashlib.sha256(downloaded).hexdigest()


def test_cancel_ends_a_running_backup_within_three_seconds_and_leaves_nothing(installation: Installation) -> None:
    address = installation.start_web()
    before = installation.files(), installation.backups()
    try:
        browser = Browser(address)
        browser.sign_in()
        child = installation.hold_in_mid_backup()
        _, page = browser.get("/backup-management/")
        path = re.search(r'action="(/backup-management/jobs/[^"]+/cancel/)"', page)
        assert path is not None
        status, _ = browser.post(path[1])
        child.resume()
        seconds = installation.wait_for_state("cancelled", seconds=20)
    finally:
        installation.stop("web")

    assert status == 200
    assert seconds < 3
    assert (installation.files(), installation.backups()) == before


def test_no_wait_returns_while_the_job_still_waits(installation: Installation) -> None:
    started = time.monotonic()
    ended = installation.manage("create_automatic_backup", "--no-wait")

    assert "Queued as job" in ended.stdout
    assert time.monotonic() - started < 15
    installation.wait_for_state("succeeded")


def test_a_worker_that_is_asked_to_stop_cancels_its_job_and_tidies_up(installation: Installation) -> None:
    before = installation.files(), installation.backups()
    child = installation.hold_in_mid_backup()
    installation.parent("worker").terminate()
    installation.wait_for(
        lambda: "Warm shutdown" in installation.log("worker").read_text()[-3000:], "the worker to begin to stop", 10
    )
    child.resume()
    try:
        installation.wait_for_state("cancelled", seconds=20)
    finally:
        installation.stop("worker")
        installation.start("worker")

    assert (installation.files(), installation.backups()) == before
