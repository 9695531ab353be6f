"""The containers' health: what counts as an answer, and what is said when there is none."""

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from scripts import healthcheck
from scripts.ports import free_port


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The statuses that the web server at the container's port gives."""
    statuses: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses.pop(0))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setattr(healthcheck, "PORT", server.server_port)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield statuses
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [200, 301, 400])
def test_web_is_well_when_it_answers(answers: list[int], status: int) -> None:
    answers.append(status)
    assert healthcheck.main(["web"]) == 0


def test_web_is_not_well_when_it_fails(answers: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    answers.append(500)
    assert healthcheck.main(["web"]) == 1
    assert "the login page answers 500" in capsys.readouterr().out


def test_web_is_not_well_when_nobody_listens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(healthcheck, "PORT", free_port())
    assert healthcheck.main(["web"]) == 1
    assert "Connection refused" in capsys.readouterr().out


@pytest.fixture
def task(db: None) -> PeriodicTask:
    PeriodicTask.objects.all().delete()
    every = IntervalSchedule.objects.create(every=20, period=IntervalSchedule.SECONDS)
    return PeriodicTask.objects.create(name="a task", task="a.task", interval=every)


@pytest.mark.parametrize(("ago", "status"), [(None, 1), (timedelta(minutes=4), 0), (timedelta(minutes=11), 1)])
def test_beat_is_well_while_it_starts_something_every_few_minutes(
    task: PeriodicTask, ago: timedelta | None, status: int
) -> None:
    task.last_run_at = ago and timezone.now() - ago
    task.save()
    assert healthcheck.main(["beat"]) == status


def test_a_service_without_a_check_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert healthcheck.main(["postgres"]) == 2
    assert "web|heavy|ticks|beat" in capsys.readouterr().err
