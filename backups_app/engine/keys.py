"""Keys of age: whom backups are encrypted to, and what opens them. Secret ones are never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyrage
from django.core.exceptions import ImproperlyConfigured

from backups_app.conf import backup_settings

_SECRET = "AGE-SECRET-KEY-"  # noqa: S105 (how one begins)


def recipients() -> list[Any]:
    """Of BACKUPS["ENCRYPT_TO"]. Raises ImproperlyConfigured naming the setting."""
    found = []
    for text in backup_settings().ENCRYPT_TO:
        try:
            found.append(pyrage.x25519.Recipient.from_str(text))
        except pyrage.RecipientError as error:
            # It may be a secret one, put there by mistake.
            shown = "a secret key" if text.startswith(_SECRET) else repr(text)
            raise ImproperlyConfigured(
                f"BACKUPS['ENCRYPT_TO'] has {shown}, which is no public key of age ({error})."
            ) from error
    return found


def identities() -> list[Any]:
    """Of BACKUPS["DECRYPT_KEYS"]: secret keys, or files that hold one a line. Raises ImproperlyConfigured."""
    found = []
    for number, text in enumerate(backup_settings().DECRYPT_KEYS, 1):
        where = f"BACKUPS['DECRYPT_KEYS'], entry {number}"
        for line in [text] if text.startswith(_SECRET) else _lines(Path(text), where):
            try:
                found.append(pyrage.x25519.Identity.from_str(line))
            except pyrage.IdentityError as error:
                raise ImproperlyConfigured(f"{where}, is no secret key of age, and has none ({error}).") from error
    return found


def opens_what_is_written() -> bool:
    """Whether one of the keys at hand opens what is encrypted now."""
    wanted = {str(recipient) for recipient in recipients()}
    return any(str(identity.to_public()) in wanted for identity in identities())


def _lines(path: Path, where: str) -> list[str]:
    try:
        lines = path.read_text().splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or "it is no text"
        raise ImproperlyConfigured(f"{where}, is neither a secret key nor a file that can be read: {reason}.") from None
    found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not found:
        raise ImproperlyConfigured(f"{where}, is a file without a key.")
    return found
