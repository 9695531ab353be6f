"""Signs everybody out after a restore, whatever keeps the sessions.

Each session remembers which restores its login came after. One that remembers others than there are now is ended when
it is used next; so the commit of a restore ends them all at once, and no row of them has to be found and deleted.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.db.models import Count, Max
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from backups_app.models import Job

_KEY = "_backups_epoch"


class RestoreEpochMiddleware:
    """Stands behind authentication and messages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and request.session.get(_KEY, "") != current_epoch():
            logout(request)
            messages.info(request, _("The database was restored from a backup, so everybody has to sign in again."))
        return self.get_response(request)


def current_epoch() -> str:
    """Another text after each restore that was committed; "" before the first."""
    found = Job.objects.filter(committed_at__isnull=False).aggregate(number=Count("pk"), newest=Max("committed_at"))
    # The number too, for a restore by a clock that was set back is not the newest.
    return f"{found['number']} {found['newest'].isoformat()}" if found["number"] else ""


@receiver(user_logged_in, dispatch_uid="backups_app.sessions")
def remember_epoch(sender: Any, request: HttpRequest, **_kwargs: Any) -> None:
    request.session[_KEY] = current_epoch()
