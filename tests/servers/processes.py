"""Starting, watching and ending a server's processes."""

import atexit
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psutil

LAUNCHER = Path(__file__).with_name("launcher.py")
START_LIMIT = 60.0
STOP_LIMIT = 30.0
PREFIX = "eclick-"
# A folder younger than this may be about to be locked by the process that made it.
LEFTOVER_AGE = 3600


class NotInstalled(Exception):
    """A program is not on this machine; the message is "WHAT: HOW TO GET IT"."""


class ServerFailed(Exception):
    """The server did not start, or did not end; the message carries the end of its log."""


def launch(
    command: Sequence[str | Path],
    *,
    user: pwd.struct_passwd | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    **popen: Any,
) -> subprocess.Popen[bytes]:
    """Popen whose process runs as `user` (when we are root) and gets `death_signal` when this process dies."""
    ids = (user.pw_uid, user.pw_gid) if user else (0, 0)
    words = [os.getpid(), int(death_signal), *ids, *command]
    return subprocess.Popen([sys.executable, "-I", "-S", str(LAUNCHER), *map(str, words)], **popen)


def unprivileged(*names: str) -> pwd.struct_passwd | None:
    """The first of these users that exists, when we are root: database servers refuse to run as root. Else None."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NotInstalled(f"one of the users {', '.join(names)}, nobody: useradd --system {names[0]}")


# The locks of the folders made by this process, held until it ends.
_locks: dict[Path, IO[str]] = {}


def fresh_folder(purpose: str) -> Path:
    """A new folder with a short path (sockets must fit in 107 bytes), removed when this process ends.

    What a killed process left behind is removed by the next one: its lock is free then.
    """
    root = Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())
    _sweep(root)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{purpose}-", dir=root))
    folder.chmod(0o755)
    lock = (folder / ".lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    _locks[folder] = lock
    atexit.register(_remove_in, os.getpid(), folder)
    return folder


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if lock := _locks.pop(folder, None):
        lock.close()


def _remove_in(pid: int, folder: Path) -> None:
    if os.getpid() == pid:  # a forked child runs the same exit handlers
        remove_folder(folder)


def _sweep(root: Path) -> None:
    for left in root.glob(f"{PREFIX}*/.lock"):
        try:
            if time.time() - left.stat().st_mtime < LEFTOVER_AGE:
                continue
            with left.open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left.parent, ignore_errors=True)
        except OSError:
            continue  # somebody else's, in use, or already gone


class Server:
    """One real server: `start`, `stop`, `restart` with the same data, `freeze` and `thaw`, `kill`.

    A subclass says `name`, how to make the data (`prepare`), the `command`, and when it answers (`ready`).
    """

    name = ""
    death_signal = signal.SIGKILL

    def __init__(self, folder: Path | None = None, *, user: pwd.struct_passwd | None = None) -> None:
        self._own_folder = folder is None
        self.folder = folder or fresh_folder(type(self).__name__.lower())
        self.user = user
        self.process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()

    # --- What a subclass says ---

    @property
    def version(self) -> str:
        """The version and where its program was found, for people."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make the data, once."""

    def command(self) -> list[str | Path]:
        raise NotImplementedError

    def ready(self) -> bool:
        """Whether it answers; called every few milliseconds after the start."""
        raise NotImplementedError

    # --- What every server can do ---

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        if self.process is None:
            raise ServerFailed(f"{self.name} was not started.")
        return self.process.pid

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> Self:
        if self.running:
            return self
        if not (self.folder / "prepared").exists():
            self.folder.mkdir(exist_ok=True)
            self._give(self.folder)
            self.prepare()
            (self.folder / "prepared").touch()
        with self.log.open("ab") as log:
            self.process = launch(
                self.command(),
                user=self.user,
                death_signal=self.death_signal,
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is ours, not the server's
            )
        atexit.register(self._stop_at_exit)
        self._wait_until_ready()
        return self

    def stop(self) -> None:
        """End it in good order; the data stay."""
        if self.process is None:
            return
        if self.running:
            self.thaw()
            self.process.terminate()
            try:
                self.process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                self.kill()
                raise ServerFailed(f"{self.name} did not end within {STOP_LIMIT:.0f} s.\n{self.log_end()}") from None
        self.process = None
        atexit.unregister(self._stop_at_exit)

    def kill(self) -> None:
        """SIGKILL to all its processes at once, as in a power cut of the machine it runs on."""
        for process in self._stopped_family():
            _signal(process, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(STOP_LIMIT)
        self.process = None
        atexit.unregister(self._stop_at_exit)

    def restart(self) -> Self:
        """Stop, if it runs, and start again with the same data and address."""
        self.stop()
        return self.start()

    def freeze(self) -> None:
        """It holds its connections but answers nobody, like a machine that hangs, until `thaw`."""
        self._stopped_family()

    def thaw(self) -> None:
        for process in self.family():
            _signal(process, signal.SIGCONT)

    def family(self) -> list[psutil.Process]:
        """The server's process and its children."""
        if not self.running:
            return []
        try:
            leader = psutil.Process(self.pid)
            return [leader, *leader.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _stopped_family(self) -> list[psutil.Process]:
        """All processes, stopped; the leader first, so that it starts no more of them meanwhile."""
        for process in self.family()[:1]:
            _stop(process)
        family = self.family()
        for process in family[1:]:
            _stop(process)
        return family

    def close(self) -> None:
        """Stop it and forget the data."""
        self.stop()
        if self._own_folder:
            remove_folder(self.folder)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # --- For subclasses ---

    def environment(self) -> dict[str, str]:
        """Nothing of the caller's settings reaches the server."""
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def run(self, command: Sequence[str | Path]) -> str:
        """A program of the server's, run to its end as the server's user."""
        process = launch(
            command,
            user=self.user,
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output = process.communicate(timeout=START_LIMIT)[0].decode(errors="replace")
        if process.returncode:
            raise ServerFailed(f"{Path(command[0]).name} ended with {process.returncode}:\n{output}")
        return output

    def log_end(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:]) if self.log.exists() else ""

    def _give(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        while not self.ready():
            if not self.running:
                raise ServerFailed(f"{self.name} ended at its start.\n{self.log_end()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"{self.name} did not answer within {START_LIMIT:.0f} s.\n{self.log_end()}")
            time.sleep(0.005)

    def _stop_at_exit(self) -> None:
        if os.getpid() == self._owner:
            self.kill()


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _stop(process: psutil.Process) -> None:
    """SIGSTOP, and wait until it has taken effect."""
    _signal(process, signal.SIGSTOP)
    deadline = time.monotonic() + STOP_LIMIT
    try:
        while process.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE) and time.monotonic() < deadline:
            time.sleep(0.001)
    except psutil.NoSuchProcess:
        return


def free_port() -> int:
    """A loopback port nobody listens on now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
