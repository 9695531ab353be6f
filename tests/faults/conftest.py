import pytest

from tests.installation import Installation
from tests.installations import Installations


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def installation(request: pytest.FixtureRequest, installations: Installations) -> Installation:
    """A whole E-Click on each kind of database, to be harmed; the test starts again what it killed."""
    return installations.get(request.param)
