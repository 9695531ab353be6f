"""validate: what was uploaded becomes a backup once it was read to its last byte, or is refused with every reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from backups_app.actions.adopt import Adopter, Verdict
from backups_app.actions.source import Source
from backups_app.engine.errors import EngineError


class UploadRefused(EngineError):
    """The file is no backup that could be restored here; `report` is what was found out about it."""

    code = "upload-refused"
    hint = "The file was removed, and nothing was changed. See the report for what to do about each reason."

    def __init__(self, message: str, *, report: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.report = report


def validate_upload(upload_id: UUID, *, file: str, adopter: Adopter) -> tuple[Verdict, Mapping[str, Any]]:
    """The verdict and the report on the quarantined file, which is left where it is; restores nothing.

    `file` is what people call it. Raises UploadRefused, another EngineError, or Cancelled.
    """
    verdict = adopter.copy(Source(name=file or "the file", upload=upload_id), as_upload=True)
    report = verdict.report or {}
    if not verdict.backup:
        raise UploadRefused(f"{file or 'The file'} was refused: {verdict.reason}", report=report)
    return verdict, report
