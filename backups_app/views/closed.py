"""What visitors see while a restore runs: answered from the cache alone, by the first middleware."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from backups_app import cache
from backups_app.tokens import session_digest
from backups_app.views.progress import card_of

RETRY_SECONDS = 5


def closed(request: HttpRequest, job_id: str) -> HttpResponse:
    """503 for everybody; who asked for the restore sees its progress and may cancel it."""
    known = cache.read_progress(job_id) or {}
    digest = session_digest(request)
    context = {
        **card_of(request, job_id),
        "is_askers": bool(digest) and known.get("session") == digest,
        "retry_seconds": RETRY_SECONDS,
    }
    response = render(request, "backups_app/maintenance.html", context, status=503)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
