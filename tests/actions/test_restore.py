"""Which files are fit to replace the data, before the first row is touched."""

from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser

from backups_app import jobs
from backups_app.actions.refusals import Overrides
from backups_app.actions.restore import Expected, RestoreRefused, refuse_unless_expected, refuse_unless_fit
from backups_app.audit import Actor
from backups_app.choices import BackupKind, JobKind, JobState, Trigger
from backups_app.engine import store
from backups_app.engine.check import Checked, Finding
from backups_app.engine.inspection import schema_fingerprint
from backups_app.models import Backup, Job
from tests.zoo.models import Author

one_database = pytest.mark.django_db(transaction=True)

ADA = Actor(id="1", name="ada")
CRON = Actor(name="root (command)")


def checked(**more: Any) -> Checked:
    usual: dict[str, Any] = {
        "provenance": "ours",
        "manifest": {"tables": [{"model": "auth.user"}]},
        "manifest_id": "",
        "record_count": 1,
        "models": (("auth.user", 1),),
        "superusers": ("ada",),
        "refusals": (),
        "remarks": (),
        "sha256": "f" * 64,
        "stored_sha256": "f" * 64,
    }
    return Checked(**{**usual, **more})


def refusal(file: Checked, *, by: Actor = ADA, **overrides: bool) -> str:
    try:
        refuse_unless_fit(file, by=by, overrides=Overrides(**overrides))
    except RestoreRefused as error:
        assert "database was not touched" in error.hint
        return f"{error} {error.hint}"
    return ""


@one_database
def test_our_own_whole_file_is_fit() -> None:
    assert refusal(checked()) == ""
    assert refusal(checked(), by=CRON) == ""


@one_database
def test_a_file_that_is_not_the_expected_one_is_refused() -> None:
    refuse_unless_expected(checked(), Expected(sha256="f" * 64))
    with pytest.raises(RestoreRefused, match="not the one that was asked for"):
        refuse_unless_expected(checked(), Expected(sha256="e" * 64))


@one_database
def test_a_schema_that_is_not_the_expected_one_is_refused() -> None:
    refuse_unless_expected(checked(), Expected(schema=schema_fingerprint("default")))
    with pytest.raises(RestoreRefused, match="have changed since the preview"):
        refuse_unless_expected(checked(), Expected(schema="another"))


@pytest.mark.parametrize("overrides", [{}, {"accept_foreign": True, "accept_lock_out": True}])
@one_database
def test_a_changed_file_is_always_refused(overrides: dict[str, bool]) -> None:
    assert "was changed" in refusal(checked(provenance="changed"), **overrides)


@pytest.mark.parametrize("provenance", ["elsewhere", "unsigned"])
@one_database
def test_a_file_from_elsewhere_needs_its_own_confirmation_and_names_its_superusers(provenance: str) -> None:
    file = checked(provenance=provenance, superusers=("ada", "mallory"))
    assert "mallory" in refusal(file)
    assert "--accept-foreign" in refusal(file)
    assert refusal(file, accept_foreign=True) == ""


@one_database
def test_a_file_without_superusers_needs_its_own_confirmation() -> None:
    file = checked(superusers=())
    assert "Nobody would be an active superuser" in refusal(file, accept_foreign=True)
    assert refusal(file, accept_lock_out=True) == ""


@one_database
def test_who_asks_on_the_page_must_be_a_superuser_in_the_file() -> None:
    file = checked(superusers=("grace",))
    assert "You (ada)" in refusal(file)
    assert refusal(file, by=CRON) == ""
    assert refusal(file, accept_lock_out=True) == ""


@one_database
def test_a_file_that_leaves_the_users_alone_locks_nobody_out(superuser: AbstractUser) -> None:
    by = Actor.of_user(superuser)
    file = checked(provenance="unsigned", manifest=None, models=(("eclick.client", 1),), superusers=())
    assert refusal(file, by=by, accept_foreign=True) == ""
    assert "Nobody would be" in refusal(file, by=by, accept_foreign=True, clear_unnamed=True)


@pytest.mark.parametrize(
    ("kind", "override", "flag"),
    [
        ("newer-migrations", "accept_newer_migrations", "--accept-newer-migrations"),
        ("unknown-model", "leave_out_unknown", "--leave-out-unknown"),
        ("unknown-field", "leave_out_unknown", "--leave-out-unknown"),
    ],
)
@one_database
def test_each_finding_that_may_be_waved_through_needs_its_own_override(kind: str, override: str, flag: str) -> None:
    file = checked(refusals=(Finding(kind=kind, where="app.thing", detail="Not here."),))
    others = {name: True for name in Overrides.__slots__ if name != override}
    said = refusal(file, **others)
    assert "app.thing: Not here." in said
    assert flag in said
    assert refusal(file, **{override: True}) == ""


@pytest.mark.parametrize("kind", ["bad-value", "unreadable", "newer-format", "never-heard-of"])
@one_database
def test_no_override_waves_through_what_can_not_be_loaded(kind: str) -> None:
    file = checked(refusals=(Finding(kind=kind, where="app.thing", detail="No."),))
    assert "can't be restored here (1 reason)" in refusal(file, **dict.fromkeys(Overrides.__slots__, True))


@one_database
def test_reasons_against_a_file_are_named_with_their_number() -> None:
    findings = tuple(Finding(kind="bad-value", where=f"app.m{n}", detail="bad") for n in range(12))
    said = refusal(checked(refusals=findings), accept_foreign=True)
    assert "12 reasons" in said
    assert "app.m0" in said
    assert "app.m11" not in said


def test_outcome_and_safety_backup_are_committed_with_the_data_on_every_database(
    machinery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right after the commit everything stops, and nothing more is written by the job."""
    Author.objects.using(machinery).create(code="kept", name="as it was")
    made = jobs.run_here(JobKind.BACKUP, by=CRON, trigger=Trigger.COMMAND, parameters={})
    Author.objects.using(machinery).update(name="changed since")
    parameters = {"name": made.backup_name, "accept_lock_out": True, "reason": "A test"}

    def stop(*_: object, **__: object) -> None:
        raise GeneratorExit

    with monkeypatch.context() as patched, pytest.raises(GeneratorExit):
        patched.setattr("backups_app.jobs._succeed", stop)
        jobs.run_here(JobKind.RESTORE, by=CRON, trigger=Trigger.COMMAND, parameters=parameters)
    safety = Backup.objects.get(kind=BackupKind.SAFETY)
    jobs.reap()

    job = Job.objects.get(kind=JobKind.RESTORE)
    assert job.state == JobState.SUCCEEDED
    assert (job.result["safety_backup"], job.result["reason"]) == (safety.name, "A test")
    assert job.result["overrides"] == ["accept_lock_out"]
    assert job.result["before"]["zoo.author"] == job.result["after"]["zoo.author"] == 1
    assert job.result["proven"] is True
    assert {stage for stage, _ in job.result["durations"]} > {"check", "safety backup", "load", "prove"}
    assert store.exists(safety.name)
    assert safety.record_count == made.result["records"]
    assert Author.objects.using(machinery).get().name == "as it was"
