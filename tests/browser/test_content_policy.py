"""Under its own policy each page works in a real browser, which reports nothing that it had to leave out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium

from tests.installation import PASSWORD, USERNAME, Installation
from tests.servers import Valkey

pytestmark = [pytest.mark.browser, pytest.mark.servers]

PATHS = [
    "/backup-management/",
    "/backup-management/1/restore/",
    "/backup-management/1/delete/",
    "/admin/",
    "/admin/backups_app/backup/",
    "/admin/backups_app/backup/1/change/",
    "/admin/backups_app/job/",
    "/admin/backups_app/auditevent/",
    "/nowhere/",
]
CLOSE = """
from backups_app import cache
from backups_app.models import Job
cache.CLOSED_SECONDS = 120
cache.close_site(Job.objects.first().pk)
"""
MARKUP = "<img src=x onerror=\"document.title='broken in'\"><script>document.title='broken in'</script>"


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[Installation, str]]:
    with Valkey() as queue, Installation(redis_url=queue.url, projects=1) as made:
        made.manage("create_automatic_backup", "--here", "--description", MARKUP)
        yield made, made.start_web()


def test_no_page_asks_for_what_its_policy_forbids(browser: Chromium, site: tuple[Installation, str]) -> None:
    installation, address = site
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(20_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))

    page.goto(f"{address}/admin/login/?next=/backup-management/")
    page.fill("#id_username", USERNAME)
    page.fill("#id_password", PASSWORD)
    page.click("input[type=submit]")
    page.wait_for_selector(".backups-page")
    assert page.evaluate("typeof window.htmx") == "object"
    for path in PATHS:
        page.goto(f"{address}{path}")
        assert page.title() != "broken in"
    installation.manage("shell", "-v0", "-c", CLOSE)
    answer = page.goto(f"{address}/admin/")
    assert answer is not None
    assert answer.status == 503
    assert page.locator("h1").inner_text() == "Back in a moment"
    assert page.evaluate("document.styleSheets.length") == 3
    context.close()

    assert not [text for text in said if "Failed to load resource" not in text]
