"""Installations that the tests of this folder harm and repair."""

from collections.abc import Iterator

import pytest

from tests.installation import Installation
from tests.installations import open_installation
from tests.servers import Valkey


@pytest.fixture(scope="session", params=["sqlite", "postgresql", "mariadb"])
def installation(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Installation]:
    """1,000 projects (about 212,000 records); worker, ticks and beat running."""
    with open_installation(request.param, valkey, projects=1000) as made:
        made.start("worker", "ticks", "beat")
        yield made
