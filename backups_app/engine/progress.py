"""How the engine tells what it does, and learns that it should stop."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from backups_app.engine.errors import Cancelled


class Stage(StrEnum):
    """What a job is at: a preview compares; the rest is in the order of a backup, then of a restore after its check."""

    CHECK = "check"
    COMPARE = "compare"
    DUMP = "dump"
    PUBLISH = "publish"
    SAFETY_BACKUP = "safety backup"
    CLEAR = "clear"
    LOAD = "load"
    KEYS_AND_INDEXES = "keys and indexes"
    PROVE = "prove"
    COMMIT = "commit"
    AFTERCARE = "aftercare"


def _say_nothing(stage: Stage, done: int, total: int | None) -> None:
    """The report for callers who do not watch."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """`report(stage, done, total)` is called between batches, so it must be cheap; units are records.

    `is_cancelled()` is asked between batches too; once it is true the verb leaves nothing behind and raises Cancelled.
    """

    report: Callable[[Stage, int, int | None], None] = _say_nothing
    is_cancelled: Callable[[], bool] = _never

    def as_stage(self, stage: Stage) -> "Watch":
        """For a part of the work that is one stage of the whole, whatever it reports itself."""
        return Watch(report=lambda _stage, done, total: self.report(stage, done, total), is_cancelled=self.is_cancelled)

    def step(self, stage: Stage, done: int, total: int | None) -> None:
        """Reports, then raises Cancelled if somebody asked for it."""
        self.report(stage, done, total)
        if self.is_cancelled():
            raise Cancelled(f"Cancelled after {done:,} records; nothing was left behind.")
