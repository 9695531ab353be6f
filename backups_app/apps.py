"""Installs backups_app: system checks and the schedules that migrate makes."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BackupsConfig(AppConfig):
    name = "backups_app"
    label = "backups_app"
    verbose_name = _("Backup Management")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from backups_app import checks, schedules, sessions  # noqa: F401 (connects its receiver)

        checks.register_checks()
        post_migrate.connect(schedules.create_missing_schedules, sender=self, dispatch_uid="backups_app.schedules")
