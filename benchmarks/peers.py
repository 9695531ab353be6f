"""What is measured, one a turn: our own ways and the usual tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.databases import Database
from benchmarks.processes import Taken, python, run_measured

ENGINE, WORKER = "engine", "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """`measure` takes one turn and leaves nothing behind but the rows that there were.

    `is_ours` tells our ways from the others, `is_slow` the ones that take minutes, `is_rare` what needs no median.
    """

    name: str
    measure: Callable[[Database], Taken]
    is_ours: bool = False
    is_slow: bool = False
    is_rare: bool = False


def in_django(database: Database, *arguments: str) -> Taken:
    said = python("benchmarks.in_django", *arguments, environment=database.environment)
    return Taken(**json.loads(said.splitlines()[-1]))


def in_django_once(database: Database, file: Path, *arguments: str) -> Taken:
    """The same, of what writes `file`, which is not kept."""
    try:
        return in_django(database, *arguments)
    finally:
        file.unlink(missing_ok=True)


def program(command: list[str | Path], database: Database, file: Path) -> Taken:
    return run_measured(command, database.environment, file)


def program_once(command: list[str | Path], database: Database, file: Path) -> Taken:
    """The same, of what writes `file`, which is not kept."""
    try:
        return program(command, database, file)
    finally:
        file.unlink(missing_ok=True)
