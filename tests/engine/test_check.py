"""What a file is, said without writing and without raising, whatever is in it."""

import json

import pytest
from django.contrib.auth import get_user_model

from backups_app.engine.check import check
from backups_app.engine.dump import Scope
from backups_app.engine.errors import Cancelled
from backups_app.engine.progress import Watch
from tests.engine.restoring import check_bytes, dump_bytes
from tests.zoo.models import Label


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


def test_other_databases_tell_these_keys_apart(database: str) -> None:
    checked = check_bytes(database, fixture_of("zoo.keytext", "a", "b", "c"))
    assert not checked.refusals
