"""docker-compose.yml, Dockerfile and .dockerignore, as far as they can be tested without a container engine."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from celery.bin.base import CLIContext
from celery.bin.beat import beat
from celery.bin.worker import worker
from django.conf import settings

from eclick.celery import app
from scripts.test import clean_environment
from tests import ledger

PROJECT = Path(__file__).parent.parent
DOCKERFILE = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
OURS = {"migrate", "web", "worker", "ticks", "beat"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def words(command: str | list[str]) -> list[str]:
    assert isinstance(command, list), "a list needs no shell, and signals arrive"
    return command


# --- As docker-compose reads it ----------------------------------------------------------------------------------


def compose_config(folder: Path, dotenv: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which("docker-compose"):
        ledger.leave_out("docker-compose", "apt-get install docker-compose")
    shutil.copy(PROJECT / "docker-compose.yml", folder)
    (folder / ".env").write_text(dotenv, encoding="utf-8")
    return subprocess.run(
        ["docker-compose", "config"], cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=60
    )


def filled_example() -> str:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    return re.sub(r"(?m)^(SECRET_KEY|POSTGRES_PASSWORD)=$", r"\1=filled", example)


def test_docker_compose_accepts_it_with_the_example_filled_in(tmp_path: Path) -> None:
    ended = compose_config(tmp_path, filled_example())
    assert ended.returncode == 0, ended.stderr
    web = yaml.safe_load(ended.stdout)["services"]["web"]
    assert web["environment"]["DATABASE_URL"] == "postgres://eclick:filled@postgres:5432/eclick"
    assert web["ports"] in (["127.0.0.1:8000:8000/tcp"], ["127.0.0.1:8000:8000"])


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTGRES_PASSWORD"])
def test_docker_compose_refuses_it_without_its_secrets(tmp_path: Path, name: str) -> None:
    ended = compose_config(tmp_path, filled_example().replace(f"{name}=filled", f"{name}="))
    assert ended.returncode != 0
    assert "set it in .env" in ended.stderr


# --- What it says ------------------------------------------------------------------------------------------------


def test_it_has_the_services_of_the_larger_installation(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == OURS | {"postgres", "redis"}


def test_every_service_that_goes_on_has_a_healthcheck_and_starts_again(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if name == "migrate":
            assert service["restart"] == "no"
        else:
            assert service["restart"] == "unless-stopped"
            assert service["healthcheck"]["test"][0] == "CMD"


def test_our_programs_are_not_process_1(services: dict[str, dict[str, Any]]) -> None:
    """It passes signals on and buries the dead; and a worker's child takes process 1 for a parent that has died."""
    assert all(services[name]["init"] is True for name in OURS)


def test_everything_waits_for_healthy_servers_and_finished_migrations(services: dict[str, dict[str, Any]]) -> None:
    healthy = {name: {"condition": "service_healthy"} for name in ("postgres", "redis")}
    assert services["migrate"]["depends_on"] == healthy
    for name in OURS - {"migrate"}:
        expected = {**healthy, "migrate": {"condition": "service_completed_successfully"}}
        assert services[name]["depends_on"] == expected


def test_every_volume_is_named_and_used(compose: dict[str, Any], services: dict[str, dict[str, Any]]) -> None:
    used = {volume.split(":")[0] for service in services.values() for volume in service["volumes"]}
    assert used == set(compose["volumes"])


def test_only_web_is_published(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["web"]


# --- What it runs ------------------------------------------------------------------------------------------------


def test_web_runs_what_the_image_runs_by_default(services: dict[str, dict[str, Any]]) -> None:
    default = re.search(r"(?m)^CMD (\[.*\])$", DOCKERFILE)
    assert default
    assert yaml.safe_load(default.group(1)) == words(services["web"]["command"])


def test_gunicorn_accepts_the_command_of_web(services: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    program, *arguments = words(services["web"]["command"])
    checked = subprocess.run(
        [sys.executable, "-m", program, *arguments, "--check-config"],
        cwd=PROJECT,
        env={**clean_environment(), "DJANGO_SETTINGS_MODULE": "eclick.settings", "SECRET_KEY": "a-key",
             "DATA_DIR": str(tmp_path), "PYTHONWARNINGS": "ignore:No directory at"},
        capture_output=True,
        text=True,
        timeout=60,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(("name", "queue"), [("worker", "backups"), ("ticks", "ticks")])
def test_celery_accepts_the_commands_of_the_workers(services: dict[str, dict[str, Any]], name: str, queue: str) -> None:
    celery, option, module, command, *arguments = words(services[name]["command"])
    assert (celery, option, command) == ("celery", "-A", "worker")
    assert (PROJECT / f"{module}.py").is_file()
    context = worker.make_context("worker", arguments, parent=_celery_context())
    assert context.params["queues"] == [queue]
    assert context.params["concurrency"] == 1


def test_the_workers_serve_every_queue(services: dict[str, dict[str, Any]]) -> None:
    served = {services[name]["command"][services[name]["command"].index("-Q") + 1] for name in ("worker", "ticks")}
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    assert served == routed | {settings.CELERY_TASK_DEFAULT_QUEUE}


def test_celery_accepts_the_command_of_beat(services: dict[str, dict[str, Any]]) -> None:
    celery, option, _, command, *arguments = words(services["beat"]["command"])
    assert (celery, option, command) == ("celery", "-A", "beat")
    assert beat.make_context("beat", arguments, parent=_celery_context()).params["pidfile"] is None


def _celery_context() -> click.Context:
    """What the `celery -A celery_worker` before a command leaves for it."""
    context = click.Context(click.Command("celery"))
    context.obj = CLIContext(app=app, no_color=True, workdir=None, quiet=True)
    return context


def test_scripts_that_are_named_exist(services: dict[str, dict[str, Any]]) -> None:
    commands = [service["command"] for name, service in services.items() if name in OURS]
    commands += [service["healthcheck"]["test"] for service in services.values() if "healthcheck" in service]
    named = {word for command in commands for word in command if word.startswith("scripts/")}
    assert named >= {"scripts/prepare.py", "scripts/healthcheck.py", "scripts/gunicorn_settings.py"}
    assert all((PROJECT / name).is_file() for name in named)


# --- The image ---------------------------------------------------------------------------------------------------


def copied() -> list[str]:
    lines = re.findall(r"(?m)^COPY (.+) \S+$", DOCKERFILE)
    return [source.rstrip("/") for line in lines for source in line.split()]


def test_everything_that_the_image_copies_exists_and_is_not_ignored() -> None:
    allowed = {
        line.removeprefix("!").rstrip("/")
        for line in (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    assert all((PROJECT / source).exists() for source in copied())
    assert set(copied()) == allowed


def test_no_state_or_secret_gets_into_the_image() -> None:
    lines = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    for kept_out in ("db.sqlite3", "secrets.env", ".env", "backups", "valkey", ".git", ".venv"):
        assert not any(fnmatch.fnmatch(kept_out, rule.removeprefix("!")) for rule in rules if rule.startswith("!"))


def test_the_image_holds_the_modules_that_the_commands_need() -> None:
    assert {"manage.py", "celery_worker.py", "eclick", "backups_app", "scripts", "requirements.txt"} == set(copied())


def test_nothing_runs_as_root() -> None:
    users = re.findall(r"(?m)^USER (\S+)$", DOCKERFILE)
    assert users == ["eclick"]
    assert DOCKERFILE.index("USER eclick") < DOCKERFILE.index("CMD")
    assert "useradd --system --uid 10001" in DOCKERFILE


def test_the_image_installs_with_hashes_on_a_python_that_is_supported() -> None:
    assert "FROM python:3.12-slim" in DOCKERFILE
    assert "--require-hashes --requirement requirements.txt" in DOCKERFILE


def test_the_folders_that_are_mounted_belong_to_the_user(services: dict[str, dict[str, Any]]) -> None:
    mounted = {volume.split(":")[1] for volume in services["web"]["volumes"]}
    made = re.search(r"install --directory --owner eclick .* (/\S+) (/\S+)\n", DOCKERFILE)
    assert made
    assert set(made.groups()) == mounted
    assert os.path.commonpath(list(mounted)) == "/data"
