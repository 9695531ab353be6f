"""What a file is, said without writing and without raising, whatever is in it."""

import json
from collections.abc import Iterator
from io import BytesIO

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections

from backups_app.engine.check import check
from backups_app.engine.dump import Scope
from backups_app.engine.errors import Cancelled
from backups_app.engine.guard import Limits
from backups_app.engine.progress import Watch
from tests.engine.restoring import check_bytes, dump_bytes, execute
from tests.routers import postgresql_has
from tests.zoo.models import Author, Label


@pytest.fixture
def file(db):
    for number in range(3):
        Label.objects.create(text=f"label {number}")
    get_user_model().objects.create_superuser("root")
    get_user_model().objects.create_superuser("retired", is_active=False)
    data, _ = dump_bytes("default")
    return data


@pytest.fixture
def db(transactional_db):
    """A dump reads on a connection of its own, so rows must be committed."""


def kinds_of(checked):
    return {finding.kind for finding in checked.refusals}


def test_our_own_file_is_ours_and_nothing_speaks_against_it(file):
    checked = check_bytes("default", file)
    assert (checked.provenance, checked.refusals) == ("ours", ())
    assert checked.record_count == checked.manifest["record_count"]
    assert dict(checked.models)["zoo.label"] == 3
    assert checked.superusers == ("root",)


def test_another_installations_file_is_from_elsewhere(file, settings):
    settings.SECRET_KEY = "another key that is long enough to be taken for one"
    checked = check_bytes("default", file)
    assert (checked.provenance, checked.refusals) == ("elsewhere", ())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"label 1", b"LABEL 1"),
        (b'"kind":"manual"', b'"kind":"safety"'),
        (b'{"model":"zoo.label","pk"', b'{"model":"zoo.label", "pk"'),
    ],
)
def test_a_changed_byte_makes_it_changed(file, old, new):
    assert old in file
    checked = check_bytes("default", file.replace(old, new, 1))
    assert checked.provenance == "changed"
    assert "changed" in kinds_of(checked)


def test_a_file_cut_off_anywhere_is_never_taken_for_a_whole_one(file):
    for length in range(0, len(file) - 2, max(1, len(file) // 60)):
        checked = check_bytes("default", file[:length])
        assert checked.refusals, length
        assert checked.provenance in ("changed", "unsigned")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "unreadable"),
        (b"no json at all", "unreadable"),
        (b'{"model": "zoo.label"}', "unreadable"),
        (b"[1, 2]", "unreadable"),
        (b'[{"model": "zoo.label", "pk": 1}]', "unreadable"),
        (b'[{"model": "no.such", "pk": 1, "fields": {}}]', "unknown-model"),
        (b'[{"model": "zoo.label", "pk": 1, "fields": {"text": "x", "more": 1}}]', "unknown-field"),
        (b'[{"model": "zoo.label", "pk": "one", "fields": {"text": "x"}}]', "bad-value"),
        (b'[{"model": "zoo.numbers", "pk": 1, "fields": {"integer": 1.5}}]', "bad-value"),
        (b"\xff\xfe[\x00]\x00", "unreadable"),
    ],
)
def test_what_is_wrong_with_a_foreign_file_is_data(db, data, kind):
    checked = check_bytes("default", data)
    assert checked.provenance == "unsigned"
    assert kind in kinds_of(checked)
    assert all(finding.where and finding.detail for finding in checked.refusals)


def test_an_empty_fixture_is_fine(db):
    checked = check_bytes("default", b"[]")
    assert (checked.provenance, checked.refusals, checked.record_count) == ("unsigned", (), 0)


def test_newer_migrations_are_named(file):
    (leaf,) = json.loads(file)[-1]["fields"]["migrations"]["eclick"]
    newer = file.replace(f'"{leaf}"'.encode(), b'"0099_not_here"')
    checked = check_bytes("default", newer)
    assert any(f.kind == "newer-migrations" and f.where == "eclick.0099_not_here" for f in checked.refusals)


def test_integers_of_any_size_stay_exact(db):
    number = 12345678901234567890123
    data = b'[\n{"model":"zoo.numbers","pk":1,"fields":{"integer":%d}}\n]\n' % number
    checked = check_bytes("default", data)
    assert any(str(number) in finding.detail for finding in checked.refusals)


def test_a_cancel_is_heard(file):
    from io import BytesIO

    with pytest.raises(Cancelled):
        check(lambda: BytesIO(file), scope=Scope(), watch=Watch(is_cancelled=lambda: True))


# --- Keys that a collation makes the same -----------------------------------------------------------------------------


def fixture_of(model: str, *keys: str) -> bytes:
    return json.dumps([{"model": model, "pk": key, "fields": {}} for key in keys]).encode()


def test_keys_that_are_the_same_to_mariadb_are_found_before_anything_is_written(mariadb: str) -> None:
    keys = ["straße", "a", "é", "b", "A", "e", "c"]
    checked = check_bytes(mariadb, fixture_of("zoo.keytext", *keys))
    found = [(finding.kind, finding.where, finding.detail) for finding in checked.refusals]
    assert len(found) == 2
    assert {kind for kind, _, _ in found} == {"same-key"}
    assert any("a = A" in detail for _, _, detail in found)
    assert any("é = e" in detail for _, _, detail in found)


def test_unique_texts_that_are_the_same_to_mariadb_are_found(mariadb: str) -> None:
    people = [{"model": "auth.user", "pk": n, "fields": {"username": name}} for n, name in enumerate(("ada", "Ada"), 1)]
    checked = check_bytes(mariadb, json.dumps(people).encode())
    assert [(finding.kind, finding.where) for finding in checked.refusals] == [("same-key", "auth.user: username")]


TWIN = {"model": "zoo.naturaltwin", "pk": 1, "fields": {"name": "one", "number": 1}}
OTHER = {"model": "zoo.naturaltwin", "pk": 2, "fields": {"name": "two", "number": 1}}


@pytest.fixture
def unique_children(database: str) -> Iterator[str]:
    """Names of children of one twin may not be the same without regard to case."""
    connection = connections[database]
    name = "name"
    match connection.vendor:
        case "sqlite":
            name = "name COLLATE NOCASE"
        case "postgresql":
            execute(
                database,
                "CREATE COLLATION handmade (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            )
            execute(database, 'ALTER TABLE zoo_naturalchild ALTER name TYPE varchar(50) COLLATE "handmade"')
    execute(database, f"CREATE UNIQUE INDEX handmade_once ON zoo_naturalchild ({name}, twin_id)")
    yield database
    on = " ON zoo_naturalchild" if connection.vendor == "mysql" else ""
    execute(database, f"DROP INDEX handmade_once{on}")
    if connection.vendor == "postgresql":
        execute(database, 'ALTER TABLE zoo_naturalchild ALTER name TYPE varchar(50) COLLATE "default"')
        execute(database, "DROP COLLATION handmade")


@pytest.mark.parametrize("twin", [1, ["one"]])
def test_keys_with_references_that_a_collation_makes_the_same_are_found(unique_children: str, twin: object) -> None:
    children = [
        {"model": "zoo.naturalchild", "pk": number, "fields": {"twin": twin, "name": name}}
        for number, name in enumerate(("a", "b", "A"), 1)
    ]
    checked = check_bytes(unique_children, json.dumps([TWIN, *children]).encode())
    (refusal,) = checked.refusals
    assert (refusal.kind, refusal.where) == ("same-key", "zoo.naturalchild: name, twin")
    assert {"a", "A"} <= set(refusal.detail.replace(",", " ").split())


@pytest.mark.parametrize("keys", [(1, 2), (["one"], ["two"])])
def test_the_same_names_with_other_references_are_other_keys(unique_children: str, keys: tuple[object, ...]) -> None:
    children = [
        {"model": "zoo.naturalchild", "pk": number, "fields": {"twin": twin, "name": name}}
        for number, (twin, name) in enumerate(zip(keys, "aA", strict=True), 1)
    ]
    assert not check_bytes(unique_children, json.dumps([TWIN, OTHER, *children]).encode()).refusals


def test_unique_texts_that_are_the_same_to_citext_are_found(postgresql: str) -> None:
    if not postgresql_has("citext"):
        return
    words = [{"model": "zoo_postgres.caseless", "pk": n, "fields": {"word": word}} for n, word in enumerate("aAb", 1)]
    (refusal,) = check_bytes(postgresql, json.dumps(words).encode()).refusals
    assert (refusal.kind, refusal.where) == ("same-key", "zoo_postgres.caseless: word")


@pytest.mark.django_db(transaction=True, databases=["postgresql", "mariadb"])
@pytest.mark.skipif(not {"postgresql", "mariadb"} <= set(settings.DATABASES), reason="needs both servers")
def test_a_backup_of_postgresql_with_keys_that_are_the_same_to_mariadb_is_refused_there() -> None:
    for code in ("a", "A", "b"):
        Author.objects.using("postgresql").create(name=code, code=code)
    data, _ = dump_bytes("postgresql", exclude=("zoo_postgres",))
    found = [finding for finding in check_bytes("mariadb", data).refusals if finding.kind == "same-key"]
    assert [(finding.where, finding.detail[-6:]) for finding in found] == [("zoo.author: code", "a = A.")]


def test_other_databases_tell_these_keys_apart(database: str) -> None:
    checked = check_bytes(database, fixture_of("zoo.keytext", "a", "b", "c"))
    assert not checked.refusals


# --- From outside -----------------------------------------------------------------------------------------------------


def check_from_outside(data: bytes, **limits: int):
    return check(lambda: BytesIO(data), scope=Scope(), limits=Limits(**limits))


def labels(*texts: str) -> bytes:
    records = [{"model": "zoo.label", "pk": n, "fields": {"text": text}} for n, text in enumerate(texts, 1)]
    return json.dumps(records).encode()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"[" * 100_000, "too-much"),
        (b'[{"model":"zoo.label","pk":1,"fields":{"text":' + b"[" * 200 + b"]" * 200 + b"}}]", "too-much"),
        (b'[{"model":"zoo.label","pk":1,"fields":{"text":' + b"9" * 2_000_000 + b"}}]", "too-much"),
        (b'[{"model":"zoo.label","pk":1,"fields":{"text":"' + b"x" * 10_000_000 + b'"}}]', "too-much"),
        (b'[{"model":"zoo.label","pk":1,"fields":{"text":"' + b"\\\\" * 5_000_000 + b'"}}]', "too-much"),
        (b'[{"model":"zoo.label","pk":1,"fields":{"text":[' + b"[]," * 200_000 + b"0]}}]", "too-much"),
        (b"[\n" + b'{"model":"zoo.label","pk":1,"fields":{"text":"' + b"x" * 10_000_000, "too-much"),
        (b'[{"model":"zoo.label","pk":1,"fields":{"text":"a","text":"b"}}]', "unreadable"),
        (b'[{"model":"zoo.label","pk":1,"fields":{"text":"a"}}] []', "unreadable"),
        (b'[{"model":"zoo.label","pk":1,"fields":{"text":1e999}}]', "unreadable"),
        (b'[{"model":"zoo.label","pk":1,"fields":{"text":NaN}}]', "unreadable"),
        (b"\xef\xbb\xbf[]", "unreadable"),
        (labels("a", "b").replace(b'"pk": 2', b'"pk": 1'), "duplicate-key"),
        (b'[{"model":"backups_app.backup","pk":1,"fields":{}}]', "nothing-inside"),
        (b"[]", "nothing-inside"),
    ],
)
def test_what_comes_from_outside_is_held_to_limits(db, data, kind):
    assert kind in kinds_of(check_from_outside(data))


def test_a_million_models_are_not_counted_to_the_end(db):
    data = json.dumps([{"model": f"a.m{n}", "pk": 1, "fields": {}} for n in range(5000)]).encode()
    checked = check_from_outside(data)
    assert "too-much" in kinds_of(checked)
    assert len(checked.models) == 2000


def test_references_that_lead_nowhere_are_told(db):
    records = [
        {"model": "auth.user", "pk": 1, "fields": {"username": "a", "password": "x"}},
        {"model": "auth.user_groups", "pk": 1, "fields": {"user": 1, "group": 7}},
        {"model": "auth.user_groups", "pk": 2, "fields": {"user": 5, "group": 7}},
    ]
    checked = check_from_outside(json.dumps(records).encode())
    assert [(f.kind, f.where) for f in checked.remarks if f.kind == "dangling"] == [
        ("dangling", "auth.user_groups.user")
    ]


def test_our_own_file_is_not_held_to_them(file):
    assert check_from_outside(file, record_bytes=10, record_values=1, depth=1).provenance == "ours"
    assert not check_from_outside(file, record_bytes=10, record_values=1, depth=1).refusals


def test_a_manifest_of_our_own_lends_nothing_to_other_records(file):
    changed = file.replace(b"label 1", b"label 1" + b"x" * 1_500_000, 1)
    assert "too-much" in kinds_of(check_from_outside(changed, record_bytes=1000))
