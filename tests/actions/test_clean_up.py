"""The clean-up's judgement, as a pure function over whatever a catalogue may hold, and what is done about it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups_app.actions.clean_up import clean_up, judge
from backups_app.choices import GOOD_STATUSES, BackupKind, BackupStatus, JobState
from backups_app.engine.errors import Cancelled
from backups_app.engine.progress import Stage, Watch
from backups_app.models import AuditEvent, Backup
from tests.catalogue import AMELIE, files, make_backup, make_job

NOW = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)  # a night of a change of clocks in Europe

moments = st.one_of(
    st.integers(0, 400).map(lambda days: NOW - timedelta(days=days)),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
catalogues = st.lists(
    st.tuples(moments, st.sampled_from(list(BackupKind)), st.sampled_from(list(BackupStatus))), max_size=30
).map(
    lambda drawn: [
        Backup(pk=pk, name=f"{pk}.json", created_at=created_at, kind=kind, status=status)
        for pk, (created_at, kind, status) in enumerate(drawn, start=1)
    ]
)
days = st.integers(1, 500)


def automatic(backups: list[Backup]) -> list[Backup]:
    return [backup for backup in backups if backup.kind == BackupKind.AUTOMATIC]


def newest_good(backups: list[Backup]) -> Backup | None:
    good = [backup for backup in automatic(backups) if backup.status in GOOD_STATUSES]
    return max(good, key=lambda backup: (backup.created_at, backup.pk), default=None)


def condemned(backups: list[Backup], keep_days: int) -> list[Backup]:
    return [verdict.backup for verdict in judge(backups, keep_days=keep_days) if not verdict.keep]


@given(catalogues, days)
def test_everyone_is_judged_once_newest_first_and_with_a_reason(backups: list[Backup], keep_days: int) -> None:
    verdicts = judge(backups, keep_days=keep_days)
    judged = [verdict.backup for verdict in verdicts]
    assert sorted(backup.pk for backup in judged) == [backup.pk for backup in backups]
    assert judged == sorted(judged, key=lambda backup: backup.created_at, reverse=True)
    assert all(verdict.reason for verdict in verdicts)


@given(catalogues, days)
def test_only_automatic_backups_go(backups: list[Backup], keep_days: int) -> None:
    assert {backup.kind for backup in condemned(backups, keep_days)} <= {BackupKind.AUTOMATIC}


@given(catalogues, days)
def test_the_newest_good_one_never_goes(backups: list[Backup], keep_days: int) -> None:
    assert newest_good(backups) not in condemned(backups, keep_days)


@given(catalogues, days)
def test_a_good_one_is_left_whenever_there_was_one(backups: list[Backup], keep_days: int) -> None:
    gone = {backup.pk for backup in condemned(backups, keep_days)}
    good = [backup for backup in backups if backup.is_good]
    assert not good or [backup for backup in good if backup.pk not in gone]


@given(catalogues, days)
def test_what_goes_is_older_by_those_days_than_the_newest_good_one(backups: list[Backup], keep_days: int) -> None:
    anchor = newest_good(backups)
    for backup in condemned(backups, keep_days):
        assert anchor is not None
        assert anchor.created_at - backup.created_at >= timedelta(days=keep_days)


@given(catalogues, days)
def test_what_is_that_old_goes(backups: list[Backup], keep_days: int) -> None:
    anchor = newest_good(backups)
    gone = condemned(backups, keep_days)
    for backup in automatic(backups):
        if anchor is not None and anchor.created_at - backup.created_at >= timedelta(days=keep_days):
            assert backup in gone


@given(catalogues, days, st.integers(0, 5000))
def test_a_schedule_that_has_died_deletes_nothing_however_long_ago(
    backups: list[Backup], keep_days: int, days_later: int
) -> None:
    """What is left after one clean-up is left after every other, whenever: the judgement knows no clock."""
    gone = condemned(backups, keep_days)
    left = [backup for backup in backups if backup not in gone]
    assert condemned(left, keep_days) == []
    for backup in left:
        backup.created_at -= timedelta(days=days_later)
    assert condemned(left, keep_days) == []


@given(catalogues, days)
def test_keeping_more_days_deletes_nothing_more(backups: list[Backup], keep_days: int) -> None:
    assert set(condemned(backups, keep_days + 1)) <= set(condemned(backups, keep_days))


@given(catalogues, days, st.randoms())
def test_the_order_in_which_they_are_given_is_nothing_to_it(
    backups: list[Backup], keep_days: int, chance: object
) -> None:
    shuffled = backups.copy()
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert condemned(shuffled, keep_days) == condemned(backups, keep_days)


def test_more_days_than_there_are_dates_keep_everything() -> None:
    backups = [
        Backup(pk=pk, name="x", created_at=NOW - timedelta(days=pk), kind=BackupKind.AUTOMATIC) for pk in range(9)
    ]
    assert condemned(backups, 10**30) == []


@pytest.mark.django_db
class TestDoing:
    def test_files_and_rows_go_oldest_first(self) -> None:
        old, older = (make_backup(BackupKind.AUTOMATIC, days_old=days) for days in (40, 50))
        kept = [
            make_backup(BackupKind.AUTOMATIC, days_old=20),
            make_backup(BackupKind.MANUAL, days_old=60),
            make_backup(BackupKind.UPLOADED, days_old=60),
            make_backup(BackupKind.SAFETY, days_old=60),
            make_backup(BackupKind.AUTOMATIC, days_old=10),
        ]
        assert clean_up(keep_days=30, by=AMELIE, watch=Watch()) == [older.name, old.name]
        assert files() == {backup.name for backup in kept}
        assert set(Backup.objects.all()) == set(kept)

    def test_a_bad_newer_one_is_no_reason_to_delete(self) -> None:
        good = make_backup(BackupKind.AUTOMATIC, days_old=60)
        make_backup(BackupKind.AUTOMATIC, days_old=1, status=BackupStatus.CORRUPTED)
        assert clean_up(keep_days=30, by=AMELIE, watch=Watch()) == []
        assert good.name in files()

    def test_a_file_that_is_gone_already_goes_from_the_list(self) -> None:
        old = make_backup(BackupKind.AUTOMATIC, days_old=40, status=BackupStatus.MISSING)
        make_backup(BackupKind.AUTOMATIC)
        assert clean_up(keep_days=30, by=AMELIE, watch=Watch()) == [old.name]

    def test_one_that_is_in_use_is_passed_over(self) -> None:
        used, unused = (make_backup(BackupKind.AUTOMATIC, days_old=days) for days in (50, 40))
        make_backup(BackupKind.AUTOMATIC)
        make_job(JobState.RUNNING, backup_id=used.pk)
        assert clean_up(keep_days=30, by=AMELIE, watch=Watch()) == [unused.name]
        assert used.name in files()

    def test_it_reports_each_and_stops_between_two(self) -> None:
        for days in (40, 50, 60):
            make_backup(BackupKind.AUTOMATIC, days_old=days)
        make_backup(BackupKind.AUTOMATIC)
        reported: list[tuple[int, int | None]] = []

        def report(_stage: Stage, done: int, total: int | None) -> None:
            reported.append((done, total))

        watch = Watch(report=report, is_cancelled=lambda: len(reported) > 2)
        with pytest.raises(Cancelled, match="Cancelled after deleting 2 of 3 backups"):
            clean_up(keep_days=30, by=AMELIE, watch=watch)
        assert reported == [(0, 3), (1, 3), (2, 3)]
        assert AuditEvent.objects.filter(event="backup.deleted").count() == 2
        assert Backup.objects.count() == 2
