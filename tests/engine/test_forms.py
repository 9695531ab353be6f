"""What was packed comes out as it went in, or is refused before anybody reads it; memory and disk are bounded."""

import gzip
import io
import os
import subprocess
import sys

import pyrage
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backups_app.engine import forms
from backups_app.engine.errors import EngineError, KeyMissing, UnpackedTooLarge, UnpackFailed
from backups_app.engine.forms import FORMS, Limits

SECRET = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()
PACKED = [form for form in FORMS if form]


@pytest.fixture
def keyed(settings, tmp_path):
    settings.BACKUPS = {
        "STATE_DIR": tmp_path / "state",
        "ENCRYPT_TO": [str(SECRET.to_public())],
        "DECRYPT_KEYS": [str(SECRET)],
    }
    return tmp_path / "state"


def _pack(chunks, form):
    out = io.BytesIO()
    with forms.packed(out, form) as packing:
        for chunk in chunks:
            packing.stream.write(chunk)
    assert packing.size_bytes == len(out.getvalue())
    return out.getvalue()


def _unpack(data, *, is_local=True, limits=None):
    opener = lambda: io.BytesIO(data)  # noqa: E731
    with (
        forms.unpacked(opener, stored_bytes=len(data), is_local=is_local, limits=limits) as plain,
        plain.open() as first,
        plain.open() as second,
    ):
        head = first.read(3)
        assert second.read() == head + first.read()
        second.seek(0)
        return second.read(), plain.forms


@pytest.mark.parametrize("form", FORMS, ids=".".join)
@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(st.binary(max_size=3000).map(lambda data: b"[" + data), max_size=5), times=st.integers(1, 40))
def test_what_goes_in_comes_out(keyed, form, chunks, times):
    plain = b"".join(chunks * times)
    assert _unpack(_pack(chunks * times, form)) == (plain, form)


def test_more_than_one_block_comes_out(keyed):
    plain = os.urandom(5 * forms.BLOCK_BYTES) + bytes(40 * forms.BLOCK_BYTES)
    for form in PACKED:
        assert _unpack(_pack([plain], form))[0] == plain


def test_nothing_is_left_of_what_was_unpacked(keyed):
    _unpack(_pack([b"[]"], ("zst", "age")))
    assert not list(keyed.iterdir())


@pytest.mark.parametrize("form", PACKED, ids=".".join)
def test_what_breaks_off_or_goes_on_is_refused(keyed, form):
    data = _pack([b"[" + os.urandom(200_000)], form)
    for harmed in (data[:-1], data[: len(data) // 2], data[:40], data + b"x", data + data, data + bytes(2 << 20)):
        with pytest.raises(UnpackFailed):
            _unpack(harmed)


@pytest.mark.parametrize("form", PACKED, ids=".".join)
def test_a_flipped_bit_is_refused_or_changes_nothing(keyed, form):
    plain = b"[" + b"some text " * 3_000
    data = _pack([plain], form)
    for place in range(0, len(data), max(1, len(data) // 40)):
        harmed = bytearray(data)
        harmed[place] ^= 4
        try:
            found, told = _unpack(bytes(harmed))
        except EngineError:
            continue
        assert found == plain or told == ()  # no magic any more: the reader refuses it


def test_a_file_that_is_packed_twice_is_refused(keyed):
    with pytest.raises(UnpackFailed, match="more than once"):
        _unpack(gzip.compress(gzip.compress(b"[]")))


@pytest.mark.parametrize("form", [("gz",), ("zst",)], ids=".".join)
def test_a_bomb_is_refused(keyed, form):
    bomb = _pack([bytes(1 << 20)] * 80, form)
    with pytest.raises(UnpackedTooLarge, match="times as many"):
        _unpack(bomb, limits=Limits(ratio=200))
    with pytest.raises(UnpackedTooLarge, match="1,000 bytes"):
        _unpack(bomb, limits=Limits(total_bytes=1000))


def test_a_wrong_key_and_a_missing_one_are_told(keyed, settings):
    data = _pack([b"[]"], ("age",))
    settings.BACKUPS = {**settings.BACKUPS, "DECRYPT_KEYS": [str(OTHER)]}
    with pytest.raises(KeyMissing, match=str(OTHER.to_public())) as caught:
        _unpack(data)
    assert str(OTHER) not in str(caught.value)
    settings.BACKUPS = {**settings.BACKUPS, "DECRYPT_KEYS": []}
    with pytest.raises(KeyMissing, match="no key at hand"):
        _unpack(data)


def test_a_key_is_read_from_a_file_as_age_keygen_makes_it(keyed, settings, tmp_path):
    data = _pack([b"[]"], ("age",))
    (tmp_path / "key.txt").write_text(f"# public key: {SECRET.to_public()}\n{SECRET}\n")
    settings.BACKUPS = {**settings.BACKUPS, "DECRYPT_KEYS": [tmp_path / "key.txt"]}
    assert _unpack(data) == (b"[]", ("age",))


@pytest.mark.parametrize("form", PACKED, ids=".".join)
def test_a_disk_that_is_full_is_told_as_it_is(keyed, form):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"), forms.packed(Full(), form) as packing:
        for _ in range(40):
            packing.stream.write(os.urandom(1 << 20))


@pytest.mark.parametrize("form", PACKED, ids=".".join)
def test_whoever_writes_may_give_up(keyed, form):
    with pytest.raises(KeyError), forms.packed(io.BytesIO(), form) as packing:
        packing.stream.write(b"[")
        raise KeyError


MEASURE = """
import sys, django
django.setup()
from backups_app.engine import forms
def high():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:"))
block = b'{"model":"zoo.label","pk":1}, ' * 35_000
def go(count):
    with open(sys.argv[1], "wb") as out, forms.packed(out, ("zst", "age")) as packing:
        for _ in range(count):
            packing.stream.write(block)
    with forms.unpacked(lambda: open(sys.argv[1], "rb"), stored_bytes=packing.size_bytes, is_local=True) as plain:
        with plain.open() as stream:
            assert sum(len(part) for part in iter(lambda: stream.read(1 << 20), b"")) == count * len(block)
go(8)
before = high()
go(200)
print(high() - before)
"""


def test_memory_stays_flat(tmp_path):
    configured = (
        f"from tests.settings import *; BACKUPS = {{'STATE_DIR': '{tmp_path}', "
        f"'ENCRYPT_TO': ['{SECRET.to_public()}'], 'DECRYPT_KEYS': ['{SECRET}']}}"
    )
    (tmp_path / "keyed_settings.py").write_text(configured.replace("; ", "\n"))
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "keyed_settings",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.getcwd()]),
    }
    ended = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "file")],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) < 16 << 10
