"""The first middleware: answers what must be answered without touching the database."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve

from backups_app.logs import log

# Views that authorise by a signed token and read the cache alone; see backups_app.views.progress.
DIRECT_VIEWS = frozenset({"backups:progress", "backups:cancel"})
_ENDINGS = ("/progress/", "/cancel/")


class BackupsMiddleware:
    """Answers the progress poll and the cancel of one job, before sessions and authentication.

    Behind those, a request would wait for the tables that a restore has locked.
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
                return _hardened(_answer(request, match))
        return self.get_response(request)


def _answer(request: HttpRequest, match: ResolverMatch) -> HttpResponse:
    try:
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    except Exception:  # noqa: BLE001 (as Django's own handler does, which would log the address and its token)
        log.exception("page.errored", view=match.view_name)
        response = HttpResponse("Something went wrong. It is in the log.", status=500, content_type="text/plain")
    # Django logs the address of every refusal, and these addresses hold a token.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _hardened(response: HttpResponse) -> HttpResponse:
    """The headers that the middlewares behind this one would have set."""
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")
    return response
