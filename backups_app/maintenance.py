"""The first middleware: answers what must be answered without touching the database."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class BackupsMiddleware:
    """Answers the progress poll and the cancel of one job, before sessions and authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)
