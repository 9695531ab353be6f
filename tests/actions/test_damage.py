"""Whatever happens to the bytes of a stored file, in any of its forms: it is refused, and the data stays."""

import random
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pyrage
import pytest
from django.core.management import call_command

from backups_app import jobs
from backups_app.actions.create import scope
from backups_app.actions.refusals import Overrides
from backups_app.actions.restore import Expected, restore_backup
from backups_app.actions.source import Source, check_stored
from backups_app.actions.verify import Verifier
from backups_app.choices import JobKind, Trigger
from backups_app.engine.check import OURS
from backups_app.engine.errors import EngineError
from backups_app.engine.progress import Watch
from backups_app.models import Backup
from eclick.models import Client
from tests.catalogue import AMELIE

pytestmark = pytest.mark.django_db(transaction=True)

TURNS = 200
SECRET = pyrage.x25519.Identity.generate()
FORMS = {
    ".json": ("", False),
    ".json.gz": ("gzip", False),
    ".json.zst": ("zstd", False),
    ".json.age": ("", True),
    ".json.zst.age": ("zstd", True),
}


@pytest.fixture(params=FORMS)
def backup(request, settings, superuser) -> Backup:
    compression, is_encrypted = FORMS[request.param]
    keys = {"ENCRYPT_TO": [str(SECRET.to_public())], "DECRYPT_KEYS": [str(SECRET)]} if is_encrypted else {}
    settings.BACKUPS = {**settings.BACKUPS, "COMPRESSION": compression, **keys}
    for number in range(20):
        Client.objects.create(name=f"Café {number}", country="AT", hourly_rate="95.50")
    call_command("create_automatic_backup", "--here", stdout=StringIO())
    Client.objects.update(name="After")
    made = Backup.objects.get()
    assert made.name.endswith(request.param)
    return made


@pytest.fixture
def seed() -> int:
    """Shown when a test fails."""
    return random.randrange(1 << 32)


def flipped(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]


def cut(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + content[chance.choice([start + chance.randrange(1, 200), len(content)]) :]


def swapped(content: bytes, chance: random.Random) -> bytes:
    """Two pieces of it in each other's place; pieces that are the same would change nothing."""
    while True:
        first, second, third, fourth = sorted(chance.sample(range(len(content) + 1), 4))
        parts = content[:first], content[third:fourth], content[second:third], content[first:second], content[fourth:]
        if (changed := b"".join(parts)) != content:
            return changed


def damages(content: bytes, seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    ways: list[Callable[[bytes, random.Random], bytes]] = [flipped, cut, swapped]
    for turn in range(TURNS):
        yield ways[turn % len(ways)](content, chance)


def test_a_damaged_file_of_the_list_is_verified_as_corrupted_and_never_restored(
    backup: Backup, backup_folder: Path, seed: int
) -> None:
    path = backup_folder / backup.name
    content = path.read_bytes()
    verifier = Verifier(by=AMELIE, owner=uuid4(), watch=Watch())
    for turn, damaged in enumerate(damages(content, seed)):
        path.write_bytes(damaged)
        # As if nobody had noticed yet.
        Backup.objects.update(status="available")
        with pytest.raises(EngineError):
            restore(backup)
        found = verifier.verify(backup)
        assert found is not None
        assert found.status == "corrupted", (turn, seed)
    parameters = {"name": backup.name, "sha256": backup.sha256}
    with pytest.raises(jobs.Refused, match="is corrupted"):
        jobs.submit(JobKind.RESTORE, by=AMELIE, trigger=Trigger.COMMAND, parameters=parameters)
    assert set(Client.objects.values_list("name", flat=True)) == {"After"}
    path.write_bytes(content)
    found = verifier.verify(backup)
    assert found is not None
    assert found.status == "available"


def restore(backup: Backup) -> None:
    """As a job does whose file was damaged after it was asked for."""
    restore_backup(
        Source(name=backup.name),
        expected=Expected(sha256=backup.sha256),
        trigger=Trigger.COMMAND,
        by=AMELIE,
        owner=uuid4(),
        watch=Watch(),
        overrides=Overrides(no_safety_backup=True, accept_foreign=True, accept_lock_out=True),
        mark=lambda execute: None,
        fence=lambda *what: None,
    )


def test_a_damaged_file_anywhere_is_refused_or_has_the_very_same_content(
    backup: Backup, backup_folder: Path, tmp_path: Path, seed: int
) -> None:
    content = (backup_folder / backup.name).read_bytes()
    with Source(name=backup.name).unpacked(watch=Watch()) as plain:
        whole = check_stored(plain, scope=scope(), watch=Watch())
    assert whole.provenance == OURS
    path = tmp_path / backup.name
    for turn, damaged in enumerate(damages(content, seed)):
        path.write_bytes(damaged)
        try:
            with Source(name=path.name, path=str(path)).unpacked(watch=Watch()) as plain:
                checked = check_stored(plain, scope=scope(), watch=Watch())
        except EngineError:
            continue
        is_refused = bool(checked.refusals) or checked.provenance != OURS
        assert is_refused or checked.sha256 == whole.sha256, (turn, seed)
