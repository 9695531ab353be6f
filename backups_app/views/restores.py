"""Restoring one backup: the preview, and the confirmation without which nothing is restored."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from backups_app import jobs
from backups_app.audit import Actor
from backups_app.choices import ACTIVE_STATES, JobKind, JobState, Trigger
from backups_app.forms import ConfirmRestoreForm
from backups_app.models import Backup, Job
from backups_app.permissions import superusers_only
from backups_app.tokens import session_digest
from backups_app.views.progress import progress_card


@superusers_only
@require_POST
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Queues the comparison of the backup with the database; the confirmation page shows it."""
    backup = get_object_or_404(Backup, pk=pk)
    job = jobs.submit(
        JobKind.PREVIEW,
        by=Actor.of_user(request.user),
        trigger=Trigger.PAGE,
        parameters={
            "backup_id": backup.pk,
            "name": backup.name,
            "clear_unnamed": request.POST.get("clear_unnamed") == "on",
        },
    )
    if job.state == JobState.FAILED:
        messages.error(request, f"{job.error_message} {job.error_hint}")
    return redirect("backups:restore", pk=backup.pk)


@superusers_only
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what will happen; POST queues it, and only with name, password and reason."""
    backup = get_object_or_404(Backup, pk=pk)
    form = ConfirmRestoreForm(request.POST if request.method == "POST" else None, backup=backup, user=request.user)
    if form.is_valid():
        confirmed = {name: form.cleaned_data[name] for name in ("reason", *jobs.OVERRIDES)}
        try:
            job = jobs.submit(
                JobKind.RESTORE,
                by=Actor.of_user(request.user),
                trigger=Trigger.PAGE,
                parameters={
                    "backup_id": backup.pk,
                    "name": backup.name,
                    "sha256": backup.sha256,
                    "session": session_digest(request),
                    **_previewed(backup, form.cleaned_data["preview"]),
                    **confirmed,
                },
            )
        except jobs.Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            if job.state == JobState.FAILED:
                messages.error(request, f"{job.error_message} {job.error_hint}")
            return redirect("backups:index")
    return render(
        request, "backups_app/restore.html", _context(request, backup, form), status=422 if form.errors else 200
    )


def _previewed(backup: Backup, shown: UUID | None) -> dict[str, str]:
    """What the restore has to find again, of the preview that the page showed."""
    if shown is None:
        return {}
    job = Job.objects.filter(pk=shown, kind=JobKind.PREVIEW, backup_id=backup.pk, state=JobState.SUCCEEDED).first()
    if job is None or not job.result:
        return {}
    return {"sha256": job.result["file"]["sha256"], "schema": job.result["schema"]}


def _context(request: HttpRequest, backup: Backup, form: ConfirmRestoreForm) -> dict[str, Any]:
    by = Actor.of_user(request.user)
    # What stands against a restore depends on who asks.
    newest = Job.objects.filter(kind=JobKind.PREVIEW, backup_id=backup.pk, requested_by_id=by.id).first()
    context = {
        **admin.site.each_context(request),
        "title": _("Restore %(name)s") % {"name": backup.name},
        "backup": backup,
        "form": form,
        "preview_job": newest,
        "preview": newest.result if newest and newest.state == JobState.SUCCEEDED else None,
    }
    if newest and newest.state in ACTIVE_STATES:
        context |= progress_card(request, newest)
    return context
