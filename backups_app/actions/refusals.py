"""What stands against a restore, and which override waves it through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib.auth import get_user_model

from backups_app.audit import Actor
from backups_app.engine.check import ELSEWHERE, NEVER, OURS, Checked, Finding

_FINDINGS_SHOWN = 10

# Findings of the check that may be waved through, each kind by its own override; all others may not.
_OVERRIDE_OF = {
    "newer-migrations": "accept_newer_migrations",
    "unknown-model": "leave_out_unknown",
    "unknown-field": "leave_out_unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the one who asks takes upon himself; each has its own flag and its own confirmation, and is recorded."""

    no_safety_backup: bool = False
    accept_foreign: bool = False
    accept_newer_migrations: bool = False
    leave_out_unknown: bool = False
    accept_lock_out: bool = False
    clear_unnamed: bool = False
    keep_dangling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """`override` names the one that waves it through, as a field of Overrides; "" where none does."""

    override: str
    reason: str

    def is_waved_through(self, overrides: Overrides) -> bool:
        return bool(self.override) and bool(getattr(overrides, self.override))

    @property
    def hint(self) -> str:
        if not self.override:
            return "The database was not touched."
        return f"If that is meant, confirm it ({flag_of(self.override)}). The database was not touched."


def flag_of(override: str) -> str:
    """The command's option for an override."""
    return f"--{override.replace('_', '-')}"


def objections(checked: Checked, *, by: Actor, superusers: Sequence[str] | None) -> list[Objection]:
    """The worst first. `superusers` would be the active ones afterwards; None where that can't be told."""
    return [*_of_the_file(checked), *_of_who_may_sign_in(by, superusers)]


def _of_the_file(checked: Checked) -> Iterator[Objection]:
    if checked.provenance == "changed":
        words = "The file was changed after it was made: its digests or its signature do not fit"
        yield Objection(override="", reason=f"{words}. {_in_words(_never(checked))}".strip())
        return
    if never := _never(checked):
        number = f"{len(never):,} {'reason' if len(never) == 1 else 'reasons'}"
        reason = f"The file can't be restored here ({number}): {_in_words(never)}"
        yield Objection(override="", reason=reason)
        return
    if checked.provenance != OURS:
        is_signed = checked.provenance == ELSEWHERE
        where = "it was made elsewhere, or the key is lost" if is_signed else "it has no signature"
        who = ", ".join(checked.superusers) or "none"
        reason = f"It can't be proven that this installation made the file: {where}. Its superusers are: {who}."
        yield Objection(override="accept_foreign", reason=reason)
    by_override = sorted(checked.refusals, key=_override_of)
    for override, group in groupby(by_override, key=_override_of):
        yield Objection(override=override, reason=_reason(override, list(group)))


def _reason(override: str, findings: list[Finding]) -> str:
    if override == "leave_out_unknown":
        return f"{len(findings):,} models or fields of the file are not known here: {_in_words(findings)}"
    return f"The backup was made with {len(findings):,} migrations that are not applied here: {_in_words(findings)}"


def _of_who_may_sign_in(by: Actor, superusers: Sequence[str] | None) -> Iterator[Objection]:
    if superusers is None:
        return
    if not superusers:
        reason = "Nobody would be an active superuser afterwards, so nobody could manage backups."
        yield Objection(override="accept_lock_out", reason=reason)
    # Who has an id is a user of this database; commands are given by people of the machine.
    elif by.id and by.name not in superusers:
        reason = (
            f"You ({by.name}) are no active superuser in the file, so after the restore you could not manage backups. "
            f"Those who could: {', '.join(superusers)}."
        )
        yield Objection(override="accept_lock_out", reason=reason)


def superusers_now(using: str) -> tuple[str, ...] | None:
    """Names of the active superusers of the database; None where the project's users can't be asked that."""
    model: Any = get_user_model()
    if not {"is_superuser", "is_active"} <= {field.name for field in model._meta.concrete_fields}:
        return None
    found = model._base_manager.using(using).filter(is_superuser=True, is_active=True)
    return tuple(str(name) for name in found.order_by("pk").values_list(model.USERNAME_FIELD, flat=True))


def superusers_after(checked: Checked, cleared: Sequence[str], now: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Those of the file where users are replaced, which are the models with the labels `cleared`; else those of now."""
    if now is None:
        return None
    return checked.superusers if get_user_model()._meta.label_lower in cleared else now


def _never(checked: Checked) -> list[Finding]:
    return [finding for finding in checked.refusals if finding.kind in NEVER or finding.kind not in _OVERRIDE_OF]


def _override_of(finding: Finding) -> str:
    return _OVERRIDE_OF[finding.kind]


def _in_words(findings: Sequence[Finding]) -> str:
    return "; ".join(f"{finding.where}: {finding.detail}" for finding in findings[:_FINDINGS_SHOWN])
