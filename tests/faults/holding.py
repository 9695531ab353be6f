"""A worker whose job can be held in any stage, as if the data were much larger, and that is less patient.

Where the file `hold` in DATA_DIR names the job's stage, the job stands still there, says so by the file `held`, and
goes on when `hold` is gone or somebody asked to cancel. Its side thread goes on all the time.
"""

import os
import time
from datetime import timedelta
from pathlib import Path

from django.apps import AppConfig
from django.conf import settings


class HoldingConfig(AppConfig):
    name = "tests.faults"
    label = "faults"

    def ready(self) -> None:
        from backups_app.heartbeat import Heartbeat

        report = Heartbeat._report

        def report_and_hold(beat, stage, done, total):
            report(beat, stage, done, total)
            # Held in the middle of the records.
            if done or stage != "load":
                hold(beat, stage)

        Heartbeat._report = report_and_hold
        _lose_patience()


def hold(beat, stage):
    folder = Path(settings.DATA_DIR)
    if not _names(folder / "hold", stage):
        return
    (folder / "held").touch()
    while _names(folder / "hold", stage) and not beat._cancelled.is_set():
        time.sleep(0.02)
    (folder / "held").unlink(missing_ok=True)


def _names(file: Path, stage: str) -> bool:
    try:
        return file.read_text() == stage
    except FileNotFoundError:
        return False


def _lose_patience() -> None:
    from backups_app import jobs
    from backups_app.engine.databases import restore_mysql, restore_postgresql, restore_sqlite

    if seconds := os.environ.get("LOCK_PATIENCE_SECONDS"):
        restore_mysql.LOCK_PATIENCE_SECONDS = float(seconds)
        restore_postgresql.LOCK_PATIENCE_SECONDS = float(seconds)
        restore_sqlite._LOCK_PATIENCE_SECONDS = float(seconds)
    if seconds := os.environ.get("FORGOTTEN_AFTER_SECONDS"):
        jobs.FORGOTTEN_AFTER = timedelta(seconds=float(seconds))
    if size := os.environ.get("SQLITE_CACHE_KIBIBYTES"):
        # A load that does not fit in there locks readers out too, outside of WAL mode.
        restore_sqlite._CACHE_KIBIBYTES = int(size)
