"""How the engine tells what it does, and learns that it should stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from backups_app.engine.errors import Cancelled


class Stage(StrEnum):
    """What a job is at: a preview compares; the rest is in the order of a backup, then of a restore after its check."""

    RECEIVE = "receive"
    CHECK = "check"
    COMPARE = "compare"
    DUMP = "dump"
    PUBLISH = "publish"
    COPY = "copy"
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


class Stopwatch:
    """Notes how long each stage took, of the work that reports to `watch(...)`."""

    def __init__(self) -> None:
        self._began: dict[Stage, float] = {}
        self._took: dict[Stage, float] = {}
        self._last: Stage | None = None

    def watch(self, inner: Watch) -> Watch:
        def report(stage: Stage, done: int, total: int | None) -> None:
            if stage is not self._last:
                self._change(stage)
            inner.report(stage, done, total)

        return Watch(report=report, is_cancelled=inner.is_cancelled)

    def seconds(self) -> list[tuple[str, float]]:
        """Of each stage, in the order in which they began; of the present one up to now."""
        now = time.monotonic()
        open_since = {self._last: now - self._began[self._last]} if self._last else {}
        return [(stage.value, round(took + open_since.get(stage, 0), 3)) for stage, took in self._took.items()]

    def _change(self, stage: Stage) -> None:
        now = time.monotonic()
        if self._last is not None:
            self._took[self._last] += now - self._began[self._last]
        self._took.setdefault(stage, 0.0)
        self._began[stage], self._last = now, stage
