"""Reads the environment variables of `.env.example`; a wrong value ends the start with the variable's name."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

BASE_DIR = Path(__file__).resolve().parent.parent

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def text(name: str, default: str | None = None) -> str:
    """The variable's value; one that is empty counts as not set, as compose files pass it."""
    # Read directly: django-environ would take a value that begins with a dollar sign for another variable's name.
    value = os.environ.get(name, "") or (default or "")
    if not value and default is None:
        raise ImproperlyConfigured(f"{name} is not set. Set it in the environment; .env.example describes it.")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = text(name, "")
    if not value:
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither true nor false.")


def number(name: str, *, default: int, least: int = 1) -> int:
    value = text(name, "")
    try:
        parsed = int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from error
    if parsed < least:
        raise ImproperlyConfigured(f"{name}={value!r} is less than {least}.")
    return parsed


def time_zone(name: str, *, default: str) -> str:
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a time zone, such as Europe/Berlin.") from error
    return value


def origins(name: str) -> list[str]:
    values = words(name, default=[])
    for value in values:
        if urlsplit(value).scheme not in {"http", "https"}:
            raise ImproperlyConfigured(f"{name} has {value!r}, which must begin with https:// or http://.")
    return values


def backups_storage() -> dict[str, Any]:
    """BACKUPS_STORAGE as an entry of STORAGES: a folder, S3, or any storage class of Django."""
    options = json_object("BACKUPS_STORAGE_OPTIONS")
    match text("BACKUPS_STORAGE", "folder"):
        case "folder" | "django.core.files.storage.FileSystemStorage":
            return _in_folder({"location": text("BACKUPS_DIR", str(data_dir() / "backups")), **options})
        case "s3":
            return _in_s3({**_s3_options(), **options})
        case _:
            return {"BACKEND": dotted_class("BACKUPS_STORAGE"), "OPTIONS": options}


def second_location() -> dict[str, Any]:
    """BACKUPS_COPY_STORAGE as an entry of STORAGES, or an empty dict when there is none."""
    options = json_object("BACKUPS_COPY_STORAGE_OPTIONS")
    match text("BACKUPS_COPY_STORAGE", "none"):
        case "none":
            return {}
        case "folder":
            return _in_folder({"location": text("BACKUPS_COPY_DIR"), **options})
        case "s3":
            if not options.get("bucket_name"):
                raise ImproperlyConfigured('BACKUPS_COPY_STORAGE_OPTIONS names no bucket: {"bucket_name": "..."}.')
            return _in_s3(options)
        case _:
            return {"BACKEND": dotted_class("BACKUPS_COPY_STORAGE"), "OPTIONS": options}


def _in_folder(options: dict[str, Any]) -> dict[str, Any]:
    return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}


def _in_s3(options: dict[str, Any]) -> dict[str, Any]:
    return {"BACKEND": "backups_app.engine.s3.S3BackupStorage", "OPTIONS": options}


def _s3_options() -> dict[str, Any]:
    """What is not set boto3 looks for itself, such as the keys of a role that the host has."""
    bucket = text("BACKUPS_S3_BUCKET", "")
    if not _BUCKET.fullmatch(bucket):
        raise ImproperlyConfigured(f"BACKUPS_S3_BUCKET={bucket!r} is not the name of a bucket, such as eclick-backups.")
    endpoint = text("BACKUPS_S3_ENDPOINT", "")
    if endpoint and (urlsplit(endpoint).scheme not in {"http", "https"} or not urlsplit(endpoint).hostname):
        # Not shown: an address may hold a password.
        raise ImproperlyConfigured("BACKUPS_S3_ENDPOINT must be https://HOST or http://HOST:PORT.")
    access_key, secret_key = text("BACKUPS_S3_ACCESS_KEY", ""), text("BACKUPS_S3_SECRET_KEY", "")
    if bool(access_key) != bool(secret_key):
        missing = "BACKUPS_S3_SECRET_KEY" if access_key else "BACKUPS_S3_ACCESS_KEY"
        raise ImproperlyConfigured(f"{missing} is not set, and the other half of the key is. Set both or neither.")
    given = {
        "bucket_name": bucket,
        "location": text("BACKUPS_S3_PREFIX", "").strip("/"),
        "endpoint_url": endpoint,
        "region_name": text("BACKUPS_S3_REGION", ""),
        "access_key": access_key,
        "secret_key": secret_key,
    }
    return {name: value for name, value in given.items() if value}


def dotted_class(name: str, default: str | None = None) -> str:
    value = text(name, default)
    try:
        import_string(value)
    except ImportError as error:
        raise ImproperlyConfigured(f"{name}={value!r} can't be imported: {error}") from error
    return value


def words(name: str, *, default: list[str]) -> list[str]:
    value = text(name, "")
    return [word.strip() for word in value.split(",") if word.strip()] if value else default


def json_object(name: str) -> dict[str, Any]:
    import json

    value = text(name, "")
    try:
        parsed = json.loads(value) if value else {}
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not valid JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise ImproperlyConfigured(f"{name} must be a JSON object, for example {{}}.")
    return parsed


def data_dir() -> Path:
    """The folder of everything that a running installation keeps; the project's folder unless DATA_DIR is set."""
    return Path(text("DATA_DIR", str(BASE_DIR))).expanduser().resolve()


def secret_key() -> str:
    """SECRET_KEY, else the one that `make run` generated into `secrets.env` of the data folder."""
    key = text("SECRET_KEY", "")
    if key:
        return key
    generated = read_secrets(data_dir() / "secrets.env").get("SECRET_KEY", "")
    if generated:
        return generated
    raise ImproperlyConfigured(
        f"SECRET_KEY is not set and {data_dir() / 'secrets.env'} does not hold one. "
        "Set SECRET_KEY, or let `make run` generate it."
    )


def read_secrets(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def database() -> dict[str, Any]:
    """DATABASE_URL as an entry of DATABASES: sqlite:///, postgres://, mysql:// (MariaDB too)."""
    url = text("DATABASE_URL", f"sqlite:///{quote(str(data_dir() / 'db.sqlite3'))}")
    try:
        config: dict[str, Any] = environ.Env().db_url_config(url)
    except (ValueError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"DATABASE_URL can't be read: {error}") from error
    options = config.setdefault("OPTIONS", {})
    match config.get("ENGINE"):
        case "django.db.backends.sqlite3":
            # WAL lets readers go on beside a writer; IMMEDIATE waits for the write lock at BEGIN, where waiting
            # is possible, and not in mid-transaction, where SQLite gives up at once.
            options.setdefault("transaction_mode", "IMMEDIATE")
            options.setdefault("timeout", 20)
            options.setdefault("init_command", "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
        case "django.db.backends.mysql":
            options.setdefault("charset", "utf8mb4")
            _use_pymysql_unless_mysqlclient()
        case "django.db.backends.postgresql":
            pass
        case engine:
            raise ImproperlyConfigured(f"DATABASE_URL names {engine!r}; use sqlite, postgres or mysql.")
    return config


def _use_pymysql_unless_mysqlclient() -> None:
    """mysqlclient reads twice as fast but needs headers to build; PyMySQL is pure Python and always there."""
    driver = text("MYSQL_DRIVER", "")
    if driver not in {"", "mysqlclient", "pymysql"}:
        raise ImproperlyConfigured(f"MYSQL_DRIVER={driver!r} is neither mysqlclient nor pymysql.")
    if driver != "pymysql":
        try:
            import MySQLdb  # noqa: F401 (its presence is the question)
        except ImportError:
            if driver == "mysqlclient":
                raise ImproperlyConfigured("MYSQL_DRIVER=mysqlclient, but mysqlclient is not installed.") from None
        else:
            return
    import pymysql

    pymysql.install_as_MySQLdb()


def redis_url() -> str:
    """REDIS_URL, else the address that the embedded server left in the data folder, else the usual port."""
    left = data_dir() / "valkey" / "url"
    default = left.read_text(encoding="utf-8").strip() if left.exists() else "redis://127.0.0.1:6379/0"
    return _checked_redis_url("REDIS_URL", text("REDIS_URL", default))


def backups_cache_url(url: str) -> str:
    """BACKUPS_CACHE_URL, else the next database of the same server."""
    default = with_redis_database(url, redis_database(url) + 1)
    return _checked_redis_url("BACKUPS_CACHE_URL", text("BACKUPS_CACHE_URL", default))


def _checked_redis_url(name: str, url: str) -> str:
    """Raises ImproperlyConfigured, never showing the address, which may hold a password."""
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in {"redis", "rediss", "unix"} and (parts.port or True)
    except ValueError:
        is_right = False
    if not is_right:
        raise ImproperlyConfigured(f"{name} must be redis://HOST:PORT/DB, rediss://... or unix:///PATH?db=DB.")
    try:
        redis_database(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} names a database that is not a number.") from error
    return url


def redis_database(url: str) -> int:
    parts = urlsplit(url)
    name = parse_qs(parts.query).get("db", ["0"])[0] if parts.scheme == "unix" else parts.path.strip("/") or "0"
    return int(name)


def with_redis_database(url: str, number: int) -> str:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        # Put together by hand: some versions of urlunsplit drop the slashes of an address without a host.
        return f"unix://{parts.netloc}{parts.path}?db={number}"
    return urlunsplit(parts._replace(path=f"/{number}"))


def broker_url(url: str) -> str:
    """The same server in kombu's spelling, which has one of its own for sockets."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={redis_database(url)}"
    return url
