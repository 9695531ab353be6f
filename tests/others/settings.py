"""A project that is not E-Click: a site of Wagtail's, a shop of Oscar's and the apps that every other project has.

Most apps make their tables from their models, not by their migrations, which take minutes; `filling` makes the rows
that those would add. The database is that of DATABASE_URL, everything else lies in the folder DATA_DIR.
"""

import os
from pathlib import Path

from oscar import INSTALLED_APPS as OSCAR
from oscar.defaults import *  # noqa: F403

from eclick import environment

DATA_DIR = Path(os.environ["DATA_DIR"])
SECRET_KEY = "a-key-for-tests-only-that-is-long-enough-to-pass-the-deployment-check"
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "tests.others.urls"
USE_TZ = True
TIME_ZONE = "Europe/Berlin"
LANGUAGE_CODE = "en"
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES = [("en", "English"), ("fr", "French")]
WAGTAIL_I18N_ENABLED = True
SITE_ID = 1
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL, STATIC_URL = "/media/", "/static/"
WAGTAIL_SITE_NAME = "Others"
WAGTAILADMIN_BASE_URL = "http://localhost"
AUTH_USER_MODEL = "shelf.Reader"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASES = {"default": environment.database()}

INSTALLED_APPS = [
    *OSCAR,
    "django.contrib.redirects",
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.contrib.search_promotions",
    "wagtail.contrib.settings",
    "wagtail.contrib.table_block",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "guardian",
    "simple_history",
    "polymorphic",
    "mptt",
    "tests.others.shelf",
    "django_celery_results",
    "django_celery_beat",
    "django_htmx",
    "backups_app.apps.BackupsConfig",
]


class _WithoutMigrations(dict):
    def __contains__(self, label: object) -> bool:
        return label != "backups_app"

    def __getitem__(self, label: str) -> None:
        return None


MIGRATION_MODULES = _WithoutMigrations()

MIDDLEWARE = [
    "backups_app.maintenance.BackupsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "backups_app.sessions.RestoreEpochMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "backups": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "backups"},
    },
}
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "backups": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "backups"},
}
SILENCED_SYSTEM_CHECKS = ["backups_app.E005"]  # there is but one process
BACKUPS = {"STATE_DIR": DATA_DIR / "run"}
CELERY_BROKER_URL = "memory://"
CELERY_RESULT_BACKEND = "django-db"
