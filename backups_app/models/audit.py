"""The audit trail: who did what, to which backup, and how it ended. It outlives users, backups and restores."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEvent(models.Model):
    """Written once, never changed. Actor and backup are text, so that the trail does not need them to exist."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("when"), db_index=True)
    event = models.CharField(_("event"), max_length=64)
    actor_id = models.CharField(max_length=255, blank=True, default="")
    actor_name = models.CharField(_("who"), max_length=255, blank=True, default="")
    backup_name = models.CharField(_("backup"), max_length=255, blank=True, default="")
    job_id = models.UUIDField(null=True)
    outcome = models.CharField(_("outcome"), max_length=16, blank=True, default="")
    detail = models.JSONField(_("detail"), default=dict)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.event}"
