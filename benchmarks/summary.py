"""From measurements to the table of ratios, and whether the promised ones hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.peers import DUMPDATA, ENGINE, PG_DUMP, WORKER
from benchmarks.results import Measurement, Results

MIB = 1 << 20
MOST_MIB_ABOVE_IDLE = 64
# How many times as long as the engine these take at least, at so many rows.
PROMISED_AT = 1_000_000
PROMISED = {
    ("sqlite", DUMPDATA): 8.0,
    ("postgresql", DUMPDATA): 10.0,
    ("postgresql", PG_DUMP): 1.0,
    ("mariadb", DUMPDATA): 7.0,
    ("mariadb-pymysql", DUMPDATA): 4.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The medians of one peer on one database. `ratio`: how many times as long as the engine it took."""

    database: str
    version: str
    peer: str
    runs: int
    seconds: float
    cpu_seconds: float
    records_per_second: float
    peak_mib: float | None
    mib_above_idle: float | None
    file_mb: float
    ratio: float | None
    promised: float | None
    load: float


def rows(results: Results) -> list[Row]:
    return [_row(results, database, peer) for database in results.databases() for peer in results.peers(database)]


def as_json(results: Results) -> dict[str, Any]:
    return {
        **results.about,
        "summary": [asdict(row) for row in rows(results)],
        "measurements": [measurement.as_dict() for measurement in results.measurements],
    }


def show(results: Results, console: Console) -> None:
    """A table for each database, then the promises that so many rows can keep."""
    found = rows(results)
    for database in results.databases():
        of_this = [row for row in found if row.database == database]
        table = Table(title=f"{database}: {of_this[0].version}", title_justify="left")
        for name in ("", "seconds", "CPU s", "records/s", "peak MiB", "above idle", "file MB", "x engine", "load"):
            table.add_column(name, justify="left" if not name else "right", no_wrap=True)
        for row in of_this:
            table.add_row(
                row.peer,
                f"{row.seconds:.2f}",
                f"{row.cpu_seconds:.2f}",
                f"{row.records_per_second:,.0f}",
                _number(row.peak_mib),
                _number(row.mib_above_idle),
                f"{row.file_mb:.1f}",
                "" if row.ratio is None else f"{row.ratio:.2f}",
                f"{row.load:.1f}",
            )
        console.print(table)
    for line in promises(found, in_time=results.about["rows"] >= PROMISED_AT):
        console.print(line, highlight=False)


def promises(found: list[Row], *, in_time: bool) -> list[str]:
    """Each promise that was measured, and whether it held in this run: of memory, and with `in_time` of time."""
    lines = [
        f"{_verdict(row.ratio >= row.promised)}: {row.database}: {row.peer} takes {row.ratio:.2f} x as long as the "
        f"engine; promised is {row.promised:g} x"
        for row in found
        if in_time and row.promised is not None and row.ratio is not None
    ]
    lines += [
        f"{_verdict(row.mib_above_idle <= MOST_MIB_ABOVE_IDLE)}: {row.database}: the worker's child needs "
        f"{row.mib_above_idle:.0f} MiB more than idle; promised are at most {MOST_MIB_ABOVE_IDLE}"
        for row in found
        if row.peer == WORKER and row.mib_above_idle is not None
    ]
    return lines


def _row(results: Results, database: str, peer: str) -> Row:
    found = results.of(database, peer)
    seconds = _median(found, lambda one: one.taken.seconds)
    engine = results.of(database, ENGINE)
    records = max((one.taken.records or 0 for one in results.measurements if one.database == database), default=0)
    peak = [one.taken.peak_bytes / MIB for one in found if one.taken.peak_bytes is not None]
    above = [
        (one.taken.peak_bytes - one.taken.idle_bytes) / MIB
        for one in found
        if one.taken.peak_bytes is not None and one.taken.idle_bytes is not None
    ]
    return Row(
        database=database,
        version=found[0].version,
        peer=peer,
        runs=len(found),
        seconds=seconds,
        cpu_seconds=_median(found, lambda one: one.taken.cpu_seconds + one.server_cpu_seconds),
        records_per_second=records / seconds,
        # Of memory the most counts, not the usual.
        peak_mib=max(peak, default=None),
        mib_above_idle=max(above, default=None),
        file_mb=_median(found, lambda one: one.taken.file_bytes / 1e6),
        ratio=seconds / _median(engine, lambda one: one.taken.seconds) if engine and peer != ENGINE else None,
        promised=PROMISED.get((database, peer)),
        load=_median(found, lambda one: one.load),
    )


def _median(found: list[Measurement], of: Callable[[Measurement], float]) -> float:
    return float(median(map(of, found)))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def _verdict(is_held: object) -> str:
    return "Held" if is_held else "Missed"
