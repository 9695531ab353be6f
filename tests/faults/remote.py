"""Does things inside an installation, in one process for many calls: a command takes seconds to start.

Reads lines of JSON, [function, arguments], and answers each with a line, {"value": ...} or {"error": ...}.
"""

import json
import sys
import traceback
import uuid
from contextlib import suppress
from datetime import timedelta
from itertools import count

import django

django.setup()

from celery import current_app  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.db import Error, connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from backups_app import jobs  # noqa: E402
from backups_app.actions.delete import DeleteRefused, delete_backup  # noqa: E402
from backups_app.audit import Actor  # noqa: E402
from backups_app.choices import JobKind, Trigger  # noqa: E402
from backups_app.engine import store  # noqa: E402
from backups_app.models import AuditEvent, Backup, Job  # noqa: E402
from eclick.models import Attachment, Client, Comment, Project  # noqa: E402

BY = Actor(name="a test")
_changes = count(1)


def make_backup() -> str:
    """Made here, without worker. Its name."""
    job = jobs.run_here(JobKind.BACKUP, by=BY, trigger=Trigger.COMMAND, parameters={"kind": "manual"})
    assert job.state == "succeeded", job.error_message
    return job.backup_name


def make_file() -> str:
    """A backup that no job made; its name."""
    with store.open_part(str(uuid.uuid4())) as part:
        part.stream.write(b"[]")
        name = part.publish("automatic", timezone.localtime())
    Backup.objects.create(name=name, kind="automatic", size_bytes=2, record_count=0, created_at=timezone.now())
    return name


def make_old_backups() -> str:
    """One that a clean-up would delete, a newer one that keeps it from being the last, and a real one; its name."""
    Backup.objects.filter(name=make_file()).update(created_at=timezone.now() - timedelta(days=30))
    make_file()
    newest = Backup.objects.filter(kind="manual").first()
    return newest.name if newest else make_backup()


def ask(kind: str, parameters: dict) -> str:
    """The id of the job, or why it was refused."""
    if name := parameters.get("name"):
        parameters["backup_id"] = Backup.objects.values_list("pk", flat=True).get(name=name)
    return ask_blindly(kind, parameters)


def ask_blindly(kind: str, parameters: dict) -> str:
    """The same without a look into the catalogue."""
    try:
        return str(jobs.submit(JobKind(kind), by=BY, trigger=Trigger.COMMAND, parameters=parameters).pk)
    except jobs.Refused as refusal:
        return f"refused: {refusal}"


def delete(name: str) -> str:
    try:
        delete_backup(Backup.objects.get(name=name), by=BY, reason="a test")
    except DeleteRefused as refusal:
        return f"refused: {refusal}"
    return "deleted"


def cancel(job_id: str) -> bool:
    return jobs.cancel(job_id, by=BY)


def change() -> None:
    """Rows are added, changed and deleted, each time others."""
    number = next(_changes)
    Attachment.objects.all().delete()
    Comment.objects.update(text=f"overwritten {number}")
    Project.objects.update(budget=number)
    Client.objects.create(name=f"Added later {number}", country="DE", hourly_rate=1)
    get_user_model().objects.create_user(f"added-later-{number}")


def reap() -> None:
    jobs.reap()


def reap_after_patience() -> None:
    """As if a restore that waits did so for longer than anybody has patience."""
    Job.objects.filter(kind="restore", state="queued").update(
        queued_at=timezone.now() - 2 * jobs.FORGOTTEN_AFTER, sent_at=None
    )
    jobs.reap()


def state(job_id: str) -> dict:
    job = Job.objects.get(pk=job_id)
    return {
        "state": job.state,
        "code": job.error_code,
        "message": job.error_message,
        "hint": job.error_hint,
        "traceback": job.traceback,
        "committed": job.committed_at is not None,
        "worker": job.worker,
        "claim": str(job.claim),
        "blocked": job.blocked_at is not None,
    }


def newest_restore() -> str:
    return str(Job.objects.filter(kind="restore").order_by("-queued_at").first().pk)


def unfinished() -> int:
    return Job.objects.filter(state__in=["queued", "running"]).count()


def trail(job_id: str) -> list[str]:
    """What the audit trail says of the job, in its own words."""
    return list(AuditEvent.objects.filter(job_id=job_id).values_list("event", flat=True))


def by_schedule() -> list[tuple[str, str]]:
    """Kinds and states of the jobs that the schedule has asked for."""
    return list(Job.objects.filter(trigger=Trigger.SCHEDULE).values_list("kind", "state"))


def tick(task: str) -> None:
    current_app.send_task(f"backups_app.tasks.{task}", queue="ticks")


for line in sys.stdin:
    name, arguments = json.loads(line)
    try:
        answer = {"value": globals()[name](*arguments)}
    except Exception:  # noqa: BLE001 (told to the one who asked)
        answer = {"error": traceback.format_exc()}
    with suppress(Error):
        connections.close_all()
    print(json.dumps(answer), flush=True)
