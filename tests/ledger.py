"""What this run of the tests ran on, and what it left out: the section "Servers" at its end."""

from typing import NoReturn

ran_on: list[str] = []
# What was left out -> how to get it.
left_out: dict[str, str] = {}


def note(version: str) -> None:
    """A server, or a browser, took part in this run."""
    if version not in ran_on:
        ran_on.append(version)


def leave_out(what: str, how_to_get_it: str) -> NoReturn:
    """Skip this test because the machine lacks something; the only way to do so, because here it is written down."""
    import pytest

    left_out[what] = how_to_get_it
    pytest.skip(f"{what} is not here. To get it: {how_to_get_it}")
