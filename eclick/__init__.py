"""E-Click: an application for running client projects."""

from eclick.celery import app as celery_app

__all__ = ["celery_app"]

__version__ = "0.1.0"
