"""Free ports, and words for taken ones."""

from __future__ import annotations

import errno
import socket
import time

LOOPBACK = "127.0.0.1"


class PortNotFree(Exception):
    """The address can't be listened on; the text says why and what to do."""


def free_port(host: str = LOOPBACK) -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(host: str, port: int, *, patience: float = 3.0) -> None:
    """Raises PortNotFree, with what to do, if a server could not listen on the address.

    A server that was just ended may hold its port for another moment, hence the patience.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return _listen_once(host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise PortNotFree(_advice(host, port, error)) from error


def _listen_once(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)


def _advice(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program. Nothing was started.\n"
            f"Stop that program, or choose another port: PORT={_next_free(host, port)} make run"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} may be used by root only. Choose one above 1023: PORT=8000 make run"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return (
            f"HOST={host} is not an address of this machine. "
            "Use 127.0.0.1 for this machine alone, or 0.0.0.0 for all its addresses."
        )
    return f"Nothing can listen on {host}:{port}: {error.strerror}."


def _next_free(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + 50, 65536)):
        try:
            _listen_once(host, candidate)
        except OSError:
            continue
        return candidate
    return free_port()
