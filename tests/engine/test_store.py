"""A backup file is there whole, under a name of its own, or it is not there."""

import errno
import os
import stat
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from backups_app.engine import store
from backups_app.engine.errors import DiskFull, StoreFailed
from tests import ledger

AT = datetime.fromisoformat("2026-11-23 14:30:22")
NAME = "backup_20261123_143022.json"


@pytest.fixture
def folder(settings, tmp_path):
    """The folder of the storage, which is not made yet."""
    _store_in(settings, tmp_path / "backups")
    return tmp_path / "backups"


def _store_in(settings, folder):
    local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}}
    settings.STORAGES = {**settings.STORAGES, "backups": local}


def _publish(data=b"[]", kind="manual", at=AT):
    with store.open_part("job-1") as part:
        part.stream.write(data)
        return part.publish(kind, at)


# --- Writing -----------------------------------------------------------------------------------------------------


def test_a_published_file_has_its_name_and_every_byte(folder):
    data = os.urandom(3 * store.BLOCK_BYTES + 1)
    name = _publish(data)
    assert name == NAME
    assert os.listdir(folder) == [NAME]
    assert (folder / NAME).read_bytes() == data
    assert b"".join(store.blocks(name)) == data


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("manual", "backup_20261123_143022.json"),
        ("automatic", "auto_backup_20261123_143022.json"),
        ("uploaded", "uploaded_backup_20261123_143022.json"),
        ("safety", "pre_restore_safety_20261123_143022.json"),
    ],
)
def test_names_are_those_that_users_know(folder, kind, name):
    assert _publish(kind=kind) == name
    assert store.exists(name)


def test_until_it_is_published_only_a_hidden_part_is_there(folder):
    with store.open_part("job-1") as part:
        part.stream.write(b"half")
        part.stream.flush()
        assert os.listdir(folder) == [".job-1.part"]


def test_what_is_not_published_is_gone(folder):
    with store.open_part("job-1") as part:
        part.stream.write(b"half")
    assert os.listdir(folder) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_what_fails_leaves_nothing(folder, error):
    with pytest.raises(error), store.open_part("job-1") as part:
        part.stream.write(b"half")
        raise error
    assert os.listdir(folder) == []


def test_what_a_crash_left_behind_can_be_removed_by_its_owner(folder):
    folder.mkdir()
    (folder / ".job-1.part").write_bytes(b"half")
    (folder / ".job-2.part").write_bytes(b"somebody else's")
    store.discard_part("job-1")
    store.discard_part("job-1")
    assert os.listdir(folder) == [".job-2.part"]


def test_only_its_owner_may_read_it(folder):
    umask = os.umask(0)
    try:
        _publish()
    finally:
        os.umask(umask)
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_two_in_the_same_second_get_numbers(folder):
    names = [_publish(f"{number}".encode()) for number in range(3)]
    assert names == [NAME, "backup_20261123_143022_2.json", "backup_20261123_143022_3.json"]
    assert [(folder / name).read_bytes() for name in names] == [b"0", b"1", b"2"]


def test_no_file_is_ever_replaced(folder):
    """Neither one that the catalogue does not know, nor what a name leads to."""
    folder.mkdir()
    (folder / NAME).write_bytes(b"here before")
    (folder / "backup_20261123_143022_2.json").symlink_to(folder / "nowhere")
    assert _publish() == "backup_20261123_143022_3.json"
    assert (folder / NAME).read_bytes() == b"here before"
    assert not (folder / "nowhere").exists()


def test_two_writers_who_publish_at_once_get_a_name_each(folder):
    with store.open_part("job-1") as one, store.open_part("job-2") as two:
        one.stream.write(b"one")
        two.stream.write(b"two")
        names = [two.publish("manual", AT), one.publish("manual", AT)]
    assert [(folder / name).read_bytes() for name in names] == [b"two", b"one"]
    assert sorted(os.listdir(folder)) == sorted(names)


def test_a_part_is_not_written_through_a_link_that_lies_in_its_place(folder, tmp_path):
    folder.mkdir()
    (tmp_path / "precious").write_bytes(b"precious")
    (folder / ".job-1.part").symlink_to(tmp_path / "precious")
    with pytest.raises(StoreFailed, match="exists"), store.open_part("job-1"):
        pytest.fail("A part was opened.")
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_part_of_the_same_owner_is_not_shared(folder):
    with store.open_part("job-1") as part:
        part.stream.write(b"first")
        with pytest.raises(StoreFailed, match="exists"), store.open_part("job-1"):
            pytest.fail("A second part was opened.")
        assert part.publish("manual", AT) == NAME
    assert (folder / NAME).read_bytes() == b"first"


@pytest.mark.parametrize("owner", ["../../etc/passwd", "/etc/passwd", "a\0b", ".."])
def test_an_owner_names_no_path(folder, owner):
    with store.open_part(owner) as part:
        assert part.path.parent == folder


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP])
def test_file_systems_without_links_never_replace_a_file_either(folder, monkeypatch, code):
    def refuse(self, target):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert [_publish(b"one"), _publish(b"two")] == [NAME, "backup_20261123_143022_2.json"]
    assert (folder / NAME).read_bytes() == b"one"
    assert sorted(os.listdir(folder)) == [NAME, "backup_20261123_143022_2.json"]


# --- A folder that does not take it ------------------------------------------------------------------------------


@pytest.fixture
def small_disk(settings, tmp_path):
    """A backup folder on a disk of its own, of one megabyte."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mounted]).returncode:
        ledger.leave_out("a disk of one megabyte", "run the tests as root, where mounting a tmpfs is allowed")
    _store_in(settings, mounted)
    yield mounted
    subprocess.run(["umount", mounted], check=True)


def test_a_full_disk_is_told_with_numbers_and_leaves_nothing(small_disk):
    (small_disk / "another.file").write_bytes(b"x" * 300_000)
    with pytest.raises(DiskFull, match=r"[0-9],[0-9]{3} bytes") as caught, store.open_part("job-1") as part:
        for _ in range(100):
            part.stream.write(b"x" * 100_000)
    assert "BACKUPS_DIR" in caught.value.hint
    assert os.listdir(small_disk) == ["another.file"]


def test_a_disk_that_is_full_at_the_last_byte_is_told_too(small_disk):
    """The last of the bytes leave the buffer only when the file is published."""
    (small_disk / "another.file").write_bytes(b"x" * 1_000_000)
    with pytest.raises(DiskFull), store.open_part("job-1") as part:
        part.stream.write(b"x" * 500_000)
        part.publish("manual", AT)
    assert os.listdir(small_disk) == ["another.file"]


def test_free_space_is_that_of_the_folder(small_disk):
    assert 0 < store.free_bytes() <= 1 << 20
    (small_disk / "another.file").write_bytes(b"x" * 900_000)
    assert store.free_bytes() < 200_000


def test_a_folder_that_can_not_be_made_is_told(settings, tmp_path):
    (tmp_path / "a-file").write_bytes(b"")
    _store_in(settings, tmp_path / "a-file" / "backups")
    with pytest.raises(StoreFailed, match="can't be written"), store.open_part("job-1"):
        pytest.fail("A part was opened.")


# --- Reading and deleting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../backup_20261123_143022.json",
        "/etc/passwd",
        "backup_20261123_143022.json/../../secrets.env",
        "sub/backup_20261123_143022.json",
        "backup_20261123_143022.json\0",
        "backup_20261123_143022.json\n",
        ".job-1.part",
        "README.md",
        "backup_2026_143022.json",
        "backup_20261123_143022_x.json",
        "BACKUP_20261123_143022.json",
        "backup_２０２６1123_143022.json",
        "",
    ],
)
def test_a_name_that_is_no_backups_name_is_refused(folder, name):
    for use in (store.open_file, store.delete, store.exists, store.checked_name):
        with pytest.raises(StoreFailed, match="not the name of a backup"):
            use(name)
    with pytest.raises(StoreFailed, match="not the name of a backup"):
        next(store.blocks(name))


@pytest.mark.parametrize("name", [NAME, "auto_backup_20261123_143022_17.json", "backup_20261123_143022.json.gz"])
def test_names_of_backups_are_taken(name):
    assert store.checked_name(name) == name


def test_a_deleted_file_is_gone_and_deleting_it_again_is_no_error(folder):
    _publish()
    store.delete(NAME)
    store.delete(NAME)
    assert not store.exists(NAME)
    assert os.listdir(folder) == []


def test_a_file_that_is_not_there_can_not_be_opened(folder):
    with pytest.raises(FileNotFoundError):
        store.open_file(NAME)


# --- An object storage -------------------------------------------------------------------------------------------


@pytest.fixture
def object_storage(settings, tmp_path):
    """A storage that is no folder of this host."""
    in_memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "backups": in_memory}
    settings.BACKUPS = {**settings.BACKUPS, "STATE_DIR": tmp_path / "state"}
    return storages["backups"]


def test_a_storage_gets_the_whole_file_and_no_part(object_storage, tmp_path):
    data = os.urandom(2 * store.BLOCK_BYTES + 1)
    assert _publish(data) == NAME
    assert object_storage.listdir("") == ([], [NAME])
    assert b"".join(store.blocks(NAME)) == data
    assert os.listdir(tmp_path / "state" / "parts") == []


def test_a_storage_gets_nothing_of_what_is_not_published(object_storage, tmp_path):
    with store.open_part("job-1") as part:
        part.stream.write(b"half")
        assert os.listdir(tmp_path / "state" / "parts") == [".job-1.part"]
    assert object_storage.listdir("") == ([], [])
    assert os.listdir(tmp_path / "state" / "parts") == []


def test_no_file_of_a_storage_is_replaced(object_storage):
    object_storage.save(NAME, ContentFile(b"here before"))
    assert _publish() == "backup_20261123_143022_2.json"
    assert object_storage.open(NAME).read() == b"here before"


def test_a_storage_has_no_folder_and_tells_no_free_space(object_storage):
    assert store.folder_path() is None
    assert store.free_bytes() is None
