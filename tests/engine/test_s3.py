"""Files in an object storage, through a real S3 endpoint and a network that breaks."""

import io
import os
import time
from datetime import datetime, timedelta

import pytest
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

from backups_app.engine import s3 as s3_module
from backups_app.engine import store
from backups_app.engine.errors import StoreFailed
from tests.servers.s3 import SECRET_KEY
from tests.servers.trouble import Trouble

pytestmark = pytest.mark.servers

AT = datetime.fromisoformat("2026-11-23 14:30:22")
NAME = "backup_20261123_143022.json"
# A busy machine answers late, too.
PATIENCE = {"connect_timeout": 4, "read_timeout": 4, "attempts": 2}
PART_BYTES = 1 << 20
# What one refused request, and what tidies up after it, may take: two tries of four seconds each, and the pauses.
BOUND_SECONDS = 90


@pytest.fixture
def network(s3):
    """Between us and the server."""
    with Trouble(s3.port) as network:
        yield network


@pytest.fixture
def bucket(settings, s3, network, tmp_path):
    """STORAGES["backups"] leads to the server through `network`; the folder where its objects lie."""
    use(settings, s3.options(port=network.port, location="production", **PATIENCE))
    settings.BACKUPS = {**settings.BACKUPS, "STATE_DIR": tmp_path / "state"}
    return s3.bucket / "production"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Less to send."""
    monkeypatch.setattr(s3_module, "PART_BYTES", PART_BYTES)


def use(settings, options):
    entry = {"BACKEND": "backups_app.engine.s3.S3BackupStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "backups": entry}


def publish(data=b"[\n]\n"):
    with store.open_part("job-1") as part:
        part.stream.write(data)
        return part.publish("manual", AT)


def parts(settings):
    folder = settings.BACKUPS["STATE_DIR"] / "parts"
    return list(folder.iterdir()) if folder.exists() else []


def objects(bucket):
    return sorted(path.name for path in bucket.rglob("*")) if bucket.exists() else []


# --- Without trouble ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 10, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 7])
def test_what_is_published_comes_back_byte_for_byte(settings, bucket, size):
    data = os.urandom(size)
    assert publish(data) == NAME
    assert (bucket / NAME).read_bytes() == data
    assert b"".join(store.blocks(NAME)) == data
    assert store.size_of(NAME) == size
    assert store.list_names() == [NAME]
    assert abs(store.written_at(NAME) - timezone.now()) < timedelta(minutes=5)
    assert parts(settings) == []


def test_free_space_and_folder_are_not_known(bucket):
    assert store.free_bytes() is None
    assert store.folder_path() is None


def test_a_file_can_be_read_from_any_place(bucket):
    data = os.urandom(300_000)
    publish(data)
    with store.open_file(NAME) as file:
        assert file.seek(0, io.SEEK_END) == len(data)
        file.seek(123_456)
        assert file.read(10) == data[123_456:123_466]
        file.seek(0)
        assert file.read() == data
        assert file.read() == b""


def test_names_that_are_taken_are_passed_over(bucket):
    assert [publish(b"0"), publish(b"1")] == [NAME, "backup_20261123_143022_2.json"]
    assert (bucket / NAME).read_bytes() == b"0"


def test_every_write_asks_the_server_not_to_replace(bucket, network):
    publish()
    publish(bytes(PART_BYTES + 1))
    conditional = [head for head in network.seen if b"If-None-Match: *" in head]
    assert [head.split()[0] for head in conditional] == [b"PUT", b"POST"]


def test_what_is_not_published_never_reaches_the_storage(settings, bucket):
    with store.open_part("job-1") as part:
        part.stream.write(b"half")
    assert objects(bucket) == []
    assert parts(settings) == []


def test_a_file_that_is_gone_is_told_and_deleting_it_again_is_no_error(bucket):
    publish()
    store.delete(NAME)
    store.delete(NAME)
    assert not store.exists(NAME)
    with pytest.raises(FileNotFoundError):
        store.open_file(NAME)


def test_what_lies_deeper_is_no_backup(bucket):
    publish()
    (bucket / "quarantine").mkdir()
    (bucket / "quarantine" / NAME).write_bytes(b"[]")
    assert store.list_names() == [NAME]


def test_a_writer_whose_object_was_replaced_at_once_takes_the_next_name(bucket, monkeypatch):
    """The server ignores the condition: who looks last sees that the object is another's."""
    written_by, others = s3_module._written_by, iter(["another writer"])
    monkeypatch.setattr(s3_module, "_written_by", lambda remote: next(others, None) or written_by(remote))
    assert publish(b"ours") == "backup_20261123_143022_2.json"
    assert store.exists(NAME)


def test_writers_in_the_same_second_get_a_name_each(bucket):
    names = {publish(f"{number}".encode()) for number in range(4)}
    assert len(names) == 4
    assert objects(bucket) == sorted(names)


def test_reading_keeps_little_in_memory(bucket):
    publish(bytes(3 * s3_module.BLOCK_BYTES))
    with store.open_file(NAME) as file:
        assert len(file.read(1)) == 1
        assert len(file.file.peek(1)) <= s3_module.BLOCK_BYTES


# --- With trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("harm", "after", "reason"),
    [
        ("refuse", 0, "can't be reached|broke off"),
        ("reset upload", 200_000, "broke off"),
        ("cut answer", 0, "broke off"),
        ("stall", 0, "did not answer in time"),
    ],
)
def test_trouble_while_uploading_leaves_nothing_and_the_next_one_works(settings, bucket, network, harm, after, reason):
    network.make(harm, after=after)
    began = time.monotonic()
    with pytest.raises(StoreFailed, match=reason) as caught:
        publish(os.urandom(1_000_000))
    assert time.monotonic() - began < BOUND_SECONDS
    assert network.harmed.is_set()
    assert "127.0.0.1" not in str(caught.value)
    assert "start it again" in caught.value.hint
    assert parts(settings) == []
    network.make("none")
    assert store.list_names() == []
    assert publish() == NAME


def test_trouble_in_a_later_part_leaves_nothing(bucket, network):
    network.make("reset upload", after=PART_BYTES + 300_000)
    with pytest.raises(StoreFailed, match="broke off"):
        publish(bytes(2 * PART_BYTES))
    network.make("none")
    assert store.list_names() == []


def test_a_file_whose_answer_is_lost_is_taken_back(bucket, network, monkeypatch):
    """It was stored, and nobody was told: what a failed backup leaves must not look like a good one."""
    write = s3_module.S3BackupStorage._write

    def write_and_lose_the_answer(self, remote, content, parameters):
        write(self, remote, content, parameters)
        raise s3_module.HTTPClientError(error="lost")

    monkeypatch.setattr(s3_module.S3BackupStorage, "_write", write_and_lose_the_answer)
    with pytest.raises(StoreFailed, match="broke off"):
        publish()
    assert objects(bucket) == []


def test_a_file_that_is_cut_while_it_is_read_is_read_on_at_that_place(bucket, network):
    data = os.urandom(2_000_000)
    publish(data)
    network.make("cut answer", after=700_000)
    read = io.BytesIO()
    with store.open_file(NAME) as file:
        while block := file.read(65_536):
            read.write(block)
            if network.harmed.is_set():
                network.make("none")
    assert read.getvalue() == data


@pytest.mark.parametrize(("harm", "reason"), [("cut answer", "broke off"), ("stall", "in time")])
def test_a_file_that_does_not_come_to_its_end_is_no_short_file(bucket, network, harm, reason):
    publish(os.urandom(2_000_000))
    with store.open_file(NAME) as file:
        network.make(harm)
        began = time.monotonic()
        with pytest.raises(StoreFailed, match=reason):
            file.read()
    assert time.monotonic() - began < BOUND_SECONDS


def test_another_object_of_that_name_is_not_read_on(bucket, monkeypatch):
    publish(os.urandom(1000))
    asked = []
    with store.open_file(NAME) as file:
        remote = file.file.raw._remote
        get = remote.get
        monkeypatch.setattr(
            file.file.raw, "_remote", type("Remote", (), {"get": lambda _self, **k: asked.append(k) or get(**k)})()
        )
        file.read()
        assert asked[0]["IfMatch"] == remote.e_tag


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("secret_key", "a-wrong-secret", "refused the access"),
        ("access_key", "nobody", "refused the access"),
        ("bucket_name", "no-such-bucket", "no such bucket"),
        ("endpoint_url", "http://127.0.0.1:1", "can't be reached"),
    ],
)
def test_a_wrong_setting_is_told_in_words_without_keys_and_addresses(settings, bucket, s3, option, value, reason):
    use(settings, {**s3.options(**PATIENCE), option: value})
    for act in (publish, store.list_names):
        with pytest.raises(StoreFailed, match=reason) as caught:
            act()
        said = f"{caught.value} {caught.value.hint}"
        assert not [secret for secret in (SECRET_KEY, "a-wrong-secret", "127.0.0.1") if secret in said]
    assert parts(settings) == []


def test_a_full_storage_is_told_and_nothing_is_left(bucket, s3):
    """Its folder takes nothing more: as near to a full disk as an unprivileged test comes."""
    s3.bucket.rmdir()
    s3.bucket.touch()
    try:
        with pytest.raises(StoreFailed):
            publish()
    finally:
        s3.bucket.unlink()
        s3.bucket.mkdir()
    assert publish() == NAME


# --- Any other storage of Django ---------------------------------------------------------------------------------


def test_a_server_that_knows_no_conditions_is_asked_without(bucket, monkeypatch):
    remote_put = []

    class Remote:
        key = NAME

        def put(self, **parameters):
            remote_put.append(parameters)
            if "IfNoneMatch" in parameters:
                raise s3_module.ClientError({"Error": {"Code": "NotImplemented"}}, "PutObject")

    storages["backups"]._write(Remote(), File(io.BytesIO(b"[]")), {})
    assert [sorted(parameters) for parameters in remote_put] == [["Body", "IfNoneMatch"], ["Body"]]


def test_a_server_that_knows_them_says_that_a_name_is_taken(bucket):
    class Remote:
        key = NAME

        def put(self, **_parameters):
            raise s3_module.ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")

    with pytest.raises(FileExistsError):
        storages["backups"]._write(Remote(), ContentFile(b"[]"), {})
