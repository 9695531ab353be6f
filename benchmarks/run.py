"""Measures backups and restores: the engine and the whole way through a worker, beside the usual tools."""

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

from benchmarks import backup, markdown, restore, summary
from benchmarks.databases import KINDS, Database, filled
from benchmarks.peers import Peer
from benchmarks.processes import Failed
from benchmarks.results import FOLDER, Measurement, Results
from tests.servers import NotInstalled, Valkey
from tests.servers.processes import fresh_folder, remove_folder

WAYS = {"backup": backup.peers, "restore": restore.peers}
# From here on dumpdata and loaddata take so long that once has to do, unless told otherwise.
_MANY_ROWS = 100_000
# Of the table, also where there is no terminal.
_WIDTH = 140
# What docs/reference/benchmarks.md tells: beside Django's own commands, which take minutes; beside the databases' own
# tools at a size that they are made for; and at twice that, to see that memory stays flat.
_OFFICIAL = (
    ["--rows=212000"],
    ["--rows=1000000", "--databases=sqlite,postgresql,mariadb", "--repeat-slow=0"],
    ["--rows=2000000", "--databases=sqlite,postgresql,mariadb", "--what=restore", "--repeat=1", "--repeat-slow=0"],
)


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    if options.official:
        return _official(options)
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
    elif options.markdown:
        print(markdown.of(results))
    summary.show(results, console if options.json or options.markdown else Console(width=_WIDTH))
    return 0


def _official(options: argparse.Namespace) -> int:
    """All that the docs tell, in one go; as Markdown, whichever run it is from."""
    for arguments in _OFFICIAL:
        given = ["--markdown"] if options.markdown else ["--json"] if options.json else []
        if status := main([*arguments, *given, *(["--resume"] if options.resume else [])]):
            return status
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="about so many rows (default: %(default)s)")
    parser.add_argument(
        "--databases", type=_names(KINDS), default=list(KINDS), help=f"of {','.join(KINDS)} (default: all)"
    )
    parser.add_argument("--what", choices=[*WAYS, "both"], default="both", help="(default: %(default)s)")
    parser.add_argument("--only", type=_words, default=[], help="names of peers, as the table has them (default: all)")
    parser.add_argument("--repeat", type=int, default=3, help="turns; the median counts (default: %(default)s)")
    parser.add_argument(
        "--repeat-slow",
        type=int,
        help=f"turns of dumpdata and loaddata (default: 1 from {_MANY_ROWS:,} rows on, else all)",
    )
    parser.add_argument("--official", action="store_true", help="what the docs tell: all sizes, one after the other")
    parser.add_argument("--json", action="store_true", help="everything as JSON on stdout, the tables on stderr")
    parser.add_argument("--markdown", action="store_true", help="tables as the docs have them, the others on stderr")
    parser.add_argument("--resume", action="store_true", help="keep what a run of as many rows has measured before")
    options = parser.parse_args(arguments)
    if min(options.rows, options.repeat) < 1:
        parser.error("--rows and --repeat are 1 or more.")
    if options.repeat_slow is None:
        options.repeat_slow = 1 if options.rows >= _MANY_ROWS else options.repeat
    return options


def _measure(kinds: list[str], options: argparse.Namespace, results: Results, redis_url: str, console: Console) -> None:
    """All databases of one server, one round after the other, so that what else the machine does hits all alike."""
    folder = fresh_folder("benchmark")
    try:
        console.print(f"Filling {' and '.join(kinds)} with about {options.rows:,} rows ...")
        with filled(kinds, options.rows, folder, redis_url) as databases:
            for number, what, database, peer in _turns(databases, options):
                if results.has((what, database.kind, peer.name, number)):
                    continue
                database.rest()
                measurement = _take(number, what, database, peer)
                results.add(measurement)
                words = f"{what:8} {database.kind:16} {peer.name:16} {measurement.taken.seconds:8.2f} s"
                console.print(words, highlight=False)
    finally:
        remove_folder(folder)


def _turns(databases: list[Database], options: argparse.Namespace) -> Iterator[tuple[int, str, Database, Peer]]:
    for number in range(options.repeat):
        for what in WAYS if options.what == "both" else [options.what]:
            for database in databases:
                for peer in WAYS[what](database):
                    if (not options.only or peer.name in options.only) and _is_turn(peer, number, options):
                        yield number, what, database, peer


def _is_turn(peer: Peer, number: int, options: argparse.Namespace) -> bool:
    """With fewer turns than the others, the last ones: loaddata leaves a table twice as large."""
    if peer.is_slow:
        return bool(number >= options.repeat - options.repeat_slow)
    return number == 0 or not peer.is_rare


def _take(number: int, what: str, database: Database, peer: Peer) -> Measurement:
    load, server_before = os.getloadavg()[0], database.server_cpu_seconds()
    taken = peer.measure(database)
    return Measurement(
        what=what,
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
