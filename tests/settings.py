"""E-Click's settings as the tests run them: nothing of the developer's environment, servers of the tests' own.

Two kinds of process import this. pytest itself (and each of its xdist workers) gets a fresh DATA_DIR with the addresses
of servers that are started when a test wants them. A process that a test starts gets the same databases through
TESTS_DATABASES (a JSON object, alias to URL) and the rest of its environment as the test made it; the fixture
`child_environment` prepares that. `MYSQL_DRIVER=pymysql pytest` runs everything with PyMySQL: one process can have only
one MySQLdb, so both drivers in one run means a child process with that variable.
"""

import json
import os
from pathlib import Path

from eclick import environment
from tests.servers import MariaDB, NotInstalled, Postgresql
from tests.servers.processes import fresh_folder

_IS_CHILD = "TESTS_DATABASES" in os.environ

if not _IS_CHILD:
    for _name in [
        "ALLOWED_HOSTS",
        "BACKUPS_CACHE_URL",
        "BACKUPS_COPY_DIR",
        "BACKUPS_COPY_STORAGE",
        "BACKUPS_COPY_STORAGE_OPTIONS",
        "BACKUPS_DIR",
        "BACKUPS_EXCLUDE",
        "BACKUPS_INCLUDE",
        "BACKUPS_KEEP_DAYS",
        "BACKUPS_S3_ACCESS_KEY",
        "BACKUPS_S3_BUCKET",
        "BACKUPS_S3_ENDPOINT",
        "BACKUPS_S3_PREFIX",
        "BACKUPS_S3_REGION",
        "BACKUPS_S3_SECRET_KEY",
        "BACKUPS_STORAGE",
        "BACKUPS_STORAGE_OPTIONS",
        "BACKUPS_TIME_LIMIT",
        "BACKUPS_QUARANTINE_STORAGE",
        "BACKUPS_QUARANTINE_STORAGE_OPTIONS",
        "BACKUPS_UPLOAD_MAX_BYTES",
        "BACKUPS_UPLOAD_MAX_RECORD_BYTES",
        "CSRF_TRUSTED_ORIGINS",
        "DEBUG",
        "HTTPS_ONLY",
        "LOG_FORMAT",
        "LOG_LEVEL",
        "SECRET_KEY_FALLBACKS",
        "TIME_ZONE",
    ]:
        os.environ.pop(_name, None)
    _folder = fresh_folder("tests")
    os.environ["DATA_DIR"] = str(_folder)
    os.environ["SECRET_KEY"] = "a-key-for-tests-only-that-is-long-enough-to-pass-the-deployment-check"
    os.environ["DATABASE_URL"] = f"sqlite:///{_folder / 'db.sqlite3'}"
    # Nobody listens here, except while a test uses the fixture `queue`.
    os.environ["REDIS_URL"] = f"unix://{_folder / 'queue'}?db=0"

from eclick.settings import *  # noqa: E402, F403
from eclick.settings import DATA_DIR, INSTALLED_APPS, STORAGES  # noqa: E402

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.postgres", "tests.zoo", "tests.zoo_postgres"]

# Each server's own settings differ from what Django sets for its connections, so that code that forgets to set its own
# shows.
SERVERS: dict[str, Postgresql | MariaDB] = {}
# Alias of a server that is not installed -> how to get it.
NOT_INSTALLED: dict[str, str] = {}
for _alias, _make in {
    "postgresql": lambda: Postgresql(DATA_DIR / "postgresql", parameters={"timezone": "Asia/Kathmandu"}),
    "mariadb": lambda: MariaDB(DATA_DIR / "mariadb", parameters={"default-time-zone": "+05:45"}),
}.items():
    try:
        SERVERS[_alias] = _make()
    except NotInstalled as error:
        NOT_INSTALLED[_alias] = str(error)


def _read(url: str) -> dict:
    """An entry of DATABASES, read from a URL the way an installation reads it."""
    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = url
    try:
        return environment.database()
    finally:
        if before is None:
            del os.environ["DATABASE_URL"]
        else:
            os.environ["DATABASE_URL"] = before


if _IS_CHILD:
    DATABASES = {alias: _read(url) for alias, url in json.loads(os.environ["TESTS_DATABASES"]).items()}
else:
    DATABASES = {"default": _read(os.environ["DATABASE_URL"])}
    # A file, as in an installation: an in-memory database has no WAL, no second connection and no locks.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test_db.sqlite3")}
    # Each is made alone: without this Django would make the default one first, needed or not.
    DATABASES.update(
        {alias: {**_read(server.url("eclick")), "TEST": {"DEPENDENCIES": []}} for alias, server in SERVERS.items()}
    )

DATABASE_ROUTERS = ["tests.routers.ZooRouter"]

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
Path(DATA_DIR, "backups").mkdir(exist_ok=True)

ZOO_SWAPPED_MODEL = "zoo.Replacement"
