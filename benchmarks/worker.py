"""A real prefork worker that does a real job: the job's own time, and the memory of the child that did it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil

from benchmarks.databases import Database
from benchmarks.processes import PROJECT, Failed, Taken, peak_memory, python
from tests.servers.processes import launch

START_LIMIT_SECONDS = 60
STOP_LIMIT_SECONDS = 30
COMMAND = ["worker", "-Q", "backups", "-c", "1", "-n", "heavy@%h", "--without-mingle", "--without-gossip"]


def measure(database: Database, job: str) -> Taken:
    """Each time a fresh worker, whose child has done nothing yet; `job` is one that `in_django` knows."""
    environment = {**database.environment, "DJANGO_SETTINGS_MODULE": "eclick.settings"}
    log = database.folder / "worker.log"
    with log.open("wb") as stream:
        worker = launch(
            [sys.executable, "-m", "celery", "-A", "celery_worker", *COMMAND],
            cwd=PROJECT,
            env=environment,
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
        )
    try:
        _wait_until_ready(worker, log)
        (child,) = psutil.Process(worker.pid).children()
        idle, cpu = peak_memory(child.pid), _cpu_seconds(child)
        said = python("benchmarks.in_django", job, environment=environment)
        taken = Taken(**json.loads(said.splitlines()[-1]))
        return replace(taken, idle_bytes=idle, peak_bytes=peak_memory(child.pid), cpu_seconds=_cpu_seconds(child) - cpu)
    finally:
        worker.terminate()
        try:
            worker.wait(STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
        shutil.rmtree(database.folder / "backups", ignore_errors=True)


def _wait_until_ready(worker: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while " ready." not in log.read_text(errors="replace"):
        if worker.poll() is not None or time.monotonic() > deadline:
            raise Failed(f"The worker did not become ready:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
