"""Every value of every column of the zoo is in the file, as it is in the database."""

import json
import math
import random
import struct
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import ForeignKey, GeneratedField

from backups_app.engine.databases.base import BATCH_RECORDS
from backups_app.engine.dump import Scope, dump
from backups_app.engine.errors import Cancelled
from backups_app.engine.progress import Stage, Watch
from tests.engine import reading
from tests.engine.comparing import differences, keys_of_file
from tests.engine.databases import without_constraints
from tests.engine.files import dump_file, witnessed_dump
from tests.zoo import models as zoo
from tests.zoo.samples import fill
from tests.zoo.samples.literals import MOMENTS, ORDINARY_NUMBERS, REALS, TEXTS
from tests.zoo.samples.writing import insert

# --- Values ------------------------------------------------------------------------------------------------------


def test_every_value_in_the_file_is_the_raw_value_of_the_column(dumped):
    found = differences(dumped.alias, dumped.by_model, dumped.raw)
    assert not found, "\n".join(found[:40])


@pytest.mark.parametrize(
    ("label", "name", "change"),
    [
        ("zoo.times", "moment", lambda value: str(value).replace("123456", "123457")),
        ("zoo.texts", "char_null", lambda value: "" if value is None else value),
        ("zoo.numbers", "real", lambda value: math.nextafter(value, 1) if value == 0.1 else value),
        ("zoo.book_labels", "label", lambda value: value + 1),
        ("zoo.json", "value", lambda value: {"$raw": ["json", "null"]} if value == {} else value),
    ],
)
def test_the_comparison_notices_one_changed_value(dumped, label, name, change):
    """Else the test above would prove nothing."""
    records = json.loads(json.dumps(dumped.by_model[label]))
    fields = next(record["fields"] for record in records if change(record["fields"][name]) != record["fields"][name])
    fields[name] = change(fields[name])
    (found,) = differences(dumped.alias, {label: reading.strict(json.dumps(records))}, dumped.raw)
    assert found.startswith(f"{label} ")


def test_samples_stand_in_the_file_as_they_were_written(dumped):
    """By the samples' own values, asking no database."""
    texts = {record["fields"]["text"] for record in dumped.by_model["zoo.texts"] if _is_text(record["fields"]["text"])}
    assert texts >= set(TEXTS)
    reals = {repr(float(record["fields"]["real"])) for record in dumped.by_model["zoo.numbers"] if _is_number(record)}
    assert reals >= {repr(real) for real in REALS} - {"-0.0"}  # which SQLite does not keep, and PostgreSQL has wrapped
    moments = {
        record["fields"]["moment"].replace("+00:00", "Z")
        for record in dumped.by_model["zoo.times"]
        if _is_text(record["fields"]["moment"])
    }
    assert moments >= {moment.isoformat().replace("+00:00", "Z") for moment in MOMENTS}


def _is_text(value):
    return isinstance(value, str)


def _is_number(record):
    return isinstance(record["fields"]["real"], int | float)


def test_any_values_come_back(database):
    """Several batches of what nobody thought of, other values in each run; the seed is the one that pytest prints."""
    with transaction.atomic(using=database):
        for _ in range(BATCH_RECORDS + 100):
            _insert_any_values(database)
    file = witnessed_dump(database)
    found = differences(database, file.by_model, file.raw)
    assert not found, "\n".join(found[:20])


def _insert_any_values(database):
    is_postgresql = database == "postgresql"
    text = _any_text if is_postgresql else lambda: _any_text() + random.choice(["", "\0"])
    microseconds = random.randrange(-(10 ** random.randrange(1, 17)), 10 ** random.randrange(1, 17))
    insert(database, zoo.ConcreteChild, {"title": text(), "body": random.choice([None, text()])})
    insert(database, zoo.Json, {"value": json.dumps(_any_json(depth=0)), "tagged": "{}"})
    insert(database, zoo.Numbers, {**ORDINARY_NUMBERS, "real": _any_real()})
    insert(
        database,
        zoo.Times,
        {
            "date": str(_any_moment().date()),
            "moment": f"{_any_moment()}+00" if is_postgresql else str(_any_moment()),
            "time": str(_any_moment().time()),
            "duration": f"{microseconds} microseconds" if is_postgresql else microseconds,
        },
    )
    insert(
        database,
        zoo.Decimals,
        {
            "price": f"{random.randrange(-(10**11), 10**11) / 100:.2f}",
            "whole": str(random.randrange(10**20)),
            "fraction": f"0.{random.randrange(10**30):030}",
            "widest": f"{random.randrange(10**35)}.{random.randrange(10**30):030}",
        },
    )


def _any_text():
    return "".join(random.choices("\\\"'\n\r\t\v\b\fNntvab,{}[]:$/\x01\x1f\x7f\u2028é日🦓 ", k=random.randrange(8)))


def _any_json(depth):
    match random.randrange(5 if depth > 3 else 9):
        case 0:
            return _any_text()
        case 1:
            return random.randrange(-(10**20), 10**20)
        case 2:
            return random.uniform(-1, 1) * 10.0 ** random.randrange(-20, 20)
        case 3:
            return None
        case 4:
            return random.random() < 0.5
        case 5 | 6:
            return [_any_json(depth + 1) for _ in range(random.randrange(4))]
        case _:
            return {_any_text(): _any_json(depth + 1) for _ in range(random.randrange(4))}


def _any_moment():
    return datetime.fromisoformat("0001-01-02") + timedelta(microseconds=random.randrange(9998 * 365 * 86_400 * 10**6))


def _any_real():
    (found,) = struct.unpack("d", random.randbytes(8))
    return found if math.isfinite(found) else random.random()


def test_without_time_zones_postgresql_tells_the_two_hours_of_autumn_apart(postgresql, settings):
    for moment in ("2026-10-25 00:30:00.000001+00", "2026-10-25 01:30:00+00", "1880-01-01 00:00:00+00"):
        insert(postgresql, zoo.KeyMoment, {"at": moment, "name": moment})
    settings.TIME_ZONE = "Europe/Berlin"
    settings.USE_TZ = False
    assert [record["pk"] for record in dump_file(postgresql).by_model["zoo.keymoment"]] == [
        "1880-01-01T00:53:28+00:53:28",
        "2026-10-25T02:30:00.000001+02:00",
        "2026-10-25T02:30:00+01:00",
    ]


def test_rows_and_links_that_a_manager_hides_are_in_the_file(dumped):
    assert {record["fields"]["name"] for record in dumped.by_model["zoo.hidden"]} == {"shown", "gone"}
    assert len(dumped.by_model["zoo.hiddenfan_all_of_them"]) == 4


def test_generated_columns_are_not_in_the_file(dumped):
    names = {
        (model._meta.label_lower, field.name)
        for model in dumped.models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, GeneratedField)
    }
    assert names
    assert not [name for label, name in names for record in dumped.by_model[label] if name in record["fields"]]


def test_a_composite_key_is_the_text_of_a_list_and_its_columns_stand_among_the_fields(dumped):
    for record in dumped.by_model["zoo.member"]:
        assert record["pk"] == json.dumps([record["fields"]["tenant"], record["fields"]["id"]], separators=(",", ":"))


def test_references_to_content_types_and_permissions_are_natural_keys(dumped):
    about = {record["fields"]["text"]: record["fields"]["content_type"] for record in dumped.by_model["zoo.note"]}
    assert about["about an author"] == ["zoo", "author"]
    assert about["about a model that has gone"] == ["gone", "dodo"]
    opens = {record["fields"]["name"]: record["fields"]["opens_with"] for record in dumped.by_model["zoo.gate"]}
    assert opens == {"Main": ["view_author", "zoo", "author"], "Cage": ["fly", "gone", "dodo"], "Open": None}
    groups = [record["fields"]["permission"] for record in dumped.by_model["auth.group_permissions"]]
    assert ["fly", "gone", "dodo"] in groups
    assert ["fly", "gone", "dodo"] in [record["pk"] for record in dumped.by_model["zoo.groupie"]]


def test_a_reference_to_a_permission_that_is_not_there_stays_as_it_is(database):
    """With constraints off it may dangle; the backup is made all the same."""
    through = Group.permissions.through
    with without_constraints(database):
        group = Group.objects.using(database).create(name="Keepers")
        through(group=group, permission_id=987_654).save(using=database)
    file = dump_file(database)
    through.objects.using(database).all().delete()
    assert [record["fields"]["permission"] for record in file.by_model["auth.group_permissions"]] == [987_654]


# --- Tables ------------------------------------------------------------------------------------------------------


def test_every_table_is_in_the_file_or_named_as_left_out(dumped):
    inside = {model._meta.db_table for model in dumped.models()}
    left_out = {apps.get_model(entry["model"])._meta.db_table for entry in dumped.manifest["left_out"]}
    assert set(dumped.raw) - inside - left_out == {"django_migrations"}


def test_left_out_tables_are_named_with_the_reason(dumped):
    reasons = {entry["model"]: entry["reason"] for entry in dumped.manifest["left_out"]}
    assert reasons["zoo.view"] == "a view, not a table"
    assert reasons["zoo.missing"] == "its table is missing"
    assert reasons["contenttypes.contenttype"] == reasons["auth.permission"] == "excluded"
    assert reasons["admin.logentry"] == reasons["sessions.session"] == "excluded"
    assert reasons["backups_app.backup"] == reasons["backups_app.manifest"] == "excluded"
    assert reasons["django_celery_results.taskresult"] == "excluded"
    if dumped.alias == "postgresql":
        assert reasons["zoo_postgres.materializedview"] == "a view, not a table"
    else:
        assert reasons["zoo_postgres.serial"] == "kept in another database"


def test_unmanaged_tables_are_data(dumped):
    assert {record["pk"] for record in dumped.by_model["zoo.legacy"]} == {"L-1", "l 2", "ł-3"}


def test_the_manifest_counts_the_records_of_each_table(dumped):
    counted = {model._meta.label_lower: len(dumped.raw[model._meta.db_table]) for model in dumped.models()}
    assert {entry["model"]: entry["records"] for entry in dumped.manifest["tables"]} == counted
    assert dumped.manifest["record_count"] == dumped.result.record_count == sum(counted.values())
    assert Counter(record["model"] for record in dumped.records) == +Counter(counted)


def test_the_next_id_of_every_table_is_in_the_manifest(dumped):
    said = {entry["model"]: entry["next_id"] for entry in dumped.manifest["tables"]}
    expected = {model._meta.label_lower: dumped.next_ids.get(model._meta.db_table) for model in dumped.models()}
    assert said == expected


def test_an_id_that_was_given_out_and_deleted_counts_for_the_next_id(dumped):
    (just_key,) = [entry for entry in dumped.manifest["tables"] if entry["model"] == "zoo.justkey"]
    assert just_key["next_id"] == max(record["pk"] for record in dumped.by_model["zoo.justkey"]) + 5


def test_wrapped_values_are_counted_where_they_are(dumped):
    found = Counter()
    for record in dumped.records:
        values = {apps.get_model(record["model"])._meta.pk.name: record["pk"], **record["fields"]}
        found.update((record["model"], name) for name, value in values.items() if reading.is_wrapped(value))
    told = {
        (entry["model"], entry["field"]): entry["count"]
        for entry in dumped.manifest["findings"]
        if entry["kind"] == "wrapped"
    }
    keys = {
        (label, apps.get_model(label)._meta.pk.name if name == "pk" else name): n for (label, name), n in found.items()
    }
    assert told == keys
    assert dumped.manifest["wrapped_count"] == found.total()
    assert dumped.result.needs_restore


def test_plain_values_that_loaddata_changes_are_named(dumped):
    told = {
        (entry["model"], entry["field"]): entry["count"]
        for entry in dumped.manifest["findings"]
        if entry["kind"] == "changed-by-loaddata"
    }
    nulls = sum(record["fields"]["file_null"] is None for record in dumped.by_model["zoo.texts"])
    assert told == {
        ("zoo.texts", "file_null"): nulls,
        ("zoo.answer", "_order"): len(dumped.by_model["zoo.answer"]),
        ("zoo.groupie", "permission"): len(dumped.by_model["zoo.groupie"]),
    }


# --- The file ----------------------------------------------------------------------------------------------------


def test_the_file_is_strict_json_in_utf_8_without_a_bom(dumped):
    text = dumped.data.decode("utf-8", "strict")
    assert not text.startswith("\ufeff")
    everything = json.loads(text, parse_constant=reading.refuse, object_pairs_hook=_without_duplicates)
    assert len(everything) == len(dumped.records) + 1
    assert everything[-1]["model"] == "backups_app.manifest"


def _without_duplicates(pairs):
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def test_every_line_is_one_record(dumped):
    for line in dumped.lines:
        assert list(reading.strict(line)) == ["model", "pk", "fields"]


def test_text_is_not_escaped_to_ascii(dumped):
    assert "日本語".encode() in dumped.data


def test_fields_stand_in_model_order(dumped):
    for model in dumped.models():
        names = [field.name for field in reading.columns_of(model) if field is not model._meta.pk]
        for record in dumped.by_model[model._meta.label_lower]:
            assert list(record["fields"]) == names


def test_records_stand_in_the_order_of_the_primary_key(dumped):
    """The order that the database itself gives to the key's columns."""
    for label, records in dumped.by_model.items():
        keys = keys_of_file(dumped.alias, label, records, dumped.raw)
        assert [tuple(cell.text for cell in key) for key in keys] == dumped.keys[label]


def test_models_stand_after_those_that_they_refer_to(dumped):
    place = {model: place for place, model in enumerate(dumped.models())}
    backwards = {
        (model._meta.label_lower, other._meta.label_lower)
        for model in place
        for field in model._meta.local_concrete_fields
        if isinstance(field, ForeignKey)
        and (other := field.remote_field.model._meta.concrete_model) in place
        and place[other] > place[model]
    }
    # One reference of each circle.
    assert len(backwards) == 3
    assert backwards <= {
        ("zoo.chicken", "zoo.egg"),
        ("zoo.egg", "zoo.chicken"),
        ("zoo.husband", "zoo.wife"),
        ("zoo.wife", "zoo.husband"),
        ("zoo.naturalloopa", "zoo.naturalloopb"),
        ("zoo.naturalloopb", "zoo.naturalloopa"),
    }


def test_models_of_a_file_stand_together(dumped):
    order = [record["model"] for record in dumped.records]
    assert [label for place, label in enumerate(order) if place == 0 or order[place - 1] != label] == [
        entry["model"] for entry in dumped.manifest["tables"] if entry["records"]
    ]


def test_the_same_data_gives_the_same_bytes_however_it_lies_in_the_database(database):
    labels = [zoo.Label(pk=number, text=f"Label {number}") for number in range(1, 200)]
    zoo.Label.objects.using(database).bulk_create(labels)
    first = dump_file(database)
    zoo.Label.objects.using(database).filter(pk__lt=100).delete()
    zoo.Label.objects.using(database).filter(pk__gte=150).update(text="moved")
    zoo.Label.objects.using(database).bulk_create(reversed(labels[:99]))
    for label in labels[149:]:
        label.save(using=database)
    second = dump_file(database)
    assert second.lines[:-1] == first.lines[:-1]
    assert second.lines[-1] != first.lines[-1]
    assert second.manifest["content_sha256"] == first.manifest["content_sha256"]


def test_both_drivers_of_mariadb_give_the_same_file(mariadb, child_environment, tmp_path):
    fill(mariadb)
    script = (
        "import django; django.setup()\n"
        "from backups_app.engine.dump import Scope, dump\n"
        "import MySQLdb, sys; assert MySQLdb.__name__ == 'pymysql', MySQLdb\n"
        "dump(open(sys.argv[1], 'wb'), scope=Scope(), kind='manual')\n"
    )
    environment = child_environment(mariadb, MYSQL_DRIVER="pymysql")
    subprocess.run([sys.executable, "-c", script, tmp_path / "file"], env=environment, timeout=60, check=True)
    by_pymysql = (tmp_path / "file").read_bytes().splitlines()
    assert by_pymysql[:-2] == dump_file(mariadb).data.splitlines()[:-2]


def test_a_table_of_several_batches_is_whole(database):
    """More records than a batch holds, and more bytes."""
    count = 2 * BATCH_RECORDS + 1
    zoo.Label.objects.using(database).bulk_create([zoo.Label(text=f"Label {n}") for n in range(count)])
    zoo.ConcreteChild.objects.using(database).bulk_create(
        [zoo.ConcreteChild(title=f"Child {n}", body=f"{n}" * 500_000) for n in range(9)]
    )
    file = dump_file(database)
    assert [record["fields"]["text"] for record in file.by_model["zoo.label"]] == [f"Label {n}" for n in range(count)]
    bodies = [record["fields"]["body"] for record in file.by_model["zoo.concretechild"]]
    assert bodies == [f"{n}" * 500_000 for n in range(9)]


# --- Which models ------------------------------------------------------------------------------------------------


def test_a_setting_leaves_out_more_models(database):
    zoo.Label.objects.using(database).create(text="out")
    zoo.Author.objects.using(database).create(name="in")
    file = dump_file(database, exclude=("zoo.label",))
    assert "zoo.label" not in file.by_model
    assert len(file.by_model["zoo.author"]) == 1
    assert {"model": "zoo.label", "reason": "excluded"} in file.manifest["left_out"]


def test_a_setting_brings_in_what_stays_out_by_default(database):
    file = witnessed_dump(database, include=("contenttypes", "auth.permission"))
    assert not differences(database, file.by_model, file.raw)
    assert len(file.by_model["auth.permission"]) == Permission.objects.using(database).count()
    assert len(file.by_model["contenttypes.contenttype"]) == ContentType.objects.using(database).count()
    assert file.manifest["natural_keys"] == {}


def test_references_are_ids_where_what_they_refer_to_is_in_the_file(database):
    author = ContentType.objects.db_manager(database).get_for_model(zoo.Author)
    zoo.Note.objects.using(database).create(content_type=author, object_id=1)
    assert dump_file(database).by_model["zoo.note"][0]["fields"]["content_type"] == ["zoo", "author"]
    file = dump_file(database, include=("contenttypes.contenttype",))
    assert file.by_model["zoo.note"][0]["fields"]["content_type"] == author.pk


# --- The way there -----------------------------------------------------------------------------------------------


def test_what_others_have_not_committed_is_not_in_the_file(database):
    with transaction.atomic(using=database):
        zoo.Label.objects.using(database).create(text="not yet")
        file = dump_file(database)
    assert file.by_model["zoo.label"] == []


def test_progress_is_told_up_to_the_last_record(database):
    count = BATCH_RECORDS + 1
    zoo.Label.objects.using(database).bulk_create([zoo.Label(text="x") for _ in range(count)])
    told = []
    result = dump(
        BytesIO(),
        scope=Scope(using=database),
        kind="manual",
        watch=Watch(report=lambda stage, done, total: told.append((stage, done, total))),
    )
    dumping = [(done, total) for stage, done, total in told if stage == Stage.DUMP]
    assert told[0][0] == Stage.CHECK
    assert dumping == sorted(dumping)
    assert dumping[-1] == (result.record_count, result.record_count)
    assert len({done for done, _ in dumping}) > 2


def test_cancelling_ends_the_dump_between_two_batches(database):
    zoo.Label.objects.using(database).bulk_create([zoo.Label(text="x") for _ in range(3 * BATCH_RECORDS)])
    stream = BytesIO()
    seen = []

    def is_cancelled():
        return bool(seen) and seen[-1] >= BATCH_RECORDS

    watch = Watch(report=lambda stage, done, total: seen.append(done), is_cancelled=is_cancelled)
    with pytest.raises(Cancelled):
        dump(stream, scope=Scope(using=database), kind="manual", watch=watch)
    assert BATCH_RECORDS <= seen[-1] < 3 * BATCH_RECORDS
    assert dump_file(database).result.record_count >= 3 * BATCH_RECORDS  # nothing is held that the next one needs
