"""Forms: how a backup's bytes lie in the store: plain, or packed by gzip, zstd, age, or age around one of these.

What packs a file is told by its first bytes, never by its name. Whoever reads a backup gets plain bytes: of a plain
local file its own, of any other a copy that is unpacked once into a spool file. That has no name, so nothing of it is
left when the process dies.
"""

from __future__ import annotations

import hashlib
import io
import queue
import shutil
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Protocol, cast

import pyrage

from backups_app.conf import backup_settings
from backups_app.engine import keys
from backups_app.engine.checksum import sha256_of
from backups_app.engine.errors import DiskFull, KeyMissing, UnpackedTooLarge, UnpackFailed
from backups_app.engine.progress import Stage, Watch

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP, ZSTD, AGE = "gz", "zst", "age"
# As they follow `.json` in a file's name.
FORMS = ((), (GZIP,), (ZSTD,), (AGE,), (GZIP, AGE), (ZSTD, AGE))

BLOCK_BYTES = 1 << 20
_MAGIC = {b"\x1f\x8b": GZIP, b"\x28\xb5\x2f\xfd": ZSTD, b"age-encryption.org/v1\n": AGE}
_HEAD_BYTES = max(map(len, _MAGIC))
# What zstd itself takes without being asked for more: 8 MiB are held while reading.
_WINDOW_LOG = 23
# Unpacked bytes that are written between two looks at free space, which must stay above the reserve.
_LOOK_AGAIN_BYTES = 16 << 20
_RESERVE_BYTES = 64 << 20
# Small files may well be packed a thousand times smaller; what counts is what they become.
_RATIO_COUNTS_ABOVE = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a file may become: unpacked bytes at most, and that many for each stored byte. None: as the disk can take.

    The ratio counts for files that become larger than 64 MiB.
    """

    total_bytes: int | None = None
    ratio: int | None = None


def limits_of_outside() -> Limits:
    """For files that the catalogue does not know."""
    configured = backup_settings()
    return Limits(total_bytes=configured.UNPACKED_BYTES, ratio=configured.UNPACKED_RATIO)


@dataclass(frozen=True, kw_only=True)
class Plain:
    """A file that can be read. `open` gives its plain bytes, seekable, as often as wanted; `forms` is what packs it.

    `unpacked_sha256` is "" where the file itself is read: only whoever reads it knows its hash.
    """

    open: Callable[[], BinaryIO]
    stored_bytes: int
    forms: tuple[str, ...] = ()
    unpacked_sha256: str = ""

    @cached_property
    def stored_sha256(self) -> str:
        """Of the bytes in the store; reads a plain file for it."""
        if self.unpacked_sha256:
            return self.unpacked_sha256
        with self.open() as stream:
            return sha256_of(iter(lambda: stream.read(BLOCK_BYTES), b""))


class _Sink(Protocol):
    """Takes bytes in order; `close` says that these were all, and raises UnpackFailed if they can't be."""

    def write(self, data: bytes, /) -> Any: ...

    def close(self) -> None: ...


# --- Reading -----------------------------------------------------------------------------------------------------


@contextmanager
def unpacked(
    open_stored: Callable[[], BinaryIO],
    *,
    stored_bytes: int,
    is_local: bool,
    limits: Limits | None = None,
    watch: Watch | None = None,
) -> Iterator[Plain]:
    """The file that `open_stored` opens, unpacked. A plain one of this host (`is_local`) is not copied.

    Raises UnpackFailed, UnpackedTooLarge, KeyMissing, DiskFull or Cancelled; then nothing is left.
    """
    with open_stored() as stream:
        stored = _Stored(stream)
        if is_local and _form_of(stored.head) == "":
            yield Plain(open=open_stored, stored_bytes=stored_bytes)
            return
        with _spool(stored_bytes, limits or Limits(), watch or Watch()) as spool:
            forms = _unpack(stored, spool)
            yield Plain(
                open=spool.open, stored_bytes=stored.size, forms=forms, unpacked_sha256=stored.digest.hexdigest()
            )


class _Stored:
    """The bytes as they are stored, hashed and counted as they are read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.head = stream.read(_HEAD_BYTES)
        self._waiting = self.head
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int = BLOCK_BYTES, /) -> bytes:
        data = self._waiting or self._stream.read(size)
        self._waiting = b""
        if len(data) > size:
            data, self._waiting = data[:size], data[size:]
        self.digest.update(data)
        self.size += len(data)
        return data


def _unpack(stored: _Stored, spool: _Spool) -> tuple[str, ...]:
    if _form_of(stored.head) == AGE:
        inner = _Recognised(spool)
        _decrypt(stored, inner)
        inner.close()
        return (*inner.forms, AGE)
    layer = _Recognised(spool)
    while block := stored.read():
        layer.write(block)
    layer.close()
    return layer.forms


def _form_of(head: bytes) -> str:
    return next((form for magic, form in _MAGIC.items() if head.startswith(magic)), "")


class _Recognised:
    """Finds out by the first bytes what is to be done with all."""

    def __init__(self, out: _Sink, *, may_be_packed: bool = True) -> None:
        self._out = out
        self._may_be_packed = may_be_packed
        self._head = b""
        self._sink: _Sink | None = None
        self.forms: tuple[str, ...] = ()

    def write(self, data: bytes) -> None:
        if self._sink is not None:
            self._sink.write(data)
            return
        self._head += data
        if len(self._head) >= _HEAD_BYTES:
            self._decide()

    def close(self) -> None:
        if self._sink is None:
            self._decide()
        if self._sink is not None:
            self._sink.close()

    def _decide(self) -> None:
        form = _form_of(self._head)
        if form and (form == AGE or not self._may_be_packed):
            raise UnpackFailed(f"The file is packed more than once: there is {form} inside of what was unpacked.")
        self.forms = (form,) if form else ()
        self._sink = _Inflated(form, _Recognised(self._out, may_be_packed=False)) if form else self._out
        head, self._head = self._head, b""
        self._sink.write(head)


class _Inflated:
    """Takes one gzip member or one zstd frame, and nothing behind it."""

    def __init__(self, form: str, out: _Sink) -> None:
        self._form = form
        self._out = out
        self._is_ended = False
        options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
        self._unpacker: Any = zstd.ZstdDecompressor(options=options) if form == ZSTD else zlib.decompressobj(wbits=31)

    def write(self, data: bytes) -> None:
        data_given = bool(data)
        while not self._unpacker.eof:
            try:
                plain = self._unpacker.decompress(data, BLOCK_BYTES)
            except (zlib.error, zstd.ZstdError) as error:
                raise UnpackFailed(f"The file's {self._form} is damaged: {error}.") from error
            self._out.write(plain)
            data = self._unpacker.unconsumed_tail if self._form == GZIP else b""
            if not data and len(plain) < BLOCK_BYTES:
                break
        if self._unpacker.eof and (self._is_ended or self._unpacker.unused_data) and data_given:
            raise UnpackFailed(f"There is more behind the end of the file's {self._form}.")
        self._is_ended = bool(self._unpacker.eof)

    def close(self) -> None:
        if not self._unpacker.eof:
            raise UnpackFailed(f"The file's {self._form} breaks off: its end is missing.")
        self._out.close()


def _decrypt(stored: _Stored, sink: _Sink) -> None:
    identities = keys.identities()
    told = ", ".join(str(identity.to_public()) for identity in identities) or "none"
    if not identities:
        raise KeyMissing("The file is encrypted with age, and there is no key at hand.")
    guard = _Guard(sink)
    try:
        pyrage.decrypt_io(stored, guard, identities)
    except (pyrage.DecryptError, OSError) as error:
        if guard.error is not None:
            raise guard.error from None
        if "No matching keys" in str(error):
            raise KeyMissing(f"The file is encrypted with age to other keys than those at hand ({told}).") from error
        raise UnpackFailed(f"The file's encryption is damaged, or it breaks off: {error}.") from error
    if stored.read():
        raise UnpackFailed("There is more behind the end of the file's encryption.")


class _Guard:
    """Keeps what `sink` raised: pyrage gives its callers another exception."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink
        self.error: BaseException | None = None

    def write(self, data: bytes, /) -> int:
        try:
            self._sink.write(data)
        except BaseException as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        """Nothing is held back here."""


@contextmanager
def _spool(stored_bytes: int, limits: Limits, watch: Watch) -> Iterator[_Spool]:
    folder = backup_settings().STATE_DIR
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryFile(dir=folder, prefix=".spool-") as file:
        yield _Spool(cast("BinaryIO", file), stored_bytes, limits, watch)


class _Spool:
    """A file without a name that grows within limits, and is then read at several places at once."""

    def __init__(self, file: BinaryIO, stored_bytes: int, limits: Limits, watch: Watch) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._stored_bytes = stored_bytes
        self._limits = limits
        self._watch = watch
        self._looked_at = 0
        self.size = 0
        self._look_for_space(stored_bytes)

    def write(self, data: bytes) -> None:
        self._watch.step(Stage.CHECK, 0, None)
        size = self.size + len(data)
        if self._limits.total_bytes is not None and size > self._limits.total_bytes:
            raise UnpackedTooLarge(f"Unpacked, the file has more than the {self._limits.total_bytes:,} bytes allowed.")
        ratio = self._limits.ratio
        if ratio is not None and size > max(_RATIO_COUNTS_ABOVE, ratio * self._stored_bytes):
            raise UnpackedTooLarge(f"Its {self._stored_bytes:,} bytes become more than {ratio:,} times as many.")
        if size - self._looked_at > _LOOK_AGAIN_BYTES:
            self._look_for_space(len(data))
            self._looked_at = size
        try:
            self._file.write(data)
        except OSError as error:
            raise self._full() from error
        self.size = size

    def close(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            raise self._full() from error

    def open(self) -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_Window(self), buffer_size=BLOCK_BYTES))

    def read_at(self, place: int, buffer: Any) -> int:
        with self._lock:
            self._file.seek(place)
            return cast("Any", self._file).readinto(buffer)  # type: ignore[no-any-return]

    def _look_for_space(self, more: int) -> None:
        if shutil.disk_usage(backup_settings().STATE_DIR).free < more + _RESERVE_BYTES:
            raise self._full()

    def _full(self) -> DiskFull:
        folder = backup_settings().STATE_DIR
        free = shutil.disk_usage(folder).free
        return DiskFull(
            f"There is no space to unpack the file: its {self._stored_bytes:,} bytes became {self.size:,} so far, and"
            f" {free:,} more are free.",
            hint=f"Free space on the disk of {folder}, or set BACKUPS['STATE_DIR'] to a larger one.",
        )


class _Window(io.RawIOBase):
    """One reader of a spool, with a place of its own."""

    def __init__(self, spool: _Spool) -> None:
        self._spool = spool
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        count = self._spool.read_at(self._place, buffer)
        self._place += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._spool.size}[whence]
        return self._place


# --- Writing -----------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Packed:
    """`stream` takes plain bytes. After it was left, `sha256` and `size_bytes` are of what came out."""

    stream: BinaryIO
    forms: tuple[str, ...]
    sha256: str = ""
    size_bytes: int = 0


def configured_forms() -> tuple[str, ...]:
    """The form that backups are written in, by the settings."""
    configured = backup_settings()
    compression = {"": (), "gzip": (GZIP,), "zstd": (ZSTD,)}[configured.COMPRESSION]
    return (*compression, AGE) if configured.ENCRYPT_TO else compression


@contextmanager
def packed(out: BinaryIO, forms: tuple[str, ...]) -> Iterator[Packed]:
    """Writes to `out` what its stream takes, in a form of FORMS; ended only if it is left without an exception."""
    counted = _Counted(out)
    encrypted = _Encrypted(counted, keys.recipients()) if AGE in forms else None
    top: Any = encrypted or counted
    if forms and forms[0] != AGE:
        top = _Deflated(forms[0], top)
    packing = Packed(stream=cast("BinaryIO", top), forms=forms)
    try:
        yield packing
        top.close()
    except BaseException:
        if encrypted is not None:
            encrypted.abort()
        raise
    packing.sha256, packing.size_bytes = counted.digest.hexdigest(), counted.size


class _Counted:
    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._out.write(data)

    def close(self) -> None:
        self._out.flush()


class _Deflated:
    def __init__(self, form: str, out: Any) -> None:
        self._out = out
        options: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}
        self._packer: Any = zstd.ZstdCompressor(options=options) if form == ZSTD else zlib.compressobj(wbits=31)

    def write(self, data: bytes) -> int:
        if some := self._packer.compress(data):
            self._out.write(some)
        return len(data)

    def close(self) -> None:
        self._out.write(self._packer.flush())
        self._out.close()


class _Encrypted:
    """pyrage reads what it encrypts, so it does that in a thread of its own, a few blocks behind."""

    _END, _ABORT = b"", None

    def __init__(self, out: Any, recipients: Sequence[Any]) -> None:
        self._guard = _Guard(out)
        self._close_out = out.close
        self._blocks: queue.Queue[bytes | None] = queue.Queue(maxsize=4)
        self._rest = memoryview(b"")
        self._is_ended = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(list(recipients),), name="age", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> int:
        self._raise_if_broken()
        if data:
            self._blocks.put(data)
        return len(data)

    def close(self) -> None:
        self._blocks.put(self._END)
        self._thread.join()
        self._raise_if_broken()
        self._close_out()

    def abort(self) -> None:
        self._blocks.put(self._ABORT)
        self._thread.join()

    def read(self, size: int, /) -> bytes:
        """For pyrage."""
        if not self._rest and not self._is_ended:
            block = self._blocks.get()
            if block is None:
                raise OSError("given up")
            self._is_ended = block == self._END
            self._rest = memoryview(block)
        data = bytes(self._rest[:size])
        self._rest = self._rest[size:]
        return data

    def _run(self, recipients: list[Any]) -> None:
        try:
            pyrage.encrypt_io(self, self._guard, recipients)
        except BaseException as error:  # noqa: BLE001 (raised where the writer is)
            self._error = self._guard.error or error
            # The writer may be waiting for a place.
            while not self._blocks.empty():
                self._blocks.get_nowait()

    def _raise_if_broken(self) -> None:
        if self._error is not None:
            raise self._error
