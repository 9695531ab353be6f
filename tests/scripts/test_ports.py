"""Taken ports, and the words for them."""

import re
import socket
from collections.abc import Iterator

import pytest

from scripts.ports import LOOPBACK, PortNotFree, free_port, require_free


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_free_port_can_be_listened_on() -> None:
    require_free(LOOPBACK, free_port())


def test_a_taken_port_is_told_with_one_that_is_free(taken_port: int) -> None:
    with pytest.raises(PortNotFree, match=f"Port {taken_port} on {LOOPBACK} is taken") as caught:
        require_free(LOOPBACK, taken_port, patience=0)
    suggested = re.search(r"PORT=(\d+) make run", str(caught.value))
    assert suggested
    require_free(LOOPBACK, int(suggested.group(1)))


def test_a_port_that_is_just_being_given_back_is_waited_for(taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = socket.socket(fileno=socket.socket().detach())
    listener.bind((LOOPBACK, 0))
    listener.listen()
    monkeypatch.setattr("time.sleep", lambda _seconds: listener.close())
    require_free(LOOPBACK, listener.getsockname()[1], patience=60)


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(PortNotFree, match=r"HOST=203\.0\.113\.77 is not an address of this machine"):
        require_free("203.0.113.77", free_port(), patience=0)


def test_a_name_that_means_nothing_is_told() -> None:
    with pytest.raises(PortNotFree, match="HOST=no such host is not an address of this machine"):
        require_free("no such host", free_port(), patience=0)


def test_a_port_for_root_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("scripts.ports._listen_once", refuse)
    with pytest.raises(PortNotFree, match="Port 80 may be used by root only"):
        require_free(LOOPBACK, 80)
