"""A file's records come out the same, however the bytes arrive and however they are laid out."""

import json
from hashlib import sha256
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups_app.engine import reading
from backups_app.engine.reading import Reader, Unreadable

MANIFEST = {"model": "backups_app.manifest", "pk": "x", "fields": {"record_count": 0}}
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
files = st.lists(
    st.fixed_dictionaries(
        {
            "model": st.sampled_from(["a.one", "a.two"]),
            "pk": st.integers(1, 99),
            "fields": st.dictionaries(st.text(max_size=5), values, max_size=3),
        }
    ),
    max_size=20,
)


def ours(records):
    lines = [json.dumps(record, ensure_ascii=True) for record in [*records, MANIFEST]]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


class Slow(BytesIO):
    """Gives few bytes at a time, as a network does."""

    def read(self, size=-1):
        return super().read(min(size, 7) if size > 0 else size)


def read_all(stream, **options):
    reader = Reader(stream, **options)
    found = [record for batch in reader.batches() for record in batch.records]
    return found, reader


@given(files)
def test_every_record_comes_out_as_it_went_in(records):
    data = ours(records)
    for stream in (BytesIO(data), Slow(data)):
        found, reader = read_all(stream, by_lines=True)
        assert found == records
        assert [list(map(type, record["fields"].values())) for record in found] == [
            list(map(type, record["fields"].values())) for record in records
        ]
        assert reader.manifest == MANIFEST
        assert reader.sha256 == sha256(data).hexdigest()
        assert reader.content_sha256 == sha256(data[: data.rindex(b'{"model"')]).hexdigest()


@given(files, st.sampled_from([None, 1, 4]))
def test_other_layouts_give_the_same_records(records, indent):
    data = json.dumps(records, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    found, reader = read_all(BytesIO(data), by_lines=False)
    assert found == records
    assert reader.sha256 == sha256(data).hexdigest()


def test_the_lines_of_a_batch_are_the_bytes_of_its_model():
    records = [{"model": f"a.m{n // 3}", "pk": n, "fields": {}} for n in range(9)]
    reader = Reader(BytesIO(ours(records)), by_lines=True)
    batches = list(reader.batches())
    assert [(batch.label, batch.first, len(batch.records)) for batch in batches] == [
        ("a.m0", 1, 3),
        ("a.m1", 4, 3),
        ("a.m2", 7, 3),
    ]
    assert b"".join(batch.lines for batch in batches) in ours(records)


def test_a_record_longer_than_a_block_is_read(monkeypatch):
    monkeypatch.setattr(reading, "BLOCK_BYTES", 64)
    records = [{"model": "a.b", "pk": 1, "fields": {"text": "x" * 1000}}, {"model": "a.b", "pk": 2, "fields": {}}]
    assert read_all(BytesIO(ours(records)), by_lines=True)[0] == records


@pytest.mark.parametrize("cut", [1, 3, 20, 60])
def test_a_file_that_ends_early_is_unreadable_and_hashed_to_its_last_byte(cut):
    data = ours([{"model": "a.b", "pk": 1, "fields": {}}])[:-cut]
    reader = Reader(BytesIO(data), by_lines=True)
    with pytest.raises(Unreadable):
        list(reader.batches())
    reader.drain()
    assert reader.sha256 == sha256(data).hexdigest()
