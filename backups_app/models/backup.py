"""The catalogue: one row a backup file."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backups_app.choices import GOOD_STATUSES, BackupKind, BackupStatus, Provenance, Trigger, Trust


class Backup(models.Model):
    """A backup that was published whole. The row appears after the file, and goes before it."""

    # Ids are never given out twice, so that `restore_backup 7` can't mean another backup tomorrow.
    id = models.BigAutoField(primary_key=True)
    name = models.CharField(_("name"), max_length=255, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=BackupKind.choices)
    status = models.CharField(_("status"), max_length=16, choices=BackupStatus.choices, default=BackupStatus.AVAILABLE)
    trigger = models.CharField(_("trigger"), max_length=16, choices=Trigger.choices, default=Trigger.PAGE)
    description = models.CharField(_("description"), max_length=2000, blank=True, default="")
    size_bytes = models.BigIntegerField(_("size"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    record_count = models.BigIntegerField(_("records"))
    # The manifest's table of models: a list of {"model", "records", "next_id", "sha256"}.
    model_counts = models.JSONField(_("records by model"), default=list)
    findings = models.JSONField(_("findings"), default=list)
    needs_restore_backup = models.BooleanField(_("needs restore_backup"), default=False)
    created_at = models.DateTimeField(_("created"))
    duration_seconds = models.FloatField(_("duration"), default=0)
    created_by_id = models.CharField(max_length=255, blank=True, default="")
    created_by_name = models.CharField(_("created by"), max_length=255, blank=True, default="")
    # At the second location: when it was proven to be there whole, or why it is not.
    copied_at = models.DateTimeField(_("copied"), null=True)
    copy_problem = models.TextField(_("why it is not copied"), blank=True, default="")
    job_id = models.UUIDField(null=True, editable=False)
    # The last look at the file, whatever it found; `problem` says what was wrong then.
    checked_at = models.DateTimeField(_("checked"), null=True, db_index=True)
    problem = models.TextField(_("problem"), blank=True, default="")
    # Empty until a first check of a file that was made before this was kept.
    provenance = models.CharField(_("origin"), max_length=16, choices=Provenance.choices, blank=True, default="")
    restored_at = models.DateTimeField(_("restored"), null=True)
    restored_by_name = models.CharField(_("restored by"), max_length=255, blank=True, default="")

    class Meta:
        verbose_name = _("backup")
        verbose_name_plural = _("backups")
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["kind", "-created_at"], name="backup_kind_created")]

    def __str__(self) -> str:
        return self.name

    @property
    def form(self) -> str:
        """How its bytes lie in the store, in words; "" for plain ones."""
        words = {"gz": "gzip", "zst": "zstd", "age": "encrypted"}
        return ", ".join(words[form] for form in self.name.partition(".json")[2].split(".")[1:] if form in words)

    @property
    def is_good(self) -> bool:
        return self.status in GOOD_STATUSES

    @property
    def trust(self) -> Trust:
        return Trust.CHECKED if self.is_good and self.checked_at else Trust.UNTESTED
