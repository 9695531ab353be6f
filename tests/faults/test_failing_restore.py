"""A restore that fails, wherever it is: the data is as it was, a sentence says why, and no file is left."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import ledger
from tests.faults.harmed import Harmed, on_each
from tests.servers import MariaDB, Postgresql

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

STAGES = ("check", "safety backup", "load", "keys and indexes", "prove", "commit")


def test_a_cancel_in_any_stage(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    def cancel_in_each(installation: Harmed) -> None:
        backup = prepare(installation)
        before = installation.contents(), installation.files()
        for stage in STAGES:
            installation.hold(stage)
            job = installation.restore(backup)
            installation.wait_until_held()
            assert installation.do("cancel", job)
            row = installation.wait_for_end(job)
            installation.release()
            assert row["state"] == "cancelled", (stage, row)
            assert (installation.contents(), installation.files()) == before, stage

    on_each(threads, harmed, cancel_in_each)


def test_a_cancel_after_the_commit_comes_too_late(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    def cancel_late(installation: Harmed) -> None:
        backup = prepare(installation)
        installation.hold("aftercare")
        job = installation.restore(backup)
        installation.wait_until_held()
        installation.do("cancel", job)
        row = installation.wait_for_end(job)
        installation.release()
        assert row["state"] == "succeeded"

    on_each(threads, harmed, cancel_late)


def test_a_constraint_that_the_file_breaks(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    def break_it(installation: Harmed) -> None:
        backup = prepare(installation)
        # The table is empty since the backup, in which many files are of the same few types.
        run(installation, "CREATE UNIQUE INDEX one_each ON eclick_attachment (content_type)")
        try:
            row = fail(installation, backup)
        finally:
            run(installation, f"DROP INDEX one_each{' ON eclick_attachment' if installation.kind == 'mariadb' else ''}")
        assert row["code"] == "load-refused"
        assert "eclick.attachment" in row["message"] or "one_each" in row["message"]

    on_each(threads, harmed, break_it)


def test_a_bad_record_in_the_middle_of_the_file(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    def spoil(installation: Harmed) -> None:
        backup = prepare(installation)
        # Without its last record, the manifest, it is as somebody else might have made it.
        *records, _ = json.loads((installation.folder / "backups" / backup).read_bytes())
        tasks = [record for record in records if record["model"] == "eclick.task"]
        bad = tasks[len(tasks) // 2]
        bad["fields"]["project"] = "no number"
        path = installation.folder / "spoilt.json"
        path.write_text(json.dumps(records))
        before = installation.contents(), installation.files()
        parameters = {"name": path.name, "path": str(path), "accept_foreign": True}
        row = installation.wait_for_end(installation.do("ask_blindly", "restore", parameters))
        assert row["state"] == "failed"
        assert f"eclick.task {bad['pk']}" in row["message"]
        assert "project" in row["message"]
        assert not row["traceback"]
        assert (installation.contents(), installation.files()) == before

    on_each(threads, harmed, spoil)


def test_a_row_that_somebody_keeps(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    def keep(installation: Harmed) -> None:
        backup = prepare(installation)
        with closing(session(installation)) as other:
            cursor = other.cursor()
            cursor.execute("BEGIN")
            cursor.execute("UPDATE eclick_client SET country = 'XX'")
            row = fail(installation, backup, is_changed=True)
            cursor.execute("ROLLBACK")
        assert row["code"] == "lock-not-free"
        assert "1 second" in row["message"]

    # On SQLite the row of the job is in the locked file too: there the claim waits.
    servers = {kind: installation for kind, installation in harmed.items() if installation.server is not None}
    on_each(threads, servers, keep)


def test_a_session_that_is_ended_in_the_middle(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    def end_it(installation: Harmed) -> None:
        backup = prepare(installation)
        row = fail(installation, backup, while_held=lambda: end_sessions(installation, "COPY %"))
        assert row["code"] in ("load-failed", "load-refused"), row

    servers = {kind: installation for kind, installation in harmed.items() if installation.server is not None}
    on_each(threads, servers, end_it)


def test_every_session_is_ended_in_the_middle(harmed: dict[str, Harmed], threads: ThreadPoolExecutor) -> None:
    def end_all(installation: Harmed) -> None:
        backup = prepare(installation)
        row = fail(installation, backup, while_held=lambda: end_sessions(installation), states=("failed", "lost"))
        assert row["code"] in ("load-failed", "lease-lost", "worker-died"), row

    servers = {kind: installation for kind, installation in harmed.items() if installation.server is not None}
    on_each(threads, servers, end_all)


# What beat writes meanwhile may take so much of the database's disk that it is seen beforehand.
@pytest.mark.parametrize(
    ("what", "codes"),
    [("backups", {"disk-full"}), ("db.sqlite3", {"load-failed", "load-refused"})],
    ids=["backups", "db"],
)
def test_a_full_disk(
    harmed: dict[str, Harmed], threads: ThreadPoolExecutor, small_disk: Path, what: str, codes: set[str]
) -> None:
    installation = harmed["sqlite"]
    backup = prepare(installation)
    # The newest backup tells how much space is looked for: this one is tiny.
    installation.do("make_file")
    threads.submit(installation.stop, "worker").result()
    installation.query("PRAGMA wal_checkpoint(TRUNCATE)")
    original, moved, aside = (folder / what for folder in (installation.folder, small_disk, small_disk.parent))
    if original.is_dir():
        moved.mkdir()
        shutil.copy(original / backup, moved)
    else:
        shutil.copy(original, moved)
    shutil.move(original, aside)
    original.symlink_to(moved)
    # More than is looked for beforehand, less than it takes.
    left = (installation.folder / "backups" / backup).stat().st_size * 7 // 10
    (small_disk / "ballast").write_bytes(bytes(shutil.disk_usage(small_disk).free - left))
    threads.submit(installation.start, "worker").result()
    try:
        row = fail(installation, backup)
    finally:
        installation.stop("worker")
        (small_disk / "ballast").unlink()
        original.unlink()
        shutil.move(moved if original.suffix else aside, original)
        threads.submit(installation.start, "worker").result()
    assert row["code"] in codes
    assert "full" in row["message"] or "bytes free" in row["message"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        ledger.leave_out("a disk that is full", "run as root; in a container with --cap-add SYS_ADMIN")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def prepare(installation: Harmed) -> str:
    return installation.change_everything()[0]


def fail(
    installation: Harmed,
    backup: str,
    *,
    while_held: Callable[[], None] | None = None,
    states: tuple[str, ...] = ("failed",),
    is_changed: bool = False,
) -> dict[str, Any]:
    """A restore that must fail and change nothing; its row. `is_changed`: somebody else has a transaction open."""
    before = installation.contents(), installation.files()
    if while_held:
        installation.hold("load")
    job = installation.restore(backup)
    if while_held:
        installation.wait_until_held()
        while_held()
        installation.release()
    row = installation.wait_for_end(job)
    assert row["state"] in states, row
    assert row["message"]
    assert row["hint"] or row["state"] == "lost"
    assert not row["traceback"]
    assert (installation.contents(), installation.files()) == before
    return row


def session(installation: Harmed) -> Any:
    assert installation.server is not None
    return installation.server.connect(installation.database)


def run(installation: Harmed, statement: str) -> None:
    if installation.server is None:
        installation.query(statement)
        return
    with closing(session(installation)) as connection:
        connection.cursor().execute(statement)


def end_sessions(installation: Harmed, statements: str = "%") -> None:
    """All but the asker's; with `statements` those that write: on PostgreSQL by a statement like that."""
    with closing(session(installation)) as connection:
        cursor = connection.cursor()
        if isinstance(installation.server, Postgresql):
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE %s",
                [statements],
            )
        else:
            assert isinstance(installation.server, MariaDB)
            writing = "" if statements == "%" else "JOIN information_schema.innodb_trx ON trx_mysql_thread_id = id"
            cursor.execute(
                f"SELECT id FROM information_schema.processlist {writing}"
                " WHERE db = database() AND id <> connection_id()"
            )
            for (number,) in cursor.fetchall():
                cursor.execute(f"KILL {number}")
