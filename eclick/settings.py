"""E-Click's settings, from the environment variables that `.env.example` describes."""

from csp.constants import NONE, SELF

from eclick import __version__, environment
from eclick.logs import logging_config

BASE_DIR = environment.BASE_DIR
DATA_DIR = environment.data_dir()

SECRET_KEY = environment.secret_key()
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS", default=[])
# Written into every backup's manifest.
VERSION = __version__
DEBUG = environment.flag("DEBUG", default=False)
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = environment.origins("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_results",
    "django_celery_beat",
    "django_htmx",
    "csp",
    "eclick.apps.EClickConfig",
    "backups_app.apps.BackupsConfig",
]

MIDDLEWARE = [
    # First, before sessions and authentication: it answers the progress poll without touching the database.
    "backups_app.maintenance.BackupsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Behind authentication and messages: signs everybody out after a restore.
    "backups_app.sessions.RestoreEpochMiddleware",
]

ROOT_URLCONF = "eclick.urls"
WSGI_APPLICATION = "eclick.wsgi.application"
ASGI_APPLICATION = "eclick.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": environment.database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
TIME_ZONE = environment.time_zone("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static_collected"
WHITENOISE_USE_FINDERS = DEBUG

STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(DATA_DIR / "media")},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    "backups": environment.backups_storage(),
    # Uploads lie here until a worker has looked at them; web and workers on several hosts need to share it.
    "backups_quarantine": {
        "BACKEND": environment.dotted_class(
            "BACKUPS_QUARANTINE_STORAGE", "django.core.files.storage.FileSystemStorage"
        ),
        "OPTIONS": environment.json_object("BACKUPS_QUARANTINE_STORAGE_OPTIONS")
        or {"location": str(DATA_DIR / "quarantine")},
    },
}

# --- The queue ---------------------------------------------------------------------------------------------------

REDIS_URL = environment.redis_url()

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Progress, heartbeats and cancel wishes. A database of its own, because clearing a cache empties its whole
    # database; one second of patience, because a page must not wait for a server that is gone.
    "backups": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": environment.backups_cache_url(REDIS_URL),
        "OPTIONS": {
            "serializer": "backups_app.cache.JSONSerializer",
            "socket_timeout": 1,
            "socket_connect_timeout": 1,
        },
    },
}

CELERY_BROKER_URL = environment.broker_url(REDIS_URL)
# Nothing but JSON is read from the broker: a pickle there would be code.
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_ACCEPT_CONTENT = ["json"]
# A destructive job never repeats by itself: a message counts as handled when it is received, and the death of a
# worker does not put it back. The job's row is what is asked again.
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_REJECT_ON_WORKER_LOST = False
# A worker takes one message at a time and leaves the others to its colleagues.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
# Heavy jobs and the caretaker's ticks wait in queues of their own, so that no tick stands behind an hour of backup.
CELERY_TASK_DEFAULT_QUEUE = "backups"
CELERY_TASK_ROUTES = {
    "backups_app.tasks.look_after_jobs": {"queue": "ticks"},
    "backups_app.tasks.start_nightly_backup": {"queue": "ticks"},
    "backups_app.tasks.start_nightly_verify": {"queue": "ticks"},
}
# Redis gives a message that was not acknowledged for this long to somebody else: longer than any job.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 24 * 3600,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": 24 * 3600}
CELERY_VISIBILITY_TIMEOUT = 24 * 3600
# Workers may start before the broker does, and outlive its restarts.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A broker that comes back does not make running jobs stop: their rows, not their messages, are what counts.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
# A stopping worker gives the running job this long to see the cancel and tidy up.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = False
# No job runs longer than this, in seconds; the soft limit raises inside the job so that it can tidy up.
CELERY_TASK_SOFT_TIME_LIMIT = environment.number("BACKUPS_TIME_LIMIT", default=12 * 3600)
CELERY_TASK_TIME_LIMIT = CELERY_TASK_SOFT_TIME_LIMIT + 300
# Results are for onlookers, in the database; no decision is taken from them.
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_TASK_TRACK_STARTED = True
CELERY_RESULT_EXPIRES = 30 * 24 * 3600
# Schedules live in the database, made once by migrate: beat_schedule would overwrite people's edits at each start.
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_TIMEZONE = TIME_ZONE
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- Backups -----------------------------------------------------------------------------------------------------

SECOND_LOCATION = environment.second_location()
if SECOND_LOCATION:
    STORAGES["backups_copy"] = SECOND_LOCATION

BACKUPS = {
    "COPY_TO": "backups_copy" if SECOND_LOCATION else "",
    "STATE_DIR": DATA_DIR / "run",
    "EXCLUDE": environment.words("BACKUPS_EXCLUDE", default=[]),
    "INCLUDE": environment.words("BACKUPS_INCLUDE", default=[]),
    "COMPRESSION": environment.text("BACKUPS_COMPRESSION", ""),
    "ENCRYPT_TO": environment.words("BACKUPS_ENCRYPT_TO", default=[]),
    "DECRYPT_KEYS": environment.words("BACKUPS_DECRYPT_KEYS", default=[]),
    "KEY_IS_ELSEWHERE": environment.flag("BACKUPS_KEY_IS_ELSEWHERE", default=False),
    "UNPACKED_BYTES": environment.number("BACKUPS_UNPACKED_BYTES", default=100_000_000_000),
    "UNPACKED_RATIO": environment.number("BACKUPS_UNPACKED_RATIO", default=200),
    "KEEP_DAYS": environment.number("BACKUPS_KEEP_DAYS", default=30),
    "UPLOAD_MAX_BYTES": environment.number("BACKUPS_UPLOAD_MAX_BYTES", default=1 << 30),
    "UPLOAD_MAX_RECORD_BYTES": environment.number("BACKUPS_UPLOAD_MAX_RECORD_BYTES", default=8 << 20),
}

# --- Security ----------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
    },
}
HTTPS_ONLY = environment.flag("HTTPS_ONLY", default=False)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS_ONLY else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
# Whether other names below this one may be reached by HTTP is for the owner of the domain to say, at the proxy.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LOGGING = logging_config(
    form=environment.text("LOG_FORMAT", "console"),
    level=environment.text("LOG_LEVEL", "INFO").upper(),
)
