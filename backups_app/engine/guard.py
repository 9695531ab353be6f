"""Holds JSON from outside to limits, block by block, before any parser sees it.

A parser builds what it reads, so a record has to be refused while it is still bytes. Two regular expressions take
strings away and find brackets; what is left over from a block is a state of a few numbers, so memory stays flat.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a file from outside may have at most; the depth counts the list of records and the record itself.

    `record_values` are numbers, texts, lists, objects and their names: each may take a hundred times its bytes in
    memory. `models` are different ones.
    """

    file_bytes: int = 1 << 30
    record_bytes: int = 8 << 20
    record_values: int = 100_000
    depth: int = 100
    digits: int = 1000
    models: int = 2000
    superusers: int = 1000


class TooMuch(Exception):
    """The bytes go beyond a limit; `where` says how far they were."""

    def __init__(self, message: str, *, where: str) -> None:
        super().__init__(message)
        self.where = where


# What is inside of quotes, with what they hold; possessive, so that nothing is remembered for going back.
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_REST_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_TAIL_OF_BACKSLASHES = re.compile(rb"\\*\Z")
_BRACKETS = re.compile(rb"[\[\]{}]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")


class Guard:
    """A stream whose `read` raises TooMuch before it gives what goes beyond `limits`; afterwards it gives the rest."""

    def __init__(self, stream: BinaryIO, limits: Limits, where: Callable[[], str]) -> None:
        self._stream = stream
        self._limits = limits
        self._where = where
        self._zeros = b"0" * (limits.digits + 1)
        self._is_in_string = False
        self._is_escaped = False
        self._depth = 0
        self._record_bytes = 0
        self._record_values = 0
        self._digits = b""
        self._held = b""
        self._is_off = False

    def read(self, size: int = -1) -> bytes:
        if self._held:
            held, self._held = self._held, b""
            return held
        block = self._stream.read(size)
        if not self._is_off:
            try:
                self._look_at(block)
            except TooMuch:
                self._held, self._is_off = block, True
                raise
        return block

    def _look_at(self, block: bytes) -> None:
        plain = self._without_strings(block)
        self._look_for_digits(plain)
        brackets = plain.translate(None, _NOT_BRACKETS)
        started_in_record = self._depth >= 2
        shallowest = self._depth
        if brackets:
            deepest, shallowest = self._follow(brackets)
            if deepest > self._limits.depth:
                self._refuse(f"It is nested deeper than {self._limits.depth:,} levels")
        if not started_in_record or shallowest < 2:
            # A record ended in this block: whatever is left belongs to the next one.
            self._record_bytes = self._record_values = 0
            plain = plain[max(plain.rfind(b"},"), plain.rfind(b"}\n"), 0) :]
        self._record_values += plain.count(b",") + plain.count(b"[") + plain.count(b":")
        self._record_bytes += len(block)
        if self._record_bytes > self._limits.record_bytes + len(block):
            self._refuse(f"A record is longer than {self._limits.record_bytes:,} bytes (UPLOAD_MAX_RECORD_BYTES)")
        if self._record_values > self._limits.record_values:
            self._refuse(f"A record has more than {self._limits.record_values:,} values")

    def _follow(self, brackets: bytes) -> tuple[int, int]:
        """The greatest and the least depth while `brackets` open and close."""
        depth = deepest = shallowest = self._depth
        most = self._limits.depth
        for sign in brackets:
            if sign in b"[{":
                depth += 1
                if depth > deepest:
                    deepest = depth
                    if depth > most:
                        break
            else:
                depth -= 1
                if depth < shallowest:
                    shallowest = depth
        self._depth = depth
        return deepest, shallowest

    def _without_strings(self, block: bytes) -> bytes:
        start = 0
        if self._is_in_string:
            if self._is_escaped and block:
                start = 1
                self._is_escaped = False
            match = _REST_OF_STRING.match(block, start)
            if match is None:
                self._is_escaped = self._ends_escaped(block[start:])
                return b""
            start = match.end()
            self._is_in_string = False
        plain = _STRINGS.sub(b"", block[start:] if start else block)
        opened = plain.find(b'"')
        if opened < 0:
            return plain
        self._is_in_string = True
        self._is_escaped = self._ends_escaped(plain[opened + 1 :])
        return plain[:opened]

    @staticmethod
    def _ends_escaped(text: bytes) -> bool:
        match = _TAIL_OF_BACKSLASHES.search(text)
        return match is not None and len(match[0]) % 2 == 1

    def _look_for_digits(self, plain: bytes) -> None:
        zeros = (self._digits + plain).translate(_DIGITS_TO_ZERO)
        if self._zeros in zeros:
            self._refuse(f"A number has more than {self._limits.digits:,} digits")
        self._digits = zeros[-self._limits.digits :]

    def _refuse(self, what: str) -> None:
        raise TooMuch(f"{what}; the limit is for files from outside.", where=self._where())
