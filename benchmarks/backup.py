"""Measures backups: the engine and the whole way through a worker, beside the usual tools, on the same rows."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import summary
from benchmarks.databases import KINDS, Database, filled
from benchmarks.peers import DUMPDATA, Peer, peers
from benchmarks.processes import Failed
from benchmarks.results import FOLDER, Measurement, Results
from tests.servers import NotInstalled, Valkey
from tests.servers.processes import fresh_folder, remove_folder

# From here on dumpdata takes so long that once has to do, unless told otherwise.
_MANY_ROWS = 500_000
# Of the table, also where there is no terminal.
_WIDTH = 110


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    console = Console(stderr=True, width=_WIDTH)
    results = Results(options.rows, {"rows": options.rows, **_about()}, resume=options.resume, folder=FOLDER)
    try:
        with Valkey() as valkey:
            for kinds in _by_server(options.databases):
                _measure(kinds, options, results, valkey.url, console)
    except (Failed, NotInstalled) as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print(f"What was measured is in {results.path}; --resume goes on from there.")
        return 130
    if options.json:
        print(json.dumps(summary.as_json(results), indent=2))
    summary.show(results, console if options.json else Console(width=_WIDTH))
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="about so many rows (default: %(default)s)")
    parser.add_argument(
        "--databases", type=_names(KINDS), default=list(KINDS), help=f"of {','.join(KINDS)} (default: all)"
    )
    parser.add_argument("--only", type=_words, default=[], help="names of peers, as the table has them (default: all)")
    parser.add_argument("--repeat", type=int, default=3, help="turns; the median counts (default: %(default)s)")
    parser.add_argument(
        "--repeat-dumpdata", type=int, help=f"turns of dumpdata (default: 1 from {_MANY_ROWS:,} rows on, else all)"
    )
    parser.add_argument("--json", action="store_true", help="everything as JSON on stdout, the table on stderr")
    parser.add_argument("--resume", action="store_true", help="keep what a run of as many rows has measured before")
    options = parser.parse_args(arguments)
    if min(options.rows, options.repeat, options.repeat_dumpdata or 1) < 1:
        parser.error("--rows and --repeat are 1 or more.")
    if options.repeat_dumpdata is None:
        options.repeat_dumpdata = 1 if options.rows >= _MANY_ROWS else options.repeat
    return options


def _measure(kinds: list[str], options: argparse.Namespace, results: Results, redis_url: str, console: Console) -> None:
    """All databases of one server, one round after the other, so that what else the machine does hits all alike."""
    folder = fresh_folder("benchmark")
    try:
        console.print(f"Filling {' and '.join(kinds)} with about {options.rows:,} rows ...")
        with filled(kinds, options.rows, folder, redis_url) as databases:
            for number, database, peer in _turns(databases, options):
                if results.has((database.kind, peer.name, number)):
                    continue
                measurement = _take(number, database, peer)
                results.add(measurement)
                console.print(f"{database.kind:16} {peer.name:16} {measurement.taken.seconds:8.2f} s", highlight=False)
    finally:
        remove_folder(folder)


def _turns(databases: list[Database], options: argparse.Namespace) -> Iterator[tuple[int, Database, Peer]]:
    for number in range(options.repeat):
        for database in databases:
            for peer in peers(database):
                if options.only and peer.name not in options.only:
                    continue
                if peer.name != DUMPDATA or _is_turn_of_dumpdata(number, options):
                    yield number, database, peer


def _is_turn_of_dumpdata(number: int, options: argparse.Namespace) -> bool:
    """With fewer turns than the others, in the middle of theirs."""
    before = max(0, options.repeat - options.repeat_dumpdata) // 2
    return bool(before <= number < before + options.repeat_dumpdata)


def _take(number: int, database: Database, peer: Peer) -> Measurement:
    load, server_before = os.getloadavg()[0], database.server_cpu_seconds()
    taken = peer.measure(database)
    return Measurement(
        database=database.kind,
        version=database.version,
        peer=peer.name,
        is_ours=peer.is_ours,
        round=number,
        taken=taken,
        server_cpu_seconds=database.server_cpu_seconds() - server_before,
        load=load,
    )


def _about() -> dict[str, Any]:
    packages = ("Django", "django-dbbackup", "mysqlclient", "orjson", "psycopg", "PyMySQL")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30), 1),
            "system": platform.platform(),
        },
        "versions": {"Python": platform.python_version(), **{name: _version(name) for name in packages}},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except ModuleNotFoundError:
        return None


def _by_server(kinds: list[str]) -> Iterator[list[str]]:
    for _server, of_server in groupby(sorted(kinds, key=KINDS.index), key=lambda kind: kind.split("-")[0]):
        yield list(of_server)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _names(known: tuple[str, ...]) -> Any:
    def names(text: str) -> list[str]:
        words = _words(text)
        if unknown := set(words) - set(known) or (not words and {text}):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: none of {', '.join(known)}")
        return words

    return names


if __name__ == "__main__":
    sys.exit(main())
