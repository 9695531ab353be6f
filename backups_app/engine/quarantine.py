"""Where uploads lie until a worker has looked at them: STORAGES["backups_quarantine"], else a folder in STATE_DIR.

Each is named after the job that will look at it, never by who sent it. What was received whole ends with `.upload`;
what is being received, or broke off, ends with `.part`. Nothing here is ever served or listed as a backup.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self
from uuid import UUID

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils import timezone
from django.utils.timezone import make_aware

from backups_app.conf import backup_settings
from backups_app.engine.errors import DiskFull, StoreFailed

ALIAS = "backups_quarantine"
# Silence after which nobody sends any more: web servers hang up long before.
_BROKEN_AFTER_SECONDS = 3600


class Incoming:
    """One file that is being received. Leaving it without `keep` removes what was written."""

    def __init__(self, upload_id: UUID) -> None:
        self._id = upload_id
        self._path = _part_path(upload_id)
        self._stream: BinaryIO | None = None
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Raises DiskFull or StoreFailed. Nothing is created before the first byte."""
        try:
            if self._stream is None:
                self._stream = _new_file(self._path)
            self._stream.write(data)
        except OSError as error:
            raise _failure(error, self.size_bytes) from error
        self.size_bytes += len(data)

    def keep(self) -> None:
        """Syncs it, and makes it one that was received whole. Raises DiskFull or StoreFailed."""
        if self._stream is None:
            raise StoreFailed("Nothing was received.")
        storage = _storage()
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            if isinstance(storage, FileSystemStorage):
                self._path.rename(self._path.with_name(_name(self._id)))
                return
            with self._path.open("rb") as file:
                given = storage.save(_name(self._id), File(file))
        except OSError as error:
            raise _failure(error, self.size_bytes) from error
        if given != _name(self._id) or storage.size(given) != self.size_bytes:
            storage.delete(given)
            raise StoreFailed("The quarantine's storage did not keep the whole file; it was removed again.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
            self._path.unlink(missing_ok=True)


def open_file(upload_id: UUID) -> BinaryIO:
    """The received bytes, from the first. Raises StoreFailed when they are not there."""
    try:
        file: Any = _storage().open(_name(upload_id), "rb")
    except OSError as error:
        raise StoreFailed(
            "The uploaded file is not in the quarantine any more.",
            hint="Upload it again. Web and workers must use the same quarantine.",
        ) from error
    return file  # type: ignore[no-any-return]


def discard(upload_id: UUID) -> None:
    """Removes whatever was received; nothing is no error. Raises StoreFailed."""
    try:
        _part_path(upload_id).unlink(missing_ok=True)
        _storage().delete(_name(upload_id))
    except OSError as error:
        raise StoreFailed(f"The upload could not be removed: {error.strerror or error}.") from error


def received() -> list[UUID]:
    """Ids of all that lies here, but for what may still be being received."""
    return [*_left_over_parts(), *(found for name in _names() if (found := _id_of(name, ".upload")))]


def is_forgotten(upload_id: UUID) -> bool:
    """Whether it was received so long ago that whoever received it has died before saying so."""
    try:
        if _part_path(upload_id).exists():
            return time.time() - _part_path(upload_id).stat().st_mtime > _BROKEN_AFTER_SECONDS
        received_at: datetime = _storage().get_modified_time(_name(upload_id))
        at = received_at if received_at.tzinfo else make_aware(received_at)
        return (timezone.now() - at).total_seconds() > _BROKEN_AFTER_SECONDS
    except OSError:
        return False


def is_local() -> bool:
    return isinstance(_storage(), FileSystemStorage)


def free_bytes() -> int | None:
    """Free space where uploads are written first."""
    folder = _part_folder()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _left_over_parts() -> Iterator[UUID]:
    folder = _part_folder()
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        found = _id_of(path.name, ".part")
        with suppress(OSError):
            if found and time.time() - path.stat().st_mtime > _BROKEN_AFTER_SECONDS:
                yield found


def _names() -> list[str]:
    storage = _storage()
    if isinstance(storage, FileSystemStorage) and not Path(storage.location).is_dir():
        return []
    try:
        _, found = storage.listdir("")
    except OSError as error:
        raise StoreFailed(f"The quarantine can't be read: {error.strerror or error}.") from error
    return [str(name) for name in found]


def _id_of(name: str, ending: str) -> UUID | None:
    try:
        found = UUID(name.removesuffix(ending))
    except ValueError:
        return None
    return found if name == f"{found}{ending}" else None


def _storage() -> Storage:
    if ALIAS in storages.backends:
        return storages[ALIAS]
    return FileSystemStorage(location=backup_settings().STATE_DIR / "quarantine")


def _part_folder() -> Path:
    storage = _storage()
    if isinstance(storage, FileSystemStorage):
        return Path(storage.location)
    return backup_settings().STATE_DIR / "receiving"


def _part_path(upload_id: UUID) -> Path:
    return _part_folder() / f"{UUID(str(upload_id))}.part"


def _name(upload_id: UUID) -> str:
    return f"{UUID(str(upload_id))}.upload"


def _new_file(path: Path) -> BinaryIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _failure(error: OSError, written: int) -> StoreFailed:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(
            f"The disk of the quarantine is full: {written:,} bytes were received, and have been removed again.",
            hint="Free space on that disk, then upload the file again.",
        )
    return StoreFailed(f"The quarantine can't be written: {error.strerror or error}.")
