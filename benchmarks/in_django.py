"""A process of its own for what runs inside of Django; says on its last line what it took.

    python -m benchmarks.in_django dump FILE
    python -m benchmarks.in_django load FILE
    python -m benchmarks.in_django asides FILE
    python -m benchmarks.in_django command FILE NAME [ARGUMENT ...]
    python -m benchmarks.in_django backup_job
    python -m benchmarks.in_django restore_job

The start of Python and Django is in none of the times: it is the same for all, and says nothing of a database.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from operator import sub
from pathlib import Path
from typing import Any

import django

from benchmarks.processes import Taken, peak_memory

JOB_LIMIT_SECONDS = 3600
# Parts of a measurement.
PROOF, AFTER, CHECK, PREVIEW, SAFETY_BACKUP = "proof", "after the commit", "check", "preview", "safety backup"


def main(what: str, *arguments: str) -> None:
    django.setup()
    ways = (dump, load, asides, command, backup_job, restore_job)
    taken = {way.__name__: way for way in ways}[what](*arguments)
    print(json.dumps(taken.as_dict()))


def dump(file: str) -> Taken:
    """The dump alone, into a file that is on the disk when the clock stops."""
    records = 0

    def work() -> None:
        nonlocal records
        records = _dump_to(file)

    return _measured(work, Path(file), records=lambda: records)


def _dump_to(file: str) -> int:
    from backups_app.actions.create import scope
    from backups_app.engine import dump as engine
    from backups_app.engine.store import BLOCK_BYTES

    with Path(file).open("wb", buffering=BLOCK_BYTES) as stream:
        records = engine.dump(stream, scope=scope(), kind="manual").record_count
        stream.flush()
        os.fsync(stream.fileno())
    return records


def load(file: str) -> Taken:
    """From opening the connection to COMMIT. The proof's share is told; the check before is not timed."""
    from backups_app.actions.create import scope
    from backups_app.engine import load as engine
    from backups_app.engine.check import check
    from backups_app.engine.progress import Stage, Watch

    checked = check(partial(open, file, "rb"), scope=scope())
    begun: dict[str, tuple[float, float]] = {}

    def note(stage: Stage, _done: int, _total: int | None) -> None:
        begun.setdefault(stage, (time.monotonic(), _cpu_seconds()))

    cpu_before, started = _cpu_seconds(), time.monotonic()
    loaded = engine.load(partial(open, file, "rb"), checked=checked, scope=scope(), watch=Watch(report=note))
    ended = time.monotonic()
    committed, cpu = begun[Stage.AFTERCARE]
    return Taken(
        seconds=committed - started,
        cpu_seconds=cpu - cpu_before,
        peak_bytes=peak_memory(),
        file_bytes=Path(file).stat().st_size,
        records=loaded.record_count,
        parts={PROOF: begun[Stage.COMMIT][0] - begun[Stage.PROVE][0], AFTER: ended - committed},
    )


def asides(file: str) -> Taken:
    """What surrounds a load: the check of the file, the preview, and a backup as the safety backup is one."""
    from backups_app.actions.create import scope
    from backups_app.engine.check import check
    from backups_app.engine.compare import compare

    times = [time.monotonic()]
    cpu_before = _cpu_seconds()
    checked = check(partial(open, file, "rb"), scope=scope())
    times.append(time.monotonic())
    compare(partial(open, file, "rb"), checked=checked, scope=scope())
    times.append(time.monotonic())
    safety_backup = f"{file}.safety"
    _dump_to(safety_backup)
    times.append(time.monotonic())
    Path(safety_backup).unlink()
    return Taken(
        seconds=times[-1] - times[0],
        cpu_seconds=_cpu_seconds() - cpu_before,
        peak_bytes=peak_memory(),
        file_bytes=Path(file).stat().st_size,
        records=checked.record_count,
        parts=dict(zip((CHECK, PREVIEW, SAFETY_BACKUP), map(sub, times[1:], times), strict=False)),
    )


def command(file: str, name: str, *arguments: str) -> Taken:
    """A management command that writes or reads `file`."""
    from django.core.management import call_command

    return _measured(lambda: call_command(name, *arguments), Path(file))


def backup_job() -> Taken:
    """Asks a worker for a backup: the time from the start of the job to its end, as the job's row has it."""
    from backups_app.choices import BackupKind, JobKind

    return _job(JobKind.BACKUP, {"kind": BackupKind.MANUAL, "description": "Benchmark"})


def restore_job() -> Taken:
    """The same of a restore, with its check and its safety backup; the backup to restore is made before, in here."""
    from backups_app import jobs
    from backups_app.audit import Actor
    from backups_app.choices import BackupKind, JobKind, Trigger
    from backups_app.models import Backup

    made = jobs.run_here(
        JobKind.BACKUP,
        by=Actor(name="benchmark"),
        trigger=Trigger.COMMAND,
        parameters={"kind": BackupKind.MANUAL, "description": "Benchmark"},
    )
    backup = Backup.objects.get(pk=made.backup_id)
    return _job(
        JobKind.RESTORE, {"backup_id": backup.pk, "name": backup.name, "sha256": backup.sha256, "accept_lock_out": True}
    )


def _job(kind: Any, parameters: dict[str, Any]) -> Taken:
    from backups_app import jobs
    from backups_app.audit import Actor
    from backups_app.choices import JobState, Trigger
    from backups_app.models import Backup, Job

    asked = jobs.submit(kind, by=Actor(name="benchmark"), trigger=Trigger.COMMAND, parameters=parameters)
    deadline = time.monotonic() + JOB_LIMIT_SECONDS
    while (row := Job.objects.get(pk=asked.pk)).is_active and time.monotonic() < deadline:
        time.sleep(0.2)
    if row.state != JobState.SUCCEEDED or row.started_at is None or row.finished_at is None:
        sys.exit(f"The job is {row.state}: {row.error_message}")
    backup = Backup.objects.get(name=row.backup_name)
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
