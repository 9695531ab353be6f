"""Ties child processes to the life of the one that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def tied_to_parent(by: signal.Signals) -> Callable[[], None]:
    """For Popen's preexec_fn: the kernel sends the child `by` when this process dies, by SIGKILL too. Linux only.

    The parent must start its children from its main thread: the kernel watches the thread, not the process.
    """
    parent = os.getpid()

    def tie() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(by), 0, 0, 0)
            if os.getppid() != parent:  # it died before the kernel was asked
                os._exit(1)

    return tie


def die_with_make() -> None:
    """When `make` started us and is killed, we are asked to stop instead of running on unseen."""
    if _libc is not None and os.environ.get("MAKELEVEL"):
        _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def leave_on_sigterm() -> None:
    """SIGTERM ends this process through Python's own unwinding, so that a child that is waited for is ended too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def how_it_ended(status: int) -> str:
    """A return code of Popen in words."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
