"""What running jobs and their followers tell each other, in the cache alias `backups`: progress, the wish to cancel.

Every call answers within about a second, also when the cache is gone: then reading gives None, writing gives False,
and for five seconds nobody asks again. Nothing here is the truth; the job's row is.
"""

import json
import time
from typing import Any

from django.core.cache import caches

from backups_app.logs import log

ALIAS = "backups"
PAUSE_SECONDS = 5.0
KEEP_SECONDS = 24 * 3600
# Longer than a few heartbeats that fail; shorter than people's patience after a worker has died.
CLOSED_SECONDS = 30

_CLOSED = "backups:closed"


class JSONSerializer:
    """For Django's RedisCache: a pickle in a shared cache would be code."""

    def dumps(self, obj: Any) -> bytes:
        return json.dumps(obj, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class _Breaker:
    """Keeps callers from waiting for a cache that has just failed."""

    def __init__(self) -> None:
        self.closed_at = 0.0

    def call(self, method: str, *args: Any, **kwargs: Any) -> tuple[bool, Any]:
        if time.monotonic() < self.closed_at:
            return False, None
        try:
            return True, getattr(caches[ALIAS], method)(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 (each cache backend has errors of its own; all of them mean: no cache)
            self.closed_at = time.monotonic() + PAUSE_SECONDS
            log.warning("cache.unreachable", alias=ALIAS, error=type(error).__name__)
            return False, None


_breaker = _Breaker()


def _key(job_id: object, what: str) -> str:
    return f"backups:job:{job_id}:{what}"


def write_progress(job_id: object, progress: dict[str, Any]) -> bool:
    """Stores what a running job last said. False when the cache can't be reached."""
    done, _ = _breaker.call("set", _key(job_id, "progress"), progress, KEEP_SECONDS)
    return done


def read_progress(job_id: object) -> dict[str, Any] | None:
    _, value = _breaker.call("get", _key(job_id, "progress"))
    return value if isinstance(value, dict) else None


def ask_to_cancel(job_id: object, who: dict[str, str]) -> bool:
    """Leaves the wish to cancel, and whose it is. False when the cache can't be reached."""
    done, _ = _breaker.call("set", _key(job_id, "cancel"), who, KEEP_SECONDS)
    return done


def is_cancel_asked(job_id: object) -> bool | None:
    """None when the cache can't be reached."""
    done, value = _breaker.call("get", _key(job_id, "cancel"))
    return value is not None if done else None


def who_asked_to_cancel(job_id: object) -> dict[str, str]:
    """As `ask_to_cancel` was given it; empty when that is not known."""
    _, value = _breaker.call("get", _key(job_id, "cancel"))
    return value if isinstance(value, dict) else {}


def remember_follower(session: str, who: dict[str, str]) -> None:
    """Keeps who follows jobs from a session, for when neither sessions nor users can be asked."""
    _breaker.call("set", f"backups:follower:{session}", who, KEEP_SECONDS)


def read_follower(session: str) -> dict[str, str]:
    _, value = _breaker.call("get", f"backups:follower:{session}")
    return value if isinstance(value, dict) else {}


def close_site(job_id: object) -> None:
    """Closes the site to visitors while the job replaces the data. Said again with each heartbeat, or it ends."""
    _breaker.call("set", _CLOSED, str(job_id), CLOSED_SECONDS)


def open_site(job_id: object) -> None:
    """Opens it again, unless it is closed for another job by now."""
    if closed_for() == str(job_id):
        _breaker.call("delete", _CLOSED)


def closed_for() -> str | None:
    """The id of the job that the site is closed for, or None when it is open or nobody knows."""
    _, value = _breaker.call("get", _CLOSED)
    return str(value) if value else None


def is_reachable() -> bool:
    done, _ = _breaker.call("get", "backups:ping")
    return done
