import pytest

from tests.installation import Installation
from tests.installations import KINDS, Installations


@pytest.fixture(params=KINDS)
def installation(request: pytest.FixtureRequest, installations: Installations) -> Installation:
    """A whole E-Click on each kind of database and driver."""
    return installations.get(request.param)
