"""Whole installations, one on each kind of database, shared by the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.installation import Installation
from tests.installations import open_installation
from tests.servers import Valkey

KINDS = ("sqlite", "postgresql", "mariadb", "mariadb-pymysql")


@pytest.fixture(scope="session", params=KINDS)
def installation(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Installation]:
    """300 projects (about 63,000 records), worker and ticks running; on SQLite with Valkey, else with a stock Redis."""
    with open_installation(request.param, valkey, projects=300) as made:
        made.start("worker", "ticks")
        yield made
