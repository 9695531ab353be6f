"""Tokens name one job for one session, for a while; nobody can make or change one. All without a database."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from backups_app.tokens import make_token, read_token, session_digest

JOB = "0b7c0c1e-0000-4000-8000-000000000007"


def request(session: str = "") -> HttpRequest:
    made = RequestFactory().get("/")
    if session:
        made.COOKIES["sessionid"] = session
    return made


def test_the_session_it_was_made_for_reads_its_job() -> None:
    claims = read_token(make_token(JOB, request("mine")), request("mine"))
    assert claims is not None
    assert claims.job_id == JOB
    assert claims.is_same_session
    assert claims.session == session_digest(request("mine"))


@pytest.mark.parametrize("other", ["another", "min", "mine ", ""])
def test_any_other_session_reads_the_job_as_a_stranger(other: str) -> None:
    claims = read_token(make_token(JOB, request("mine")), request(other))
    assert claims is not None
    assert claims.job_id == JOB
    assert not claims.is_same_session


def test_a_token_made_without_a_session_makes_nobody_its_owner() -> None:
    token = make_token(JOB, request())
    for reader in ("", "mine"):
        claims = read_token(token, request(reader))
        assert claims is not None
        assert not claims.is_same_session


def test_it_ends_after_its_hours(settings: Any) -> None:
    settings.BACKUPS = {**settings.BACKUPS, "TOKEN_HOURS": 2}
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        token = make_token(JOB, request("mine"))
    with time_machine.travel(now + timedelta(hours=2) - timedelta(seconds=5), tick=False):
        assert read_token(token, request("mine")) is not None
    with time_machine.travel(now + timedelta(hours=2, seconds=5), tick=False):
        assert read_token(token, request("mine")) is None


def test_changing_any_character_makes_it_worthless() -> None:
    token = make_token(JOB, request("mine"))
    for place, character in enumerate(token):
        changed = token[:place] + ("A" if character != "A" else "B") + token[place + 1 :]
        read = read_token(changed, request("mine"))
        # The last character of a piece of base64 has bits that say nothing.
        assert read is None or read == read_token(token, request("mine"))


@given(st.text())
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert read_token(text, request("mine")) is None


@given(st.lists(st.text(alphabet="abcABC123-_=.:"), min_size=1, max_size=4))
def test_nothing_that_looks_like_one_is_a_token(pieces: list[str]) -> None:
    assert read_token(":".join(pieces), request("mine")) is None


def test_what_was_signed_for_something_else_is_no_token() -> None:
    assert read_token(signing.dumps([JOB, session_digest(request("mine"))]), request("mine")) is None
    other = signing.dumps([JOB, session_digest(request("mine"))], salt="backups_app.other")
    assert read_token(other, request("mine")) is None


@pytest.mark.parametrize("content", [None, 7, "text", [], [JOB], [JOB, "x", "y"], {}])
def test_what_was_signed_in_another_shape_is_no_token(content: Any) -> None:
    assert read_token(signing.dumps(content, salt="backups_app.tokens"), request("mine")) is None


def test_after_a_change_of_the_key_it_is_a_stranger_s(settings: Any) -> None:
    token = make_token(JOB, request("mine"))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key that is long enough for everybody to be content with it"
    claims = read_token(token, request("mine"))
    assert claims is not None
    assert not claims.is_same_session
    settings.SECRET_KEY_FALLBACKS = []
    assert read_token(token, request("mine")) is None


def test_the_session_s_key_can_not_be_read_from_it() -> None:
    token = make_token(JOB, request("the-key-of-the-session"))
    content = signing.loads(token, salt="backups_app.tokens")
    assert "the-key-of-the-session" not in token
    assert "the-key-of-the-session" not in str(content)
