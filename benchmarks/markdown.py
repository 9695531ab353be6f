"""Results as docs/reference/benchmarks.md has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks import summary
from benchmarks.results import Results

_NAMES = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "mariadb": "MariaDB, mysqlclient",
    "mariadb-pymysql": "MariaDB, PyMySQL",
}


def of(results: Results) -> str:
    return "\n".join(_lines(results))


def _lines(results: Results) -> Iterator[str]:
    about, found = results.about, summary.rows(results)
    machine = about["machine"]
    yield f"## {about['rows']:,} rows"
    yield ""
    named = ", ".join(f"{name} {version}" for name, version in about["versions"].items() if version)
    hardware = f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']:.0f} GiB"
    yield f"{about['at'][:10]}, {hardware}, {named}."
    for what, database in results.tables():
        of_this = [row for row in found if (row.what, row.database) == (what, database)]
        yield ""
        yield f"### {what.capitalize()}: {_NAMES[database]} ({of_this[0].version})"
        yield ""
        yield from _table(
            ["", "turns", *summary.columns(what)], ([r.peer, str(r.runs), *summary.cells(r)] for r in of_this)
        )
        if what == "restore":
            yield ""
            yield f"{summary.in_words(summary.parts(results, database))}."
    yield ""
    for line in summary.promises(results):
        yield f"- {line}"
    yield ""


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| --- |{' ---: |' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
