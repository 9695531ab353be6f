"""The Makefile: a thin front that finds a Python which really runs; and the checks, which change nothing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import check
from scripts.environment import PROJECT
from tests import ledger

PYTHONS = ("python3", "python3.13", "python3.12", "python3.11", "python3.14", "python")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that comes first on PATH, in which every Python is one that fails, like a shim without its version."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in PYTHONS:
        (folder / name).write_text("#!/bin/sh\nexit 127\n")
        (folder / name).chmod(0o755)
    return folder


def make(*arguments: str, programs: Path | None = None) -> subprocess.CompletedProcess[str]:
    if not shutil.which("make"):
        ledger.leave_out("make", "apt-get install make")
    path = f"{programs}{os.pathsep}{os.environ['PATH']}" if programs else os.environ["PATH"]
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHON", "MAKEFLAGS"}}
    return subprocess.run(
        ["make", *arguments], cwd=PROJECT, env={**environment, "PATH": path}, capture_output=True, text=True, timeout=60
    )


def test_make_alone_lists_every_target_that_people_use() -> None:
    listed = set(re.findall(r"(?m)^  make (\w+)", make().stdout))
    assert listed == {"help", "run", "test", "check", "fix", "bench", "lock"}


def test_a_python_that_fails_is_passed_over(programs: Path) -> None:
    (programs / "python3.12").unlink()
    (programs / "python3.12").symlink_to(sys.executable)
    assert "exec python3.12 scripts/run.py" in make("--dry-run", "run", programs=programs).stdout


def test_python3_is_preferred_when_it_is_new_enough(programs: Path) -> None:
    for name in ("python3", "python3.13"):
        (programs / name).unlink()
        (programs / name).symlink_to(sys.executable)
    assert "exec python3 scripts/test.py -k one" in make("--dry-run", "test", "ARGS=-k one", programs=programs).stdout


def test_without_any_python_it_says_what_to_install(programs: Path) -> None:
    ended = make("run", programs=programs)
    assert ended.returncode != 0
    assert "needs Python 3.11 or newer, and none was found. Install one" in ended.stderr


def test_an_older_python_says_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; sys.version_info = (3, 10, 2, 'final', 0); import scripts"
    ended = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "E-Click needs Python 3.11 or newer; this is 3.10" in ended.stderr


def test_check_names_what_is_wrong_and_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import os\nx = { 1:2 }\n")
    monkeypatch.setattr(check, "PROJECT", tmp_path)
    monkeypatch.setattr(check.Environment, "ensure", lambda *_: None)
    monkeypatch.setattr(check, "clean_environment", lambda: dict(os.environ))
    assert check.main(["format", "lint"]) == 1
    said = capsys.readouterr().out
    assert re.search(r"FAILED format .*\n(.*\n)+FAILED lint", said)
    assert "`os` imported but unused" in said
    assert wrong.read_text() == "import os\nx = { 1:2 }\n"


def test_an_unknown_check_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["formatting"]) == 2
    assert "No check is called formatting; there are types, migrations" in capsys.readouterr().out


def test_ci_runs_the_commands_that_everybody_runs() -> None:
    lines = (PROJECT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[-3:] == ["export NOTHING_LEFT_OUT=1", "make check", "make test"]
    assert os.access(PROJECT / ".ci" / "run", os.X_OK)
    assert subprocess.run(["bash", "-n", str(PROJECT / ".ci" / "run")]).returncode == 0
