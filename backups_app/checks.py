"""System checks: each setting that backups_app needs and a project lacks, with what to write."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from backups_app.conf import backup_settings
from backups_app.engine import keys

MIDDLEWARE = "backups_app.maintenance.BackupsMiddleware"
EPOCH_MIDDLEWARE = "backups_app.sessions.RestoreEpochMiddleware"
UNSHARED_CACHES = ("locmem.LocMemCache", "dummy.DummyCache")


def register_checks() -> None:
    register(check_settings)


def check_settings(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    return [
        *_check_backups(),
        *_check_keys(),
        *_check_middleware(),
        *_check_epoch_middleware(),
        *_check_cache(),
        *_check_storage(),
        *_check_apps(),
        *_check_pooler(),
    ]


def _check_backups() -> list[CheckMessage]:
    try:
        configured = backup_settings()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="backups_app.E001")]
    unknown = [
        f"BACKUPS[{name!r}] names {label!r}"
        for name, labels in (("EXCLUDE", configured.EXCLUDE), ("INCLUDE", configured.INCLUDE))
        for label in labels
        if not _is_label(label)
    ]
    if unknown:
        return [
            Error(
                f"{text}, which is no installed app or model.",
                hint="Write the label of an app, such as 'auth', or of a model, such as 'auth.user'.",
                id="backups_app.E007",
            )
            for text in unknown
        ]
    if configured.DATABASE not in settings.DATABASES:
        return [
            Error(
                f"BACKUPS['DATABASE'] is {configured.DATABASE!r}, which DATABASES does not have.",
                hint=f"Choose one of: {', '.join(settings.DATABASES)}.",
                id="backups_app.E002",
            )
        ]
    return []


def _check_keys() -> list[CheckMessage]:
    try:
        configured = backup_settings()
    except ImproperlyConfigured:
        return []
    try:
        is_open = keys.opens_what_is_written()
    except ImproperlyConfigured as error:
        hint = "Make a pair with age-keygen: the public key for ENCRYPT_TO, the file or the secret for DECRYPT_KEYS."
        return [Error(str(error), hint=hint, id="backups_app.E020")]
    if configured.ENCRYPT_TO and not is_open and not configured.KEY_IS_ELSEWHERE:
        return [
            Error(
                "BACKUPS encrypts, and no key of BACKUPS['DECRYPT_KEYS'] opens what it writes.",
                hint="Name the key in DECRYPT_KEYS, or set KEY_IS_ELSEWHERE if it is knowingly kept elsewhere.",
                id="backups_app.E021",
            )
        ]
    return []


def _is_label(label: str) -> bool:
    app_label, _, model_name = label.partition(".")
    try:
        config = apps.get_app_config(app_label)
        return not model_name or bool(config.get_model(model_name))
    except LookupError:
        return False


def _check_middleware() -> list[CheckMessage]:
    if list(settings.MIDDLEWARE)[:1] == [MIDDLEWARE]:
        return []
    return [
        Error(
            f"{MIDDLEWARE} is not the first entry of MIDDLEWARE.",
            hint="Progress must be answered before sessions and authentication touch the database.",
            id="backups_app.E003",
        )
    ]


def _check_epoch_middleware() -> list[CheckMessage]:
    configured = list(settings.MIDDLEWARE)
    before = "django.contrib.messages.middleware.MessageMiddleware"
    if before in configured and EPOCH_MIDDLEWARE in configured[configured.index(before) :]:
        return []
    return [
        Error(
            f"{EPOCH_MIDDLEWARE} does not stand behind {before} in MIDDLEWARE.",
            hint="Add it at the end: it signs everybody out after a restore.",
            id="backups_app.E008",
        )
    ]


def _check_cache() -> list[CheckMessage]:
    configured: dict[str, Any] = settings.CACHES
    backend = str(configured.get("backups", {}).get("BACKEND", ""))
    if not backend:
        return [
            Error(
                "CACHES has no alias 'backups'.",
                hint="Add one that all processes share, such as Django's RedisCache.",
                id="backups_app.E004",
            )
        ]
    if backend.endswith(UNSHARED_CACHES):
        return [
            Error(
                f"CACHES['backups'] is {backend}, which web and workers do not share.",
                hint="Use one that all processes share, such as Django's RedisCache.",
                id="backups_app.E005",
            )
        ]
    return []


def _check_storage() -> list[CheckMessage]:
    hint = "Add FileSystemStorage with a location outside of everything the web server serves."
    return [
        Error(f"STORAGES has no alias {alias!r}{why}.", hint=hint, id="backups_app.E006")
        for alias, why in _wanted_storages()
        if alias not in settings.STORAGES
    ]


def _wanted_storages() -> list[tuple[str, str]]:
    """Aliases, and who names them."""
    try:
        second = backup_settings().COPY_TO
    except ImproperlyConfigured:
        second = ""
    return [("backups", ""), *([(second, ", which BACKUPS['COPY_TO'] names")] if second else [])]


def _check_apps() -> list[CheckMessage]:
    wanted = ("django.contrib.admin", "django_celery_results", "django_celery_beat", "django_htmx")
    return [
        Warning(f"{name} is not in INSTALLED_APPS.", hint="backups_app uses it; add it.", id="backups_app.W001")
        for name in wanted
        if not apps.is_installed(name)
    ]


def _check_pooler() -> list[CheckMessage]:
    """The switch is the one that Django asks for behind a pooler of transactions."""
    return [
        Warning(
            f"DATABASES[{alias!r}] has DISABLE_SERVER_SIDE_CURSORS, as behind a pooler that pools transactions.",
            hint="A job's lease is a lock of its session: let the pooler pool sessions, or connect without it.",
            id="backups_app.W002",
        )
        for alias, database in settings.DATABASES.items()
        if database.get("DISABLE_SERVER_SIDE_CURSORS") and "postg" in str(database.get("ENGINE"))
    ]
