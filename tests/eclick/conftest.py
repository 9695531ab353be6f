"""A project with a task to try things on."""

from datetime import date
from decimal import Decimal

import pytest

from eclick.models import Client, Project, Task


@pytest.fixture
def client_of_ours(db: None) -> Client:
    return Client.objects.create(name="Café Central", country="AT", hourly_rate=Decimal("95.50"))


@pytest.fixture
def project(client_of_ours: Client) -> Project:
    return Project.objects.create(client=client_of_ours, name="Menu", code="CAF-1", start_date=date(2026, 1, 5))


@pytest.fixture
def task(project: Project) -> Task:
    return Task.objects.create(project=project, title="Collect the photos")
