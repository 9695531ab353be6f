"""The process manager: starts programs, restarts the ones that die, stops them all in good order.

Every program leads a session of its own, so that Ctrl-C reaches only the manager, which then stops them stage by
stage, and so that what a dead program left behind can be ended with it. On Linux a program also dies with the manager,
whatever ends that.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any

from scripts.processes import how_it_ended, tied_to_parent

Say = Callable[[str], None]
Output = int | IO[Any] | None  # as Popen takes it

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LONGEST_PAUSE = 30.0
LONG_ENOUGH = 60.0  # seconds of life after which earlier deaths are forgotten
LARGEST_LOG = 20 * 1024 * 1024
POLL = 0.1


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run. Secrets belong into `environment`: everybody on the machine can read a command line."""

    name: str
    command: list[str]
    stage: int  # programs stop from the highest stage down
    patience: float = 10.0  # seconds from SIGTERM to SIGKILL
    dies_by: signal.Signals = signal.SIGKILL  # what the kernel sends it when the manager is killed
    environment: Mapping[str, str] = field(default_factory=dict)


class StopAsked(Exception):
    """Somebody wants everything to stop. Leaving the manager's `with` block by it is the normal way out."""


class _Child:
    """A program and the process that runs it now, if one does."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.due: float | None = None  # when to start it again
        self.deaths = 0  # in a row


class Supervisor:
    """Used as a context manager, from the main thread: leaving it stops everything that it started.

    SIGTERM, SIGINT and SIGHUP make its methods raise StopAsked, which ends the block and goes no further.
    """

    def __init__(
        self,
        *,
        logs: Path,
        cwd: Path,
        environment: Mapping[str, str],
        say: Say,
        first_pause: float = 0.5,
    ) -> None:
        self._logs = logs
        self._cwd = cwd
        self._environment = dict(environment)
        self._say = say
        self._first_pause = first_pause
        self._children: list[_Child] = []
        self._stops_asked = 0
        self._stop_last_asked = float("-inf")
        self._logs_looked_at = time.monotonic()

    # --- signals -----------------------------------------------------------------------------------------------

    def __enter__(self) -> Supervisor:
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Any signal writes a byte into this pipe, which ends the wait in _rest().
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._old_wakeup = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._old_handlers: dict[signal.Signals, Any] = {signal.SIGCHLD: signal.signal(signal.SIGCHLD, _only_wake)}
        for number in STOP_SIGNALS:
            # nohup asks to outlive the terminal by ignoring this signal.
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue
            self._old_handlers[number] = signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            self._stop_everything()
        finally:
            signal.set_wakeup_fd(self._old_wakeup)
            for number, handler in self._old_handlers.items():
                signal.signal(number, handler)
            os.close(self._wake_read)
            os.close(self._wake_write)
        return isinstance(error, StopAsked)

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        # One wish may come as several signals: to the process, to its group, and once more from make.
        if time.monotonic() - self._stop_last_asked > 1:
            self._stop_last_asked = time.monotonic()
            self._stops_asked += 1

    def _stop_if_asked(self) -> None:
        if self._stops_asked:
            raise StopAsked

    # --- running -----------------------------------------------------------------------------------------------

    def start(self, program: Program) -> None:
        self._stop_if_asked()
        child = _Child(program)
        self._children.append(child)
        self._launch(child)

    def pid(self, name: str) -> int | None:
        """The process that runs a program now."""
        for child in self._children:
            if child.program.name == name and child.process:
                return child.process.pid
        return None

    def deaths(self, name: str) -> int:
        """How often in a row a program died early."""
        return next(child.deaths for child in self._children if child.program.name == name)

    def log_of(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def watch(self, until: Callable[[], bool] | None = None, *, seconds: float | None = None) -> bool:
        """Looks after the programs until `until()` holds or the time is over; True for the first."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            self._stop_if_asked()
            self._tend()
            if until and until():
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
            self._rest(POLL if until else None, deadline)

    def run(self, program: Program, *, stdout: Output, stderr: Output = None) -> int:
        """Runs a program once, to its end, looking after the others; its status, negative if a signal ended it."""
        self._stop_if_asked()
        process = self._spawn(program, stdout=stdout, stderr=stderr)
        try:
            self.watch(until=lambda: _has_ended(process))
        finally:
            self._end([(program, process)])
        return process.returncode

    def _launch(self, child: _Child) -> None:
        child.due = None
        with self._open_log(child.program.name) as log:
            try:
                child.process = self._spawn(child.program, stdout=log, stderr=subprocess.STDOUT)
            except OSError as error:  # no memory, or the program's file is gone for the moment
                log.write(f"could not be started: {error}\n".encode())
                self._start_later(child, f"could not be started ({error.strerror})")
        child.started = time.monotonic()

    def _spawn(self, program: Program, *, stdout: Output, stderr: Output) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            program.command,
            cwd=self._cwd,
            env={**self._environment, **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=tied_to_parent(program.dies_by),
        )

    # --- looking after -----------------------------------------------------------------------------------------

    def _tend(self) -> None:
        for child in self._children:
            if child.process and _has_ended(child.process):
                self._mourn(child)
            if child.due is not None and time.monotonic() >= child.due:
                self._launch(child)
        if time.monotonic() - self._logs_looked_at > 60:
            self._logs_looked_at = time.monotonic()
            self._shorten_logs()

    def _mourn(self, child: _Child) -> None:
        assert child.process is not None
        status = child.process.returncode
        child.process = None
        if time.monotonic() - child.started > LONG_ENOUGH:
            child.deaths = 0
        self._start_later(child, how_it_ended(status))

    def _start_later(self, child: _Child, why: str) -> None:
        child.deaths += 1
        pause = min(self._first_pause * 2 ** (child.deaths - 1), LONGEST_PAUSE)
        child.due = time.monotonic() + pause
        name, clock = child.program.name, time.strftime("%H:%M:%S")
        self._say(f"{clock} {name} {why}; it starts again in {pause:g} s. Its log: {self.log_of(name)}")

    def _rest(self, longest: float | None, deadline: float | None = None) -> None:
        """Waits for a signal (a child's end is one), the next restart, or the given time."""
        moments = [child.due for child in self._children if child.due is not None]
        if deadline is not None:
            moments.append(deadline)
        waits = [max(0.0, moment - time.monotonic()) for moment in moments]
        waits.append(60.0 if longest is None else longest)
        select.select([self._wake_read], [], [], min(waits))
        with suppress(BlockingIOError):
            while os.read(self._wake_read, 512):
                pass

    # --- stopping ----------------------------------------------------------------------------------------------

    def _stop_everything(self) -> None:
        for child in self._children:
            child.due = None
        for stage in sorted({child.program.stage for child in self._children}, reverse=True):
            members = [
                (child.program, child.process)
                for child in self._children
                if child.program.stage == stage and child.process and not _has_ended(child.process)
            ]
            if members:
                names = " and ".join(program.name for program, _ in members)
                self._say(f"Stopping {names} (at most {max(program.patience for program, _ in members):g} s) ...")
                self._end(members)
        self._children.clear()

    def _end(self, members: list[tuple[Program, subprocess.Popen[bytes]]]) -> None:
        """SIGTERM to each, and SIGKILL to the ones that outstay their patience or when a second stop is asked."""
        asked = time.monotonic()
        for _, process in members:
            if not _has_ended(process):
                os.kill(process.pid, signal.SIGTERM)
        left = members
        while left := [(program, process) for program, process in left if not _has_ended(process)]:
            hurry = self._stops_asked > 1
            for program, process in left:
                if hurry or time.monotonic() - asked > program.patience:
                    if not hurry:
                        self._say(f"{program.name} did not stop within {program.patience:g} s and is killed.")
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            self._rest(POLL)

    # --- logs --------------------------------------------------------------------------------------------------

    def _open_log(self, name: str) -> IO[bytes]:
        descriptor = os.open(self.log_of(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return open(descriptor, "wb", buffering=0)  # noqa: PTH123 (a descriptor, not a path)

    def _shorten_logs(self) -> None:
        """A long log becomes name.log.1. The program holds the file open for appending, so it is copied and emptied."""
        for log in self._logs.glob("*.log"):
            if log.stat().st_size > LARGEST_LOG:
                shutil.copyfile(log, log.with_name(log.name + ".1"))
                os.truncate(log, 0)


def _only_wake(_number: int, _frame: FrameType | None) -> None:
    """SIGCHLD needs a handler for its byte to arrive; the work is done by whoever wakes."""


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """True when the process is gone; what it left behind in its session is killed before its id is free for others."""
    if process.returncode is not None:
        return True
    if hasattr(os, "waitid"):
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
    elif process.poll() is None:  # macOS before Python 3.13
        return False
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True


def say_to(stream: IO[str] | None = None) -> Say:
    """Writes lines that appear at once; a reader that has gone is no reason to stop."""

    def say(line: str) -> None:
        with suppress(OSError, ValueError):
            print(line, file=stream or sys.stdout, flush=True)

    return say
