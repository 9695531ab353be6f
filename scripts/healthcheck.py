"""Whether one of the containers does its work: `python scripts/healthcheck.py web|heavy|ticks|beat`.

Exit status 0 when it does; otherwise 1 and a line that says what is wrong. Runs inside the environment.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys
from datetime import timedelta
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

PORT = 8000
# Beat notes in the database only every three minutes when it last ran something.
LONGEST_SILENCE = timedelta(minutes=10)


def main(arguments: list[str]) -> int:
    checks = {"web": web, "heavy": worker, "ticks": worker, "beat": beat}
    if len(arguments) != 1 or arguments[0] not in checks:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        wrong = checks[arguments[0]](arguments[0])
    except Exception as error:  # noqa: BLE001 (whatever it is, the container is not healthy, and it is said)
        wrong = f"{type(error).__name__}: {error}"
    print(wrong or "ok")
    return 1 if wrong else 0


def web(_name: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=8)
    connection.request("GET", "/admin/login/")
    status = connection.getresponse().status
    # A refusal (the name 127.0.0.1 may not be an allowed one) or a redirect to https is an answer too.
    return f"the login page answers {status}" if status >= 500 else ""


def worker(name: str) -> str:
    from celery_worker import app

    node = f"{name}@{socket.gethostname()}"
    return "" if app.control.ping(destination=[node], timeout=10) else f"{node} does not answer"


def beat(_name: str) -> str:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eclick.settings")
    django.setup()
    from django.utils import timezone
    from django_celery_beat.models import PeriodicTask

    last = PeriodicTask.objects.filter(last_run_at__isnull=False).order_by("-last_run_at").first()
    if last is None:
        return "nothing was ever started on schedule"
    silence = timezone.now() - last.last_run_at
    return f"nothing was started for {silence}" if silence > LONGEST_SILENCE else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
