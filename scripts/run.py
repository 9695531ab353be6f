"""`make run`: E-Click on this machine, from nothing to a first backup, in one command.

Environment variables: HOST and PORT (127.0.0.1 and 8000), DATA_DIR (the project's folder), ADMIN_USERNAME and
ADMIN_PASSWORD for the first superuser, and everything else that .env.example describes.
"""

from __future__ import annotations

import argparse
import fcntl
import functools
import http.client
import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from scripts.environment import PROJECT, Environment, SetupError  # noqa: E402
from scripts.ports import PortNotFree, require_free  # noqa: E402
from scripts.private_files import keep_secret, new_secret_key, read_secrets  # noqa: E402
from scripts.processes import die_with_make, leave_on_sigterm  # noqa: E402
from scripts.supervisor import Program, Supervisor, say_to  # noqa: E402
from scripts.valkey import EmbeddedValkey, NoServer, binary_path, redis_refusal, without_password  # noqa: E402

DEMO_PROJECTS = 50
EVERY_ADDRESS = {"0.0.0.0", "::", ""}

say = say_to()


class CannotRun(Exception):
    """E-Click can't start; the text says what to do."""


@dataclass(frozen=True)
class Place:
    """Where this E-Click listens and keeps its state."""

    host: str
    port: int
    data_dir: Path

    @classmethod
    def from_environment(cls) -> Place:
        port = os.environ.get("PORT") or "8000"
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise CannotRun(f"PORT={port} is not a port. Choose a number from 1024 to 65535, for example 8000.")
        data_dir = Path(os.environ.get("DATA_DIR") or PROJECT).expanduser().resolve()
        return cls((os.environ.get("HOST") or "127.0.0.1").strip("[]"), int(port), data_dir)

    @property
    def listen(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def reachable_host(self) -> str:
        """The address for a client on this machine."""
        return "127.0.0.1" if self.host in EVERY_ADDRESS else self.host

    @property
    def url(self) -> str:
        host = self.reachable_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def allowed_hosts(self) -> str:
        """ALLOWED_HOSTS for Django: the person's own, and always the address that is listened on."""
        names = [name for name in os.environ.get("ALLOWED_HOSTS", "").split(",") if name]
        if not names:
            names = ["localhost", "127.0.0.1", "[::1]"]
            if self.host in EVERY_ADDRESS:
                names += _names_of_this_machine()
        if self.host not in EVERY_ADDRESS:
            names.append(f"[{self.host}]" if ":" in self.host else self.host)
        return ",".join(dict.fromkeys(names))


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    die_with_make()
    leave_on_sigterm()
    try:
        place = Place.from_environment()
        make_data_dir(place)
        with only_one(place):
            require_free(place.host, place.port)
            environment = Environment(say=say)
            environment.ensure()
            return run(place, environment.python)
    except (CannotRun, SetupError, PortNotFree, NoServer) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
        return 130


def make_data_dir(place: Place) -> None:
    try:
        place.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (place.data_dir / "run").mkdir(mode=0o700, exist_ok=True)
        (place.data_dir / "run" / "tmp").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CannotRun(f"DATA_DIR={place.data_dir} can't be used: {error.strerror} ({error.filename}).") from error


@contextmanager
def only_one(place: Place) -> Iterator[None]:
    """The folder is ours until this process ends, however it ends."""
    path = place.data_dir / "run" / "lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CannotRun(
                f"E-Click already runs with this DATA_DIR ({place.data_dir}): {file.read().strip() or 'starting'}.\n"
                "Stop that one first, or give this one a folder of its own: DATA_DIR=/another/folder PORT=8001 make run"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, {place.url}")
        file.flush()
        yield


def run(place: Place, python: Path) -> int:
    # Everything from here on is state: the database, backups, secrets, logs. It is its owner's alone.
    os.umask(0o077)
    if not os.environ.get("SECRET_KEY"):
        keep_secret(place.data_dir / "secrets.env", "SECRET_KEY", new_secret_key())
    supervisor = Supervisor(
        logs=place.data_dir / "run" / "logs", cwd=PROJECT, environment=children_environment(place), say=say
    )
    with supervisor:
        start_queue(place, python, supervisor)
        sign_in = prepare(python, supervisor)
        for program in programs(place, python):
            supervisor.start(program)
        say(f"Started: web, worker, ticks, beat. Their logs: {supervisor.log_of('*')}")
        wait_for_web(place, supervisor)
        make_first_backup(place, python, supervisor)
        say_where(place, sign_in)
        supervisor.watch()
    say("Stopped.")
    return 0


def children_environment(place: Place) -> dict[str, str]:
    # The password of the first superuser is for the one process that creates it.
    environment = {name: value for name, value in os.environ.items() if name != "ADMIN_PASSWORD"}
    return environment | {
        "DJANGO_SETTINGS_MODULE": "eclick.settings",
        "DATA_DIR": str(place.data_dir),
        "ALLOWED_HOSTS": place.allowed_hosts(),
        "TMPDIR": str(place.data_dir / "run" / "tmp"),  # uploads wait there, on the disk where they are going
        "PYTHONUNBUFFERED": "1",
    }


# --- what runs -------------------------------------------------------------------------------------------------------


def start_queue(place: Place, python: Path, supervisor: Supervisor) -> None:
    if url := os.environ.get("REDIS_URL"):
        if refusal := redis_refusal(python, url):
            raise NoServer(
                f"REDIS_URL={without_password(url)} does not answer: {refusal}\n"
                "Start that server, correct the address, or unset REDIS_URL: then a Valkey of our own is started."
            )
        say(f"Queue: {without_password(url)}")
        return
    binary = binary_path(python)
    server = EmbeddedValkey.in_data_dir(place.data_dir)
    supervisor.start(server.program(binary))
    if not supervisor.watch(until=server.answers, seconds=60):
        raise NoServer(f"The embedded Valkey does not answer. Its log:\n{end_of(supervisor.log_of('valkey'))}")
    say(f"Queue: embedded Valkey, {without_password(server.url)}")


def prepare(python: Path, supervisor: Supervisor) -> dict[str, str]:
    """Migrates, collects static files, seeds and creates the superuser; how to sign in."""
    given = os.environ.get("ADMIN_PASSWORD")
    program = Program(
        name="prepare",
        command=[str(python), str(PROJECT / "scripts" / "prepare.py"), "--demo", str(DEMO_PROJECTS)],
        stage=1,
        environment={"ADMIN_PASSWORD": given} if given else {},
    )
    status, written = output_of(program, supervisor)
    if status:
        raise CannotRun("E-Click was not started; the reason stands above.")
    sign_in: dict[str, str] = json.loads(written)
    return sign_in


def programs(place: Place, python: Path) -> list[Program]:
    celery = [str(python), "-m", "celery", "-A", "celery_worker"]
    # Neither worker has anything to ask its neighbours, so it does not wait for them at the start.
    worker = [*celery, "worker", "--pool", "prefork", "--concurrency", "1", "--without-mingle", "--without-gossip"]
    settings = str(PROJECT / "scripts" / "gunicorn_settings.py")
    web = [str(python), "-m", "gunicorn", "--config", settings, "--bind", place.listen]
    return [
        # A worker that is asked to stop lets its job see that and tidy up.
        Program(name="worker", command=[*worker, "-Q", "backups", "-n", "heavy@%h"], stage=1, patience=20),
        Program(name="ticks", command=[*worker, "-Q", "ticks", "-n", "ticks@%h"], stage=1, patience=20),
        Program(name="web", command=web, stage=2, patience=15),
        Program(name="beat", command=[*celery, "beat", "--pidfile="], stage=2),
    ]


def wait_for_web(place: Place, supervisor: Supervisor) -> None:
    supervisor.watch(until=lambda: web_answers(place) or supervisor.deaths("web") > 2, seconds=90)
    if not web_answers(place):
        raise CannotRun(f"The web server does not answer. The end of its log:\n{end_of(supervisor.log_of('web'))}")


def web_answers(place: Place) -> bool:
    connection = http.client.HTTPConnection(place.reachable_host, place.port, timeout=5)
    try:
        connection.request("GET", "/admin/login/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


# --- the first backup ------------------------------------------------------------------------------------------------


def make_first_backup(place: Place, python: Path, supervisor: Supervisor) -> None:
    manage = [str(python), str(PROJECT / "manage.py")]
    listing = Program(name="list_backups", command=[*manage, "list_backups", "--json"], stage=3)
    status, written = output_of(listing, supervisor)
    if status == 0 and json.loads(written):
        return
    say("There is no backup yet; making the first one.")
    first = Program(
        name="create_automatic_backup",
        command=[*manage, "create_automatic_backup", "--description", "First backup"],
        stage=3,
    )
    status = supervisor.run(first, stdout=sys.stdout, stderr=sys.stdout)
    if status:
        say(f"The first backup was not made; {place.url}backup-management/ says more.")


def output_of(program: Program, supervisor: Supervisor) -> tuple[int, str]:
    """Runs a program once; its status and what it wrote on stdout. Its stderr is for the person who watches."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        status = supervisor.run(program, stdout=output, stderr=sys.stdout)
        output.seek(0)
        return status, output.read()


# --- words -----------------------------------------------------------------------------------------------------------


def say_where(place: Place, sign_in: dict[str, str]) -> None:
    secrets_file = place.data_dir / "secrets.env"
    first_time = not (place.data_dir / "run" / "told").exists()
    password = {
        "given": "password: the one in ADMIN_PASSWORD",
        "generated": f"password: in {secrets_file}",
        "known to its owner": "password: the one you chose",
    }[sign_in["password"]]
    if sign_in["password"] == "generated" and first_time:
        password = f"password {read_secrets(secrets_file)['ADMIN_PASSWORD']} (kept in {secrets_file})"
        (place.data_dir / "run" / "told").touch()
    say("")
    say(f"E-Click runs at {place.url}")
    say(f"Backups:         {place.url}backup-management/")
    say(f"Sign in as       {sign_in['username']}, {password}")
    if place.host in EVERY_ADDRESS:
        say(f"Answers to       {place.allowed_hosts()} (ALLOWED_HOSTS), port {place.port}")
    say("Ctrl-C stops it.")


def end_of(log: Path, lines: int = 15) -> str:
    with suppress(FileNotFoundError):
        return "\n".join(f"  {line}" for line in log.read_text(errors="replace").splitlines()[-lines:])
    return "  (empty)"


@functools.cache
def _names_of_this_machine() -> list[str]:
    name = socket.gethostname()
    names = [name]
    with suppress(OSError):
        names += [str(entry[4][0]) for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]
    # Connecting a datagram socket sends nothing; it tells which of our addresses faces outwards.
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outwards:
        outwards.connect(("203.0.113.1", 9))
        names.append(outwards.getsockname()[0])
    return [f"[{each}]" if ":" in each else each for each in names]


if __name__ == "__main__":
    sys.exit(main())
