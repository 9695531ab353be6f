"""The queue stops, freezes or forgets: nothing hangs, nothing lies, nothing is lost."""

from collections.abc import Iterator

import pytest

from tests.installation import Browser, Installation
from tests.servers import Valkey

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module")
def small(own_valkey: Valkey) -> Iterator[Installation]:
    with Installation(redis_url=own_valkey.url, projects=300) as made:
        yield made


@pytest.fixture
def browser(small: Installation, own_valkey: Valkey) -> Iterator[Browser]:
    own_valkey.thaw()
    if not own_valkey.running:
        own_valkey.start()
    opened = Browser(small.start_web())
    opened.sign_in()
    yield opened
    small.stop("web")
    own_valkey.thaw()
    if not own_valkey.running:
        own_valkey.start()


@pytest.mark.parametrize("harm", ["stop", "freeze"])
def test_the_page_says_that_the_queue_cannot_be_reached(
    small: Installation, own_valkey: Valkey, browser: Browser, harm: str
) -> None:
    getattr(own_valkey, harm)()

    status, page = browser.get("/backup-management/", seconds=15)
    asked_status, asked = browser.post("/backup-management/create/", seconds=25, description="Nobody hears")

    assert (status, asked_status) == (200, 200)
    assert "The queue can’t be reached" in page
    assert "Nothing was started" in asked
    assert small.newest_job()["state"] == "failed"
    assert small.newest_job()["code"] == "broker-unreachable"


def test_a_backup_that_runs_while_the_queue_stops_ends_truthfully(small: Installation, own_valkey: Valkey) -> None:
    if not own_valkey.running:
        own_valkey.start()
    small.start("worker")
    try:
        child = small.hold_in_mid_backup()
        own_valkey.stop()
        child.resume()
        small.wait_for_state("succeeded", seconds=60)
        own_valkey.start()
        assert small.backups()[0]["name"] in small.files()
    finally:
        small.stop("worker")


def test_a_message_that_the_queue_forgot_is_sent_again_when_a_worker_starts(
    small: Installation, own_valkey: Valkey
) -> None:
    if not own_valkey.running:
        own_valkey.start()
    small.manage("create_automatic_backup", "--no-wait")
    own_valkey.forget()
    try:
        small.start("worker")
        small.wait_for_state("succeeded", seconds=30)
    finally:
        small.stop("worker")


def test_without_a_worker_the_command_says_so_and_the_job_waits(small: Installation, own_valkey: Valkey) -> None:
    if not own_valkey.running:
        own_valkey.start()
    following = small.begin("create_automatic_backup")
    try:
        small.wait_for(lambda: "No worker answers" in small.log("command").read_text(), "the warning", 30)
    finally:
        following.terminate()
        following.wait(10)

    assert small.newest_job()["state"] == "queued"
