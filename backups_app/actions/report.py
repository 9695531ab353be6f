"""What was found out about a file from outside, in words, as the job's row keeps it for page and commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model

from backups_app.actions.create import scope
from backups_app.actions.refusals import superusers_now
from backups_app.engine.check import Checked, Finding
from backups_app.text import printable

_MODELS_SHOWN = 1000
_NAMES_SHOWN = 100
_CHARACTERS_SHOWN = 300

PROVENANCES = {
    "ours": "Made here: its signature is right.",
    "elsewhere": "Made elsewhere, or with a key that is lost: it is whole, but not provably ours.",
    "unsigned": "Unsigned: who made it, and whether it is whole, can't be proven.",
    "changed": "Changed after it was made.",
}

# What to do about each kind of finding.
_NEXT_STEPS = {
    "unreadable": "Make the file again, or send it again; it was not whole, or is no fixture.",
    "too-much": "Make the file again without it, or raise the limit if you trust whoever made the file.",
    "changed": "Use an unchanged copy of the file.",
    "bad-value": "Correct the value in the file, or let the project that made it write it again.",
    "newer-format": "Update this installation, then try again.",
    "same-key": "Change one of the two in the project that made the file.",
    "duplicate-key": "Remove one of the two records.",
    "dangling": "Add those records to the file; a restore refuses it unless told to keep them (--keep-dangling).",
    "unknown-model": "Install the app that has it, or leave it out when restoring.",
    "unknown-field": "Update this project, or leave it out when restoring.",
    "newer-migrations": "Update this project and run migrate, or accept it when restoring.",
    "nothing-inside": "Choose a file that holds records of this project.",
    "left-out": "Nothing needs to be done.",
    "older-migrations": "Nothing needs to be done; fields that are new since get their defaults.",
}


def report_on(checked: Checked) -> dict[str, Any]:
    """JSON, of bounded size, without anything that steers terminals."""
    now = superusers_now(scope().using)
    inside = checked.superusers
    manifest = checked.manifest or {}
    return {
        "provenance": checked.provenance,
        "provenance_in_words": PROVENANCES[checked.provenance],
        "sha256": checked.sha256,
        "bytes": checked.size_bytes,
        "records": checked.record_count,
        "model_count": len(checked.models),
        "models": [
            {"model": _shown(label), "records": count} for label, count in sorted(checked.models)[:_MODELS_SHOWN]
        ],
        "made_at": _shown(str(manifest.get("created_at") or "")),
        "migrations": _migrations(checked),
        "staff": checked.staff_count,
        "superuser_count": len(inside),
        "superusers": [_shown(name) for name in inside[:_NAMES_SHOWN]],
        "superusers_gained": [_shown(name) for name in sorted(set(inside) - set(now or ()))[:_NAMES_SHOWN]],
        "superusers_lost": _lost(checked, now),
        "reasons": [_as_dict(finding) for finding in checked.refusals],
        "remarks": [_as_dict(finding) for finding in checked.remarks],
        "more_findings": checked.findings_left_out,
    }


def _lost(checked: Checked, now: tuple[str, ...] | None) -> list[str]:
    """Those of now who would not be any more; nobody where the file does not replace users."""
    if now is None or get_user_model()._meta.label_lower not in dict(checked.models):
        return []
    return [_shown(name) for name in sorted(set(now) - set(checked.superusers))[:_NAMES_SHOWN]]


def _as_dict(finding: Finding) -> dict[str, str]:
    return {
        "kind": finding.kind,
        "where": _shown(finding.where),
        "detail": _shown(finding.detail),
        "next": _NEXT_STEPS.get(finding.kind, "See the documentation of errors."),
    }


def _migrations(checked: Checked) -> str:
    return ", ".join(_migrations_in_words(checked))


def _migrations_in_words(checked: Checked) -> Iterator[str]:
    if checked.manifest is None:
        yield "The file does not tell them."
        return
    newer = sum(finding.kind == "newer-migrations" for finding in checked.refusals)
    older = sum(finding.kind == "older-migrations" for finding in checked.remarks)
    if newer:
        yield f"{newer:,} are not applied here"
    if older:
        yield f"{older:,} apps were older then"
    if not newer and not older:
        yield "The same as here."


def _shown(text: str) -> str:
    clean = printable(text[: 2 * _CHARACTERS_SHOWN])
    return clean if len(clean) <= _CHARACTERS_SHOWN else f"{clean[: _CHARACTERS_SHOWN - 3]}..."
