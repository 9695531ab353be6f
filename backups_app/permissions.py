"""Who may meet backup management: active superusers, at every door."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

View = Callable[..., HttpResponseBase]


def is_allowed(user: Any) -> bool:
    return bool(user.is_authenticated and user.is_active and user.is_superuser)


def superusers_only(view: View) -> View:
    """Strangers are sent to the admin's login, everybody else gets 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            # Whoever comes back from signing in comes with a GET, which not every address answers.
            back = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("backups:index")
            return redirect_to_login(back, reverse("admin:login"))
        if not is_allowed(request.user):
            raise PermissionDenied("Only active superusers may manage backups.")
        return view(request, *args, **kwargs)

    return guarded
