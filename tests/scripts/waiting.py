"""Waiting for what another process does."""

import time
from collections.abc import Callable

import psutil


def eventually(condition: Callable[[], object], *, seconds: float = 15.0, what: str = "") -> None:
    """Returns as soon as `condition` holds; fails the test when it does not within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what or "It did not happen in time."
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
