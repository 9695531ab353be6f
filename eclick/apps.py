"""E-Click's own domain as a Django app."""

from django.apps import AppConfig


class EClickConfig(AppConfig):
    name = "eclick"
    label = "eclick"
    verbose_name = "E-Click"
    default_auto_field = "django.db.models.BigAutoField"
