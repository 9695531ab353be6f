"""Where a file is read from: the store, by its name, or a path on this machine."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from backups_app.engine import store
from backups_app.engine.errors import StoreFailed

_HINT = "Check the path, and that the process which reads it may: a worker reads on its own machine."


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`name` is a backup's in the store, or what people call the file at `path`."""

    name: str
    path: str = ""

    def open(self) -> BinaryIO:
        """From the first byte. Raises StoreFailed when it can't be read."""
        try:
            if self.path:
                return _open_regular(Path(self.path))
            file: Any = store.open_file(self.name)
            return file  # type: ignore[no-any-return]
        except OSError as error:
            where = self.path or self.name
            raise StoreFailed(f"{where} can't be read: {error.strerror or error}.", hint=_HINT) from error


def _open_regular(path: Path) -> BinaryIO:
    # Without waiting for the other end of a pipe, which is refused then.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StoreFailed(f"{path} is no regular file.", hint=_HINT)
    return os.fdopen(descriptor, "rb")
