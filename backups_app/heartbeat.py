"""The side thread of a running job: shows progress, hears the wish to cancel, watches that the job is still its own."""

import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from django.db import Error, connections, router
from django.utils import timezone

from backups_app import cache
from backups_app.choices import JobKind, JobState
from backups_app.conf import backup_settings
from backups_app.engine.progress import Stage, Watch
from backups_app.leases import Lease
from backups_app.models import Job

_RATE_WINDOW_SECONDS = 5.0
_ROW_CHECK_SECONDS = 5.0
_BEAT_GRACE_SECONDS = 4.0
# From the lock to the commit: a restore's row can't change on SQLite, where the whole file is locked with it.
_LOCKED = frozenset({Stage.SAFETY_BACKUP, Stage.CLEAR, Stage.LOAD, Stage.KEYS_AND_INDEXES, Stage.PROVE, Stage.COMMIT})


class Heartbeat:
    """Runs from entering to leaving. `watch()` is what the engine reports to and asks.

    `dies_with_parent`: ends this whole process when its parent is gone, so that nobody works on unseen.
    After leaving it writes nothing more, so what `write_ending` leaves in the cache stays.
    """

    def __init__(self, job: Job, lease: Lease, *, dies_with_parent: bool) -> None:
        self._job = job
        self._closes_site = job.kind == JobKind.RESTORE
        self._lease = lease
        self._parent = os.getppid() if dies_with_parent else None
        self._ended = threading.Event()
        self._cancelled = threading.Event()
        self.lease_lost = False
        self._position: tuple[Stage, int, int | None] = (Stage.CHECK, 0, None)
        self._samples: deque[tuple[float, int]] = deque(maxlen=64)
        self._started = time.time()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{job.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=30)
        if self._closes_site:
            cache.open_site(self._job.pk)

    def watch(self) -> Watch:
        return Watch(report=self._report, is_cancelled=self._cancelled.is_set)

    def _report(self, stage: Stage, done: int, total: int | None) -> None:
        # Called between batches in the job's own thread: only a note, the side thread does the talking.
        self._position = (stage, done, total)

    def _beat(self) -> None:
        next_row_check = time.monotonic() + _ROW_CHECK_SECONDS
        try:
            while True:
                cache.write_progress(self._job.pk, self.snapshot())
                if self._closes_site:
                    cache.close_site(self._job.pk)
                asked = cache.is_cancel_asked(self._job.pk)
                if asked:
                    self._cancelled.set()
                if self._parent is not None and os.getppid() != self._parent:
                    os._exit(1)
                is_time = time.monotonic() >= next_row_check
                # A silent cache may have swallowed a wish that the row knows of.
                if (asked is None or is_time) and not self._may_go_on():
                    self._cancelled.set()
                if is_time:
                    next_row_check = time.monotonic() + _ROW_CHECK_SECONDS
                    if not self._lease.is_mine():
                        self.lease_lost = True
                        self._cancelled.set()
                if self._ended.wait(backup_settings().HEARTBEAT_SECONDS):
                    return
        finally:
            # Connections belong to threads; the cache's and the database's opened here are this thread's.
            connections.close_all()

    def _may_go_on(self) -> bool:
        """False when the row says that somebody cancelled the job or took it away."""
        if self._is_row_locked():
            return True
        try:
            return Job.objects.filter(pk=self._job.pk, claim=self._job.claim, cancel_asked_at__isnull=True).exists()
        except Error:
            # The next question gets a new session.
            connections[router.db_for_read(Job)].close()
            return True

    def _is_row_locked(self) -> bool:
        """Whether asking would make the heart stand still until the lock is free, and could say nothing new."""
        alias = router.db_for_read(Job)
        return self._closes_site and self._position[0] in _LOCKED and connections[alias].vendor == "sqlite"

    def snapshot(self) -> dict[str, Any]:
        """Where the job is now, as it goes into the cache."""
        stage, done, total = self._position
        now = time.time()
        self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[0][0] > _RATE_WINDOW_SECONDS:
            self._samples.popleft()
        seconds = self._samples[-1][0] - self._samples[0][0]
        records = self._samples[-1][1] - self._samples[0][1]
        return {
            "kind": self._job.kind,
            "state": JobState.RUNNING.value,
            "stage": stage.value,
            "done": done,
            "total": total,
            "rate": records / seconds if seconds > 0 and records > 0 else None,
            "started_at": self._started,
            "beat_at": now,
            "is_cancelling": self._cancelled.is_set(),
            "session": self._job.parameters.get("session", ""),
            "asked_by": self._job.requested_by_name,
        }


def is_beating(progress: Mapping[str, Any]) -> bool:
    """Whether what the cache says of a job is the word of one that runs at this moment."""
    beat_at = progress.get("beat_at")
    return (
        progress.get("state") == JobState.RUNNING
        and isinstance(beat_at, int | float)
        and time.time() - beat_at < backup_settings().HEARTBEAT_SECONDS + _BEAT_GRACE_SECONDS
    )


def beating_restore() -> dict[str, Any] | None:
    """What the restore says of itself that the site is closed for, from the cache alone.

    None also when it is silent: then only its row can tell.
    """
    job_id = cache.closed_for()
    progress = (cache.read_progress(job_id) if job_id else None) or {}
    return progress if is_beating(progress) else None


def write_ending(job: Job, *, last: Mapping[str, Any] | None = None) -> None:
    """Leaves the outcome where polls look, and opens the site; `last` is the job's last snapshot.

    The job's row says the same, truly.
    """
    before = (cache.read_progress(job.pk) or {}) if last is None else last
    cache.write_progress(
        job.pk,
        {
            **before,
            "kind": job.kind,
            "state": job.state,
            "beat_at": timezone.now().timestamp(),
            "backup_name": job.backup_name,
            "message": job.error_message,
            "hint": job.error_hint,
        },
    )
    cache.open_site(job.pk)
