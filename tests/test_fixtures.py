"""The fixtures that all other tests stand on."""

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.db import connections

from tests import ledger
from tests.engine import oracle
from tests.zoo.models import Label

SAY_WHAT_YOU_SEE = """
import django
django.setup()
from django.db import connection
from tests.zoo.models import Label
print(connection.vendor, connection.Database.__name__, Label.objects.get().text)
"""


def test_each_kind_of_database_is_real_and_empty(database):
    assert connections[database].vendor == {"default": "sqlite"}.get(database, database).replace("mariadb", "mysql")
    assert oracle.count(database)["zoo_label"] == 0
    Label.objects.using(database).create(text="left for the next test, which must not see it")


def test_no_other_database_may_be_touched(postgresql):
    with pytest.raises(Exception, match="Database queries to 'default' are not allowed"):
        Label.objects.using("default").exists()


@pytest.mark.servers
def test_a_child_process_sees_the_same_database(database, child_environment):
    Label.objects.using(database).create(text="seen by the child")
    said = say_what_you_see(child_environment(database))
    assert said.split(" ", 2)[::2] == [connections[database].vendor, "seen by the child"]


@pytest.mark.servers
@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
def test_a_child_process_may_use_either_driver_of_mariadb(mariadb, child_environment, driver):
    if driver == "mysqlclient":
        require_mysqlclient()
    Label.objects.using(mariadb).create(text="x")
    said = say_what_you_see(child_environment(mariadb, MYSQL_DRIVER=driver))
    assert said.split()[1] == {"pymysql": "pymysql", "mysqlclient": "MySQLdb"}[driver]


def require_mysqlclient():
    try:
        version("mysqlclient")
    except PackageNotFoundError:
        ledger.leave_out("mysqlclient", "apt-get install libmariadb-dev, then pip install mysqlclient")


def say_what_you_see(environment):
    done = subprocess.run(
        [sys.executable, "-c", SAY_WHAT_YOU_SEE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_nobody_listens_where_the_settings_say():
    with redis.Redis.from_url(settings.REDIS_URL) as client, pytest.raises(redis.ConnectionError):
        client.ping()


@pytest.mark.parametrize("time", ["first", "second"])
def test_the_queue_answers_and_is_empty(queue, time):
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")
    assert caches["backups"].get("left") is None
    caches["backups"].set("left", "behind")
    assert caches["backups"].get("left") == "behind"


@pytest.mark.django_db
def test_people_are_who_they_say(superuser, other_superuser, inactive_superuser, staff, plain_user, client):
    assert [user.is_superuser for user in (superuser, other_superuser, inactive_superuser)] == [True] * 3
    assert not inactive_superuser.is_active
    assert (staff.is_staff, staff.is_superuser, plain_user.is_staff) == (True, False, False)
    assert client.login(username="amelie", password="password of amelie")


def test_people_live_in_the_database_of_the_test(database, superuser):
    assert get_user_model().objects.using(database).get().pk == superuser.pk


@pytest.mark.servers
@pytest.mark.parametrize(("nothing_left_out", "status"), [("", 0), ("1", 1)])
def test_what_is_left_out_is_named_and_fails_a_run_that_forbids_it(tmp_path, nothing_left_out, status):
    root = Path(__file__).parent.parent
    test = tmp_path / "test_needs_more.py"
    test.write_text("def test(): from tests import ledger; ledger.leave_out('a zebra', 'look in Africa')")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", f"--config-file={root / 'pyproject.toml'}", "-p", "tests.ledger", str(test)],
        env={**os.environ, "NOTHING_LEFT_OUT": nothing_left_out},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Left out: a zebra. To get it: look in Africa" in done.stdout
    assert done.returncode == status, done.stdout
