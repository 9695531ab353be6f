"""The words for kinds, statuses, states and stages; the glossary is in docs/development/source-code.md."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class BackupKind(TextChoices):
    """Where a backup came from."""

    MANUAL = "manual", _("Manual")
    AUTOMATIC = "automatic", _("Automatic")
    UPLOADED = "uploaded", _("Uploaded")
    SAFETY = "safety", _("Safety")


class BackupStatus(TextChoices):
    """What is known of a backup's file. AVAILABLE and RESTORED count as good."""

    AVAILABLE = "available", _("Available")
    CORRUPTED = "corrupted", _("Corrupted")
    MISSING = "missing", _("Missing")
    RESTORED = "restored", _("Restored")


class Provenance(TextChoices):
    """Whether a file is provably ours, as `backups_app.engine.check` found it."""

    OURS = "ours", _("Made here")
    ELSEWHERE = "elsewhere", _("Made elsewhere, or its key is lost")
    UNSIGNED = "unsigned", _("Unsigned")
    CHANGED = "changed", _("Changed")


class Trust(TextChoices):
    """What was done to find out whether a good backup can be restored."""

    UNTESTED = "untested", _("Untested")
    CHECKED = "checked", _("Checked")


class JobKind(TextChoices):
    """What a job does."""

    BACKUP = "backup", _("Backup")
    RESTORE = "restore", _("Restore")
    PREVIEW = "preview", _("Preview")
    IMPORT = "import", _("Import")
    RESCAN = "rescan", _("Rescan")
    COPY = "copy", _("Copy")
    VALIDATE = "validate", _("Validation")
    CLEAN_UP = "clean-up", _("Clean-up")
    VERIFY = "verify", _("Verify")


class JobState(TextChoices):
    """Where a job stands; the diagram is in backups_app/jobs.py."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    ERRORED = "errored", _("Errored")
    CANCELLED = "cancelled", _("Cancelled")
    LOST = "lost", _("Lost")


class Trigger(TextChoices):
    """Which door a job came through."""

    PAGE = "page", _("Page")
    COMMAND = "command", _("Command")
    SCHEDULE = "schedule", _("Schedule")


ACTIVE_STATES = (JobState.QUEUED, JobState.RUNNING)
GOOD_STATUSES = (BackupStatus.AVAILABLE, BackupStatus.RESTORED)
