"""Signed tokens that let a page follow and cancel one job while sessions and users can't be asked.

A token names one job, expires, and carries a digest of the session cookie of the superuser it was made for. Whoever
holds the token sees percent and stage; only the browser with that cookie sees more, or may cancel. Never logged.
"""

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

from backups_app.conf import backup_settings

_SALT = "backups_app.tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a valid token says: the job, and whether this request comes from the session it was made for.

    `session` is that session's digest.
    """

    job_id: str
    session: str
    is_same_session: bool


def make_token(job_id: object, request: HttpRequest) -> str:
    return signing.dumps([str(job_id), session_digest(request)], salt=_SALT, compress=False)


def read_token(token: str, request: HttpRequest) -> Claims | None:
    """None when the token is forged, damaged or expired. Asks no database."""
    try:
        job_id, digest = signing.loads(token, salt=_SALT, max_age=backup_settings().TOKEN_HOURS * 3600)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    is_same = bool(digest) and constant_time_compare(digest, session_digest(request))
    return Claims(job_id=str(job_id), session=str(digest), is_same_session=is_same)


def session_digest(request: HttpRequest) -> str:
    """Tells the browser's session apart from others without giving it away. Empty without a session."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return salted_hmac(f"{_SALT}.session", key, algorithm="sha256").hexdigest()[:32] if key else ""
