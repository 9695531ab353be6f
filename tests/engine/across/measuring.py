"""Takes the samples from one kind of database to each other one and back, and says what became of each."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import connections

from backups_app.engine import manifest as manifests
from tests.engine import oracle
from tests.engine.across.meaning import meaning
from tests.engine.across.samples import ALL, SAMPLES, Sample
from tests.engine.restoring import check_bytes, dump_bytes, restore_bytes
from tests.zoo.samples.writing import insert

EXACT, REFUSED = "exact", "refused"
FIRST_ID = 1001
# The second house of the zoo is PostgreSQL's own.
SCOPE = {"exclude": ("zoo_postgres", "django_celery_beat")}

# (place in SAMPLES, source, target): what happens, by vendor.
Outcomes = dict[tuple[int, str, str], str]


def outcomes(aliases: Mapping[str, str]) -> Outcomes:
    """`aliases` by vendor. Each value that is taken must mean the same there, and come back as it was."""
    found: Outcomes = {}
    for source in ALL:
        _fill(aliases[source], source)
        data, _ = dump_bytes(aliases[source], **SCOPE)
        before = _cells(aliases[source])
        for target in ALL:
            if target != source:
                found |= _across(aliases, source, target, data, before)
    return found


def _across(aliases: Mapping[str, str], source: str, target: str, data: bytes, before: dict[int, Any]) -> Outcomes:
    refused = _refused(aliases[target], data)
    accepted = set(before) - refused
    assert restore_bytes(aliases[target], only(data, accepted)).proven
    there = _cells(aliases[target])
    back, _ = dump_bytes(aliases[target], **SCOPE)
    assert restore_bytes(aliases[source], back).proven
    again = _cells(aliases[source])
    assert set(there) == set(again) == accepted
    wrong = [
        (SAMPLES[place].field, SAMPLES[place].value, before[place], there[place], again[place])
        for place in accepted
        if not _is_the_same(SAMPLES[place].field, before[place], there[place], again[place])
    ]
    assert wrong == [], f"{source} to {target}: {wrong}"
    return {(place, source, target): REFUSED if place in refused else EXACT for place in before}


def _refused(alias: str, data: bytes) -> set[int]:
    """The places of what a check refuses; it names one value of each model and batch, so it is asked again."""
    names = {_name(place): place for place in range(len(SAMPLES))}
    left, refused = set(range(len(SAMPLES))), set()
    while refusals := check_bytes(alias, only(data, left), **SCOPE).refusals:
        assert {refusal.kind for refusal in refusals} == {"bad-value"}
        refused |= {names[refusal.where] for refusal in refusals}
        left -= refused
    return refused


def _name(place: int) -> str:
    return f"{SAMPLES[place].label} {FIRST_ID + place}: {SAMPLES[place].name}"


def _is_the_same(field: str, before: oracle.Cell, there: oracle.Cell, again: oracle.Cell) -> bool:
    """JSON has no order of names and no spelling of numbers; all else comes back to the last digit."""
    is_back = before == again or (field == "JSONField" and meaning(field, before) == meaning(field, again))
    return is_back and meaning(field, before) == meaning(field, there)


def held_by(vendor: str) -> dict[int, Sample]:
    return {place: sample for place, sample in enumerate(SAMPLES) if vendor in sample.given}


def _fill(alias: str, vendor: str) -> None:
    with connections[alias].cursor() as cursor:
        for model in {sample.cage.model for sample in SAMPLES}:
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
        if vendor == "mysql":
            cursor.execute("SELECT @@SESSION.sql_mode")
            (mode,) = cursor.fetchone()
            cursor.execute("SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',ALLOW_INVALID_DATES')")
        for place, sample in held_by(vendor).items():
            ordinary = {**sample.cage.ordinary, **_ORDINARY[vendor].get(sample.cage.model.__name__, {})}
            row = {"id": FIRST_ID + place, **ordinary, sample.name: sample.given[vendor]}
            insert(alias, sample.cage.model, row)
        if vendor == "mysql":
            cursor.execute("SET SESSION sql_mode = %s", [mode])


# What the other columns of a cage need to be called there.
_ORDINARY: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "sqlite": {"Identities": {"uuid": "12345678123446789abcdef012345678"}},
    "postgresql": {"Times": {"moment": "2026-11-23 12:00:00+00", "duration": "0"}},
    "mysql": {},
}


def _cells(alias: str) -> dict[int, oracle.Cell]:
    """The cells of the samples that are there, by their places."""
    tables = oracle.read(alias, only={sample.cage.model._meta.db_table for sample in SAMPLES})
    rows = [int(row["id"].text or 0) for table in tables.values() for row in table.records()]
    found = {
        place: row[sample.name]
        for place, sample in enumerate(SAMPLES)
        for row in tables[sample.cage.model._meta.db_table].records()
        if row["id"].text == str(FIRST_ID + place)
    }
    assert sorted(rows) == sorted(FIRST_ID + place for place in found)
    return found


def only(data: bytes, places: set[int]) -> bytes:
    """The backup as it would be if of the samples it had only those at `places`."""
    *lines, last = data[2:-3].split(b",\n")
    manifest = json.loads(last)
    fields = manifest["fields"]
    kept: dict[str, list[bytes]] = {entry["model"]: [] for entry in fields["tables"]}
    keys = {(SAMPLES[place].label, FIRST_ID + place) for place in places}
    labels = {sample.label for sample in SAMPLES}
    for line in lines:
        record = json.loads(line)
        if record["model"] not in labels or (record["model"], record["pk"]) in keys:
            kept[record["model"]].append(line + b",\n")
    for entry in fields["tables"]:
        own = kept[entry["model"]]
        entry["records"], entry["sha256"] = len(own), sha256(b"".join(own)).hexdigest()
    content = b"[\n" + b"".join(line for own in kept.values() for line in own)
    fields["record_count"] = sum(map(len, kept.values()))
    fields["content_sha256"] = sha256(content).hexdigest()
    fields["signature"] = manifests.sign(manifest, settings.SECRET_KEY)
    return content + json.dumps(manifest, separators=(",", ":")).encode() + b"\n]\n"
