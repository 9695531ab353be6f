"""The schedules that migrate makes once; afterwards they belong to the people who edit them."""

from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS

CARETAKER_SECONDS = 20

CARETAKER = "Backups: look after jobs"
NIGHTLY = "Backups: nightly backup"


def create_missing_schedules(*, using: str = DEFAULT_DB_ALIAS, **_kwargs: Any) -> None:
    """Creates what is missing by name; never changes what is there."""
    if not apps.is_installed("django_celery_beat") or using != DEFAULT_DB_ALIAS:
        return
    from django.conf import settings
    from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

    every, _ = IntervalSchedule.objects.get_or_create(every=CARETAKER_SECONDS, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.get_or_create(
        name=CARETAKER,
        defaults={
            "task": "backups_app.tasks.look_after_jobs",
            "interval": every,
            "queue": "ticks",
            # A tick that waited is as good as the next one: old ones are dropped.
            "expire_seconds": CARETAKER_SECONDS - 2,
            "description": "Finds jobs whose worker has died.",
        },
    )
    at_two = CrontabSchedule.objects.filter(
        minute="0", hour="2", day_of_week="*", day_of_month="*", month_of_year="*", timezone=settings.TIME_ZONE
    ).first() or CrontabSchedule.objects.create(minute="0", hour="2", timezone=settings.TIME_ZONE)
    PeriodicTask.objects.get_or_create(
        name=NIGHTLY,
        defaults={
            "task": "backups_app.tasks.start_nightly_backup",
            "crontab": at_two,
            "queue": "ticks",
            "description": "An automatic backup, then the clean-up of those past their days.",
        },
    )
