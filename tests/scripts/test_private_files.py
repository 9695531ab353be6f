"""The generated secrets: private from the first byte on, made once, never replaced."""

import os
from pathlib import Path

import pytest

from eclick import environment
from scripts.private_files import keep_secret, new_password, new_secret_key, read_secrets, write_private


@pytest.fixture
def secrets_file(tmp_path: Path) -> Path:
    return tmp_path / "secrets.env"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_secrets_file_is_its_owners_alone_whatever_the_umask(secrets_file: Path) -> None:
    before = os.umask(0)
    try:
        keep_secret(secrets_file, "SECRET_KEY", "first")
    finally:
        os.umask(before)
    assert mode(secrets_file) == 0o600


def test_a_secret_that_exists_is_kept(secrets_file: Path) -> None:
    assert keep_secret(secrets_file, "SECRET_KEY", "first") == "first"
    assert keep_secret(secrets_file, "SECRET_KEY", "second") == "first"
    assert read_secrets(secrets_file) == {"SECRET_KEY": "first"}


def test_another_secret_joins_it_and_changes_nothing_else(secrets_file: Path) -> None:
    secrets_file.write_text("# mine\nSECRET_KEY=first")
    keep_secret(secrets_file, "ADMIN_PASSWORD", "pass")
    assert secrets_file.read_text() == "# mine\nSECRET_KEY=first\nADMIN_PASSWORD=pass\n"
    assert mode(secrets_file) == 0o600


def test_a_file_that_others_could_read_is_closed(secrets_file: Path) -> None:
    secrets_file.write_text("SECRET_KEY=first\n")
    secrets_file.chmod(0o644)
    keep_secret(secrets_file, "SECRET_KEY", "second")
    assert mode(secrets_file) == 0o600


def test_django_reads_what_was_generated(secrets_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = keep_secret(secrets_file, "SECRET_KEY", new_secret_key())
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.setenv("DATA_DIR", str(secrets_file.parent))
    assert environment.secret_key() == key


def test_what_a_crash_left_is_no_obstacle_and_no_way_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (tmp_path / "url.new").symlink_to(outside)
    write_private(tmp_path / "url", "redis://")
    assert (tmp_path / "url").read_text() == "redis://"
    assert not outside.exists()


def test_generated_secrets_differ_and_are_long() -> None:
    assert new_secret_key() != new_secret_key()
    assert len(new_secret_key()) > 50
    assert new_password() != new_password()
    assert len(new_password()) == 16
