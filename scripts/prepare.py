"""Brings a data folder and its database to the point where E-Click can start; repeating it changes nothing.

Runs inside the environment: `python scripts/prepare.py [--demo N]`. Steps are told on stderr, how to sign in stands
on stdout as JSON: {"username": ..., "password": "generated" | "given" | "known to its owner"}.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402
from django.db import DatabaseError, connection  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

from scripts.private_files import keep_secret, new_password, read_secrets  # noqa: E402
from scripts.supervisor import say_to  # noqa: E402

say = say_to(sys.stderr)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=int, default=0, metavar="N", help="fill a database that is new with N projects")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eclick.settings")
    try:
        import django

        django.setup()
        migrate()
        collect_static_files()
        # The superuser is created last: that there is one is how a later start knows that all this was done.
        if options.demo and not superuser_name() and not has_projects():
            seed(options.demo)
        sign_in = ensure_superuser()
    except ImproperlyConfigured as error:
        say(f"A setting is wrong: {error}")
        return 1
    except (DatabaseError, CommandError) as error:
        say(f"The database could not be prepared: {str(error).strip()}")
        return 1
    print(json.dumps(sign_in))
    return 0


def migrate() -> None:
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    executor.loader.check_consistent_history(connection)
    call_command("migrate", interactive=False, verbosity=0)
    done = f"{pending} migrations applied" if pending else "up to date"
    say(f"Database: {connection.display_name}, {done}")


def collect_static_files() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


def has_projects() -> bool:
    from eclick.models import Project

    return Project.objects.exists()


def seed(projects: int) -> None:
    say(f"Demo data: making {projects} projects with their clients, tasks and comments ...")
    call_command("seed_demo", projects=projects, verbosity=0)


def superuser_name() -> str:
    from django.contrib.auth import get_user_model

    users = get_user_model()._default_manager.filter(is_superuser=True, is_active=True)
    first = users.order_by("pk").first()
    return first.get_username() if first else ""


def ensure_superuser() -> dict[str, str]:
    """Who can sign in, and where their password is to be had."""
    from django.conf import settings
    from django.contrib.auth import authenticate, get_user_model

    secrets_file = settings.DATA_DIR / "secrets.env"
    given = os.environ.get("ADMIN_PASSWORD", "")
    name = superuser_name()
    if not name:
        name = os.environ.get("ADMIN_USERNAME") or "admin"
        # Kept before it is used: a crash in between must not leave a password that nobody knows.
        password = given or keep_secret(secrets_file, "ADMIN_PASSWORD", new_password())
        users = get_user_model()
        if users._default_manager.filter(**{users.USERNAME_FIELD: name}).exists():
            raise CommandError(
                f"there is no active superuser, and the user {name!r} is not one. "
                "Choose another name in ADMIN_USERNAME, or make that user a superuser."
            )
        users._default_manager.create_superuser(**{users.USERNAME_FIELD: name}, email="", password=password)
        say(f"Superuser: {name} created, password {'as given' if given else f'in {secrets_file}'}")
        return {"username": name, "password": "given" if given else "generated"}
    generated = read_secrets(secrets_file).get("ADMIN_PASSWORD", "")
    if generated and authenticate(username=name, password=generated):
        return {"username": name, "password": "generated"}
    return {"username": name, "password": "known to its owner"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
