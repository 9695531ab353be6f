"""A real Chromium before a whole installation."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, sync_playwright

from tests.installation import PASSWORD, USERNAME, Installation
from tests.servers import Valkey

# Nothing that talks to the outside, nothing that asks.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# About 1.7 million records: the backup takes long enough to be watched.
PROJECTS = 8000


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Chromium]:
    """For one module: as long as Playwright is open its event loop runs, and Django refuses to touch a database."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def large(chromium: Path) -> Iterator[tuple[Installation, str]]:
    """An installation with worker, ticks and web running, and its address."""
    with Valkey() as queue, Installation(redis_url=queue.url, projects=PROJECTS) as made:
        made.start("worker", "ticks")
        yield made, made.start_web()


@pytest.fixture
def page(browser: Chromium, large: tuple[Installation, str]) -> Iterator[Page]:
    """Backup management, signed in. Fails when the page wrote an error to the browser's console."""
    _, address = large
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    opened.goto(f"{address}/backup-management/")
    opened.fill("#id_username", USERNAME)
    opened.fill("#id_password", PASSWORD)
    opened.click("input[type=submit]")
    opened.wait_for_selector(".backups-page")
    yield opened
    context.close()
    # Answers other than 200 are part of the tests, and browsers ask for an icon by themselves.
    assert not [text for text in said if not text.startswith("Failed to load resource")]
