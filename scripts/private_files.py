"""Files that only their owner may read: the generated secrets, the embedded server's address and configuration."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

# Without letters and digits that look alike: the password is read from a screen.
PASSWORD_CHARACTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

HEADING = "# Made by `make run`. Keep it with the backups: SECRET_KEY proves that they were made here.\n"


def write_private(path: Path, text: str) -> None:
    """The file appears whole with mode 0600, or not at all."""
    new = path.with_name(path.name + ".new")
    with suppress(FileNotFoundError):
        new.unlink()  # left by a crash
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor, not a path)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def read_secrets(path: Path) -> dict[str, str]:
    """The NAME=value lines of a secrets file; empty when there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def keep_secret(path: Path, name: str, value: str) -> str:
    """Adds a secret unless the file has one of that name; what the file holds then. A secret is never replaced."""
    held = read_secrets(path)
    if held.get(name):
        path.chmod(0o600)
        return held[name]
    text = path.read_text(encoding="utf-8") if path.exists() else HEADING
    write_private(path, f"{text.rstrip()}\n{name}={value}\n")
    return value


def new_secret_key() -> str:
    return secrets.token_urlsafe(50)


def new_password() -> str:
    return "".join(secrets.choice(PASSWORD_CHARACTERS) for _ in range(16))
