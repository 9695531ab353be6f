"""The BACKUPS setting of a project, validated once, as one frozen object."""

from dataclasses import dataclass, fields
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
    KEEP_DAYS: days that the nightly clean-up keeps automatic backups.
    HEARTBEAT_SECONDS, SILENCE_SECONDS: how often a running job gives a sign of life; when it counts as silent.
    TOKEN_HOURS: life of the signed token that lets a page follow one job.
    POLL_SECONDS: how often the page asks for progress.
    """

    DATABASE: str = "default"
    STATE_DIR: Path = Path(gettempdir()) / "backups_app"
    EXCLUDE: tuple[str, ...] = ()
    INCLUDE: tuple[str, ...] = ()
    KEEP_DAYS: int = 30
    HEARTBEAT_SECONDS: int = 1
    SILENCE_SECONDS: int = 30
    TOKEN_HOURS: int = 24
    POLL_SECONDS: int = 1


@lru_cache(maxsize=1)
def backup_settings() -> BackupSettings:
    """The current settings. Raises ImproperlyConfigured naming the key that is wrong."""
    given: dict[str, Any] = dict(getattr(settings, "BACKUPS", {}))
    known = {field.name: field for field in fields(BackupSettings)}
    if unknown := sorted(set(given) - set(known)):
        raise ImproperlyConfigured(f"BACKUPS has unknown keys: {', '.join(unknown)}. Known: {', '.join(known)}.")
    for name in ("EXCLUDE", "INCLUDE"):
        if isinstance(given.get(name, ()), str):
            raise ImproperlyConfigured(f"BACKUPS[{name!r}] must be a list of labels, not one text.")
        given[name] = tuple(label.lower() for label in given.get(name, ()))
    for name in ("KEEP_DAYS", "HEARTBEAT_SECONDS", "SILENCE_SECONDS", "TOKEN_HOURS", "POLL_SECONDS"):
        if name in given and (not isinstance(given[name], int) or given[name] < 1):
            raise ImproperlyConfigured(f"BACKUPS[{name!r}] must be a whole number of at least 1, not {given[name]!r}.")
    if "STATE_DIR" in given:
        given["STATE_DIR"] = Path(given["STATE_DIR"])
    return BackupSettings(**given)


@receiver(setting_changed)
def _forget(*, setting: str, **_kwargs: object) -> None:
    if setting == "BACKUPS":
        backup_settings.cache_clear()
