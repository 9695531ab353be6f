"""Which files are fit to replace the data, before the first row is touched."""

from typing import Any

import pytest

from backups_app.actions.restore import Overrides, RestoreRefused, refuse_unless_fit
from backups_app.audit import Actor
from backups_app.engine.check import Checked, Finding

ADA = Actor(id="1", name="ada")
CRON = Actor(name="root (command)")


def checked(**more: Any) -> Checked:
    usual: dict[str, Any] = {
        "provenance": "ours",
        "manifest": {},
        "manifest_id": "",
        "record_count": 1,
        "models": (),
        "superusers": ("ada",),
        "refusals": (),
        "remarks": (),
        "sha256": "f" * 64,
    }
    return Checked(**{**usual, **more})


def refusal(file: Checked, *, sha256: str = "", by: Actor = ADA, **overrides: bool) -> str:
    try:
        refuse_unless_fit(file, sha256=sha256, by=by, overrides=Overrides(**overrides))
    except RestoreRefused as error:
        assert "database was not touched" in error.hint
        return str(error)
    return ""


def test_our_own_whole_file_is_fit() -> None:
    assert refusal(checked()) == ""
    assert refusal(checked(), sha256="f" * 64, by=CRON) == ""


def test_a_file_that_is_not_the_one_in_the_catalogue_is_refused() -> None:
    assert "not the one in the catalogue" in refusal(checked(), sha256="e" * 64)


@pytest.mark.parametrize("overrides", [{}, {"accept_foreign": True, "accept_lock_out": True}])
def test_a_changed_file_is_always_refused(overrides: dict[str, bool]) -> None:
    assert "was changed" in refusal(checked(provenance="changed"), **overrides)


@pytest.mark.parametrize("provenance", ["elsewhere", "unsigned"])
def test_a_file_from_elsewhere_needs_its_own_confirmation_and_names_its_superusers(provenance: str) -> None:
    file = checked(provenance=provenance, superusers=("ada", "mallory"))
    assert "mallory" in refusal(file)
    assert refusal(file, accept_foreign=True) == ""


def test_a_file_without_superusers_needs_its_own_confirmation() -> None:
    file = checked(superusers=())
    assert "Nobody in the file" in refusal(file, accept_foreign=True)
    assert refusal(file, accept_lock_out=True) == ""


def test_who_asks_on_the_page_must_be_a_superuser_in_the_file() -> None:
    file = checked(superusers=("grace",))
    assert "You (ada)" in refusal(file)
    assert refusal(file, by=CRON) == ""
    assert refusal(file, accept_lock_out=True) == ""


def test_reasons_against_a_file_are_named_with_their_number() -> None:
    findings = tuple(Finding(kind="unknown-model", where=f"app.m{n}", detail="unknown model") for n in range(12))
    said = refusal(checked(refusals=findings), accept_foreign=True)
    assert "12 reasons" in said
    assert "app.m0" in said
    assert "app.m11" not in said
