"""Files changed at random: the readers say what is wrong, or give the same records; they never fail otherwise.

Each test is bounded by its number of examples. What was found this way stands in `FOUND` and stays.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from time import process_time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backups_app.engine import reading
from backups_app.engine.reading import Reader, Unreadable, last_manifest, looks_like_ours
from tests.engine.restoring import check_bytes, dump_bytes
from tests.zoo.models import Label

# Far above what is needed, far below a hang.
SECONDS = 5.0
MANIFEST = b'{"model":"backups_app.manifest","pk":"x","fields":{}}\n]\n'
WHOLE = (
    b"[\n"
    + b"".join(
        b'{"model":"a.%s","pk":%d,"fields":{"text":"\\u00e4 ,{}[] \\\\ \\"%d","n":%d,"l":[1,null,{"x":-1.5e3}]}},\n'
        % (b"one" if number < 4 else b"two", number, number, number * 10**17)
        for number in range(8)
    )
    + MANIFEST
)
# Pieces that mean something to a reader.
PIECES = st.sampled_from(
    [
        b"[\n", b",\n", b"\n]\n", b"\n", b",", b"{", b"}", b"[", b"]", b'"', b"\\", b":", b" ", b"", b"\x00",
        b"null", b"NaN", b"-Infinity", b"1e999", b"1e99999999999999999999", b"-0", b"01", b"0.1", b"9" * 25,
        b"9" * 5000,
        b'"model"', b'"fields":{}', b'"pk":1', b'"\\ud800"', b"\xff", b"\xc0\x80", b"\xef\xbb\xbf", b"[" * 2000,
        b'{"model":"a.one","pk":1,"fields":{}},\n', b'{"model":[],"pk":1,"fields":{}},\n', b'{"model":"a.one"},\n',
        b'{"model":"backups_app.manifest","pk":"x","fields":{}}', MANIFEST,
    ]
)  # fmt: skip
CHANGES = st.lists(
    st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 40), PIECES | st.binary(max_size=4)), min_size=1, max_size=4
)

# Each ended a reader in another way than by Unreadable, or was read in two ways.
FOUND = {
    "a line without a record": b"[\n,\n" + MANIFEST,
    "a record without fields": b'[\n{"model":"a.b","pk":1},\n' + MANIFEST,
    "fields that are a list": b'[\n{"model":"a.b","pk":1,"fields":[]},\n' + MANIFEST,
    "a model that is a list": b'[\n{"model":[1],"pk":1,"fields":{}},\n' + MANIFEST,
    "two records on a line": b'[\n{"model":"a.b","pk":1,"fields":{}},{"model":"a.b","pk":2,"fields":{}},\n' + MANIFEST,
    "a record within a record": b'[\n{"model":"a.b","pk":1,"fields":{"x":[1,\n'
    b'{"model":"a.b","fields":{},"pk":11111111111111111111},\n2]}},\n' + MANIFEST,
    "NaN beside many digits": b'[\n{"model":"a.b","pk":1,"fields":{"x":NaN,"y":11111111111111111111111}},\n' + MANIFEST,
    "deep lists beside many digits": b'[\n{"model":"a.b","pk":11111111111111111111,"fields":{"x":'
    + b"[" * 20_000 + b"]" * 20_000 + b"}},\n" + MANIFEST,
    "an exponent without end": b'[{"model":"a.b","pk":1,"fields":{"x":1e99999999999999999999}}]',
}  # fmt: skip


def changed(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, piece in changes:
        data = data[:place] + piece + data[place + length :]
    return data


def read(data: bytes, *, by_lines: bool) -> list[Any] | None:
    """The records, or None where the reader says that they can't be read; whatever else it does is a failure."""
    started = process_time()
    reader = Reader(BytesIO(data), by_lines=by_lines)
    try:
        batches = list(reader.batches())
    except Unreadable as error:
        assert str(error)
        assert error.where
        reader.drain()
        batches = None
    assert process_time() - started < SECONDS
    if batches is None:
        return None
    for batch in batches:
        assert isinstance(batch.label, str)
        assert not by_lines or batch.lines.count(b"\n") == len(batch.records)
    return [record for batch in batches for record in batch.records]


def same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


@settings(max_examples=400)
@given(CHANGES)
@example([(2, 0, b",\n")])
@example([(2, 0, b'{"model":"a.one"},\n')])
def test_a_changed_file_is_refused_or_read_the_same_by_both_readers(changes: list[tuple[int, int, bytes]]) -> None:
    data = changed(WHOLE, changes)
    by_lines, incrementally = read(data, by_lines=True), read(data, by_lines=False)
    if by_lines is not None and incrementally is not None:
        assert same(by_lines, incrementally)
    looks_like_ours(data[:64])
    assert isinstance(last_manifest(BytesIO(data)), dict | None)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_no_bytes_end_a_reader_otherwise(data: bytes) -> None:
    for by_lines in (True, False):
        read(data, by_lines=by_lines)
        read(b"[\n" + data + MANIFEST, by_lines=by_lines)


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_once_is_said_in_words(name: str) -> None:
    if FOUND[name].startswith(b"[\n"):
        assert read(FOUND[name], by_lines=True) is None
    if name not in {"two records on a line", "a record within a record", "deep lists beside many digits"}:
        assert read(FOUND[name], by_lines=False) is None


def test_an_integer_beyond_what_python_converts_does_not_end_the_process() -> None:
    """In a process of its own: ijson itself crashes."""
    script = (
        "from io import BytesIO\n"
        "from backups_app.engine.reading import Reader, Unreadable\n"
        "for sign in (b'', b'-'):\n"
        "  for size in (4001, 5000, 200_000):\n"
        '    data = b\'[{"model":"a.b","pk":\' + sign + b\'7\' * size + b\',"fields":{}}]\'\n'
        "    for by_lines in (True, False):\n"
        "      try:\n"
        "        list(Reader(BytesIO(data), by_lines=by_lines).batches())\n"
        "      except Unreadable:\n"
        "        print('refused')\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout.split()) == (0, ["refused"] * 12), ended.stderr


def test_a_text_of_digits_is_no_number() -> None:
    data = b'[{"model":"a.b","pk":1,"fields":{"x":"' + b"7" * 300_000 + b'"}}]'
    assert read(data, by_lines=False) == json.loads(data)


# --- Borders of blocks ------------------------------------------------------------------------------------------------


@contextmanager
def sizes(block_bytes: int, batch_records: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "BLOCK_BYTES", block_bytes)
        patch.setattr(reading, "BATCH_RECORDS", batch_records)
        yield


@pytest.mark.parametrize("block_bytes", [*range(3, 40), 64, 127, 1000])
def test_wherever_a_block_ends_the_records_are_the_same(block_bytes: int) -> None:
    expected = json.loads(WHOLE)[:-1]
    for batch_records in (1, 3, 500):
        with sizes(block_bytes, batch_records):
            assert same(read(WHOLE, by_lines=True), expected)
            assert same(read(WHOLE, by_lines=False), expected)


class Cut(BytesIO):
    """Gives the pieces between the given places, one at a time, as a network may."""

    def __init__(self, data: bytes, places: list[int]) -> None:
        super().__init__(data)
        self._places = sorted(places)

    def read(self, size: int | None = -1) -> bytes:
        here = self.tell()
        until = next((place for place in self._places if place > here), None)
        if until is None or size is None or size < 0:
            return super().read(size)
        return super().read(min(size, until - here))


@settings(max_examples=200)
@given(st.lists(st.integers(3, len(WHOLE)), max_size=12))
def test_however_the_bytes_arrive_the_records_are_the_same(places: list[int]) -> None:
    reader = Reader(Cut(WHOLE, places), by_lines=True)
    found = [record for batch in reader.batches() for record in batch.records]
    assert same(found, json.loads(WHOLE)[:-1])
    assert reader.size_bytes == len(WHOLE)


def test_memory_does_not_grow_with_the_file() -> None:
    class Endless(BytesIO):
        """Forty blocks of records, made when they are asked for."""

        left = 40

        def read(self, _size: int | None = -1) -> bytes:
            self.left -= 1
            begin = b"[\n" if self.left == 39 else b""
            return begin + b'{"model":"a.one","pk":1,"fields":{"x":1}},\n' * 5000 if self.left >= 0 else b""

    for by_lines in (True, False):
        tracemalloc.start()
        with pytest.raises(Unreadable):
            for _batch in Reader(Endless(), by_lines=by_lines).batches():
                pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 24 << 20


# --- The check --------------------------------------------------------------------------------------------------------


@pytest.fixture
def signed(transactional_db: None) -> bytes:
    for number in range(5):
        Label.objects.create(text=f"label {number}")
    data, _ = dump_bytes("default")
    return data


def test_a_changed_file_of_ours_is_never_ours(signed: bytes) -> None:
    assert check_bytes("default", signed).provenance == "ours"

    @settings(max_examples=60)
    @given(
        st.lists(
            st.tuples(st.integers(0, len(signed)), st.integers(0, 40), PIECES | st.binary(max_size=4)),
            min_size=1,
            max_size=3,
        )
    )
    def try_it(changes: list[tuple[int, int, bytes]]) -> None:
        data = changed(signed, changes)
        started = process_time()
        checked = check_bytes("default", data)
        assert process_time() - started < SECONDS
        if data != signed:
            assert checked.provenance != "ours"
        assert all(finding.where and finding.detail for finding in checked.refusals)

    try_it()


def test_records_in_any_form_are_findings_and_never_a_failure_of_the_check(transactional_db: None) -> None:
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
        max_leaves=3,
    )
    names = {
        "auth.user": ["username", "password", "is_superuser", "groups", "date_joined", "last_login"],
        "zoo.label": ["text"],
        "contenttypes.contenttype": ["app_label", "model"],
        "auth.permission": ["codename", "content_type"],
        "eclick.project": ["name", "client", "members"],
        "backups_app.job": ["id"],
    }

    def record_of(label: str) -> Any:
        fields = st.dictionaries(st.sampled_from(names[label]), values, max_size=4)
        return st.fixed_dictionaries({"model": st.just(label), "fields": fields}, optional={"pk": values})

    @settings(max_examples=100)
    @given(st.lists(st.sampled_from(sorted(names)).flatmap(record_of), min_size=1, max_size=4))
    def try_it(records: list[Any]) -> None:
        try:
            data = json.dumps(records, allow_nan=False).encode()
        except ValueError:
            return
        checked = check_bytes("default", data)
        assert checked.provenance == "unsigned"
        assert all(finding.where and finding.detail for finding in checked.refusals)

    try_it()
