"""E-Click's Celery application. Its settings, each with its reason, stand in `eclick.settings` under CELERY_."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eclick.settings")

app = Celery("eclick")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**_kwargs: object) -> None:
    """Connected so that Celery leaves the logging that Django's settings describe as it is."""
