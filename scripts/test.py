"""`make test`: the whole test suite on a bare machine, or the part that pytest's arguments name.

With NOTHING_LEFT_OUT=1, as in CI, what can't be tested here is a failure.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from scripts.environment import DEVELOPMENT, PROJECT, Environment, SetupError  # noqa: E402
from scripts.processes import leave_on_sigterm  # noqa: E402
from scripts.supervisor import say_to  # noqa: E402

say = say_to()


def main(arguments: list[str]) -> int:
    leave_on_sigterm()
    environment = Environment(say=say)
    try:
        environment.ensure(DEVELOPMENT)
        lacking = environment.ensure_mysqlclient()
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    left_out = f"mysqlclient: {lacking}" if lacking else ""
    if left_out and os.environ.get("NOTHING_LEFT_OUT"):
        say(f"Left out, which NOTHING_LEFT_OUT forbids: {left_out}")
        return 1
    command = [str(environment.python), "-m", "pytest", *arguments]
    try:
        status = subprocess.run(command, cwd=PROJECT, env=clean_environment(), check=False).returncode
    except KeyboardInterrupt:  # pytest got it too, and has said what it had done by then
        return 130
    if left_out:
        say(f"Left out: {left_out}")
    return status


def clean_environment() -> dict[str, str]:
    """Without E-Click's own variables: tests use servers of their own, never what this shell happens to point at.

    MYSQL_DRIVER stays: it only chooses between two drivers.
    """
    ours = described_variables((PROJECT / ".env.example").read_text(encoding="utf-8")) - {"MYSQL_DRIVER"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def described_variables(example: str) -> set[str]:
    """The names in .env.example, set or commented out."""
    return set(re.findall(r"(?m)^#?\s?([A-Z][A-Z0-9_]+)=", example))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
