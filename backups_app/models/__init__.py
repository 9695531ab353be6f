"""The memory of backups_app. No table here has a foreign key to a table that a restore replaces."""

from backups_app.models.audit import AuditEvent
from backups_app.models.backup import Backup
from backups_app.models.job import Job
from backups_app.models.manifest import Manifest

__all__ = ["AuditEvent", "Backup", "Job", "Manifest"]
