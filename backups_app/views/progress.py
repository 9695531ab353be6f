"""Progress and cancel of one job: authorised by a signed token, answered from the cache while the job's heart beats.

Run by the first middleware, before sessions and authentication. CSRF: cancelling needs the token, which no other site
can know or guess, together with the session cookie that it was made for.
"""

import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt

from backups_app import cache, jobs
from backups_app.audit import Actor
from backups_app.choices import JobKind, JobState
from backups_app.conf import backup_settings
from backups_app.heartbeat import is_beating
from backups_app.models import Job
from backups_app.tokens import make_token, read_token, session_digest

_ENDED = {state.value for state in JobState} - {JobState.QUEUED.value, JobState.RUNNING.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One job's progress as a template shows it. `percent` None while the total is not known."""

    kind: str
    state: str
    stage: str
    done: int
    total: int | None
    rate: float | None
    elapsed: timedelta | None
    remaining: timedelta | None
    silent_seconds: int | None
    is_cancelling: bool
    message: str
    hint: str
    backup_name: str

    @property
    def has_ended(self) -> bool:
        return self.state in _ENDED

    @property
    def percent(self) -> int | None:
        if self.state == JobState.SUCCEEDED:
            return 100
        return min(100, self.done * 100 // self.total) if self.total else None

    @property
    def is_silent(self) -> bool:
        return self.silent_seconds is not None and self.silent_seconds > backup_settings().SILENCE_SECONDS


def progress_of(job_id: UUID | str, *, row: Job | None = None) -> Progress:
    """From the cache while the job's heart beats; else from its row too, which is given or looked up."""
    known = cache.read_progress(job_id) or {}
    if row is None and not is_beating(known) and known.get("state") not in _ENDED:
        row = _row(job_id)
    if row and not row.is_active:
        # The cache was away when it ended.
        known = {**known, "state": row.state, "beat_at": row.finished_at.timestamp() if row.finished_at else None}
    state = str(known.get("state") or (row.state if row else JobState.QUEUED))
    now = time.time()
    started, beat = known.get("started_at"), known.get("beat_at")
    done, total, rate = int(known.get("done") or 0), known.get("total"), known.get("rate")
    has_ended = state in _ENDED
    return Progress(
        kind=str(known.get("kind") or (row.kind if row else JobKind.BACKUP)),
        state=state,
        stage=str(known.get("stage") or ""),
        done=done,
        total=total,
        rate=rate,
        elapsed=_seconds((beat if has_ended else now) - started) if started and beat else None,
        remaining=_seconds((total - done) / rate) if rate and total and not has_ended else None,
        silent_seconds=int(now - beat) if beat and not has_ended else None,
        is_cancelling=bool(known.get("is_cancelling") or (row and row.cancel_asked_at))
        or cache.is_cancel_asked(job_id) is True,
        message=str(known.get("message") or (row.error_message if row else "")),
        hint=str(known.get("hint") or (row.error_hint if row else "")),
        backup_name=str(known.get("backup_name") or (row.backup_name if row else "")),
    )


def _row(job_id: UUID | str) -> Job | None:
    """The job's row, after a look whether its worker has died. None where the database does not answer.

    An id out of the cache may be none at all, if others write there.
    """
    with suppress(Error, ValidationError):
        jobs.reap()
        return Job.objects.filter(pk=job_id).first()
    return None


def progress(request: HttpRequest, token: str) -> HttpResponse:
    """The progress card, as often as the page asks. The last one carries no wish to be asked again."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    claims = read_token(token, request)
    if claims is None:
        return _stop_polling()
    template = "progress.html" if claims.is_same_session else "progress_for_strangers.html"
    return render(request, f"backups_app/partials/{template}", _card(progress_of(claims.job_id), token))


@csrf_exempt
def cancel(request: HttpRequest, token: str) -> HttpResponse:
    """Leaves the wish to cancel; the worker sees it within about a second."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    claims = read_token(token, request)
    if claims is None or not claims.is_same_session:
        return HttpResponse("This page is out of date. Reload it and try again.", status=403, content_type="text/plain")
    who = cache.read_follower(claims.session)
    by = Actor(id=str(who.get("id", "")), name=str(who.get("name", "page")))
    # Where the database does not answer, the wish in the cache, which is left first, has to be enough.
    with suppress(Error):
        jobs.cancel(claims.job_id, by=by)
    if request.headers.get("HX-Request"):
        return render(request, "backups_app/partials/progress.html", _card(progress_of(claims.job_id), token))
    return redirect("backups:index")


def progress_card(request: HttpRequest, job: Job) -> dict[str, Any]:
    """The context of the progress card on a page of the signed-in user, whom a cancel from there is put down to."""
    cache.remember_follower(session_digest(request), asdict(Actor.of_user(request.user)))
    return _card(progress_of(job.pk, row=job), make_token(job.pk, request))


def card_of(request: HttpRequest, job_id: str) -> dict[str, Any]:
    """The same where no user can be asked: from the cache alone."""
    return _card(progress_of(job_id), make_token(job_id, request))


def _card(shown: Progress, token: str) -> dict[str, Any]:
    """The context of the progress card, for the page and for polls alike."""
    return {"progress": shown, "token": token, "poll_seconds": backup_settings().POLL_SECONDS}


def _stop_polling() -> HttpResponse:
    """286 is htmx's sign to ask no more."""
    body = render_to_string("backups_app/partials/progress_expired.html")
    return HttpResponse(body, status=286)


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=max(0, round(seconds)))
