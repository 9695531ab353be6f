"""Where files lie: STORAGES["backups"], or another `alias` of STORAGES; a folder of this host or an object storage.

A file appears whole or not at all. It is written under a hidden name, synced, and then given its own name, which it
never takes from another file. What a crash leaves behind is a hidden `.part` file, named after whoever wrote it.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils.timezone import make_aware

from backups_app.conf import backup_settings
from backups_app.engine.errors import DiskFull, EngineError, StoreFailed

ALIAS = "backups"
BLOCK_BYTES = 1 << 20

PREFIXES = {
    "manual": "backup",
    "automatic": "auto_backup",
    "uploaded": "uploaded_backup",
    "safety": "pre_restore_safety",
}
_NAME = re.compile(
    rf"(?:{'|'.join(PREFIXES.values())})_[0-9]{{8}}_[0-9]{{6}}(?:_[0-9]+)?\.json(?:\.gz|\.zst)?(?:\.age)?"
)
# How names of files may end that may be backups.
ENDINGS = tuple(f".json{packing}{age}" for packing in ("", ".gz", ".zst") for age in ("", ".age"))


@dataclass(slots=True)
class Part:
    """A file that is being written. `stream` takes bytes; `publish` makes it a backup, leaving without it discards."""

    path: Path
    stream: BinaryIO
    alias: str = ALIAS

    def publish(self, kind: str, at: datetime, *, wanted: str = "", forms: Sequence[str] = ()) -> str:
        """Syncs and names the file: `wanted` if that is free, else for `kind`, the local time `at` and its `forms`.

        Returns the name. Raises StoreFailed when `wanted` is not the name of a backup of this kind.
        """
        if wanted and not is_name_of(wanted, kind):
            raise StoreFailed(f"{wanted!r} is not the name of a backup of the kind {kind}.")
        names = (*([wanted] if wanted else []), *_names(f"{PREFIXES[kind]}_{at:%Y%m%d_%H%M%S}", forms))
        return self._publish(names)

    def publish_as(self, name: str) -> None:
        """Syncs the file and gives it this name and no other. Raises StoreFailed when that is taken."""
        self._publish([checked_name(name)])

    def _publish(self, names: Sequence[str]) -> str:
        self.stream.flush()
        os.fsync(self.stream.fileno())
        storage = _storage(self.alias)
        if isinstance(storage, FileSystemStorage):
            return _publish_in_folder(self.path, names)
        return _publish_in_storage(storage, self.path, names)


@contextmanager
def open_part(owner: str, *, alias: str = ALIAS) -> Iterator[Part]:
    """A new hidden file for `owner`, a job's id. Removed on leaving unless it was published.

    Raises DiskFull or StoreFailed in place of the operating system's errors.
    """
    path = _part_path(owner, alias)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise _failure(error, path) from error
    try:
        with os.fdopen(descriptor, "w+b", buffering=BLOCK_BYTES) as stream:
            yield Part(path=path, stream=stream, alias=alias)
    except OSError as error:
        raise _failure(error, path) from error
    finally:
        path.unlink(missing_ok=True)


def discard_part(owner: str, *, alias: str = ALIAS) -> None:
    """Removes what a crashed `owner` left behind on this host."""
    _part_path(owner, alias).unlink(missing_ok=True)


def open_file(name: str, *, alias: str = ALIAS) -> File:  # type: ignore[type-arg, unused-ignore]
    """The stored bytes. Raises FileNotFoundError when there is no such file."""
    with _in_words(f"give {name}"):
        return _storage(alias).open(checked_name(name), "rb")


def blocks(name: str, *, alias: str = ALIAS) -> Iterator[bytes]:
    with open_file(name, alias=alias) as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def delete(name: str, *, alias: str = ALIAS) -> None:
    """Removes the file; one that is gone already is no error."""
    try:
        with _in_words(f"delete {name}"):
            _storage(alias).delete(checked_name(name))
    except OSError as error:
        raise StoreFailed(f"{name} could not be deleted: {error.strerror or error}.") from error


def exists(name: str, *, alias: str = ALIAS) -> bool:
    with _in_words(f"ask for {name}"):
        return bool(_storage(alias).exists(checked_name(name)))


def list_names(*, alias: str = ALIAS) -> list[str]:
    """Of the files that may be backups, in order; hidden ones and what links lead to are none."""
    folder = folder_path(alias=alias)
    if folder is not None and not folder.is_dir():
        return []
    try:
        with _in_words("list its files"):
            _, found = _storage(alias).listdir("")
    except OSError as error:
        raise StoreFailed(f"The backup folder can't be read: {error.strerror or error}.") from error
    seen = (str(name) for name in found if not str(name).startswith("."))
    return sorted(name for name in seen if folder is None or not (folder / name).is_symlink())


def written_at(name: str, *, alias: str = ALIAS) -> datetime:
    """When the file was written last, as the storage tells it; with a time zone."""
    with _in_words(f"ask for {name}"):
        moment: datetime = _storage(alias).get_modified_time(checked_name(name))
    return moment if moment.tzinfo else make_aware(moment)


def size_of(name: str, *, alias: str = ALIAS) -> int:
    with _in_words(f"ask for {name}"):
        return int(_storage(alias).size(checked_name(name)))


def free_bytes() -> int | None:
    """Free space where backups are written, or None where that can't be known."""
    folder = folder_path()
    if folder is None:
        return None
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def folder_path(*, alias: str = ALIAS) -> Path | None:
    """The folder on this host, or None for other storages."""
    storage = _storage(alias)
    return Path(storage.location) if isinstance(storage, FileSystemStorage) else None


def checked_name(name: str) -> str:
    """`name` if it is one that this module gives. Raises StoreFailed for all else, so no path ever gets in."""
    if not is_name(name):
        raise StoreFailed(f"{name!r} is not the name of a backup file.")
    return name


def is_name(name: str) -> bool:
    """Whether a file of this name is a backup of this module's."""
    return _NAME.fullmatch(name) is not None


def forms_of(name: str) -> tuple[str, ...]:
    """What packs a file of this name, if it tells the truth: such as ("zst", "age")."""
    return tuple(name.partition(".json.")[2].split(".")) if ".json." in name else ()


def is_name_of(name: str, kind: str) -> bool:
    """Whether a backup of this kind may be called so."""
    return is_name(name) and name.startswith(f"{PREFIXES[kind]}_")


def _storage(alias: str) -> Storage:
    return storages[alias]


def _part_path(owner: str, alias: str) -> Path:
    folder = folder_path(alias=alias) or backup_settings().STATE_DIR / "parts"
    return folder / f".{re.sub('[^0-9a-zA-Z-]', '', owner)}.part"


def _names(stem: str, forms: Sequence[str]) -> Iterator[str]:
    ending = "".join(f".{form}" for form in ("json", *forms))
    yield f"{stem}{ending}"
    for number in range(2, 1000):
        yield f"{stem}_{number}{ending}"


def _publish_in_folder(path: Path, names: Sequence[str]) -> str:
    for name in names:
        try:
            # A link, because renaming would silently replace a file of that name.
            path.with_name(name).hardlink_to(path)
        except FileExistsError:
            continue
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
                raise
            if not _rename_to_new(path, path.with_name(name)):
                continue
        _sync_folder(path.parent)
        return name
    raise StoreFailed(f"There are already {len(names):,} files named like {names[-1]}.")


def _rename_to_new(path: Path, target: Path) -> bool:
    """For file systems without links: takes the name first, then the place."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    path.replace(target)
    return True


def _publish_in_storage(storage: Storage, path: Path, names: Sequence[str]) -> str:
    for name in names:
        with _in_words(f"take {name} ({path.stat().st_size:,} bytes)"):
            if storage.exists(name):
                continue
            try:
                _save(storage, path, name)
            except FileExistsError:
                # Taken since it was asked for, as a storage that knows conditions tells.
                continue
        return name
    raise StoreFailed(f"There are already {len(names):,} files named like {names[-1]}.")


def _save(storage: Storage, path: Path, name: str) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        given = storage.save(name, File(file))
    stored = storage.size(given)
    if given != name or stored != size:
        storage.delete(given)
        raise StoreFailed(f"The storage kept {stored:,} bytes of {size:,} as {given}; it was removed again.")


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    """Whatever a storage's own library raises becomes StoreFailed; the operating system's errors stay what they are."""
    try:
        yield
    except (OSError, EngineError):
        raise
    except Exception as error:
        raise StoreFailed(f"The storage did not {what}: {type(error).__name__}: {error}") from error


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failure(error: OSError, path: Path) -> StoreFailed:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        written = path.stat().st_size if path.exists() else 0
        free = shutil.disk_usage(path.parent).free if path.parent.exists() else 0
        return DiskFull(
            f"The disk of the backup folder is full: {written:,} bytes were written, and {free:,} more are free."
        )
    return StoreFailed(f"The backup folder can't be written: {error.strerror or error}.")
