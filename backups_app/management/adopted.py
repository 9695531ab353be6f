"""Tells what became of the files that an import or a rescan looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from backups_app.management.following import fail_unless_succeeded
from backups_app.models import Job
from backups_app.text import printable


def tell_of_adopted(job: Job, *, as_json: bool, out: OutputWrapper) -> None:
    """Raises CommandError with exit status 1 when a file was refused."""
    files = (job.result or {}).get("files", [])
    if as_json:
        told = {"job": str(job.pk), "state": job.state, "error": job.error_message, "files": files}
        out.write(json.dumps(told, indent=2))
    else:
        for file in files:
            for line in _report_in_words(file.get("report") or {}):
                out.write(printable(f"  {file['file']}: {line}"))
    fail_unless_succeeded(job)
    refused = [file for file in files if not file["backup"]]
    if not as_json:
        for file in files:
            out.write(printable(_in_words(file)))
        new = sum(file["is_new"] for file in files)
        out.write(f"{new:,} new backups, {len(files) - new - len(refused):,} known already, {len(refused):,} refused.")
    if refused:
        raise CommandError(f"{len(refused):,} of {len(files):,} files were refused.")


def _in_words(file: dict[str, str]) -> str:
    if not file["backup"]:
        return f"REFUSED {file['file']}: {file['reason']}"
    return f"{file['file']} -> {file['backup']}" if file["is_new"] else f"{file['file']} is {file['backup']} already"


def _report_in_words(report: Mapping[str, Any]) -> Iterator[str]:
    """The same as the page says."""
    if not report:
        return
    yield report["provenance_in_words"]
    yield f"{report['records']:,} records of {report['model_count']:,} models. Migrations: {report['migrations']}"
    yield f"Superusers inside: {', '.join(report['superusers']) or 'none'}; staff: {report['staff']:,}."
    if report["superusers_gained"]:
        yield f"Superusers who are none here: {', '.join(report['superusers_gained'])}."
    if report["superusers_lost"]:
        yield f"Superusers here who are none inside: {', '.join(report['superusers_lost'])}."
    for finding in (*report["reasons"], *report["remarks"]):
        yield f"{finding['where']}: {finding['detail']} {finding['next']}"
    if report["more_findings"]:
        yield f"{report['more_findings']:,} more findings."
