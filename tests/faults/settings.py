"""E-Click's settings for installations that are to be harmed: those that wait most for a locked database."""

import os

from eclick.settings import *  # noqa: F403
from eclick.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.holding.HoldingConfig"]

DATABASES["default"]["ATOMIC_REQUESTS"] = True
SESSION_SAVE_EVERY_REQUEST = True
# Beat writes whenever it has sent something.
CELERY_BEAT_SYNC_EVERY = 1

if journal_mode := os.environ.get("JOURNAL_MODE"):
    DATABASES["default"]["OPTIONS"]["init_command"] = f"PRAGMA journal_mode={journal_mode}"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
