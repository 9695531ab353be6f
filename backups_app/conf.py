"""The BACKUPS setting of a project, validated once, as one frozen object."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """Each name is a key of settings.BACKUPS.

    DATABASE: alias of the one database that is backed up.
    STATE_DIR: folder on this host for locks and half-written files; never cleared while jobs run.
    EXCLUDE, INCLUDE: labels ("app" or "app.model") left out besides, or in spite of, the default list.
    COPY_TO: alias in STORAGES of a second location, to which every backup is copied; "" for none.
    COMPRESSION: "", "gzip" or "zstd", for what is written.
    ENCRYPT_TO: public keys of age, each of which opens what is written; none: not encrypted.
    DECRYPT_KEYS: secret keys of age, or paths of files with some; never shown.
    KEY_IS_ELSEWHERE: it is meant that no key here opens what is written.
    UNPACKED_BYTES, UNPACKED_RATIO: what a packed file from outside may become at most.
    KEEP_DAYS: days that the nightly clean-up keeps automatic backups.
    VERIFY_A_NIGHT: how many backups the nightly check reads, those first that nobody has looked at for longest.
    HEARTBEAT_SECONDS, SILENCE_SECONDS: how often a running job gives a sign of life; when it counts as silent.
    TOKEN_HOURS: life of the signed token that lets a page follow one job.
    POLL_SECONDS: how often the page asks for progress.
    UPLOAD_MAX_BYTES: of a file that is uploaded or imported, as it is sent.
    UPLOAD_MAX_RECORD_BYTES: of one record in such a file, unless it was provably made here.
    """

    DATABASE: str = "default"
    STATE_DIR: Path = Path(gettempdir()) / "backups_app"
    EXCLUDE: tuple[str, ...] = ()
    INCLUDE: tuple[str, ...] = ()
    COPY_TO: str = ""
    COMPRESSION: str = ""
    ENCRYPT_TO: tuple[str, ...] = ()
    DECRYPT_KEYS: tuple[str, ...] = field(default=(), repr=False)
    KEY_IS_ELSEWHERE: bool = False
    UNPACKED_BYTES: int = 100_000_000_000
    UNPACKED_RATIO: int = 200
    KEEP_DAYS: int = 30
    VERIFY_A_NIGHT: int = 10
    HEARTBEAT_SECONDS: int = 1
    SILENCE_SECONDS: int = 30
    TOKEN_HOURS: int = 24
    POLL_SECONDS: int = 1
    UPLOAD_MAX_BYTES: int = 1073741824
    UPLOAD_MAX_RECORD_BYTES: int = 8388608


@lru_cache(maxsize=1)
def backup_settings() -> BackupSettings:
    """The current settings. Raises ImproperlyConfigured naming the key that is wrong."""
    raw = getattr(settings, "BACKUPS", {})
    if not isinstance(raw, Mapping):
        raise ImproperlyConfigured(f"BACKUPS must be a dict, not {raw!r}.")
    given: dict[str, Any] = dict(raw)
    known = [entry.name for entry in fields(BackupSettings)]
    if unknown := sorted(str(name) for name in given if name not in known):
        raise ImproperlyConfigured(f"BACKUPS has unknown keys: {', '.join(unknown)}. Known: {', '.join(known)}.")
    return BackupSettings(**{name: _read(name, value) for name, value in given.items()})


def _read(name: str, value: Any) -> Any:
    match name:
        case "COPY_TO" if value == "backups":
            raise ImproperlyConfigured("BACKUPS['COPY_TO'] is 'backups', which is the first location itself.")
        case "DATABASE" | "COPY_TO":
            return _text(name, value)
        case "STATE_DIR":
            return _path(name, value)
        case "EXCLUDE" | "INCLUDE":
            return _labels(name, value)
        case "COMPRESSION":
            return _compression(name, value)
        case "ENCRYPT_TO" | "DECRYPT_KEYS":
            return _texts(name, value)
        case "KEY_IS_ELSEWHERE":
            return _flag(name, value)
        case _:
            return _number(name, value)


def _compression(name: str, value: Any) -> str:
    if value not in ("", "gzip", "zstd"):
        raise ImproperlyConfigured(f"BACKUPS[{name!r}] must be 'gzip', 'zstd' or '', not {value!r}.")
    return str(value)


def _texts(name: str, value: Any) -> tuple[str, ...]:
    # What may be a secret is not shown.
    shown = "" if name == "DECRYPT_KEYS" else f", not {value!r}"
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ImproperlyConfigured(f"BACKUPS[{name!r}] must be a list of texts{shown}.")
    texts = tuple(str(text) if isinstance(text, Path) else text for text in value)
    if not all(isinstance(text, str) for text in texts):
        raise ImproperlyConfigured(f"BACKUPS[{name!r}] must be a list of texts{shown}.")
    return texts


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ImproperlyConfigured(f"BACKUPS[{name!r}] must be True or False, not {value!r}.")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ImproperlyConfigured(f"BACKUPS[{name!r}] must be a text, not {value!r}.")
    return value


def _path(name: str, value: Any) -> Path:
    if not isinstance(value, str | Path):
        raise ImproperlyConfigured(f"BACKUPS[{name!r}] must be a path, not {value!r}.")
    return Path(value)


def _labels(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ImproperlyConfigured(f"BACKUPS[{name!r}] must be a list of labels, not {value!r}.")
    labels = tuple(value)
    for label in labels:
        if not isinstance(label, str):
            raise ImproperlyConfigured(f"BACKUPS[{name!r}] has {label!r}, which is not a label as a text.")
    # As Django spells a model's label_lower: an app's label keeps its case.
    return tuple("".join((app, dot, model.lower())) for app, dot, model in (label.partition(".") for label in labels))


def _number(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ImproperlyConfigured(f"BACKUPS[{name!r}] must be a whole number of at least 1, not {value!r}.")
    return value


@receiver(setting_changed)
def _forget(*, setting: str, **_kwargs: object) -> None:
    if setting == "BACKUPS":
        backup_settings.cache_clear()
