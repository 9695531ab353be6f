"""What was measured, kept a line at a time, so that a run that was broken off can be taken up again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.processes import Taken

FOLDER = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One turn of a peer. `what`: backup or restore. `load`: the machine's just before, so who else was at work."""

    what: str
    database: str
    version: str
    peer: str
    is_ours: bool
    round: int
    taken: Taken
    server_cpu_seconds: float
    load: float

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.what, self.database, self.peer, self.round

    def as_dict(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in self.__slots__ if name != "taken"}  # type: ignore[attr-defined]
        return {**own, **self.taken.as_dict()}


class Results:
    """The file of a run with so many rows in `folder`: a line about the run, then one for each measurement."""

    def __init__(self, rows: int, about: Mapping[str, Any], *, resume: bool, folder: Path) -> None:
        self.path = folder / f"{rows}.jsonl"
        self.measurements: list[Measurement] = []
        folder.mkdir(parents=True, exist_ok=True)
        if resume and self.path.exists():
            first, *lines = self.path.read_text(encoding="utf-8").splitlines()
            self.about: Mapping[str, Any] = json.loads(first)
            self.measurements = [_read(json.loads(line)) for line in lines]
            return
        self.about = about
        self.path.write_text(json.dumps(about) + "\n", encoding="utf-8")

    def add(self, measurement: Measurement) -> None:
        self.measurements.append(measurement)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(measurement.as_dict()) + "\n")

    def has(self, key: tuple[str, str, str, int]) -> bool:
        return any(measurement.key == key for measurement in self.measurements)

    def of(self, what: str, database: str, peer: str) -> list[Measurement]:
        return [found for found in self.measurements if found.key[:3] == (what, database, peer)]

    def tables(self) -> Iterator[tuple[str, str]]:
        """Each of what and database, in the order in which they took turns first."""
        return iter(dict.fromkeys((found.what, found.database) for found in self.measurements))

    def peers(self, what: str, database: str) -> Iterator[str]:
        own = (found.peer for found in self.measurements if (found.what, found.database) == (what, database))
        return iter(dict.fromkeys(own))


def _read(line: dict[str, Any]) -> Measurement:
    taken = Taken(**{name: line.pop(name) for name in Taken.__slots__})  # type: ignore[attr-defined]
    return Measurement(taken=taken, **line)
