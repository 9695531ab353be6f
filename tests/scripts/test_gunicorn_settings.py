"""The web server as it is configured: long up- and downloads go on, and pages are served meanwhile."""

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from scripts import gunicorn_settings
from scripts.environment import PROJECT
from scripts.ports import LOOPBACK, free_port
from tests.scripts.slow_site import PARTS
from tests.scripts.waiting import eventually

# Seconds of silence after which gunicorn kills a worker; far less than in the settings, so that the test is short.
TIMEOUT = 2


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    number = free_port()
    command = ["--config", "scripts/gunicorn_settings.py", "--bind", f"{LOOPBACK}:{number}", "--timeout", str(TIMEOUT)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *command, "tests.scripts.slow_site:application"],
            cwd=PROJECT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: b"Booting worker" in (tmp_path / "log").read_bytes())
        yield number
        assert b"WORKER TIMEOUT" not in (tmp_path / "log").read_bytes()
    finally:
        process.terminate()
        process.wait(20)


def trickle(port: int, received: list[bytes]) -> None:
    """Sends slowly, then receives slowly; each takes longer than the worker may be silent."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=20)
    connection.putrequest("POST", "/slow")
    connection.putheader("Content-Length", str(PARTS))
    connection.endheaders()
    for _ in range(PARTS):
        connection.send(b"x")
        time.sleep(0.2)  # a slow line
    received.append(connection.getresponse().read())
    connection.close()


def get(port: int) -> bytes:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse().read()
    connection.close()
    return answer


@pytest.mark.servers
def test_transfers_that_take_longer_than_the_timeout_complete_while_pages_are_served(port: int) -> None:
    received: list[bytes] = []
    # More than there are processes, so that each holds several.
    visitors = [Thread(target=trickle, args=(port, received)) for _ in range(gunicorn_settings.workers * 3)]
    for visitor in visitors:
        visitor.start()
    slowest = 0.0
    while any(visitor.is_alive() for visitor in visitors):
        started = time.monotonic()
        assert get(port) == b"at once"
        slowest = max(slowest, time.monotonic() - started)
        visitors[0].join(0.2)
    assert received == [b"part " * PARTS + str(PARTS).encode()] * len(visitors)
    assert slowest < TIMEOUT
