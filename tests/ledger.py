"""What this run of the tests ran on, and what it left out: the section "Servers" at its end."""

import os
from typing import Any, NoReturn

import pytest

ran_on: list[str] = []
# What was left out -> how to get it.
left_out: dict[str, str] = {}


def note(version: str) -> None:
    """A server, or a browser, took part in this run."""
    if version not in ran_on:
        ran_on.append(version)


def leave_out(what: str, how_to_get_it: str) -> NoReturn:
    """Skip this test because the machine lacks something; the only way to do so, because here it is written down."""
    left_out[what] = how_to_get_it
    pytest.skip(f"{what} is not here. To get it: {how_to_get_it}")


# --- Hooks of pytest, which conftest.py takes over ---


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:  # an xdist worker reports to the process that started it
        output["ran_on"] = ran_on
        output["left_out"] = left_out
    elif left_out and os.environ.get("NOTHING_LEFT_OUT") == "1" and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    output = getattr(node, "workeroutput", {})
    for version in output.get("ran_on", ()):
        note(version)
    left_out.update(output.get("left_out", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not ran_on and not left_out:
        return
    terminalreporter.section("Servers")
    terminalreporter.write_line("Ran on: " + ", ".join(sorted(ran_on)))
    for what, how in sorted(left_out.items()):
        terminalreporter.write_line(f"Left out: {what}. To get it: {how}", yellow=True)
    if left_out and os.environ.get("NOTHING_LEFT_OUT") == "1":
        terminalreporter.write_line("NOTHING_LEFT_OUT=1: this counts as a failure.", red=True)
