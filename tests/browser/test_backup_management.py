"""People watch a backup on the page, cancel one, download and delete one."""

import hashlib
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.servers, pytest.mark.timeout(900)]

SECONDS = 120


def test_a_backup_is_watched_to_its_end_and_its_download_has_the_shown_hash(
    page: Page, large: tuple[Installation, str], tmp_path: Path
) -> None:
    page.fill("#id_description", "Watched")
    page.click("button:has-text('Create Backup')")

    counts = watch_until(page, "#progress.state-succeeded")
    assert len(counts) >= 8
    assert counts == sorted(counts)

    row = page.locator("tr", has_text="Watched")
    row.locator("summary").click()
    shown = row.locator(".sha256").inner_text()
    with page.expect_download() as started:
        row.get_by_role("link", name="Download").click()
    started.value.save_as(tmp_path / "downloaded")
    assert started.value.suggested_filename == large[0].backups()[0]["name"]
    with (tmp_path / "downloaded").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == shown


def test_cancel_at_30_percent_ends_within_three_seconds_and_leaves_nothing(
    page: Page, large: tuple[Installation, str]
) -> None:
    installation, _ = large
    before = installation.files(), installation.backups()
    page.click("button:has-text('Create Backup')")
    wait_for_percent(page, 30)

    asked = time.monotonic()
    page.click("#cancel-button")
    page.wait_for_selector("#progress.state-cancelled")

    assert time.monotonic() - asked < 3
    assert installation.newest_job()["state"] == "cancelled"
    assert (installation.files(), installation.backups()) == before


def test_progress_survives_a_reload_and_shows_in_another_tab(page: Page, large: tuple[Installation, str]) -> None:
    page.click("button:has-text('Create Backup')")
    page.wait_for_selector("[data-records]")
    page.reload()
    page.wait_for_selector("[data-records]")
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("[data-records]")

    other.click("#cancel-button")
    page.wait_for_selector("#progress.state-cancelled")
    other.close()


def test_the_last_good_backup_is_deleted_only_with_its_name(page: Page, large: tuple[Installation, str]) -> None:
    installation, _ = large
    while len(installation.backups()) > 1:
        installation.manage("shell", "-c", DELETE_OLDEST)
    if not installation.backups():
        installation.manage("create_automatic_backup", "--here")
    page.reload()
    name = installation.backups()[0]["name"]

    page.get_by_role("link", name=f"Delete {name}").click()
    page.get_by_role("button", name=f"Delete {name}").click()
    page.wait_for_selector("text=is the last good backup")
    assert name in installation.files()

    page.fill("#id_name", name)
    page.get_by_role("button", name=f"Delete {name}").click()
    page.wait_for_selector(f"text={name} was deleted")
    assert name not in installation.files()
    page.wait_for_selector("text=There is no backup yet")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_overflows_sideways(page: Page, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})

    assert page.evaluate("document.documentElement.scrollWidth") <= width


DELETE_OLDEST = """
from backups_app.actions.delete import delete_backup
from backups_app.audit import Actor
from backups_app.models import Backup
delete_backup(Backup.objects.last(), by=Actor(name="test"), reason="test")
"""


def wait_for_percent(page: Page, percent: int) -> None:
    """In a loop of our own: the page's policy forbids the evaluated conditions that Playwright would wait with."""
    ends_at = time.monotonic() + SECONDS
    while time.monotonic() < ends_at:
        if (page.evaluate("document.querySelector('#progress progress')?.value") or 0) >= percent:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{percent} % was not reached within {SECONDS} s")


def watch_until(page: Page, selector: str) -> list[int]:
    """Every record count that the page shows until `selector` appears, in order of appearance."""
    counts: list[int] = []
    ends_at = time.monotonic() + SECONDS
    while time.monotonic() < ends_at:
        shown = page.evaluate("document.querySelector('[data-records]')?.dataset.records")
        if shown and int(shown) not in counts:
            counts.append(int(shown))
        if page.query_selector(selector):
            return counts
        page.wait_for_timeout(50)
    shown = page.locator("main").inner_text()
    raise AssertionError(f"{selector} did not appear within {SECONDS} s; counts: {counts}; the page: {shown[:2000]}")
