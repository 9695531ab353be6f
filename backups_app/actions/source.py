"""Where a file is read from: the store, by its name, or a path on this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from backups_app.engine import guard, quarantine, store
from backups_app.engine.check import Checked, check
from backups_app.engine.dump import Scope
from backups_app.engine.errors import StoreFailed
from backups_app.engine.forms import Limits, Plain, limits_of_outside, unpacked
from backups_app.engine.progress import Watch

_HINT = "Check the path, and that the process which reads it may: a worker reads on its own machine."


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`name` is a backup's in the store, or what people call the file at `path`, or the `upload` in the quarantine."""

    name: str
    path: str = ""
    upload: UUID | None = None

    def open(self) -> BinaryIO:
        """From the first byte. Raises StoreFailed when it can't be read."""
        try:
            if self.upload is not None:
                return quarantine.open_file(self.upload)
            if self.path:
                return _open_regular(Path(self.path))
            file: Any = store.open_file(self.name)
            return file  # type: ignore[no-any-return]
        except OSError as error:
            where = self.path or self.name
            raise StoreFailed(f"{where} can't be read: {error.strerror or error}.", hint=_HINT) from error

    @contextmanager
    def unpacked(self, *, limits: Limits | None = None, watch: Watch | None = None) -> Iterator[Plain]:
        """The plain bytes, whatever packs the file. `limits`: those of files from outside, for one at a path.

        Raises StoreFailed, DiskFull, UnpackFailed, UnpackedTooLarge, KeyMissing or Cancelled.
        """
        if limits is None and self.path:
            limits = limits_of_outside()
        is_local = bool(self.path) or store.folder_path() is not None
        with unpacked(
            self.open, stored_bytes=self._stored_bytes(), is_local=is_local, limits=limits, watch=watch
        ) as plain:
            yield plain

    def _stored_bytes(self) -> int:
        try:
            return Path(self.path).stat().st_size if self.path else store.size_of(self.name)
        except OSError as error:
            where = self.path or self.name
            raise StoreFailed(f"{where} can't be read: {error.strerror or error}.", hint=_HINT) from error


def check_stored(plain: Plain, *, scope: Scope, watch: Watch, limits: guard.Limits | None = None) -> Checked:
    """`check`, which also tells the hash of the file as it is stored."""
    checked = check(plain.open, scope=scope, watch=watch, limits=limits)
    return replace(checked, stored_sha256=plain.unpacked_sha256 or checked.sha256)


def _open_regular(path: Path) -> BinaryIO:
    # Without waiting for the other end of a pipe, which is refused then.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StoreFailed(f"{path} is no regular file.", hint=_HINT)
    return os.fdopen(descriptor, "rb")
