"""The last record proves the file: whole, unchanged, and made here or not."""

import hashlib
import hmac
import json
import platform
import re
from datetime import UTC, datetime
from uuid import UUID

import django
import pytest
from django.conf import settings as project
from django.db import connections

from backups_app.engine import manifest
from tests.engine.files import dump_file

# --- What it says ------------------------------------------------------------------------------------------------


def _record(file):
    return json.loads(file.lines[-1])


def test_it_is_a_record_of_its_own_model(dumped):
    record = _record(dumped)
    assert list(record) == ["model", "pk", "fields"]
    assert record["model"] == "backups_app.manifest"
    assert UUID(record["pk"]).version == 4


def test_the_digest_of_each_model_is_that_of_its_lines(dumped):
    digests = {entry["model"]: hashlib.sha256() for entry in dumped.manifest["tables"]}
    for line in dumped.lines[:-1]:
        digests[json.loads(line)["model"]].update(line + b",\n")
    expected = {label: digest.hexdigest() for label, digest in digests.items()}
    assert {entry["model"]: entry["sha256"] for entry in dumped.manifest["tables"]} == expected


def test_the_digest_of_the_content_is_that_of_every_byte_before_the_manifest(dumped):
    content = dumped.data[: dumped.data.rindex(dumped.lines[-1])]
    assert dumped.manifest["content_sha256"] == hashlib.sha256(content).hexdigest()


def test_the_digest_and_size_of_the_file_are_those_of_all_its_bytes(dumped):
    assert dumped.result.sha256 == hashlib.sha256(dumped.data).hexdigest()
    assert dumped.result.size_bytes == len(dumped.data)
    assert dumped.result.manifest == dumped.manifest


def test_it_says_what_made_the_file(dumped):
    assert dumped.manifest["format_version"] == 1
    assert dumped.manifest["kind"] == "manual"
    assert dumped.manifest["application"] == {
        "version": getattr(project, "VERSION", ""),
        "django": django.get_version(),
        "python": platform.python_version(),
    }
    assert dumped.manifest["database"]["vendor"] == connections[dumped.alias].vendor
    assert re.match(r"\d+\.\d+", dumped.manifest["database"]["version"])


def test_it_says_when_the_snapshot_was_taken(database):
    before = datetime.now(UTC)
    said = dump_file(database).manifest["created_at"]
    assert said.endswith("Z")
    assert before <= datetime.fromisoformat(said) <= datetime.now(UTC)


def test_it_names_the_last_migration_of_each_app(dumped):
    applied = dumped.raw["django_migrations"].records()
    names = {
        app: max(row["name"].text for row in applied if row["app"].text == app) for app in ("zoo", "auth", "eclick")
    }
    assert {app: dumped.manifest["migrations"][app] for app in names} == {app: [name] for app, name in names.items()}
    assert set(dumped.manifest["migrations"]) == {row["app"].text for row in applied}


def test_migrations_are_those_that_were_applied_and_not_those_that_exist():
    assert manifest.migration_leaves({("zoo", "0001_initial")}) == {"zoo": ["0001_initial"]}
    assert manifest.migration_leaves({("zoo", "0001_initial"), ("gone", "0007_unknown")}) == {
        "gone": ["0007_unknown"],
        "zoo": ["0001_initial"],
    }


def test_it_lists_every_content_type_and_permission_by_natural_key(dumped):
    types = {row["id"].text: [row["app_label"].text, row["model"].text] for row in _rows(dumped, "django_content_type")}
    permissions = [
        [row["codename"].text, *types[row["content_type_id"].text]] for row in _rows(dumped, "auth_permission")
    ]
    assert dumped.manifest["natural_keys"] == {
        "contenttypes.contenttype": sorted(types.values()),
        "auth.permission": sorted(permissions),
    }


def _rows(dumped, table):
    return dumped.raw[table].records()


# --- What it proves ----------------------------------------------------------------------------------------------


def test_the_signature_is_an_hmac_that_others_can_compute(dumped):
    """By the formula in the documentation of the file's format, without Django."""
    record = _record(dumped)
    signature = record["fields"].pop("signature")
    text = json.dumps([record["pk"], record["fields"]], sort_keys=True, separators=(",", ":"))
    key = hashlib.sha256(b"backups_app.manifest" + project.SECRET_KEY.encode()).digest()
    assert hmac.new(key, text.encode(), "sha256").hexdigest() == signature


def test_a_file_of_this_installation_is_known(dumped):
    assert manifest.is_signed_here(_record(dumped)) is True


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.update(pk="00000000-0000-4000-8000-000000000000"),
        lambda record: record["fields"].update(kind="automatic"),
        lambda record: record["fields"].update(record_count=record["fields"]["record_count"] + 1),
        lambda record: record["fields"].update(content_sha256="0" * 64),
        lambda record: record["fields"]["tables"][3].update(next_id=1),
        lambda record: record["fields"]["left_out"].pop(),
        lambda record: record["fields"].update(more="of it"),
        lambda record: record["fields"].pop("findings"),
        lambda record: record["fields"].update(signature=""),
        lambda record: record["fields"].update(signature="0" * 64),
        lambda record: record["fields"].update(signature=None),
        lambda record: record["fields"].pop("signature"),
    ],
)
def test_any_change_of_it_is_noticed(dumped, change):
    record = _record(dumped)
    change(record)
    assert manifest.is_signed_here(record) is False


def test_a_changed_byte_of_the_content_is_noticed(dumped):
    content = bytearray(dumped.data[: dumped.data.rindex(dumped.lines[-1])])
    content[len(content) // 2] ^= 1
    assert hashlib.sha256(content).hexdigest() != dumped.manifest["content_sha256"]


def test_a_file_signed_with_a_former_key_is_known(dumped, settings):
    settings.SECRET_KEY_FALLBACKS = ["another", settings.SECRET_KEY]
    settings.SECRET_KEY = "the new key"
    assert manifest.is_signed_here(_record(dumped)) is True


def test_a_change_of_a_file_signed_with_a_former_key_is_noticed(dumped, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the new key"
    record = _record(dumped)
    record["fields"]["kind"] = "automatic"
    assert manifest.is_signed_here(record) is False


def test_a_file_signed_with_a_key_that_is_not_here_is_neither(dumped, settings):
    settings.SECRET_KEY = "the key of another installation"
    assert manifest.is_signed_here(_record(dumped)) is None


def test_a_file_that_names_no_key_is_neither(dumped):
    record = _record(dumped)
    del record["fields"]["key_id"]
    assert manifest.is_signed_here(record) is None


def test_keys_are_named_without_being_told(dumped):
    assert re.fullmatch(r"[0-9a-f]{16}", dumped.manifest["key_id"])
    assert dumped.manifest["key_id"] != manifest.key_id("another")
    assert project.SECRET_KEY.encode() not in dumped.data
