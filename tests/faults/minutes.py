"""Restores whose transaction stays open for minutes, and what people and machinery see meanwhile.

Minutes are long, so all kinds of database are observed at the same time, beside other tests; the tests look at what was
seen.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.faults.harmed import Harmed
from tests.installation import PASSWORD, Browser

KINDS = ("sqlite", "sqlite-delete", "postgresql", "mariadb")
HELD_SECONDS = 60
SILENT_SECONDS = 180
# Between two looks.
_PAUSE_SECONDS = 2


@dataclass(slots=True)
class Answer:
    """`seconds` None: no answer came."""

    seconds: float | None
    said: Any
    retry_after: str | None = None


@dataclass(slots=True)
class Observed:
    """What was seen while a restore was held. The lists are in the order of time."""

    before: Any = None
    # While its transaction was open for HELD_SECONDS.
    polls: list[Answer] = field(default_factory=list)
    visits: list[Answer] = field(default_factory=list)
    second_on_page: list[Answer] = field(default_factory=list)
    second_elsewhere: list[Answer] = field(default_factory=list)
    cancel: Answer | None = None
    cancelled: dict[str, Any] = field(default_factory=dict)
    after_cancel: Any = None
    died: list[str] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    # While the queue and its cache were away for SILENT_SECONDS.
    at_backup: Any = None
    silent_rows: list[dict[str, Any]] = field(default_factory=list)
    silent_polls: list[Answer] = field(default_factory=list)
    ended: dict[str, Any] = field(default_factory=dict)
    after_silence: Any = None
    jobs: list[tuple[Any, ...]] = field(default_factory=list)
    next_backup: dict[str, Any] = field(default_factory=dict)


def observe(kind: str) -> Observed:
    seen = Observed()
    with Harmed(kind) as installation:
        installation.start("worker", "ticks", "beat")
        address = installation.start_web()
        backup = installation.do("make_backup")
        seen.at_backup = installation.contents()
        installation.do("change")
        seen.before = installation.contents()
        _hold_for_a_minute(installation, address, backup, seen)
        _silence_for_minutes(installation, address, backup, seen)
    return seen


def _hold_for_a_minute(installation: Harmed, address: str, backup: str, seen: Observed) -> None:
    browser, stranger = Browser(address), Browser(address)
    browser.sign_in()
    path = _path_of(installation, backup)
    before = _processes(installation)
    installation.hold("load")
    _ask_on_page(browser, path, backup)
    installation.wait_until_held()
    held_at = time.monotonic()
    installation.do("tick", "start_nightly_backup")
    _, page = browser.get("/backup-management/")
    poll, cancel = _address_of("progress", page), _address_of("cancel", page)
    while time.monotonic() - held_at < HELD_SECONDS:
        seen.polls.append(_timed(lambda: stranger.get(poll)))
        seen.visits.append(_visit(address))
        seen.second_on_page.append(_timed(lambda: browser.post(path, name=backup)))
        seen.second_elsewhere.append(_timed(lambda: installation.do("ask_blindly", "restore", {"name": backup})))
        time.sleep(_PAUSE_SECONDS)
    seen.cancel = _timed(lambda: browser.post(cancel))
    installation.wait_for(lambda: not (installation.folder / "held").exists(), "the cancel to be heard", 30)
    installation.release()
    installation.wait_for_state("cancelled", seconds=60)
    seen.cancelled = installation.newest_job()
    seen.after_cancel = installation.contents()
    seen.logs = {name: installation.log(name).read_text() for name in ("worker", "ticks", "web")}
    seen.died = [name for name, pids in _processes(installation).items() if pids != before[name]]
    nightly = ["backup", "succeeded"]
    installation.wait_for(lambda: nightly in installation.do("by_schedule"), "the nightly backup", 90, every=0.5)
    installation.wait_for(lambda: installation.do("unfinished") == 0, "the clean-up", 60)


def _silence_for_minutes(installation: Harmed, address: str, backup: str, seen: Observed) -> None:
    browser = Browser(address)
    browser.sign_in()
    installation.hold("load")
    _ask_on_page(browser, _path_of(installation, backup), backup)
    installation.wait_until_held()
    _, page = browser.get("/backup-management/")
    poll = _address_of("progress", page)
    # Without WAL readers wait for the lock: then it is asked afterwards.
    can_be_read = installation.kind != "sqlite-delete"
    job = installation.do("newest_restore") if can_be_read else ""
    silent_since = time.monotonic()
    installation.queue.stop()
    while time.monotonic() - silent_since < SILENT_SECONDS:
        # Everybody who looks at a job looks after dead workers too.
        if can_be_read:
            installation.do("reap")
            seen.silent_rows.append(installation.do("state", job))
            seen.silent_polls.append(_timed(lambda: browser.get(poll)))
        time.sleep(5 * _PAUSE_SECONDS)
    installation.release()
    installation.wait_for_state("succeeded", "failed", "errored", "lost", "cancelled", seconds=90)
    job = job or installation.do("newest_restore")
    seen.ended = installation.do("state", job)
    seen.after_silence = installation.contents()
    installation.queue.start()
    seen.jobs = installation.query("SELECT kind, state FROM backups_app_job WHERE finished_at IS NULL")
    seen.next_backup = installation.wait_for_end(installation.do("ask", "backup", {"kind": "manual"}))


def _path_of(installation: Harmed, backup: str) -> str:
    ((pk,),) = installation.query(f"SELECT id FROM backups_app_backup WHERE name = '{backup}'")
    return f"/backup-management/{pk}/restore/"


def _ask_on_page(browser: Browser, path: str, backup: str) -> None:
    browser.get(path)
    browser.post(path, name=backup, password=PASSWORD, reason="A test")


def _processes(installation: Harmed) -> dict[str, list[int]]:
    """The ids of each process and its children, in order."""
    names = ("worker", "ticks", "beat", "web")
    parents = {name: installation.parent(name) for name in names}
    return {name: [one.pid, *sorted(child.pid for child in one.children())] for name, one in parents.items()}


def _timed(ask: Callable[[], Any]) -> Answer:
    started = time.monotonic()
    try:
        said = ask()
    except TimeoutError:
        return Answer(None, None)
    return Answer(time.monotonic() - started, said)


def _visit(address: str) -> Answer:
    """The front door without following anything, for the headers."""
    started = time.monotonic()
    try:
        with urlopen(Request(f"{address}/admin/"), timeout=30) as response:
            return Answer(time.monotonic() - started, response.status)
    except HTTPError as error:
        with error:
            return Answer(time.monotonic() - started, error.code, error.headers.get("Retry-After"))


def _address_of(what: str, page: str) -> str:
    found = re.search(rf"/backup-management/jobs/[^\"]+/{what}/", page)
    assert found is not None, page
    return found[0]
