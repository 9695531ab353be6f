"""Says who did what, to which backup, and how it ended: one line in the log, one row in the audit trail."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import router, transaction
from django.utils import timezone

from backups_app.logs import log
from backups_app.models import AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asked, as text, so that it outlives the user."""

    id: str = ""
    name: str = ""

    @classmethod
    def of_user(cls, user: Any) -> "Actor":
        return cls(id=str(user.pk), name=str(user.get_username()))


def record(
    event: str,
    *,
    by: Actor,
    outcome: str = "",
    backup_name: str = "",
    job_id: UUID | None = None,
    **detail: Any,
) -> None:
    """`event` is past tense with a namespace, such as "backup.created". `detail` must be JSON."""
    AuditEvent.objects.create(
        at=timezone.now(),
        event=event,
        actor_id=by.id,
        actor_name=by.name,
        backup_name=backup_name,
        job_id=job_id,
        outcome=outcome,
        detail=detail,
    )
    said = {
        "by": by.name or "-",
        "backup": backup_name or "-",
        "job": str(job_id) if job_id else "-",
        "outcome": str(outcome) or "-",
        **detail,
    }
    # The log never tells of what a rollback then undoes.
    transaction.on_commit(lambda: log.info(event, **said), using=router.db_for_write(AuditEvent))
