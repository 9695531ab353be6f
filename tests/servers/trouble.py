"""A network that breaks: connections through it to a server are refused, reset, cut, or stand still."""

import select
import socket
import struct
import threading
from types import TracebackType
from typing import Literal, Self

Harm = Literal["none", "refuse", "reset upload", "cut answer", "stall"]

BLOCK_BYTES = 1 << 16


class Trouble:
    """Listens on `port` and hands on to 127.0.0.1:`to`. `seen` holds the heads of the requests that came through.

    "reset upload" after `after` bytes to the server on all connections, "cut answer" after `after` bytes of it on each.
    """

    def __init__(self, to: int) -> None:
        self.to = to
        self.harm: Harm = "none"
        self.after = self.sent = 0
        self.seen: list[bytes] = []
        self.harmed = threading.Event()
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="trouble", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(10)
        self._listener.close()

    def make(self, harm: Harm, *, after: int = 0) -> None:
        self.after = after
        self.sent = 0
        self.harmed.clear()
        self.harm = harm

    def _accept(self) -> None:
        handlers = []
        while not self._ended.is_set():
            if not select.select([self._listener], [], [], 0.05)[0]:
                continue
            client, _ = self._listener.accept()
            if self.harm == "refuse":
                self.harmed.set()
                _reset(client)
                continue
            handler = threading.Thread(target=self._serve, args=(client,), daemon=True)
            handler.start()
            handlers.append(handler)
        for handler in handlers:
            handler.join(10)

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.to), timeout=10)
        except OSError:
            _reset(client)
            return
        with client, server:
            self._hand_on(client, server)

    def _hand_on(self, client: socket.socket, server: socket.socket) -> None:
        answered = 0
        other = {client: server, server: client}
        while not self._ended.is_set():
            for here in select.select([client, server], [], [], 0.05)[0]:
                if self.harm == "stall":
                    self.harmed.set()
                    self._ended.wait(0.05)
                    continue
                try:
                    block = here.recv(BLOCK_BYTES)
                    if not block:
                        return
                    if here is client:
                        self.sent += len(block)
                        self.seen.append(block[:4096])
                    else:
                        answered += len(block)
                    if self.harm == "reset upload" and self.sent > self.after:
                        self.harmed.set()
                        _reset(client)
                        return
                    if self.harm == "cut answer" and answered > self.after:
                        self.harmed.set()
                        client.sendall(block[: max(len(block) - (answered - self.after), 0)])
                        return
                    other[here].sendall(block)
                except OSError:
                    return


def _reset(connection: socket.socket) -> None:
    """Close it so that the other end is told of an error and not of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
