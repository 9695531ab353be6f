"""The zoo, dumped once on each kind of database, for the many tests that only look at the result."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from tests import ledger
from tests.conftest import KINDS
from tests.engine.files import Witnessed, dumped_zoo


def _kinds() -> Iterator[Any]:
    for kind, alias in KINDS.items():
        mark = pytest.mark.django_db(databases=[alias])
        yield pytest.param(alias, id=kind, marks=[mark] if alias in settings.DATABASES else [])


@pytest.fixture(scope="session", params=_kinds())
def dumped(request: pytest.FixtureRequest) -> Witnessed:
    """`dumped_zoo` on each kind of database in turn."""
    alias: str = request.param
    if alias not in settings.DATABASES:
        ledger.leave_out(*settings.NOT_INSTALLED[alias].split(": ", 1))
    request.getfixturevalue("django_db_setup")
    blocker: DjangoDbBlocker = request.getfixturevalue("django_db_blocker")
    with blocker.unblock():
        return dumped_zoo(alias)
