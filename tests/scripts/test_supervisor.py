"""The process manager, with real processes: what it restarts, in which order it stops, and that nothing outlives it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import supervisor as supervisor_module
from scripts.environment import PROJECT
from scripts.supervisor import Program, StopAsked, Supervisor
from tests.scripts.waiting import eventually, is_alive

pytestmark = pytest.mark.servers

TINY = Path(__file__).with_name("tiny_program.py")


class Manager:
    """A running process manager, seen from outside."""

    def __init__(self, folder: Path, programs: list[dict[str, Any]]) -> None:
        self.folder = folder
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.scripts.manager", str(folder), json.dumps(programs)],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.output.read_text()

    def pids(self, name: str, *, at_least: int = 1) -> list[int]:
        eventually(lambda: len(self._numbers(f"{name}.pids")) >= at_least, what=f"{name} did not start: {self.said()}")
        return self._numbers(f"{name}.pids")

    def grandchildren(self, name: str) -> list[int]:
        return self._numbers(f"{name}.grandchildren")

    def stopped(self) -> list[str]:
        path = self.folder / "stopped"
        return path.read_text().split() if path.exists() else []

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = 15) -> int:
        return self.process.wait(seconds)

    def _numbers(self, file: str) -> list[int]:
        path = self.folder / file
        return [int(line) for line in path.read_text().split()] if path.exists() else []


def tiny(name: str, folder: Path, *manners: str, stage: int = 1, **more: Any) -> dict[str, Any]:
    return {"name": name, "command": [sys.executable, str(TINY), name, str(folder), *manners], "stage": stage, **more}


@pytest.fixture
def manage(tmp_path: Path) -> Iterator[Callable[..., Manager]]:
    """Starts a manager for the given programs; ends it, however the test went."""
    managers: list[Manager] = []

    def start(*programs: dict[str, Any]) -> Manager:
        managers.append(Manager(tmp_path, list(programs)))
        return managers[-1]

    yield start
    for manager in managers:
        manager.process.kill()
        manager.wait()


def test_a_killed_program_is_started_again_and_it_is_said(manage: Callable[..., Manager], tmp_path: Path) -> None:
    manager = manage(tiny("worker", tmp_path))
    (first,) = manager.pids("worker")
    os.kill(first, signal.SIGKILL)
    assert manager.pids("worker", at_least=2)[1] != first
    assert "worker was ended by SIGKILL; it starts again in 0.02 s." in manager.said()


def test_a_program_that_ends_by_itself_is_started_again(manage: Callable[..., Manager], tmp_path: Path) -> None:
    manager = manage({"name": "short", "command": [sys.executable, "-c", "raise SystemExit(7)"], "stage": 1})
    eventually(lambda: manager.said().count("short ended with status 7") >= 2)


def test_the_pauses_between_starts_grow(manage: Callable[..., Manager], tmp_path: Path) -> None:
    manager = manage({"name": "short", "command": ["/bin/false"], "stage": 1})
    eventually(lambda: manager.said().count("starts again") >= 4)
    pauses = [line.split("again in ")[1].split(" s")[0] for line in manager.said().splitlines()[:4]]
    assert pauses == ["0.02", "0.04", "0.08", "0.16"]


def test_a_program_whose_file_is_missing_is_tried_again(manage: Callable[..., Manager], tmp_path: Path) -> None:
    late = tmp_path / "late"
    manager = manage({"name": "late", "command": [str(late)], "stage": 1})
    eventually(lambda: "late could not be started (No such file or directory)" in manager.said())
    late.write_text(f"#!/bin/sh\nexec {sys.executable} {TINY} late {tmp_path}\n")
    late.chmod(0o755)
    assert manager.pids("late")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_every_program_from_the_highest_stage_down(
    manage: Callable[..., Manager], tmp_path: Path, number: signal.Signals
) -> None:
    names = {"queue": 0, "worker": 1, "web": 2}
    manager = manage(*(tiny(name, tmp_path, stage=stage) for name, stage in names.items()))
    pids = [manager.pids(name)[0] for name in names]
    manager.send(number)
    assert manager.wait() == 0
    assert manager.stopped() == ["web", "worker", "queue"]
    assert not any(is_alive(pid) for pid in pids)


def test_a_program_that_does_not_stop_is_killed_when_its_patience_is_over(
    manage: Callable[..., Manager], tmp_path: Path
) -> None:
    manager = manage(tiny("deaf", tmp_path, "deaf", patience=0.3), tiny("polite", tmp_path, stage=0))
    (pid,) = manager.pids("deaf")
    manager.pids("polite")
    manager.send(signal.SIGTERM)
    assert manager.wait() == 0
    assert "deaf did not stop within 0.3 s and is killed." in manager.said()
    assert not is_alive(pid)
    assert manager.stopped() == ["polite"]


def test_asking_again_kills_at_once(manage: Callable[..., Manager], tmp_path: Path) -> None:
    manager = manage(tiny("deaf", tmp_path, "deaf", patience=600))
    manager.pids("deaf")

    def ask() -> bool:
        manager.send(signal.SIGINT)
        return manager.process.poll() is not None

    eventually(ask)


def test_one_wish_to_stop_that_arrives_as_several_signals_does_not_kill(
    manage: Callable[..., Manager], tmp_path: Path
) -> None:
    manager = manage(tiny("worker", tmp_path))
    manager.pids("worker")
    for _ in range(3):
        manager.send(signal.SIGTERM)
    assert manager.wait() == 0
    assert manager.stopped() == ["worker"]


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ties a child to its parent.")
def test_when_the_manager_is_killed_its_programs_die(manage: Callable[..., Manager], tmp_path: Path) -> None:
    manager = manage(tiny("worker", tmp_path), tiny("deaf", tmp_path, "deaf"), tiny("queue", tmp_path, dies_by=15))
    pids = [manager.pids(name)[0] for name in ("worker", "deaf", "queue")]
    manager.send(signal.SIGKILL)
    eventually(lambda: not any(is_alive(pid) for pid in pids))
    assert manager.stopped() == ["queue"], "the one that wants a SIGTERM gets one"


def test_what_a_dead_program_left_behind_is_ended_before_it_starts_again(
    manage: Callable[..., Manager], tmp_path: Path
) -> None:
    manager = manage(tiny("web", tmp_path, "parent"))
    (pid,) = manager.pids("web")
    (grandchild,) = manager.grandchildren("web")
    os.kill(pid, signal.SIGKILL)
    manager.pids("web", at_least=2)
    assert not is_alive(grandchild)


def test_what_a_stopping_program_left_behind_is_ended(manage: Callable[..., Manager], tmp_path: Path) -> None:
    manager = manage(tiny("web", tmp_path, "parent"))
    manager.pids("web")
    (grandchild,) = manager.grandchildren("web")
    manager.send(signal.SIGTERM)
    assert manager.wait() == 0
    assert not is_alive(grandchild)


def test_it_outlives_a_terminal_when_nohup_asked_for_that(tmp_path: Path) -> None:
    programs = json.dumps([tiny("worker", tmp_path)])
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            ["nohup", sys.executable, "-m", "tests.scripts.manager", str(tmp_path), programs],
            cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    eventually((tmp_path / "worker.pids").exists)
    process.send_signal(signal.SIGHUP)
    pid = int((tmp_path / "worker.pids").read_text())
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: len((tmp_path / "worker.pids").read_text().split()) == 2, what="it should still look after it")
    process.terminate()
    assert process.wait(15) == 0


# --- In this process ---------------------------------------------------------------------------------------------


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def here(tmp_path: Path, lines: list[str]) -> Iterator[Supervisor]:
    with Supervisor(logs=tmp_path / "logs", cwd=tmp_path, environment=os.environ, say=lines.append) as supervisor:
        yield supervisor


def program(code: str, **more: Any) -> Program:
    return Program(name="once", command=[sys.executable, "-c", code], stage=1, **more)


def test_a_program_that_runs_once_gives_its_status(here: Supervisor, tmp_path: Path) -> None:
    with (tmp_path / "output").open("w") as output:
        assert here.run(program("print('done'); raise SystemExit(3)"), stdout=output) == 3
    assert (tmp_path / "output").read_text() == "done\n"


def test_a_stop_ends_the_program_that_runs_once(here: Supervisor, tmp_path: Path) -> None:
    code = "import os, signal; os.kill(os.getppid(), signal.SIGTERM); signal.pause()"
    with pytest.raises(StopAsked):
        here.run(program(code), stdout=None)


def test_nothing_is_started_once_a_stop_was_asked(here: Supervisor, tmp_path: Path) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    touch = program(f"open({str(tmp_path / 'started')!r}, 'w')")
    with pytest.raises(StopAsked):
        here.start(touch)
    with pytest.raises(StopAsked):
        here.run(touch, stdout=None)
    with pytest.raises(StopAsked):
        here.watch()
    assert not (tmp_path / "started").exists()


def test_a_failure_inside_stops_the_programs_and_goes_on(tmp_path: Path, lines: list[str]) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        Supervisor(logs=tmp_path, cwd=tmp_path, environment=os.environ, say=lines.append) as supervisor,
    ):
        supervisor.start(program("import signal; signal.pause()"))
        pid = supervisor.pid("once")
        raise ZeroDivisionError
    assert pid is not None
    assert not is_alive(pid)


def test_secrets_go_by_the_environment(here: Supervisor, tmp_path: Path) -> None:
    with (tmp_path / "output").open("w") as output:
        secret = program("import os; print(os.environ['KEY'])", environment={"KEY": "hidden"})
        here.run(secret, stdout=output)
    assert (tmp_path / "output").read_text() == "hidden\n"


def test_watching_ends_with_its_time(here: Supervisor) -> None:
    assert here.watch(until=lambda: False, seconds=0.05) is False
    assert here.watch(until=lambda: True, seconds=0.05) is True


def test_logs_are_their_owners_alone_and_hold_what_was_printed(here: Supervisor) -> None:
    here.start(program("import signal; print('hello', flush=True); signal.pause()"))
    log = here.log_of("once")
    here.watch(until=lambda: log.read_text() == "hello\n", seconds=10)
    assert log.read_text() == "hello\n"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_long_log_becomes_the_old_one(here: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "LARGEST_LOG", 3)
    here.log_of("web").write_text("long")
    here.log_of("beat").write_text("ok")
    here._shorten_logs()
    assert here.log_of("web").read_text() == ""
    assert Path(f"{here.log_of('web')}.1").read_text() == "long"
    assert here.log_of("beat").read_text() == "ok"


def test_signals_are_given_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (*supervisor_module.STOP_SIGNALS, signal.SIGCHLD)]
    with Supervisor(logs=tmp_path, cwd=tmp_path, environment={}, say=print):
        pass
    assert [signal.getsignal(number) for number in (*supervisor_module.STOP_SIGNALS, signal.SIGCHLD)] == before
