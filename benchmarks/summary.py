"""From measurements to tables of ratios, and whether the promised ones hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.backup import DUMPDATA, PG_DUMP
from benchmarks.in_django import PROOF
from benchmarks.peers import ENGINE, WORKER
from benchmarks.restore import ASIDES, LOADDATA, PG_RESTORE
from benchmarks.results import Measurement, Results

MIB = 1 << 20
MOST_MIB_ABOVE_IDLE = 64
UNPROVEN = "engine, without the proof"
# How many times as long as the engine these take at least, with so many rows or more.
PROMISED_AT = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """`least`: so many times as long as `way` the peer takes at least."""

    what: str
    database: str
    peer: str
    way: str
    least: float


PROMISES = (
    Promise(what="backup", database="sqlite", peer=DUMPDATA, way=ENGINE, least=8),
    Promise(what="backup", database="postgresql", peer=DUMPDATA, way=ENGINE, least=10),
    Promise(what="backup", database="postgresql", peer=PG_DUMP, way=ENGINE, least=1),
    Promise(what="backup", database="mariadb", peer=DUMPDATA, way=ENGINE, least=7),
    Promise(what="backup", database="mariadb-pymysql", peer=DUMPDATA, way=ENGINE, least=4),
    Promise(what="restore", database="sqlite", peer=LOADDATA, way=UNPROVEN, least=28),
    Promise(what="restore", database="sqlite", peer=LOADDATA, way=ENGINE, least=18),
    Promise(what="restore", database="postgresql", peer=LOADDATA, way=UNPROVEN, least=120),
    Promise(what="restore", database="postgresql", peer=LOADDATA, way=ENGINE, least=60),
    Promise(what="restore", database="postgresql", peer=PG_RESTORE, way=UNPROVEN, least=1 / 1.5),
    Promise(what="restore", database="postgresql", peer=PG_RESTORE, way=ENGINE, least=1 / 3),
    Promise(what="restore", database="mariadb", peer=LOADDATA, way=UNPROVEN, least=20),
    Promise(what="restore", database="mariadb", peer=LOADDATA, way=ENGINE, least=14),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The medians of one peer. `ratio`: how many times as long as the engine it took.

    `unproven_ratio`: the same of the engine's restore without its proof.
    """

    what: str
    database: str
    version: str
    peer: str
    runs: int
    seconds: float
    cpu_seconds: float | None
    records_per_second: float
    peak_mib: float | None
    mib_above_idle: float | None
    file_mb: float
    ratio: float | None
    unproven_ratio: float | None
    load: float


def rows(results: Results) -> list[Row]:
    found = []
    for what, database in results.tables():
        for peer in results.peers(what, database):
            if peer == ASIDES:
                continue
            row = _row(results, what, database, peer)
            if what == "restore" and peer == ENGINE:
                found.append(_unproven(results, row))
            found.append(row)
    return found


def parts(results: Results, database: str) -> dict[str, float]:
    """Medians of what surrounds a load, in seconds, by name."""
    found: dict[str, list[float]] = {}
    for measurement in results.measurements:
        if (measurement.what, measurement.database) == ("restore", database):
            for name, seconds in (measurement.taken.parts or {}).items():
                found.setdefault(name, []).append(seconds)
    return {name: float(median(seconds)) for name, seconds in found.items() if name != PROOF}


def as_json(results: Results) -> dict[str, Any]:
    return {
        **results.about,
        "summary": [asdict(row) for row in rows(results)],
        "parts": {database: parts(results, database) for what, database in results.tables() if what == "restore"},
        "promises": promises(results),
        "measurements": [measurement.as_dict() for measurement in results.measurements],
    }


def show(results: Results, console: Console) -> None:
    """A table for each database, then the promises that so many rows can keep."""
    found = rows(results)
    for what, database in results.tables():
        of_this = [row for row in found if (row.what, row.database) == (what, database)]
        table = Table(title=f"{what}, {database}: {of_this[0].version}", title_justify="left")
        for name in ("", *columns(what)):
            table.add_column(name, justify="left" if not name else "right", no_wrap=True)
        for row in of_this:
            table.add_row(row.peer, *cells(row))
        console.print(table)
        if what == "restore":
            console.print(in_words(parts(results, database)), highlight=False)
    for line in promises(results):
        console.print(line, highlight=False)


def columns(what: str) -> list[str]:
    ratios = ["x engine"] if what == "backup" else ["x unproven", "x engine"]
    return ["seconds", "CPU s", "records/s", "peak MiB", "above idle", "file MB", *ratios, "load"]


def cells(row: Row) -> list[str]:
    ratios = [row.ratio] if row.what == "backup" else [row.unproven_ratio, row.ratio]
    return [
        f"{row.seconds:.2f}",
        _number(row.cpu_seconds, 2),
        f"{row.records_per_second:,.0f}",
        _number(row.peak_mib),
        _number(row.mib_above_idle),
        f"{row.file_mb:.1f}",
        *(_number(ratio, 2) for ratio in ratios),
        f"{row.load:.1f}",
    ]


def in_words(seconds: dict[str, float]) -> str:
    return "Besides: " + ", ".join(f"{name} {taken:.2f} s" for name, taken in seconds.items()) if seconds else ""


def promises(results: Results) -> list[str]:
    """Each promise that was measured, and whether it held in this run: of memory, and with enough rows of time."""
    found = {(row.what, row.database, row.peer): row for row in rows(results)}
    lines = list(_of_time(found)) if results.about["rows"] >= PROMISED_AT else []
    lines += [
        f"{_verdict(row.mib_above_idle <= MOST_MIB_ABOVE_IDLE)}: {row.what}, {row.database}: the worker's child needs "
        f"{row.mib_above_idle:.0f} MiB more than idle; promised are at most {MOST_MIB_ABOVE_IDLE}"
        for row in found.values()
        if row.peer == WORKER and row.mib_above_idle is not None
    ]
    return lines


def _of_time(found: dict[tuple[str, str, str], Row]) -> Iterator[str]:
    for promise in PROMISES:
        ours = found.get((promise.what, promise.database, promise.way))
        other = found.get((promise.what, promise.database, promise.peer))
        if ours is None or other is None:
            continue
        times = other.seconds / ours.seconds
        yield (
            f"{_verdict(times >= promise.least)}: {promise.what}, {promise.database}: {promise.peer} takes "
            f"{times:.2f} x as long as the {promise.way}; promised is {promise.least:.3g} x"
        )


def _row(results: Results, what: str, database: str, peer: str) -> Row:
    found = results.of(what, database, peer)
    seconds = _median(found, lambda one: one.taken.seconds)
    engine = results.of(what, database, ENGINE)
    unproven = engine if what == "restore" else []
    peak = [one.taken.peak_bytes / MIB for one in found if one.taken.peak_bytes is not None]
    above = [
        (one.taken.peak_bytes - one.taken.idle_bytes) / MIB
        for one in found
        if one.taken.peak_bytes is not None and one.taken.idle_bytes is not None
    ]
    return Row(
        what=what,
        database=database,
        version=found[0].version,
        peer=peer,
        runs=len(found),
        seconds=seconds,
        cpu_seconds=_median(found, lambda one: one.taken.cpu_seconds + one.server_cpu_seconds),
        records_per_second=_records(results, what, database) / seconds,
        # Of memory the most counts, not the usual.
        peak_mib=max(peak, default=None),
        mib_above_idle=max(above, default=None),
        file_mb=_median(found, lambda one: one.taken.file_bytes / 1e6),
        ratio=seconds / _median(engine, lambda one: one.taken.seconds) if engine and peer != ENGINE else None,
        unproven_ratio=seconds / _median(unproven, _without_proof) if unproven else None,
        load=_median(found, lambda one: one.load),
    )


def _unproven(results: Results, row: Row) -> Row:
    """The engine's restore less the part of the proof, in the very same runs; CPU time is not told apart."""
    seconds = _median(results.of(row.what, row.database, ENGINE), _without_proof)
    values = {
        **asdict(row),
        "peer": UNPROVEN,
        "seconds": seconds,
        "cpu_seconds": None,
        "records_per_second": _records(results, row.what, row.database) / seconds,
        "ratio": seconds / row.seconds,
        "unproven_ratio": None,
    }
    return Row(**values)


def _without_proof(one: Measurement) -> float:
    return one.taken.seconds - (one.taken.parts or {}).get(PROOF, 0.0)


def _records(results: Results, what: str, database: str) -> int:
    own = (one.taken.records or 0 for one in results.measurements if (one.what, one.database) == (what, database))
    return max(own, default=0)


def _median(found: list[Measurement], of: Callable[[Measurement], float]) -> float:
    return float(median(map(of, found)))


def _number(value: float | None, places: int = 0) -> str:
    return "" if value is None else f"{value:.{places}f}"


def _verdict(is_held: object) -> str:
    return "Held" if is_held else "Missed"
