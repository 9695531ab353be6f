"""Memory stays flat: however many records there are, and with records of a megabyte."""

import json
import subprocess
import sys

import pytest
from django.db import connections

MiB = 1 << 20
# What an idle process may grow by, as the highest it ever had.
ALLOWED = 64 * MiB

MEASURE = """
import json, sys
import django

idle = 0
django.setup()
from backups_app.engine.dump import Scope, dump

def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))

def growth_of(label):
    scope = Scope(exclude=sorted(set(apps) - {label}), include=[label])
    with open("/dev/null", "wb") as stream:
        records = dump(stream, scope=scope, kind="manual").record_count
    return [records, status("VmHWM:") - idle]

from django.apps import apps as registry
apps = [model._meta.label_lower for model in registry.get_models(include_auto_created=True)]
growth_of("zoo.echo")  # an empty table: everything is imported
idle = status("VmRSS:")
print(json.dumps([growth_of(label) for label in sys.argv[1:]]))
"""

FEW, MANY, LARGE_TEXTS, LARGE_JSONS = "zoo.tavern", "zoo.label", "zoo.concretechild", "zoo.json"


@pytest.fixture
def filled(database):
    """Tables of 20,000 and 200,000 small records, and of 12 records of a megabyte, where JSON has to escape much."""
    vendor = connections[database].vendor
    series = {
        "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {}) SELECT n FROM s) AS s",
        "postgresql": "generate_series(1, {}) AS s(n)",
        "mysql": "(SELECT seq AS n FROM seq_1_to_{}) AS s",
    }[vendor]
    repeated = {"sqlite": "replace(hex(zeroblob({1})), '00', '{0}')"}.get(vendor, "repeat('{0}', {1})")
    text = repeated.format('ж"ab', MiB // 5)
    large_json = repeated.format("[1.5, null], ", MiB // 13)
    name = {"mysql": "concat('number ', n)"}.get(vendor, "'number ' || n")
    json_list = {"mysql": f"concat('[', {large_json}, '[]]')"}.get(vendor, f"'[' || {large_json} || '[]]'")
    as_json = f"({json_list})::jsonb" if vendor == "postgresql" else json_list
    empty = "'{}'::jsonb" if vendor == "postgresql" else "'{}'"
    with connections[database].cursor() as cursor:
        cursor.execute(f"INSERT INTO zoo_tavern (sign) SELECT {name} FROM {series.format(20_000)}")
        cursor.execute(f"INSERT INTO zoo_label (text) SELECT {name} FROM {series.format(200_000)}")
        cursor.execute(f"INSERT INTO zoo_concretechild (title, body) SELECT {name}, {text} FROM {series.format(12)}")
        cursor.execute(f"INSERT INTO zoo_json (value, tagged) SELECT {as_json}, {empty} FROM {series.format(12)}")
    return database


def test_memory_stays_flat(filled, child_environment):
    ended = subprocess.run(
        [sys.executable, "-c", MEASURE, FEW, MANY, LARGE_TEXTS, LARGE_JSONS],
        env=child_environment(filled),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    (few, at_few), (many, at_many), (texts, at_texts), (jsons, at_jsons) = json.loads(ended.stdout)
    assert (few, many, texts, jsons) == (20_000, 200_000, 12, 12)
    assert at_many - at_few <= 4 * MiB
    assert max(at_many, at_texts, at_jsons) <= ALLOWED


RESTORE = """
import json, sys
import django

django.setup()
from backups_app.engine.check import check
from backups_app.engine.compare import compare
from backups_app.engine.dump import Scope
from backups_app.engine.load import load

def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))

def growth_of(path):
    open_stream = lambda: open(path, "rb")
    checked = check(open_stream, scope=Scope())
    assert not checked.refusals, checked.refusals
    compare(open_stream, checked=checked, scope=Scope())
    load(open_stream, checked=checked, scope=Scope())
    return status("VmHWM:") - idle

idle = 0
few, *others = sys.argv[1:]
growth_of(few)  # everything is imported
idle = status("VmRSS:")
print(json.dumps([growth_of(path) for path in others]))
"""


def test_memory_of_a_restore_stays_flat(database, tmp_path, child_environment):
    """Check, compare, load and proof of foreign fixtures: ten, 5,000 and 50,000 records, all on one line."""
    paths = []
    for count in (10, 5_000, 50_000):
        paths.append(tmp_path / f"{count}.json")
        records = [{"model": "zoo.label", "pk": pk, "fields": {"text": f"number {pk}"}} for pk in range(1, count + 1)]
        paths[-1].write_text(json.dumps(records))
    ended = subprocess.run(
        [sys.executable, "-c", RESTORE, *map(str, paths)],
        env=child_environment(database),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    at_few, at_many = json.loads(ended.stdout)
    assert at_many <= ALLOWED
    assert at_many - at_few <= 24 * MiB
