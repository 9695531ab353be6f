"""Reads a file, batch by batch: our own line by line, any other fixture with an incremental JSON parser."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import SEEK_END
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import Any, BinaryIO

import ijson
import orjson

from backups_app.engine import manifest as manifests
from backups_app.engine.fixture import CLOSING, OPENING, SEPARATOR
from backups_app.engine.guard import Guard, Limits
from backups_app.engine.manifest import MODEL

# Read at a time; lines are parsed together, which is far cheaper than one by one.
BLOCK_BYTES = 256 << 10
# Records of other layouts handed on together.
BATCH_RECORDS = 500
BATCH_BYTES = 1 << 20

# A manifest is shorter; it names the tables, not the rows.
_TAIL_BYTES = 4 << 20
_MOST_VALUES = 500_000

_MODEL = itemgetter("model")
_FIELDS = itemgetter("fields")
_FIRST = OPENING + b'{"model":"'
_MANIFEST_LINE = b'{"model":"' + MODEL.encode() + b'"'
# Integers of this many digits may be beyond 64 bit, where orjson makes floats of them without a word.
_MANY_DIGITS = b"0" * 19
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
# Python converts no integer of more than 4,300 digits.
_MOST_DIGITS = 4000
_TOO_MANY_DIGITS = b"0" * (_MOST_DIGITS + 1)
_TOO_LONG_INTEGER = re.compile(rb"[\s\[,:-][0-9]{%d}" % (_MOST_DIGITS + 1))


class Unreadable(Exception):
    """The bytes are no fixture; `where` says how far they were."""

    def __init__(self, message: str, *, where: str) -> None:
        super().__init__(message)
        self.where = where


@dataclass(slots=True)
class Batch:
    """Records of one model that follow each other. `lines` are their bytes as they stand in the file, if known.

    `first` is the number of the first record, counted from 1.
    """

    label: str
    records: list[dict[str, Any]]
    lines: bytes
    first: int


class Reader:
    """One pass over a file. `batches` gives every record but the manifest; the other attributes hold after it.

    `by_lines`: the layout is ours. `manifest` is the record if the file ends with one, `content_sha256` then the hash
    of every byte before it. `limits` are for files from outside; what goes beyond them raises TooMuch.
    """

    def __init__(self, stream: BinaryIO, *, by_lines: bool, limits: Limits | None = None) -> None:
        self._stream: Any = stream if limits is None else Guard(stream, limits, self._where)
        self._by_lines = by_lines
        self._hash = hashlib.sha256()
        self._waiting: list[bytes] = []
        self.size_bytes = 0
        self.record_count = 0
        self.content_sha256 = ""
        self.manifest: dict[str, Any] | None = None

    @property
    def sha256(self) -> str:
        """Over every byte read so far."""
        return self._hash.hexdigest()

    def batches(self) -> Iterator[Batch]:
        """Raises Unreadable where the file stops being a fixture."""
        return self._lines() if self._by_lines else self._items()

    def _where(self) -> str:
        return f"after record {self.record_count:,}"

    def drain(self) -> None:
        """Reads what is left after an Unreadable, for the hash."""
        self._count(b"".join(self._waiting))
        while block := self._stream.read(BLOCK_BYTES):
            self._count(block)

    def _lines(self) -> Iterator[Batch]:
        block = self._stream.read(BLOCK_BYTES)
        if not block.startswith(OPENING):
            self._waiting = [block]
            raise Unreadable("It does not begin as a backup does.", where="line 1")
        self._count(OPENING)
        self._waiting = [block[len(OPENING) :]]
        while block:
            # A record longer than a block waits in parts, so that it is put together once.
            last = self._waiting[-1]
            end = last.rfind(SEPARATOR) + len(SEPARATOR)
            if end >= len(SEPARATOR):
                lines = b"".join([*self._waiting[:-1], last[:end]])
                self._waiting = [last[end:]]
                yield from self._batches_of(lines)
            block = self._stream.read(BLOCK_BYTES)
            if self._waiting[-1].endswith(b",") and block.startswith(b"\n"):
                # The separator itself was cut in two.
                self._waiting[-1], block = self._waiting[-1][:-1], b"," + block
            self._waiting.append(block)
        rest, self._waiting = b"".join(self._waiting), []
        self._finish(rest)

    def _batches_of(self, lines: bytes) -> Iterator[Batch]:
        self._count(lines)
        if _MANIFEST_LINE in lines and any(line.startswith(_MANIFEST_LINE) for line in lines.split(b"\n")):
            raise Unreadable("Records follow its manifest.", where=f"record {self.record_count + 1:,}")
        records = parse_lines(lines, first=self.record_count + 1)
        try:
            labels = list(map(_MODEL, records))
            if {*map(type, labels)} != {str} or {*map(type, map(_FIELDS, records))} != {dict}:
                raise TypeError
            first = self.record_count + 1
            self.record_count += len(records)
            if labels.count(labels[0]) == len(labels):
                yield Batch(labels[0], records, lines, first)
                return
            split, start = lines.split(SEPARATOR), 0
            for label, group in groupby(labels):
                end = start + len(list(group))
                yield Batch(label, records[start:end], SEPARATOR.join([*split[start:end], b""]), first + start)
                start = end
        except (KeyError, TypeError) as error:
            where = f"record {self.record_count + 1:,} or soon after"
            raise Unreadable("It holds something that is no record.", where=where) from error

    def _finish(self, rest: bytes) -> None:
        self.content_sha256 = self.sha256
        self._count(rest)
        if not rest.endswith(CLOSING):
            raise Unreadable("It ends in the middle.", where=f"record {self.record_count + 1:,}")
        record = parse_line(rest[: -len(CLOSING)], where=f"record {self.record_count + 1:,}")
        if record.get("model") != MODEL or not isinstance(record.get("fields"), dict):
            raise Unreadable("It does not end with a manifest.", where=f"record {self.record_count + 1:,}")
        self.manifest = record

    def _items(self) -> Iterator[Batch]:
        batch: list[dict[str, Any]] = []
        label, began_at = "", 0
        try:
            stream = _Hashing(self._stream, self._count, self._where)
            for item in ijson.items(stream, "item", map_type=_Object):
                record = _with_floats(item)
                if not (isinstance(record, dict) and isinstance(record.get("model"), str)):
                    raise Unreadable("It holds something that is no record.", where=f"record {self.record_count + 1:,}")
                if record["model"].lower() == MODEL:
                    self.manifest = record
                    continue
                is_full = len(batch) >= BATCH_RECORDS or self.size_bytes - began_at > BATCH_BYTES
                if batch and (record["model"] != label or is_full):
                    yield Batch(label.lower(), batch, b"", self.record_count - len(batch) + 1)
                    batch, began_at = [], self.size_bytes
                label = record["model"]
                if not isinstance(record.get("fields"), dict):
                    raise Unreadable("It has no fields.", where=f"record {self.record_count + 1:,}")
                batch.append(record)
                self.record_count += 1
        except UnicodeDecodeError as error:
            raise Unreadable("It is not UTF-8.", where=self._where()) from error
        except (ijson.JSONError, ValueError, ArithmeticError, RecursionError) as error:
            raise Unreadable(f"It is not valid JSON: {_first_line(error)}", where=self._where()) from error
        if stream.first != b"[":
            raise Unreadable("It is not a list of records.", where="the beginning")
        if batch:
            yield Batch(label.lower(), batch, b"", self.record_count - len(batch) + 1)

    def _count(self, data: bytes) -> None:
        self._hash.update(data)
        self.size_bytes += len(data)


class _Object(dict[str, Any]):
    """An object of JSON. `twice`: a name that stands in it again, so that it could be read in two ways.

    Noted and not raised, because ijson goes on beside an exception.
    """

    twice = ""

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self:
            self.twice = name or '""'
        super().__setitem__(name, value)


class _Hashing:
    """Passes on what it reads to `note`; ijson asks it for blocks.

    Raises Unreadable for an integer that is longer than Python converts, by which ijson would end the whole process.
    """

    def __init__(self, stream: BinaryIO, note: Any, where: Callable[[], str]) -> None:
        self._stream = stream
        self._note = note
        self._where = where
        self._before = b" "
        self.first = b""

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._note(data)
        seen = self._before + data
        if _TOO_MANY_DIGITS in seen.translate(_DIGITS) and _TOO_LONG_INTEGER.search(seen):
            raise Unreadable("A number has more than 4,000 digits.", where=self._where())
        self._before = seen[-_MOST_DIGITS - 1 :]
        self.first = self.first or data.lstrip()[:1]
        return data


def last_manifest(stream: BinaryIO) -> dict[str, Any] | None:
    """The fields of the record that a file of our layout ends with; not proven yet, and None when there is none."""
    record, _ = last_record(stream)
    return record["fields"] if record is not None else None


def last_record(stream: BinaryIO) -> tuple[dict[str, Any] | None, int]:
    """The manifest that a file of our layout ends with, if it has the form of one, and how many bytes it takes."""
    if stream.seekable():
        size = stream.seek(0, SEEK_END)
        stream.seek(max(0, size - _TAIL_BYTES))
    tail = b""
    while block := stream.read(_TAIL_BYTES):
        tail = (tail + block)[-_TAIL_BYTES:]
    line = tail.removesuffix(CLOSING).rpartition(b"\n")[2]
    # Each may become an object of a hundred bytes.
    if not line.startswith(_MANIFEST_LINE) or line.count(b",") + line.count(b"[") > _MOST_VALUES:
        return None, 0
    try:
        record = parse_line(line, where="the end")
    except Unreadable:
        return None, 0
    is_one = record.get("model") == MODEL and not manifests.what_is_wrong(record)
    return (record, len(line) + len(CLOSING)) if is_one else (None, 0)


def proves_itself(open_stream: Callable[[], BinaryIO]) -> bool:
    """Whether every byte is as this installation wrote it, found out without parsing more than the manifest."""
    with open_stream() as stream:
        record, length = last_record(stream)
    if record is None or manifests.is_signed_here(record) is not True:
        return False
    found = hashlib.sha256()
    with open_stream() as stream:
        left = stream.seek(0, SEEK_END) - length
        stream.seek(0)
        while left > 0 and (block := stream.read(min(left, BLOCK_BYTES))):
            found.update(block)
            left -= len(block)
    return found.hexdigest() == str(record["fields"]["content_sha256"])


def looks_like_ours(head: bytes) -> bool:
    """Whether a file that begins so may have our layout: one record a line."""
    return head.startswith((_FIRST, OPENING + b"{" + b'"model":'))


def parse_lines(lines: bytes, *, first: int) -> list[dict[str, Any]]:
    """Records, each ended by SEPARATOR; `first` is the number of the first one. Integers of any size stay exact."""
    try:
        records: list[dict[str, Any]] = orjson.loads(b"[" + lines[: -len(SEPARATOR)] + b"]")
    except ValueError:
        split = lines[: -len(SEPARATOR)].split(SEPARATOR)
        return [parse_line(line, where=f"record {place:,}") for place, line in enumerate(split, start=first)]
    if lines.count(b"\n") != len(records):
        # What stands on one line is what is signed and compared as one record.
        raise Unreadable("It does not have one record a line.", where=f"record {first:,} or soon after")
    if _MANY_DIGITS in lines.translate(_DIGITS):
        for place, line in enumerate(lines[: -len(SEPARATOR)].split(SEPARATOR)):
            if _MANY_DIGITS in line.translate(_DIGITS):
                records[place] = parse_line(line, where=f"record {first + place:,}")
    return records


def parse_line(line: bytes, *, where: str) -> dict[str, Any]:
    """One record; integers of any size stay exact."""
    try:
        has_many_digits = _MANY_DIGITS in line.translate(_DIGITS)
        record = json.loads(line, parse_constant=_refuse) if has_many_digits else orjson.loads(line)
    except (ValueError, RecursionError):
        try:
            record = json.loads(line, parse_constant=_refuse)  # lone surrogates are JSON, but not orjson's
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"It is not valid JSON: {_first_line(error)}", where=where) from error
    if not isinstance(record, dict) or not isinstance(record.get("fields"), dict):
        raise Unreadable("It holds something that is no record.", where=where)
    return record


def _first_line(error: BaseException) -> str:
    """Without the piece of the file that parsers show below it."""
    return str(error).partition("\n")[0].strip() or type(error).__name__


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _with_floats(value: Any) -> Any:
    """ijson gives numbers with a point as Decimal, so that integers of any size stay exact."""
    match value:
        case Decimal():
            number = float(value)
            if number in (inf, -inf):
                raise ValueError("a number is too large")
            return number
        case dict():
            if twice := getattr(value, "twice", ""):
                raise ValueError(f"the name {twice[:50]!r} stands twice in one object")
            return {name: _with_floats(inner) for name, inner in value.items()}
        case list():
            return [_with_floats(inner) for inner in value]
        case _:
            return value
