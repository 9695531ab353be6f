"""A process of its own for what runs inside of Django; says on its last line what it took.

    python -m benchmarks.in_django engine FILE
    python -m benchmarks.in_django command FILE NAME [ARGUMENT ...]
    python -m benchmarks.in_django job

The start of Python and Django is in none of the times: it is the same for all, and says nothing of a database.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

from benchmarks.processes import Taken, peak_memory

JOB_LIMIT_SECONDS = 3600


def main(what: str, *arguments: str) -> None:
    django.setup()
    taken = {"engine": engine, "command": command, "job": job}[what](*arguments)
    print(json.dumps(taken.as_dict()))


def engine(file: str) -> Taken:
    """The dump alone, into a file that is on the disk when the clock stops."""
    from backups_app.conf import backup_settings
    from backups_app.engine.dump import Scope, dump
    from backups_app.engine.store import BLOCK_BYTES

    configured = backup_settings()
    scope = Scope(using=configured.DATABASE, exclude=configured.EXCLUDE, include=configured.INCLUDE)
    records = 0

    def work() -> None:
        nonlocal records
        with Path(file).open("wb", buffering=BLOCK_BYTES) as stream:
            records = dump(stream, scope=scope, kind="manual").record_count
            stream.flush()
            os.fsync(stream.fileno())

    return _measured(work, Path(file), records=lambda: records)


def command(file: str, name: str, *arguments: str) -> Taken:
    """A management command that writes `file`."""
    from django.core.management import call_command

    return _measured(lambda: call_command(name, *arguments), Path(file))


def job() -> Taken:
    """Asks a worker for a backup: the time from the start of the job to its end, as the job's row has it."""
    from backups_app import jobs
    from backups_app.audit import Actor
    from backups_app.choices import BackupKind, JobKind, JobState, Trigger
    from backups_app.models import Backup, Job

    asked = jobs.submit(
        JobKind.BACKUP,
        by=Actor(name="benchmark"),
        trigger=Trigger.COMMAND,
        parameters={"kind": BackupKind.MANUAL, "description": "Benchmark"},
    )
    deadline = time.monotonic() + JOB_LIMIT_SECONDS
    while (row := Job.objects.get(pk=asked.pk)).is_active and time.monotonic() < deadline:
        time.sleep(0.2)
    if row.state != JobState.SUCCEEDED or row.started_at is None or row.finished_at is None:
        sys.exit(f"The job is {row.state}: {row.error_message}")
    backup = Backup.objects.get(pk=row.backup_id)
    return Taken(
        seconds=(row.finished_at - row.started_at).total_seconds(),
        cpu_seconds=0.0,
        peak_bytes=None,
        file_bytes=backup.size_bytes,
        records=backup.record_count,
    )


def _measured(work: Callable[[], object], file: Path, *, records: Callable[[], int | None] = lambda: None) -> Taken:
    cpu_before, started = _cpu_seconds(), time.monotonic()
    work()
    seconds, cpu = time.monotonic() - started, _cpu_seconds() - cpu_before
    return Taken(
        seconds=seconds,
        cpu_seconds=cpu,
        peak_bytes=peak_memory(),
        file_bytes=file.stat().st_size,
        records=records(),
    )


def _cpu_seconds() -> float:
    """Of this process and the programs that it ran."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    main(*sys.argv[1:])
