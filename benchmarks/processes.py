"""Starts a process and says what it took."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
_SAMPLE_SECONDS = 0.01


class Failed(Exception):
    """A process did not do what was asked; the message carries what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a piece of work took. `peak_bytes` is the most memory that its process ever had, None where unknown."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int | None
    file_bytes: int
    records: int | None = None
    # Only of a worker's child: the same before it got its first job.
    idle_bytes: int | None = None
    # Seconds of its parts, by name.
    parts: dict[str, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run(command: Sequence[str | Path], environment: Mapping[str, str]) -> str:
    """To its end. Returns what it wrote to stdout; raises Failed with stderr."""
    ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Failed(f"{_words(command)} ended with {ended.returncode}:\n{ended.stderr[-2000:]}")
    return ended.stdout


def python(module: str, *arguments: str, environment: Mapping[str, str]) -> str:
    return run([sys.executable, "-m", module, *arguments], environment)


def run_measured(command: Sequence[str | Path], environment: Mapping[str, str], file: Path) -> Taken:
    """A program that writes or reads `file`, from its start to its end."""
    started = time.monotonic()
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        peak = _Peak(process.pid)
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        peak.stop()
    if process.returncode:
        raise Failed(f"{_words(command)} ended with {process.returncode}:\n{said[-2000:].decode(errors='replace')}")
    return Taken(
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_bytes=peak.bytes,
        file_bytes=file.stat().st_size,
    )


def peak_memory(pid: int | str = "self") -> int | None:
    """The most memory that the process ever had (VmHWM), in bytes; None where the system does not tell."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


class _Peak:
    """Asks often, since nobody can be asked after a process has ended; the number only ever grows.

    `ru_maxrss` would not do: it starts from what the parent had when it forked. A program that takes a few milliseconds
    may be gone before the first answer: then it stays unknown.
    """

    def __init__(self, pid: int) -> None:
        self.bytes: int | None = None
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        ended = False
        while not ended:
            self.bytes = peak_memory(self._pid) or self.bytes
            ended = self._ended.wait(_SAMPLE_SECONDS)


def _words(command: Sequence[str | Path]) -> str:
    return " ".join(map(str, command))
