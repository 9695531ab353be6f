"""The module that `celery -A celery_worker worker` and `celery -A celery_worker beat` name."""

from eclick.celery import app

__all__ = ["app"]
