"""One queued piece of work. The row is the truth; Celery is the doorbell."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from backups_app.choices import ACTIVE_STATES, JobKind, JobState, Trigger


class Job(models.Model):
    """Moved from state to state only by backups_app.jobs, by compare-and-set.

    `claim` is the fencing token: whoever runs the job made it up when claiming, and every later change of the row
    requires it to be still there. It is emptied when the job ends or is declared lost.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=JobKind.choices)
    state = models.CharField(_("state"), max_length=16, choices=JobState.choices, default=JobState.QUEUED)
    trigger = models.CharField(_("trigger"), max_length=16, choices=Trigger.choices)
    # Parameters of the action, by name; JSON only.
    parameters = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    requested_by_id = models.CharField(max_length=255, blank=True, default="")
    requested_by_name = models.CharField(_("asked by"), max_length=255, blank=True, default="")
    backup_id = models.BigIntegerField(null=True)
    backup_name = models.CharField(_("backup"), max_length=255, blank=True, default="")
    error_code = models.CharField(max_length=64, blank=True, default="")
    error_message = models.TextField(_("what went wrong"), blank=True, default="")
    error_hint = models.TextField(_("what to do"), blank=True, default="")
    traceback = models.TextField(blank=True, default="")
    queued_at = models.DateTimeField(_("asked"))
    sent_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    # Set when a worker gave the job back because another one must end first; it is rung for again then.
    blocked_at = models.DateTimeField(null=True)
    # Written by a restore inside of its own transaction: where this stands, the data was replaced.
    committed_at = models.DateTimeField(null=True, db_index=True)
    # Taken by a restore from queueing to ending, so that there is never a second one. NULL for all others.
    exclusive_slot = models.CharField(max_length=16, null=True, unique=True)
    claim = models.UUIDField(null=True)
    worker = models.CharField(_("worker"), max_length=255, blank=True, default="")

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-queued_at", "-id"]
        indexes = [models.Index(fields=["state", "queued_at"], name="job_state_queued")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.id}"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES
