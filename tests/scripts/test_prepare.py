"""What a start does to a data folder before anything listens, in a process of its own as at a start."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from scripts.environment import PROJECT
from scripts.private_files import read_secrets
from scripts.test import clean_environment


def prepare(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROJECT / "scripts" / "prepare.py"), *arguments],
        env={
            **clean_environment(),
            "DJANGO_SETTINGS_MODULE": "eclick.settings",
            "SECRET_KEY": "a-key",
            "DATA_DIR": str(data_dir),
            **environment,
        },
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def rows(data_dir: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(data_dir / "db.sqlite3")
    try:
        found = connection.execute(sql).fetchall()
        connection.commit()
        return found
    finally:
        connection.close()


def is_password(password: str, data_dir: Path, superuser: str) -> bool:
    ((encoded,),) = rows(data_dir, f"SELECT password FROM auth_user WHERE username = '{superuser}' AND is_superuser")
    return PBKDF2PasswordHasher().verify(password, encoded)


def test_a_new_folder_gets_demo_data_and_a_superuser_and_a_second_start_changes_nothing(tmp_path: Path) -> None:
    first = prepare(tmp_path, "--demo", "1")
    assert json.loads(first.stdout) == {"username": "admin", "password": "generated"}, first.stderr
    generated = read_secrets(tmp_path / "secrets.env")["ADMIN_PASSWORD"]
    assert generated not in first.stdout + first.stderr
    assert is_password(generated, tmp_path, "admin")
    assert (tmp_path / "static_collected" / "staticfiles.json").is_file()
    assert rows(tmp_path, "SELECT count(*) FROM eclick_project") == [(1,)]

    rows(tmp_path, "DELETE FROM eclick_project")  # a person who empties it does not want it filled again
    second = prepare(tmp_path, "--demo", "1")
    assert json.loads(second.stdout) == {"username": "admin", "password": "generated"}, second.stderr
    assert "Database: SQLite, up to date" in second.stderr
    assert rows(tmp_path, "SELECT count(*) FROM eclick_project") == [(0,)]
    assert read_secrets(tmp_path / "secrets.env")["ADMIN_PASSWORD"] == generated


def test_the_superuser_may_be_named_and_given_a_password(tmp_path: Path) -> None:
    prepared = prepare(tmp_path, ADMIN_USERNAME="zoë", ADMIN_PASSWORD="pass word")
    assert json.loads(prepared.stdout) == {"username": "zoë", "password": "given"}, prepared.stderr
    assert is_password("pass word", tmp_path, "zoë")
    assert not (tmp_path / "secrets.env").exists()
    assert rows(tmp_path, "SELECT count(*) FROM eclick_project") == [(0,)], "no demo data unless asked for"
    later = prepare(tmp_path)
    assert json.loads(later.stdout) == {"username": "zoë", "password": "known to its owner"}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}, "The database could not be prepared: connection"),
        ({"LOG_LEVEL": "loud"}, "A setting is wrong: LOG_LEVEL='LOUD'"),
    ],
    ids=["database", "setting"],
)
def test_what_is_wrong_is_said_without_a_traceback(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    prepared = prepare(tmp_path, **variables)
    assert prepared.returncode == 1
    assert said in prepared.stderr
    assert "Traceback" not in prepared.stderr


def test_a_folder_that_is_not_to_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").mkdir()
    prepared = prepare(tmp_path)
    assert prepared.returncode == 1
    assert "The database could not be prepared: unable to open database file" in prepared.stderr
    assert os.listdir(tmp_path) == ["db.sqlite3"]
