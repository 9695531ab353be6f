"""E-Click's settings with django-dbbackup added, for the processes that this package starts."""

import os
from pathlib import Path

from eclick.settings import *  # noqa: F403
from eclick.settings import DATA_DIR, DATABASES, INSTALLED_APPS, STORAGES

INSTALLED_APPS = [*INSTALLED_APPS, "dbbackup"]
STORAGES = {
    **STORAGES,
    "dbbackup": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(DATA_DIR / "dbbackup")},
    },
}
Path(DATA_DIR, "dbbackup").mkdir(parents=True, exist_ok=True)

# What it would not find in OPTIONS, where Django's own drivers look.
DBBACKUP_TMP_DIR = str(DATA_DIR)
DBBACKUP_CONNECTORS = {"default": {}}
_options = DATABASES["default"].get("OPTIONS", {})
if "unix_socket" in _options:
    _socket = f"--socket={_options['unix_socket']}"
    DBBACKUP_CONNECTORS["default"] = {"dump_suffix": _socket, "restore_suffix": _socket}
elif host := _options.get("host"):
    DATABASES["default"]["HOST"] = host
    # The clients of the server that is measured, not others that come first.
    _binaries = Path(os.environ.get("PG_BINARIES", ""))
    DBBACKUP_CONNECTORS["default"] = {
        "dump_cmd": str(_binaries / "pg_dump"),
        "restore_cmd": str(_binaries / "pg_restore"),
    }
