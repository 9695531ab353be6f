"""The schedules that migrate makes once; afterwards they belong to the people who edit them."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

CARETAKER_SECONDS = 20

CARETAKER = "Backups: look after jobs"
NIGHTLY = "Backups: nightly backup"
NIGHTLY_VERIFY = "Backups: nightly check"


def create_missing_schedules(*, using: str = DEFAULT_DB_ALIAS, **_kwargs: Any) -> None:
    """Creates what is missing by name; never changes what is there."""
    if not apps.is_installed("django_celery_beat") or using != DEFAULT_DB_ALIAS:
        return
    from django_celery_beat.models import PeriodicTask

    if PeriodicTask._meta.db_table not in connections[using].introspection.table_names():
        # `migrate backups_app` alone; the next migrate makes them.
        return
    if not PeriodicTask.objects.filter(name=CARETAKER).exists():
        PeriodicTask.objects.create(
            name=CARETAKER,
            task="backups_app.tasks.look_after_jobs",
            interval=_every(CARETAKER_SECONDS),
            queue="ticks",
            # A tick that waited is as good as the next one: old ones are dropped.
            expire_seconds=CARETAKER_SECONDS - 2,
            description="Finds jobs whose worker has died.",
        )
    if not PeriodicTask.objects.filter(name=NIGHTLY).exists():
        PeriodicTask.objects.create(
            name=NIGHTLY,
            task="backups_app.tasks.start_nightly_backup",
            crontab=_daily_at("2"),
            queue="ticks",
            description="An automatic backup, then the clean-up of those past their days.",
        )
    if not PeriodicTask.objects.filter(name=NIGHTLY_VERIFY).exists():
        PeriodicTask.objects.create(
            name=NIGHTLY_VERIFY,
            task="backups_app.tasks.start_nightly_verify",
            crontab=_daily_at("4"),
            queue="ticks",
            description="Reads the least recently checked backups to their last byte.",
        )


# Neither table forbids the same schedule twice, so get_or_create could find two of them and fail.


def _every(seconds: int) -> Any:
    from django_celery_beat.models import IntervalSchedule

    wanted = {"every": seconds, "period": IntervalSchedule.SECONDS}
    return IntervalSchedule.objects.filter(**wanted).first() or IntervalSchedule.objects.create(**wanted)


def _daily_at(hour: str) -> Any:
    from django_celery_beat.models import CrontabSchedule

    wanted = {"minute": "0", "hour": hour, "day_of_week": "*", "day_of_month": "*", "month_of_year": "*"}
    wanted["timezone"] = settings.TIME_ZONE
    return CrontabSchedule.objects.filter(**wanted).first() or CrontabSchedule.objects.create(**wanted)
