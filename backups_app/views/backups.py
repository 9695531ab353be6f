"""The page, and what can be done with one backup but restoring it."""

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backups_app import audit, dispatch, jobs
from backups_app.actions.delete import DeleteRefused, delete_backup, is_last_good
from backups_app.audit import Actor
from backups_app.choices import BackupKind, JobKind, JobState, Trigger
from backups_app.conf import backup_settings
from backups_app.engine import store
from backups_app.engine.errors import EngineError, StoreFailed
from backups_app.forms import CreateBackupForm, DeleteBackupForm, UploadBackupForm
from backups_app.models import Backup, Job
from backups_app.permissions import superusers_only
from backups_app.statistics import statistics
from backups_app.views.outcomes import History, history
from backups_app.views.progress import progress_card

BACKUPS_A_PAGE = 25
JOBS_SHOWN = 10


@superusers_only
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    jobs.reap()
    return show_page(request, CreateBackupForm())


@superusers_only
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    form = CreateBackupForm(request.POST)
    if not form.is_valid():
        return show_page(request, form, status=422)
    job = jobs.submit(
        JobKind.BACKUP,
        by=Actor.of_user(request.user),
        trigger=Trigger.PAGE,
        parameters={"kind": BackupKind.MANUAL, "description": form.cleaned_data["description"]},
    )
    if job.state == JobState.FAILED:
        messages.error(request, f"{job.error_message} {job.error_hint}")
    return redirect("backups:index")


@superusers_only
@require_POST
def verify(request: HttpRequest, pk: int) -> HttpResponse:
    backup = get_object_or_404(Backup, pk=pk)
    job = jobs.submit(
        JobKind.VERIFY,
        by=Actor.of_user(request.user),
        trigger=Trigger.PAGE,
        parameters={"backup_id": backup.pk, "name": backup.name},
    )
    if job.state == JobState.FAILED:
        messages.error(request, f"{job.error_message} {job.error_hint}")
    return redirect("backups:index")


@superusers_only
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    backup = get_object_or_404(Backup, pk=pk)
    try:
        file = store.open_file(backup.name)
    except FileNotFoundError:
        messages.error(request, _("The file of %(name)s is gone from the backup folder.") % {"name": backup.name})
        return redirect("backups:index")
    except (OSError, EngineError) as error:
        messages.error(request, _("Can’t read %(name)s: %(reason)s") % {"name": backup.name, "reason": _reason(error)})
        return redirect("backups:index")
    if request.method == "GET":
        audit.record("backup.downloaded", by=Actor.of_user(request.user), backup_name=backup.name, outcome="started")
    # The length is the file's own, which is what will come; the hash is what was written, by which a change shows.
    # Of no type with an encoding: a browser would unpack a .gz on its way, and its hash would be another.
    kind = "application/json" if backup.name.endswith(".json") else "application/octet-stream"
    response = FileResponse(file, as_attachment=True, filename=backup.name, content_type=kind)
    response.headers["X-Content-SHA256"] = backup.sha256
    response.headers["Cache-Control"] = "no-store"
    return response


@superusers_only
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what goes; POST does it."""
    backup = get_object_or_404(Backup, pk=pk)
    form = DeleteBackupForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            left = delete_backup(
                backup,
                by=Actor.of_user(request.user),
                reason="asked for on the page",
                confirmed_name=form.cleaned_data["name"],
            )
        except DeleteRefused as refusal:
            form.add_error(None, str(refusal))
        except StoreFailed as error:
            form.add_error(None, f"{error} {error.hint}")
        else:
            # Not the name first, whose letter the admin would make a capital.
            messages.success(request, _("The backup %(name)s was deleted.") % {"name": backup.name})
            if left:
                messages.warning(request, left)
            return redirect("backups:index")
    return render(
        request,
        "backups_app/delete.html",
        {
            **admin.site.each_context(request),
            "title": _("Delete %(name)s") % {"name": backup.name},
            "backup": backup,
            "form": form,
            "needs_name": is_last_good(backup),
        },
        status=422 if form.errors else 200,
    )


def show_page(
    request: HttpRequest, form: CreateBackupForm, *, status: int = 200, upload_problem: str = ""
) -> HttpResponse:
    """The page. `upload_problem`: why nothing was received."""
    job = jobs.active()
    shown = history(Job.objects.exclude(kind=JobKind.PREVIEW)[:JOBS_SHOWN])
    pages = Paginator(Backup.objects.all(), BACKUPS_A_PAGE)
    context = {
        **admin.site.each_context(request),
        "title": _("Backup Management"),
        "form": form,
        "upload_form": UploadBackupForm(),
        "upload_most_bytes": backup_settings().UPLOAD_MAX_BYTES,
        "upload_problem": upload_problem,
        "backups": pages.get_page(request.GET.get("page")),
        "history": shown,
        "last_restore": _last_restore(shown),
        "statistics": statistics(),
        "is_queue_reachable": dispatch.is_broker_reachable(),
        "active_job": job,
    }
    if job:
        context |= progress_card(request, job)
    return render(request, "backups_app/index.html", context, status=status)


def _last_restore(shown: list[History]) -> History | None:
    """The restore that the present data came from, while nothing else was done since but looking at files."""
    looking = (JobKind.RESCAN, JobKind.VERIFY)
    newest = next((entry for entry in shown if entry.job.kind not in looking), None)
    return newest if newest and newest.outcome else None


def _reason(error: Exception) -> str:
    """Without the path of an operating system's error."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
