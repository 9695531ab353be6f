"""import: take a file, or every file of a folder, into the backup folder and the catalogue."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from backups_app.actions.adopt import Adopter, Verdict
from backups_app.actions.rescan import rescan
from backups_app.actions.source import Source
from backups_app.engine import store
from backups_app.engine.errors import Cancelled, EngineError, StoreFailed


class ImportRefused(EngineError):
    """Nothing was taken in."""

    code = "import-refused"
    hint = "The backup folder and the list are as before."

    def __init__(self, message: str, verdicts: Sequence[Verdict]) -> None:
        super().__init__(message)
        self.verdicts = verdicts


def import_backups(path: str, *, adopter: Adopter) -> list[Verdict]:
    """Copies, checks and enters them; the originals are left alone. One Verdict for each file, in order of names.

    Raises ImportRefused when there was nothing, or nothing good; StoreFailed when the path can't be read.
    """
    place, folder = Path(path), store.folder_path()
    if folder is not None and place.resolve() == folder.resolve():
        return rescan(adopter=adopter)
    verdicts: list[Verdict] = []
    try:
        for file in _files_of(place):
            is_stored = folder is not None and file.resolve().parent == folder.resolve() and store.is_name(file.name)
            source = Source(name=file.name, path=str(file))
            verdicts.append(adopter.adopt_in_place(file.name) if is_stored else adopter.copy(source))
    except Cancelled as error:
        raise Cancelled(f"Cancelled; {sum(verdict.is_new for verdict in verdicts):,} files were taken in.") from error
    if not any(verdict.backup for verdict in verdicts):
        reasons = "; ".join(f"{verdict.file}: {verdict.reason}" for verdict in verdicts)
        raise ImportRefused(reasons or f"There is no file *.json in {path}.", verdicts)
    return verdicts


def _files_of(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    try:
        with os.scandir(place) as entries:
            found = [
                Path(entry.path)
                for entry in entries
                if entry.is_file(follow_symlinks=False) and entry.name.endswith(store.ENDINGS) and entry.name[0] != "."
            ]
    except OSError as error:
        raise StoreFailed(f"{place} can't be read: {error.strerror or error}.") from error
    return sorted(found)
