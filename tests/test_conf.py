"""The BACKUPS setting: what it may hold, and that each wrong key is named."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from backups_app.conf import BackupSettings, backup_settings


def test_nothing_has_to_be_set(settings: Any) -> None:
    settings.BACKUPS = {}
    assert backup_settings() == BackupSettings()
    del settings.BACKUPS
    assert backup_settings() == BackupSettings()


def test_what_is_set_is_read(settings: Any) -> None:
    settings.BACKUPS = {
        "DATABASE": "postgresql",
        "STATE_DIR": "/var/lib/shop",
        "EXCLUDE": ["eclick.ActivityLog", "Shop.Basket"],
        "INCLUDE": {"sessions"},
        "KEEP_DAYS": 7,
        "HEARTBEAT_SECONDS": 2,
        "SILENCE_SECONDS": 60,
        "TOKEN_HOURS": 1,
        "POLL_SECONDS": 5,
    }
    assert backup_settings() == BackupSettings(
        DATABASE="postgresql",
        STATE_DIR=Path("/var/lib/shop"),
        # As model._meta.label_lower spells them.
        EXCLUDE=("eclick.activitylog", "Shop.basket"),
        INCLUDE=("sessions",),
        KEEP_DAYS=7,
        HEARTBEAT_SECONDS=2,
        SILENCE_SECONDS=60,
        TOKEN_HOURS=1,
        POLL_SECONDS=5,
    )


NUMBERS = (
    "KEEP_DAYS",
    "VERIFY_A_NIGHT",
    "HEARTBEAT_SECONDS",
    "SILENCE_SECONDS",
    "TOKEN_HOURS",
    "POLL_SECONDS",
    "UPLOAD_MAX_BYTES",
    "UPLOAD_MAX_RECORD_BYTES",
)
WRONG: list[tuple[str, Any]] = [
    *((name, value) for name in NUMBERS for value in (0, -1, 1.5, "7", None, True)),
    *((name, value) for name in ("EXCLUDE", "INCLUDE") for value in ("auth", None, 7, [None], [7])),
    ("STATE_DIR", None),
    ("COMPRESSION", "lzma"),
    ("ENCRYPT_TO", "age1"),
    ("DECRYPT_KEYS", [7]),
    ("KEY_IS_ELSEWHERE", "yes"),
    ("UNPACKED_BYTES", 0),
    ("UNPACKED_RATIO", 0),
    ("STATE_DIR", 7),
    ("COPY_TO", "backups"),
    ("COPY_TO", 7),
    ("DATABASE", None),
    ("DATABASE", 7),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_refused_with_its_key_and_itself(name: str, value: Any, settings: Any) -> None:
    settings.BACKUPS = {name: value}
    with pytest.raises(ImproperlyConfigured) as error:
        backup_settings()
    assert f"BACKUPS[{name!r}]" in str(error.value)
    shown = value[0] if isinstance(value, list) else value
    # A secret in the wrong place is not shown.
    assert (repr(shown) in str(error.value)) == (name != "DECRYPT_KEYS")


def test_every_key_that_can_be_set_is_tried_with_a_wrong_value() -> None:
    assert {name for name, _ in WRONG} == set(BackupSettings.__slots__)


def test_unknown_keys_are_named_beside_those_that_there_are(settings: Any) -> None:
    settings.BACKUPS = {"KEEPDAYS": 7, "ZEBRA": 1, 8: 2}
    with pytest.raises(ImproperlyConfigured, match=r"unknown keys: 8, KEEPDAYS, ZEBRA\. Known: DATABASE, .*KEEP_DAYS"):
        backup_settings()


@pytest.mark.parametrize("value", [None, "text", 7, ["KEEP_DAYS"]])
def test_a_setting_that_is_no_dict_is_refused(value: Any, settings: Any) -> None:
    settings.BACKUPS = value
    with pytest.raises(ImproperlyConfigured, match="BACKUPS must be a dict"):
        backup_settings()
