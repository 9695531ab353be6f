"""Tells people what can't wait until they look at the page."""

from django.conf import settings
from django.core.mail import get_connection, mail_admins

from backups_app.logs import log

# A mail server that does not answer holds nobody up for longer.
_PATIENCE_SECONDS = 10


def mail_alarm(subject: str, text: str) -> None:
    """One e-mail to ADMINS, if there are any. Never raises: what is told stands in the audit trail and the log too."""
    if not settings.ADMINS:
        return
    try:
        connection = get_connection(timeout=settings.EMAIL_TIMEOUT or _PATIENCE_SECONDS)
        mail_admins(subject, text, connection=connection)
    except Exception as error:  # noqa: BLE001 (whatever backend the project has chosen raises)
        log.warning("alarm.not_mailed", reason=type(error).__name__)
