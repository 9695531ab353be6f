from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.faults.harmed import Harmed
from tests.faults.minutes import KINDS, Observed, observe
from tests.installation import Installation
from tests.installations import Installations
from tests.spreading import HARMED, group_of

_LAST = "test_held_restore.py"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def installation(request: pytest.FixtureRequest, installations: Installations) -> Installation:
    """A whole E-Click on each kind of database, to be harmed; the test starts again what it killed."""
    return installations.get(request.param)


@pytest.fixture(scope="session")
def threads() -> Iterator[ThreadPoolExecutor]:
    """Threads that live as long as the session: a process ends when the thread that started it ends."""
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture(scope="session")
def harmed(threads: ThreadPoolExecutor) -> Iterator[dict[str, Harmed]]:
    """Small installations with a worker, by kind of database, made at the same time; nobody looks after their jobs."""
    with ExitStack() as stack:

        def make(kind: str) -> Harmed:
            made: Harmed = stack.enter_context(Harmed(kind, LOCK_PATIENCE_SECONDS="1", FORGOTTEN_AFTER_SECONDS="2"))
            made.start("worker")
            return made

        made = {kind: threads.submit(make, kind) for kind in ("sqlite", "postgresql", "mariadb")}
        yield {kind: future.result() for kind, future in made.items()}


# --- Minutes that pass beside the other tests ---------------------------------------------------------------------


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for minutes is asked last."""
    items.sort(key=lambda item: item.path.name == _LAST)


@pytest.fixture(scope="session")
def minutes(threads: ThreadPoolExecutor) -> Iterator[dict[str, Future[Observed]]]:
    """Restores that are held for minutes, one on each kind of database, and what was seen meanwhile."""
    yield {kind: threads.submit(observe, kind) for kind in KINDS}


@pytest.fixture(autouse=True)
def _begin_early(request: pytest.FixtureRequest) -> None:
    # Where tests are spread over processes, only one of them has these tests to run: see tests/spreading.py.
    if group_of(request.node.nodeid) == HARMED and any(item.path.name == _LAST for item in request.session.items):
        request.getfixturevalue("minutes")
