"""A restore's transaction is open for a minute, then for three minutes in which the queue and its cache are away."""

from concurrent.futures import Future
from statistics import median

import pytest

from tests.faults.minutes import KINDS, Answer, Observed

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

# A busy machine lets anybody wait for a while; a locked table lets them wait for 20 seconds at the least.
SOON, LATE = 1.0, 15.0


@pytest.fixture(params=KINDS)
def seen(request: pytest.FixtureRequest, minutes: dict[str, Future[Observed]]) -> Observed:
    """What was seen on each kind of database."""
    return minutes[request.param].result()


def assert_soon(answers: list[Answer]) -> None:
    seconds = [LATE if answer.seconds is None else answer.seconds for answer in answers]
    assert len(seconds) > 5
    assert median(seconds) < SOON
    assert max(seconds) < LATE


def test_polls_are_answered_at_once(seen: Observed) -> None:
    assert_soon(seen.polls)
    assert {answer.said[0] for answer in seen.polls} == {200}
    assert "load" in seen.polls[-1].said[1]


def test_visitors_are_asked_at_once_to_come_back(seen: Observed) -> None:
    assert_soon(seen.visits)
    assert {(answer.said, answer.retry_after) for answer in seen.visits} == {(503, "5")}


def test_a_second_restore_is_answered_at_once(seen: Observed) -> None:
    assert_soon(seen.second_on_page)
    assert {answer.said[0] for answer in seen.second_on_page} == {503}
    assert_soon(seen.second_elsewhere)
    for answer in seen.second_elsewhere:
        assert answer.said.startswith("refused: A restore is under way already, asked for by ada")


def test_a_cancel_is_answered_at_once_and_nothing_was_changed(seen: Observed) -> None:
    assert seen.cancel is not None
    assert seen.cancel.seconds is not None
    assert seen.cancel.seconds < LATE
    assert seen.cancel.said[0] in (200, 503)
    assert seen.cancelled["state"] == "cancelled"
    assert seen.after_cancel == seen.before


def test_beat_ticks_worker_and_web_survive(seen: Observed) -> None:
    assert seen.died == []
    assert "Internal Server Error" not in seen.logs["web"]
    for name in ("worker", "ticks", "web"):
        assert "Traceback" not in seen.logs[name], name


def test_a_silent_cache_loses_no_job(seen: Observed) -> None:
    assert {row["state"] for row in seen.silent_rows} <= {"running"}
    assert len({row["claim"] for row in seen.silent_rows}) <= 1
    assert {answer.said[0] for answer in seen.silent_polls} <= {200}
    assert seen.ended["state"] == "succeeded"
    assert seen.after_silence == seen.at_backup


def test_nothing_else_started_in_the_silence_and_the_next_job_runs_after_it(seen: Observed) -> None:
    assert seen.jobs == []
    assert seen.next_backup["state"] == "succeeded"
