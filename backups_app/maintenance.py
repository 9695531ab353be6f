"""The first middleware: answers what must be answered without touching the database."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve

from backups_app import cache
from backups_app.logs import log
from backups_app.views.closed import closed

# Views that authorise by a signed token and read the cache alone; see backups_app.views.progress.
DIRECT_VIEWS = frozenset({"backups:progress", "backups:cancel"})
_ENDINGS = ("/progress/", "/cancel/")
# Content Security Policies: of an answer that is a piece of a page, and of a page of its own.
_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_OWN_FILES = f"default-src 'none'; style-src 'self'; img-src 'self'; {_NOTHING.partition('; ')[2]}"


class BackupsMiddleware:
    """Answers the progress poll and the cancel of one job, and closes the site while a restore runs.

    It stands before sessions and authentication: behind those a request would wait for the tables that are locked.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.endswith(_ENDINGS):
            try:
                match = resolve(request.path_info)
            except Resolver404:
                return self.get_response(request)
            if match.view_name in DIRECT_VIEWS:
                return _hardened(_answer(request, match), _NOTHING)
        if not _is_static(request):
            job_id = cache.closed_for()
            if job_id is not None:
                return _hardened(closed(request, job_id), _OWN_FILES)
        return self.get_response(request)


def _is_static(request: HttpRequest) -> bool:
    """Stylesheets come from files, and the page that says "closed" needs them."""
    path = urlsplit(settings.STATIC_URL or "").path
    return len(path) > 1 and request.path.startswith(path if path.startswith("/") else f"/{path}")


def _answer(request: HttpRequest, match: ResolverMatch) -> HttpResponse:
    try:
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    except Exception:  # noqa: BLE001 (as Django's own handler does, which would log the address and its token)
        log.exception("page.errored", view=match.view_name)
        response = HttpResponse("Something went wrong. It is in the log.", status=500, content_type="text/plain")
    # Django logs the address of every refusal, and these addresses hold a token.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _hardened(response: HttpResponse, policy: str) -> HttpResponse:
    """The headers that the middlewares behind this one would have set."""
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")
    return response
