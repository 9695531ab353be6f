"""The embedded Valkey, really started: where it listens, who may talk to it, and that it keeps what is queued."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from eclick import environment
from scripts.ports import free_port
from scripts.supervisor import Supervisor
from scripts.valkey import EmbeddedValkey, NoServer, binary_path, redis_refusal, without_password
from tests.scripts.waiting import eventually, is_alive
from tests.servers.processes import fresh_folder, remove_folder

PYTHON = Path(sys.executable)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder with a short path: a socket's may be no longer than 100 bytes."""
    folder = fresh_folder("valkey")
    yield folder
    remove_folder(folder)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(logs=tmp_path, cwd=tmp_path, environment={}, say=print, first_pause=0.01) as started:
        yield started


def start(supervisor: Supervisor, data_dir: Path) -> tuple[EmbeddedValkey, "redis.Redis"]:
    server = EmbeddedValkey.in_data_dir(data_dir)
    supervisor.start(server.program(binary_path(PYTHON)))
    assert supervisor.watch(until=server.answers, seconds=15)
    return server, redis.Redis.from_url(server.url)


@pytest.mark.servers
def test_it_listens_on_a_socket_of_its_owner_alone(supervisor: Supervisor, data_dir: Path) -> None:
    server, client = start(supervisor, data_dir)
    assert server.url == f"unix://{data_dir}/valkey/valkey.sock?db=0"
    with client:
        assert client.ping()
    assert (data_dir / "valkey").stat().st_mode & 0o777 == 0o700
    assert (data_dir / "valkey" / "valkey.sock").stat().st_mode & 0o777 == 0o700


@pytest.mark.servers
@pytest.mark.parametrize("name", ["a-folder-with-a-long-name-" * 4, "a folder", "größe"], ids=["long", "space", "ö"])
def test_a_path_that_is_no_good_for_a_socket_means_a_port_with_a_password(
    supervisor: Supervisor, data_dir: Path, name: str
) -> None:
    server, client = start(supervisor, data_dir / name)
    with client:
        client.set("key", "value")
        address = client.get_connection_kwargs()
    assert address["host"] == "127.0.0.1"
    no_retry = Retry(NoBackoff(), 0)
    with redis.Redis(port=address["port"], retry=no_retry) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.get("key")
    assert (data_dir / name / "valkey" / "appendonlydir").is_dir()
    for file in ("url", "valkey.conf"):
        assert (data_dir / name / "valkey" / file).stat().st_mode & 0o777 == 0o600
    assert server.password not in " ".join(server.program(Path("valkey-server")).command)


@pytest.mark.servers
def test_it_starts_again_with_everything_after_a_kill(supervisor: Supervisor, data_dir: Path) -> None:
    server, client = start(supervisor, data_dir)
    with client:
        client.rpush("backups", "message")
        client.execute_command("WAITAOF", 1, 0, 1000)
        first = supervisor.pid("valkey")
        assert first
        os.kill(first, signal.SIGKILL)
        assert supervisor.watch(until=lambda: supervisor.pid("valkey") not in {first, None}, seconds=15)
        assert supervisor.watch(until=server.answers, seconds=15)
        assert client.lrange("backups", 0, -1) == [b"message"]


@pytest.mark.servers
def test_another_start_finds_everything(tmp_path: Path, data_dir: Path) -> None:
    for expected in (None, b"1"):
        with Supervisor(logs=tmp_path, cwd=tmp_path, environment={}, say=print) as supervisor:
            _, client = start(supervisor, data_dir)
            with client:
                assert client.get("starts") == expected
                client.incr("starts")


@pytest.mark.servers
def test_one_that_outlived_its_manager_is_stopped_first(supervisor: Supervisor, data_dir: Path) -> None:
    left = EmbeddedValkey.in_data_dir(data_dir)
    process = subprocess.Popen(left.program(binary_path(PYTHON)).command, stdout=subprocess.DEVNULL)
    try:
        eventually(left.answers)
        _, client = start(supervisor, data_dir)
        with client:
            assert client.info("server")["process_id"] == supervisor.pid("valkey")
        eventually(lambda: process.poll() is not None)
        assert not is_alive(process.pid)
    finally:
        process.kill()
        process.wait()


@pytest.mark.servers
def test_somebody_elses_server_at_the_old_address_is_left_alone(
    supervisor: Supervisor, data_dir: Path, tmp_path: Path
) -> None:
    _, client = start(supervisor, data_dir)
    other = tmp_path / "valkey"
    other.mkdir()
    (other / "url").write_text(f"unix://{data_dir}/valkey/valkey.sock?db=0")
    EmbeddedValkey.in_data_dir(tmp_path)
    with client:
        assert client.ping()


def test_django_finds_its_address_in_the_data_folder(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = EmbeddedValkey.in_data_dir(data_dir)
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.setenv("DATA_DIR", str(data_dir))
    assert environment.redis_url() == server.url
    assert environment.broker_url(server.url) == f"redis+socket://{data_dir}/valkey/valkey.sock?virtual_host=0"


def test_django_is_told_the_password_of_a_port_too(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = EmbeddedValkey.in_data_dir(data_dir / "a folder")
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.setenv("DATA_DIR", str(data_dir / "a folder"))
    cache_url = environment.with_redis_database(environment.redis_url(), 1)
    assert f":{server.password}@127.0.0.1:" in cache_url
    assert cache_url.endswith("/1")


def test_a_platform_without_it_is_told_to_set_redis_url(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(NoServer, match="REDIS_URL=redis://"):
        binary_path(python)


@pytest.mark.servers
def test_a_redis_that_answers_is_not_refused(supervisor: Supervisor, data_dir: Path) -> None:
    server, client = start(supervisor, data_dir / "a folder")
    client.close()
    assert redis_refusal(PYTHON, server.url) == ""
    assert "AuthenticationError" in redis_refusal(PYTHON, server.url.replace(f":{server.password}@", ""))


def test_a_redis_that_does_not_answer_is_refused_with_the_reason() -> None:
    assert "Connection refused" in redis_refusal(PYTHON, f"redis://127.0.0.1:{free_port()}/0")


def test_passwords_in_addresses_are_not_shown() -> None:
    assert without_password("redis://user:secret@host:1/0") == "redis://***@host:1/0"
    assert without_password("unix:///run/valkey.sock?db=0") == "unix:///run/valkey.sock?db=0"
