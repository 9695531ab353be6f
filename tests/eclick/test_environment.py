"""Environment variables: what they may be, and that a wrong one ends the start with its name."""

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from eclick import environment

SETTINGS = Path(environment.__file__).with_name("settings.py")
VARIABLES = """
    SECRET_KEY SECRET_KEY_FALLBACKS DEBUG ALLOWED_HOSTS CSRF_TRUSTED_ORIGINS DATABASE_URL MYSQL_DRIVER REDIS_URL
    BACKUPS_CACHE_URL BACKUPS_DIR BACKUPS_STORAGE BACKUPS_STORAGE_OPTIONS BACKUPS_S3_BUCKET BACKUPS_S3_PREFIX
    BACKUPS_S3_ENDPOINT BACKUPS_S3_REGION BACKUPS_S3_ACCESS_KEY BACKUPS_S3_SECRET_KEY BACKUPS_COPY_STORAGE
    BACKUPS_COPY_DIR BACKUPS_COPY_STORAGE_OPTIONS BACKUPS_EXCLUDE BACKUPS_INCLUDE
    BACKUPS_KEEP_DAYS BACKUPS_TIME_LIMIT TIME_ZONE HTTPS_ONLY LOG_FORMAT LOG_LEVEL
"""


@pytest.fixture(autouse=True)
def data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty environment but for DATA_DIR, which is an empty folder."""
    for name in VARIABLES.split():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    return tmp_path


def start(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, Any]:
    """The settings that these variables make, as at the start of every process."""
    for name, value in {"SECRET_KEY": "a-key", **variables}.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(SETTINGS))


# --- Wrong ones --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("DEBUG", "maybe"),
        ("HTTPS_ONLY", "2"),
        ("DATABASE_URL", "oracle://somewhere/else"),
        ("DATABASE_URL", "postgres://user@host:port/name"),
        pytest.param("DATABASE_URL", "nonsense", marks=pytest.mark.filterwarnings("ignore:Engine not recognized")),
        ("REDIS_URL", "http://localhost:6379/0"),
        ("REDIS_URL", "redis://localhost:6379/first"),
        ("REDIS_URL", "unix:///run/valkey.sock?db=first"),
        ("BACKUPS_STORAGE_OPTIONS", "{location:"),
        ("BACKUPS_STORAGE_OPTIONS", '["location"]'),
        ("BACKUPS_KEEP_DAYS", "a month"),
        ("BACKUPS_TIME_LIMIT", "12h"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_ends_the_start_and_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        start(monkeypatch, **{name: value})


def test_a_wrong_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match="MYSQL_DRIVER='oracle' is neither mysqlclient nor pymysql"):
        start(monkeypatch, DATABASE_URL="mysql://root@localhost/eclick", MYSQL_DRIVER="oracle")


def test_a_driver_that_is_asked_for_and_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "MySQLdb", None)

    with pytest.raises(ImproperlyConfigured, match="MYSQL_DRIVER=mysqlclient, but mysqlclient is not installed"):
        start(monkeypatch, DATABASE_URL="mysql://root@localhost/eclick", MYSQL_DRIVER="mysqlclient")


def test_a_missing_text_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match="BACKUPS_DIR is not set"):
        environment.text("BACKUPS_DIR")


# --- Right ones --------------------------------------------------------------------------------------------------


def test_a_key_is_all_that_has_to_be_set(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    settings = start(monkeypatch)

    assert settings["DEBUG"] is False
    assert settings["DATABASES"]["default"]["NAME"] == str(data_dir / "db.sqlite3")
    assert settings["STORAGES"]["backups"]["OPTIONS"]["location"] == str(data_dir / "backups")
    assert settings["CELERY_BROKER_URL"] == "redis://127.0.0.1:6379/0"
    assert settings["CACHES"]["backups"]["LOCATION"] == "redis://127.0.0.1:6379/1"


@pytest.mark.parametrize(
    ("value", "meaning"),
    [(yes, True) for yes in ("1", "true", "YES", "On")] + [(no, False) for no in ("0", "False", "no", "off")],
)
def test_a_flag_is_written_in_several_ways(monkeypatch: pytest.MonkeyPatch, value: str, meaning: bool) -> None:
    monkeypatch.setenv("DEBUG", value)

    assert environment.flag("DEBUG", default=not meaning) is meaning


@pytest.mark.parametrize("default", [True, False])
def test_an_empty_flag_is_not_set(monkeypatch: pytest.MonkeyPatch, default: bool) -> None:
    monkeypatch.setenv("DEBUG", "")

    assert environment.flag("DEBUG", default=default) is default


def test_words_stand_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", " eclick.example, localhost ,,")

    assert environment.words("ALLOWED_HOSTS", default=[]) == ["eclick.example", "localhost"]
    assert environment.words("CSRF_TRUSTED_ORIGINS", default=["x"]) == ["x"]


def test_options_of_the_storage_are_a_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = start(
        monkeypatch,
        BACKUPS_STORAGE="django.core.files.storage.InMemoryStorage",
        BACKUPS_STORAGE_OPTIONS='{"location": "b"}',
    )

    assert settings["STORAGES"]["backups"] == {
        "BACKEND": "django.core.files.storage.InMemoryStorage",
        "OPTIONS": {"location": "b"},
    }


def test_the_key_that_was_generated_is_found_in_the_data_folder(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    (data_dir / "secrets.env").write_text("# generated\nADMIN_PASSWORD=p\nSECRET_KEY=with=equals #and-hash\n")

    assert environment.secret_key() == "with=equals #and-hash"
    monkeypatch.setenv("SECRET_KEY", "from-outside")
    assert environment.secret_key() == "from-outside"


def test_sqlite_is_set_up_for_many_processes_unless_the_url_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:////var/lib/eclick.sqlite3?timeout=7")

    database = environment.database()

    assert database["NAME"] == "/var/lib/eclick.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert database["OPTIONS"]["timeout"] == 7


@pytest.mark.parametrize(
    ("url", "engine"),
    [
        ("postgres://u:p%40ss@db:5433/eclick", "django.db.backends.postgresql"),
        ("mysql://u:p%40ss@db:5433/eclick", "django.db.backends.mysql"),
    ],
)
def test_servers_are_named_by_url(monkeypatch: pytest.MonkeyPatch, url: str, engine: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    database = environment.database()

    named = {"ENGINE": engine, "USER": "u", "PASSWORD": "p@ss", "HOST": "db", "PORT": 5433, "NAME": "eclick"}
    assert named.items() <= database.items()


def test_mariadb_is_spoken_to_in_whole_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://root@localhost/eclick")

    assert environment.database()["OPTIONS"]["charset"] == "utf8mb4"


def test_the_embedded_queue_is_found_in_the_data_folder_unless_another_is_set(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    (data_dir / "valkey").mkdir()
    (data_dir / "valkey" / "url").write_text("unix:///run/valkey.sock?db=0\n")

    assert environment.redis_url() == "unix:///run/valkey.sock?db=0"
    monkeypatch.setenv("REDIS_URL", "rediss://queue.example:6380/4")
    assert environment.redis_url() == "rediss://queue.example:6380/4"


@pytest.mark.parametrize(
    ("url", "broker", "cache"),
    [
        ("redis://:p@host:6379/4", "redis://:p@host:6379/4", "redis://:p@host:6379/5"),
        ("redis://host", "redis://host", "redis://host/1"),
        ("unix:///run/v.sock?db=2", "redis+socket:///run/v.sock?virtual_host=2", "unix:///run/v.sock?db=3"),
        ("unix:///run/v.sock", "redis+socket:///run/v.sock?virtual_host=0", "unix:///run/v.sock?db=1"),
    ],
)
def test_progress_is_kept_in_the_database_after_the_queue_s(
    monkeypatch: pytest.MonkeyPatch, url: str, broker: str, cache: str
) -> None:
    settings = start(monkeypatch, REDIS_URL=url)

    assert settings["CELERY_BROKER_URL"] == broker
    assert settings["CACHES"]["backups"]["LOCATION"] == cache


def test_https_only_secures_cookies_and_redirects(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"]

    assert [start(monkeypatch, HTTPS_ONLY="1")[name] for name in names] == [True] * 3
    assert [start(monkeypatch, HTTPS_ONLY="0")[name] for name in names] == [False] * 3


# --- Object storage ----------------------------------------------------------------------------------------------

IN_S3 = {"BACKUPS_STORAGE": "s3", "BACKUPS_S3_BUCKET": "eclick-backups"}


def test_a_bucket_is_all_that_object_storage_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    backups = start(monkeypatch, **IN_S3)["STORAGES"]["backups"]

    assert backups["BACKEND"] == "backups_app.engine.s3.S3BackupStorage"
    assert backups["OPTIONS"] == {"bucket_name": "eclick-backups"}


def test_the_variables_of_object_storage_become_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = start(
        monkeypatch,
        **IN_S3,
        BACKUPS_S3_PREFIX="/production/",
        BACKUPS_S3_ENDPOINT="https://s3.example.org",
        BACKUPS_S3_REGION="eu-central-1",
        BACKUPS_S3_ACCESS_KEY="key",
        BACKUPS_S3_SECRET_KEY="secret",
        BACKUPS_STORAGE_OPTIONS='{"read_timeout": 60}',
    )

    assert settings["STORAGES"]["backups"]["OPTIONS"] == {
        "bucket_name": "eclick-backups",
        "location": "production",
        "endpoint_url": "https://s3.example.org",
        "region_name": "eu-central-1",
        "access_key": "key",
        "secret_key": "secret",
        "read_timeout": 60,
    }


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"BACKUPS_S3_BUCKET": ""}, "BACKUPS_S3_BUCKET"),
        ({"BACKUPS_S3_BUCKET": "Not/A/Bucket"}, "BACKUPS_S3_BUCKET"),
        ({"BACKUPS_S3_ENDPOINT": "s3.example.org"}, "BACKUPS_S3_ENDPOINT"),
        ({"BACKUPS_S3_ENDPOINT": "ftp://user:hidden@s3.example.org"}, "BACKUPS_S3_ENDPOINT"),
        ({"BACKUPS_S3_ACCESS_KEY": "hidden"}, "BACKUPS_S3_SECRET_KEY"),
        ({"BACKUPS_S3_SECRET_KEY": "hidden"}, "BACKUPS_S3_ACCESS_KEY"),
    ],
)
def test_what_object_storage_lacks_is_named_and_no_secret_shown(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=name) as caught:
        start(monkeypatch, **{**IN_S3, **variables})
    assert "hidden" not in str(caught.value)


# --- The second location -----------------------------------------------------------------------------------------


def test_without_a_second_location_nothing_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = start(monkeypatch)

    assert settings["BACKUPS"]["COPY_TO"] == ""
    assert "backups_copy" not in settings["STORAGES"]


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        ({"BACKUPS_COPY_STORAGE": "folder", "BACKUPS_COPY_DIR": "/mnt/copies"}, {"location": "/mnt/copies"}),
        (
            {"BACKUPS_COPY_STORAGE": "s3", "BACKUPS_COPY_STORAGE_OPTIONS": '{"bucket_name": "copies"}'},
            {"bucket_name": "copies"},
        ),
    ],
)
def test_a_second_location_is_a_folder_or_a_bucket(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], options: dict[str, str]
) -> None:
    settings = start(monkeypatch, **variables)

    assert settings["BACKUPS"]["COPY_TO"] == "backups_copy"
    assert settings["STORAGES"]["backups_copy"]["OPTIONS"] == options


@pytest.mark.parametrize(
    ("storage", "name"),
    [("folder", "BACKUPS_COPY_DIR"), ("s3", "BACKUPS_COPY_STORAGE_OPTIONS"), ("no.such.Class", "BACKUPS_COPY_STORAGE")],
)
def test_what_a_second_location_lacks_is_named(monkeypatch: pytest.MonkeyPatch, storage: str, name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        start(monkeypatch, BACKUPS_COPY_STORAGE=storage)
