"""The manifest of the backup that the data in this database came from."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Manifest(models.Model):
    """The last record of every backup file, as a row: loading the file leaves it here.

    Rows of this table are never dumped as data. The fields are those of `backups_app.engine.manifest`, in its order.
    """

    id = models.UUIDField(primary_key=True)
    format_version = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    kind = models.CharField(max_length=16)
    application = models.JSONField(default=dict)
    database = models.JSONField(default=dict)
    migrations = models.JSONField(default=dict)
    tables = models.JSONField(default=list)
    left_out = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    natural_keys = models.JSONField(default=dict)
    record_count = models.BigIntegerField(default=0)
    wrapped_count = models.BigIntegerField(default=0)
    content_sha256 = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("manifest")
        verbose_name_plural = _("manifests")

    def __str__(self) -> str:
        return str(self.id)
