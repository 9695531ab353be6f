"""Receives a file from a browser into the quarantine, and asks for the job that looks at it. Parses nothing of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from backups_app import jobs
from backups_app.audit import Actor
from backups_app.choices import JobKind, JobState, Trigger
from backups_app.conf import backup_settings
from backups_app.engine import quarantine
from backups_app.engine.errors import EngineError
from backups_app.engine.quarantine import Incoming
from backups_app.forms import CreateBackupForm, UploadBackupForm
from backups_app.permissions import superusers_only
from backups_app.text import printable
from backups_app.views.backups import show_page

# Boundaries, the description, and what browsers add.
_AROUND_THE_FILE_BYTES = 64 << 10
_NAME_CHARACTERS = 200


class _Receiver(FileUploadHandler):
    """Writes the one file of the form to where it belongs, and nothing else anywhere."""

    chunk_size = 256 << 10

    def __init__(self, incoming: Incoming, *, most_bytes: int) -> None:
        super().__init__()
        self._incoming = incoming
        self._most_bytes = most_bytes
        self._has_file = False
        self.file_shown = ""
        self.problem = ""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self._has_file or self.field_name != "file":
            self._stop(_("Send one file at a time, in the field “file”. Nothing was kept."))
        self._has_file = True
        self.file_shown = printable(self.file_name or "")[:_NAME_CHARACTERS]

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self._incoming.size_bytes + len(raw_data) > self._most_bytes:
            self._stop(_too_large(self._incoming.size_bytes + len(raw_data)))
        try:
            self._incoming.write(raw_data)
        except EngineError as error:
            self._stop(f"{error} {error.hint}")

    def file_complete(self, file_size: int) -> None:
        return None

    def _stop(self, problem: str) -> None:
        self.problem = problem
        raise StopUpload(connection_reset=True)


@csrf_exempt
@superusers_only
def upload(request: HttpRequest) -> HttpResponse:
    """Looks at the person and at the length first; only then the body is read, by the CSRF check of `_receive`."""
    most_bytes = backup_settings().UPLOAD_MAX_BYTES
    upload_id = uuid4()
    with Incoming(upload_id) as incoming:
        receiver = _Receiver(incoming, most_bytes=most_bytes)
        if request.method == "POST":
            length = _length(request)
            if length > most_bytes + _AROUND_THE_FILE_BYTES:
                return _refuse(request, _too_large(length), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            free = quarantine.free_bytes()
            if free is not None and free < length:
                problem = _("The server has too little space for this file: %(size)s are free. Nothing was kept.")
                return _refuse(request, problem % {"size": filesizeformat(free)}, HTTPStatus.INSUFFICIENT_STORAGE)
            request.upload_handlers = [receiver]
        answer: HttpResponse = _receive(request, incoming, receiver, upload_id)
        return answer


@csrf_protect
@require_POST
def _receive(request: HttpRequest, incoming: Incoming, receiver: _Receiver, upload_id: UUID) -> HttpResponse:
    form = UploadBackupForm(request.POST)
    if receiver.problem:
        return _refuse(request, receiver.problem, HTTPStatus.UNPROCESSABLE_ENTITY)
    if not form.is_valid():
        return _refuse(request, _("The description is too long. Nothing was kept."), HTTPStatus.UNPROCESSABLE_ENTITY)
    if form.cleaned_data["is_whole"] != "yes" and _length(request):
        return _refuse(request, _("The upload broke off. Nothing was kept; try again."), HTTPStatus.BAD_REQUEST)
    if not incoming.size_bytes:
        problem = _("No file came, or an empty one. Choose a file, then upload it.")
        return _refuse(request, problem, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        incoming.keep()
        job = jobs.submit(
            JobKind.VALIDATE,
            by=Actor.of_user(request.user),
            trigger=Trigger.PAGE,
            parameters={"file": receiver.file_shown, "description": printable(form.cleaned_data["description"])},
            job_id=upload_id,
        )
    except EngineError as error:
        return _refuse(request, f"{error} {error.hint}", HTTPStatus.INSUFFICIENT_STORAGE)
    except OperationalError:
        quarantine.discard(upload_id)
        problem = _("The database is locked, perhaps by a restore. Nothing was kept; upload the file again later.")
        return _refuse(request, problem, HTTPStatus.SERVICE_UNAVAILABLE, with_page=False)
    if job.state == JobState.FAILED:
        return _refuse(request, f"{job.error_message} {job.error_hint}", HTTPStatus.SERVICE_UNAVAILABLE)
    if _wants_json(request):
        return JsonResponse({"location": reverse("backups:index")})
    return redirect("backups:index")


def _refuse(request: HttpRequest, problem: str, status: HTTPStatus, *, with_page: bool = True) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"problem": problem}, status=status)
    if not with_page:
        return HttpResponse(problem, status=status, content_type="text/plain; charset=utf-8")
    return show_page(request, CreateBackupForm(), status=status, upload_problem=problem)


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _length(request: HttpRequest) -> int:
    try:
        return int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return 0


def _too_large(size: int) -> str:
    words = _("The file is too large: it has about %(size)s, and %(most)s are allowed (UPLOAD_MAX_BYTES).")
    most = backup_settings().UPLOAD_MAX_BYTES
    return f"{words % {'size': filesizeformat(size), 'most': filesizeformat(most)}} {_('Nothing was kept.')}"
