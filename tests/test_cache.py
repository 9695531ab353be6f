"""What jobs and pages tell each other through the cache, and that nobody ever waits for it."""

import json
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches

from backups_app import cache
from tests.catalogue import fresh_cache, wait_until  # noqa: F401 (fixtures)
from tests.servers import Valkey

JOB = uuid.UUID("0b7c0c1e-0000-4000-8000-000000000007")
EVERY_CALL: dict[str, tuple[Callable[[], Any], Any]] = {
    "write progress": (lambda: cache.write_progress(JOB, {"done": 1}), False),
    "read progress": (lambda: cache.read_progress(JOB), None),
    "ask to cancel": (lambda: cache.ask_to_cancel(JOB, {}), False),
    "is cancel asked": (lambda: cache.is_cancel_asked(JOB), None),
    "who asked to cancel": (lambda: cache.who_asked_to_cancel(JOB), {}),
    "remember a follower": (lambda: cache.remember_follower("digest", {}), None),
    "read a follower": (lambda: cache.read_follower("digest"), {}),
    "is it reachable": (cache.is_reachable, False),
}

every_call = pytest.mark.parametrize(("call", "answer"), EVERY_CALL.values(), ids=EVERY_CALL)


def test_what_was_told_is_read(queue: Valkey) -> None:
    assert cache.read_progress(JOB) is None
    assert cache.write_progress(JOB, {"done": 3, "total": None, "stage": "dump", "rate": 1.5})
    assert cache.read_progress(JOB) == {"done": 3, "total": None, "stage": "dump", "rate": 1.5}
    assert cache.read_progress(uuid.uuid4()) is None


def test_a_wish_to_cancel_is_known_with_its_owner_even_a_nameless_one(queue: Valkey) -> None:
    assert cache.is_cancel_asked(JOB) is False
    assert cache.ask_to_cancel(JOB, {})
    assert cache.is_cancel_asked(JOB) is True
    assert cache.who_asked_to_cancel(JOB) == {}
    cache.ask_to_cancel(JOB, {"id": "7", "name": "amelie"})
    assert cache.who_asked_to_cancel(JOB) == {"id": "7", "name": "amelie"}
    assert cache.is_cancel_asked(uuid.uuid4()) is False


def test_who_follows_from_a_session_is_remembered(queue: Valkey) -> None:
    cache.remember_follower("one", {"id": "7", "name": "amelie"})
    assert cache.read_follower("one") == {"id": "7", "name": "amelie"}
    assert cache.read_follower("another") == {}


@every_call
def test_without_a_cache_every_call_answers_at_once(call: Callable[[], Any], answer: Any) -> None:
    started = time.monotonic()
    assert call() == answer
    assert time.monotonic() - started < 1


def test_with_a_frozen_cache_the_first_call_answers_within_a_second_or_so_and_the_others_at_once(queue: Valkey) -> None:
    assert cache.is_reachable()
    queue.freeze()
    started = time.monotonic()
    for call, answer in EVERY_CALL.values():
        assert call() == answer
    assert time.monotonic() - started < 2.5


def test_a_cache_that_has_failed_is_not_asked_again_for_a_while(queue: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "PAUSE_SECONDS", 0.5)
    queue.stop()
    assert not cache.is_reachable()
    queue.start()
    assert not cache.is_reachable()
    assert wait_until(cache.is_reachable, seconds=5)


def test_a_cache_that_fails_is_logged_once_a_pause_and_without_its_address(
    caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "a-password-nobody-may-read"
    settings.CACHES = {
        **settings.CACHES,
        "backups": {**settings.CACHES["backups"], "LOCATION": f"redis://:{secret}@127.0.0.1:1/1"},
    }
    for _ in range(5):
        assert not cache.is_reachable()
    assert caplog.text.count("cache.unreachable") == 1
    assert secret not in caplog.text


def test_what_is_stored_is_json_and_never_a_pickle(queue: Valkey) -> None:
    cache.write_progress(JOB, {"stage": "dump"})
    stored = caches["backups"]._cache.get_client().get(caches["backups"].make_key(f"backups:job:{JOB}:progress"))
    assert json.loads(stored) == {"stage": "dump"}


def test_what_somebody_else_wrote_there_is_nobody_s_progress(queue: Valkey) -> None:
    for foreign in (b"\x80\x05N.", b"[1, 2]", b"null", b"7"):
        key = caches["backups"].make_key(f"backups:job:{JOB}:progress")
        caches["backups"]._cache.get_client().set(key, foreign)
        cache._breaker.closed_at = 0.0
        assert cache.read_progress(JOB) is None


def test_clearing_the_cache_leaves_the_queue_alone(queue: Valkey) -> None:
    queue.ask("LPUSH backups message")
    cache.write_progress(JOB, {})
    caches["backups"].clear()
    assert cache.read_progress(JOB) is None
    assert queue.ask("LLEN backups") == ":1"


def test_nothing_stays_for_ever(queue: Valkey) -> None:
    cache.write_progress(JOB, {})
    cache.ask_to_cancel(JOB, {})
    cache.remember_follower("digest", {})
    client = caches["backups"]._cache.get_client()
    keys = client.keys("*")
    assert len(keys) == 3
    assert all(0 < client.ttl(key) <= cache.KEEP_SECONDS for key in keys)
