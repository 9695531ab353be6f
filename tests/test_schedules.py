"""The schedules that migrate makes: once, and people's after that."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from backups_app.schedules import CARETAKER, CARETAKER_SECONDS, NIGHTLY, NIGHTLY_VERIFY, create_missing_schedules

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_after_the_first_migrate() -> None:
    PeriodicTask.objects.all().delete()
    IntervalSchedule.objects.all().delete()
    CrontabSchedule.objects.all().delete()
    create_missing_schedules()


def everything() -> list[list[dict[str, object]]]:
    models = (PeriodicTask, IntervalSchedule, CrontabSchedule)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_there_is_a_nightly_backup_and_a_caretaker() -> None:
    nightly, caretaker = PeriodicTask.objects.get(name=NIGHTLY), PeriodicTask.objects.get(name=CARETAKER)

    assert nightly.enabled
    assert nightly.task == "backups_app.tasks.start_nightly_backup"
    assert (nightly.crontab.hour, nightly.crontab.minute) == ("2", "0")
    assert str(nightly.crontab.timezone) == settings.TIME_ZONE
    assert caretaker.enabled
    assert caretaker.task == "backups_app.tasks.look_after_jobs"
    assert caretaker.schedule.run_every.total_seconds() == CARETAKER_SECONDS
    assert nightly.queue == caretaker.queue == "ticks"
    assert caretaker.expire_seconds < CARETAKER_SECONDS


def test_the_least_recently_checked_are_verified_every_night() -> None:
    verify = PeriodicTask.objects.get(name=NIGHTLY_VERIFY)
    assert (verify.enabled, verify.queue) == (True, "ticks")
    assert verify.task == "backups_app.tasks.start_nightly_verify"
    assert (verify.crontab.hour, verify.crontab.minute) == ("4", "0")


def test_migrating_again_changes_nothing() -> None:
    before = everything()
    call_command("migrate", verbosity=0)
    assert everything() == before


def test_people_s_edits_survive_migrating_again() -> None:
    nightly, caretaker = PeriodicTask.objects.get(name=NIGHTLY), PeriodicTask.objects.get(name=CARETAKER)
    nightly.enabled = False
    nightly.queue = "elsewhere"
    nightly.description = "Ours"
    nightly.save()
    nightly.crontab.hour = "4"
    nightly.crontab.save()
    caretaker.interval.every = 60
    caretaker.interval.save()
    before = everything()

    call_command("migrate", verbosity=0)
    assert everything() == before


def test_one_that_is_gone_is_made_again_and_the_other_is_left_alone() -> None:
    PeriodicTask.objects.filter(name=CARETAKER).update(enabled=False)
    PeriodicTask.objects.filter(name=NIGHTLY).delete()
    create_missing_schedules()
    assert PeriodicTask.objects.filter(name=NIGHTLY, enabled=True).count() == 1
    assert PeriodicTask.objects.filter(name=CARETAKER, enabled=False).count() == 1


def test_a_schedule_that_is_there_twice_does_no_harm() -> None:
    PeriodicTask.objects.all().delete()
    for _ in range(2):
        IntervalSchedule.objects.create(every=CARETAKER_SECONDS, period=IntervalSchedule.SECONDS)
        CrontabSchedule.objects.create(minute="0", hour="2", timezone=settings.TIME_ZONE)
    create_missing_schedules()
    assert PeriodicTask.objects.filter(name__in=[NIGHTLY, CARETAKER]).count() == 2


def test_the_tasks_that_they_name_exist() -> None:
    from backups_app import tasks

    for name in PeriodicTask.objects.filter(name__startswith="Backups: ").values_list("task", flat=True):
        assert hasattr(tasks, name.removeprefix("backups_app.tasks."))


def test_on_an_empty_database_the_app_can_be_migrated_alone_and_the_rest_later(
    child_environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    environment = child_environment()
    url = f"sqlite:///{tmp_path / 'fresh.sqlite3'}"
    environment |= {"DATABASE_URL": url, "TESTS_DATABASES": f'{{"default": "{url}"}}'}
    script = """
import django
from django.core.management import call_command
django.setup()
from django_celery_beat.models import PeriodicTask
call_command("migrate", "backups_app", verbosity=0)
call_command("migrate", verbosity=0)
call_command("migrate", "backups_app", "zero", verbosity=0)
print(PeriodicTask.objects.filter(name__startswith="Backups: ").count())
"""
    ended = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert ended.stderr == ""
    assert ended.stdout == "3\n"
