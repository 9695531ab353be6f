"""`make check`: format, lint, types, layers, Django's own checks, migrations, templates. It changes no file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from scripts.environment import DEVELOPMENT, PROJECT, Environment, SetupError  # noqa: E402
from scripts.supervisor import say_to  # noqa: E402
from scripts.test import clean_environment  # noqa: E402

say = say_to()

# The slow ones first, so that two cores are busy to the end.
CHECKS = {
    "types": ["-m", "mypy", "-p", "backups_app", "-p", "eclick", "-p", "scripts"],
    "migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
    "django": ["manage.py", "check", "--fail-level", "WARNING"],
    "layers": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    "templates": ["-m", "djlint", "--lint", "--quiet", "backups_app/templates"],
    "format": ["-m", "ruff", "format", "--check", "."],
    "lint": ["-m", "ruff", "check", "."],
}


@dataclass(frozen=True)
class Outcome:
    name: str
    status: int
    seconds: float
    output: str


def main(names: list[str]) -> int:
    unknown = set(names) - set(CHECKS)
    if unknown:
        say(f"No check is called {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}.")
        return 2
    environment = Environment(say=say)
    try:
        environment.ensure(DEVELOPMENT)
    except SetupError as error:
        say(str(error))
        return 1
    with tempfile.TemporaryDirectory() as data_dir, ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        outcomes = list(pool.map(lambda name: _run(name, environment.python, data_dir), names or CHECKS))
    for outcome in outcomes:
        say(f"{'ok    ' if outcome.status == 0 else 'FAILED'} {outcome.name:<11}{outcome.seconds:5.1f} s")
        if outcome.status:
            say(outcome.output.rstrip())
    return 1 if any(outcome.status for outcome in outcomes) else 0


def _run(name: str, python: Path, data_dir: str) -> Outcome:
    started = time.monotonic()
    # Settings need a key and a folder; what they would keep there goes with the folder.
    settings = {
        "SECRET_KEY": "a key for make check alone " * 2,
        "DATA_DIR": data_dir,
        "DJANGO_SETTINGS_MODULE": "eclick.settings",
    }
    done = subprocess.run(
        [str(python), *CHECKS[name]],
        cwd=PROJECT,
        env={**clean_environment(), **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(name, done.returncode, time.monotonic() - started, done.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
