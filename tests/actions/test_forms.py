"""A backup in each form is made, listed, taken in and restored."""

import shutil
from io import StringIO

import pyrage
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from backups_app.models import Backup, Job
from eclick.models import Client
from tests.catalogue import files

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = pyrage.x25519.Identity.generate()
FORMS = [
    ("gzip", False, ".json.gz"),
    ("zstd", False, ".json.zst"),
    ("", True, ".json.age"),
    ("zstd", True, ".json.zst.age"),
]


@pytest.fixture(params=FORMS, ids=lambda form: form[2])
def ending(request, settings):
    compression, is_encrypted, ending = request.param
    keys = {"ENCRYPT_TO": [str(SECRET.to_public())], "DECRYPT_KEYS": [str(SECRET)]} if is_encrypted else {}
    settings.BACKUPS = {**settings.BACKUPS, "COMPRESSION": compression, **keys}
    return ending


def _backup():
    Client.objects.create(name="Before", country="AT", hourly_rate="95.50")
    call_command("create_automatic_backup", "--here", stdout=StringIO())
    Client.objects.update(name="After")
    return Backup.objects.get()


def _restore(wanted):
    call_command("restore_backup", str(wanted), "--here", "--force", stdout=StringIO(), stderr=StringIO())


def test_a_backup_comes_back(ending, superuser):
    backup = _backup()
    assert backup.name.endswith(ending)
    _restore(backup.pk)
    assert Client.objects.get().name == "Before"
    assert {name.partition(".")[2] for name in files()} == {ending[1:]}


def test_a_file_anywhere_is_taken_in_and_restored(ending, superuser, backup_folder, tmp_path):
    backup = _backup()
    shutil.move(backup_folder / backup.name, tmp_path / backup.name)
    Backup.objects.all().delete()
    _restore(tmp_path / backup.name)
    assert Client.objects.get().name == "Before"
    call_command("import_backup", str(tmp_path / backup.name), "--here", stdout=StringIO())
    taken = Backup.objects.get(kind="automatic")
    assert (taken.name, taken.sha256, taken.size_bytes) == (backup.name, backup.sha256, backup.size_bytes)


def test_without_the_key_nothing_is_touched(settings, superuser):
    settings.BACKUPS = {**settings.BACKUPS, "ENCRYPT_TO": [str(SECRET.to_public())], "KEY_IS_ELSEWHERE": True}
    backup = _backup()
    with pytest.raises(CommandError, match="no key at hand"):
        _restore(backup.pk)
    assert Job.objects.filter(kind="restore", state="succeeded").count() == 0
    assert Client.objects.get().name == "After"
    assert files() == {backup.name}
