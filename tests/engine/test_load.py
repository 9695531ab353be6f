"""After a load the database is what it was at the backup, value by value, whatever happened since."""

import json
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO, StringIO

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections
from django.db.models import PROTECT

from backups_app.engine import manifest as manifests
from backups_app.engine.databases import restore_postgresql, restore_sqlite
from backups_app.engine.dump import Scope
from backups_app.engine.errors import Cancelled, LoadRefused
from backups_app.engine.load import Loaded, load, look_ahead
from backups_app.engine.progress import Stage, Watch
from tests.engine import oracle
from tests.engine.restoring import (
    change_everything,
    check_bytes,
    dump_bytes,
    execute,
    restore_bytes,
    tables_of,
    without_keys,
)
from tests.engine.schema import schema_of
from tests.zoo.models import Author, Book, Chicken, Egg, Hidden, Label, Landmark, Times, Watched

MANIFEST = "backups_app_manifest"


def read(alias):
    """Every table but the one that tells where the data came from."""
    found = oracle.read(alias)
    found.pop(MANIFEST)
    return found


@pytest.fixture(params=["small", "large"])
def size(request, monkeypatch):
    """Tables are loaded in another way from some size on."""
    if request.param == "large":
        monkeypatch.setattr(restore_postgresql, "MANY_RECORDS", 1)
        monkeypatch.setattr(restore_sqlite, "MANY_RECORDS", 1)
    return request.param


def test_the_zoo_comes_back_exactly(zoo, size):
    data, dumped = dump_bytes(zoo)
    before, schema, next_ids = read(zoo), schema_of(zoo), oracle.next_ids(zoo)
    change_everything(zoo, tables_of(dumped))
    loaded = restore_bytes(zoo, data)
    assert loaded.proven
    assert loaded.record_count == dumped.record_count
    assert oracle.differences(before, read(zoo)) == []
    assert schema_of(zoo) == schema
    assert oracle.next_ids(zoo) == next_ids
    assert oracle.count(zoo)[MANIFEST] == 1


def test_rows_that_are_new_since_are_gone_and_changed_ones_are_as_they_were(zoo):
    data, _ = dump_bytes(zoo)
    before = read(zoo)
    new = Author.objects.using(zoo).create(name="new since", code="new")
    Book._base_manager.using(zoo).update(author=new, title="changed")
    Times._base_manager.using(zoo).update(date_null=None)
    Watched.objects.using(zoo).create(name="adds echoes")
    restore_bytes(zoo, data)
    assert oracle.differences(before, read(zoo)) == []


def test_no_receiver_hears_of_it(zoo):
    data, _ = dump_bytes(zoo)
    echoes = oracle.read_table(zoo, "zoo_echo")
    restore_bytes(zoo, data)
    assert oracle.read_table(zoo, "zoo_echo") == echoes
    assert Landmark._base_manager.using(zoo).get(pk=1).name == "moved since"


def test_ids_given_out_since_are_not_given_out_again(database):
    data, _ = dump_bytes(database)
    last = [Label.objects.using(database).create(text=str(n)).pk for n in range(3)][-1]
    restore_bytes(database, data)
    assert Label.objects.using(database).create(text="next").pk == last + 1


def test_ids_of_rows_deleted_before_the_backup_are_not_given_out_again_elsewhere(database):
    """As after a move to a new machine, where every counter begins anew."""
    rows = [Label.objects.using(database).create(text=str(n)) for n in range(5)]
    for row in rows[1:]:
        row.delete()
    expected = oracle.next_ids(database)["zoo_label"]
    data, _ = dump_bytes(database)
    begin_counting_anew(database, "zoo_label")
    restore_bytes(database, data)
    assert oracle.next_ids(database)["zoo_label"] == expected


def begin_counting_anew(alias, table):
    execute(alias, f"DELETE FROM {table}")
    match connections[alias].vendor:
        case "sqlite":
            execute(alias, "DELETE FROM sqlite_sequence WHERE name = %s", [table])
        case "postgresql":
            execute(alias, f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH 1")
        case "mysql":
            execute(alias, f"ALTER TABLE {table} AUTO_INCREMENT = 1")
    assert oracle.next_ids(alias)[table] == 1


def test_permissions_and_content_types_land_right_where_their_ids_differ(zoo):
    data, _ = dump_bytes(zoo)
    moved = {"django_content_type", "auth_permission"}
    before = named_links(zoo)
    assert before
    with without_keys(zoo):
        for table in ("zoo_gate_opens", "auth_group_permissions"):
            if table in oracle.count(zoo):
                execute(zoo, f"DELETE FROM {table}")
        execute(zoo, "UPDATE auth_permission SET id = id + 10000, content_type_id = content_type_id + 10000")
        execute(zoo, "UPDATE django_content_type SET id = id + 10000")
    connections[zoo].close()
    ContentType.objects.clear_cache()
    restore_bytes(zoo, data)
    assert named_links(zoo) == before
    assert moved


def named_links(alias):
    """(gate, permission by name) of everything that refers to a permission."""
    from tests.zoo.models import Gate, Note

    ContentType.objects.clear_cache()
    links = [
        (gate.name, gate.opens_with and gate.opens_with.codename, sorted(p.codename for p in gate.any_of.all()))
        for gate in Gate._base_manager.using(alias).select_related("opens_with")
    ]
    notes = [(note.text, note.content_type.model) for note in Note._base_manager.using(alias)]
    return sorted(map(str, [*links, *notes]))


def test_missing_permissions_and_content_types_are_made_and_reported(zoo):
    data, _ = dump_bytes(zoo)
    before = named_links(zoo)
    with without_keys(zoo):
        execute(zoo, "DELETE FROM auth_permission WHERE codename = 'fly'")
        execute(zoo, "DELETE FROM django_content_type WHERE app_label = 'gone'")
    connections[zoo].close()
    loaded = restore_bytes(zoo, data)
    assert [finding.where for finding in loaded.remarks if finding.kind == "made"] == [
        "contenttypes.contenttype gone.dodo",
        "auth.permission fly.gone.dodo",
    ]
    assert named_links(zoo) == before
    assert Permission.objects.using(zoo).get(codename="fly").name == "fly"


def test_tables_that_stay_keep_their_rows_and_follow_on_delete(database):
    user = get_user_model().objects.db_manager(database)
    old, data = user.create_user("old"), b""
    data, _ = dump_bytes(database)
    new = user.create_user("new")
    kind = ContentType.objects.db_manager(database).get_for_model(Label)
    for person in (old, new):
        LogEntry.objects.using(database).create(
            user=person, content_type=kind, object_repr=person.username, action_flag=1
        )
    loaded = restore_bytes(database, data)
    assert [entry.object_repr for entry in LogEntry.objects.using(database)] == ["old"]
    assert [finding.where for finding in loaded.remarks if finding.kind == "followed"] == ["admin.logentry.user"]


def test_chickens_and_eggs_that_need_each_other_come_back(zoo, size):
    data, _ = dump_bytes(zoo)
    with without_keys(zoo):
        execute(zoo, "DELETE FROM zoo_chicken")
    restore_bytes(zoo, data)
    assert {egg.laid_by.pk for egg in Egg.objects.using(zoo)} <= {c.pk for c in Chicken.objects.using(zoo)}


# --- Before or after, never between --------------------------------------------------------------------------------


class Trouble(Exception):
    pass


def raise_trouble(*args):
    raise Trouble


def refuse(execute, loaded):
    raise Trouble


def fails(alias, data, error: type[BaseException], **options):
    """The load fails with `error`, and nothing was changed."""
    before, schema, next_ids = oracle.read(alias), schema_of(alias), oracle.next_ids(alias)
    with pytest.raises(error) as caught:
        restore_bytes(alias, data, **options)
    assert oracle.differences(before, oracle.read(alias)) == []
    assert schema_of(alias) == schema
    assert oracle.next_ids(alias) == next_ids
    return caught.value


@pytest.fixture
def changed(zoo):
    """(alias, backup): the database is not as it was at the backup."""
    data, _ = dump_bytes(zoo)
    Author._base_manager.using(zoo).update(name="changed since")
    return zoo, data


def test_an_exception_of_the_safety_backup_changes_nothing(changed):
    fails(*changed, Trouble, under_lock=raise_trouble)


def test_a_refusing_fence_changes_nothing(changed, size):
    fails(*changed, Trouble, fence=refuse)


def test_the_fence_runs_statements_in_the_transaction(changed):
    alias, data = changed
    counts = []

    def fence(execute: Callable, loaded: Loaded) -> None:
        counts.append(execute("UPDATE zoo_author SET name = %s WHERE code = %s", ("100% %s", "zero")))
        counts.append(execute("UPDATE zoo_author SET name = %s WHERE code = %s", ("x", "nobody")))

    restore_bytes(alias, data, fence=fence)
    assert counts == [1, 0]
    assert Author.objects.using(alias).get(code="zero").name == "100% %s"


@pytest.mark.parametrize("stage", [Stage.CLEAR, Stage.LOAD, Stage.KEYS_AND_INDEXES, Stage.PROVE, Stage.COMMIT])
def test_a_cancel_at_any_stage_changes_nothing(changed, stage, size):
    reached = []
    watch = Watch(report=lambda at, *_: reached.append(at), is_cancelled=lambda: reached[-1:] == [stage])
    fails(*changed, Cancelled, watch=watch)


def test_a_row_that_breaks_a_constraint_is_refused_and_its_model_named(database, size):
    for name in ("one", "two"):
        Author.objects.using(database).create(name="the same", code=name)
    data, _ = dump_bytes(database)
    Author.objects.using(database).filter(code="two").delete()
    execute(database, "CREATE UNIQUE INDEX zoo_author_name_once ON zoo_author (name)")
    try:
        error = fails(database, data, LoadRefused)
    finally:
        on = " ON zoo_author" if connections[database].vendor == "mysql" else ""
        execute(database, f"DROP INDEX zoo_author_name_once{on}")
    assert "zoo_author" in str(error) or "zoo.author" in str(error)


# --- Files that are not what they were --------------------------------------------------------------------------------


def test_a_changed_file_is_refused_whatever_the_caller_says(database):
    Label.objects.using(database).create(text="before")
    data, _ = dump_bytes(database)
    broken = data.replace(b'"before"', b'"BEFORE"')
    checked = check_bytes(database, broken)
    assert checked.provenance == "changed"
    with pytest.raises(LoadRefused):
        load(lambda: BytesIO(broken), checked=checked, scope=Scope(using=database))


def test_a_file_that_changes_between_check_and_load_is_refused(database):
    Label.objects.using(database).create(text="before")
    data, _ = dump_bytes(database)
    checked = check_bytes(database, data)
    before = oracle.read(database)
    with pytest.raises(LoadRefused):
        load(lambda: BytesIO(data.replace(b'"before"', b'"BEFORE"')), checked=checked, scope=Scope(using=database))
    assert oracle.differences(before, oracle.read(database)) == []


def test_every_model_of_the_zoo_was_in_it(zoo):
    _, dumped = dump_bytes(zoo)
    assert len(dumped.manifest["tables"]) > 90
    assert all(apps.get_model(entry["model"]) for entry in dumped.manifest["tables"])


def test_a_field_that_came_since_gets_its_default_and_one_that_went_is_left_out_when_told_so(database):
    """A file of an older project, and of one that had a field more."""
    Hidden._base_manager.using(database).create(name="row", deleted=True)
    data, _ = dump_bytes(database)
    old = b'"fields":{"name":"row","deleted":true}'
    assert old in data
    other = signed_anew(data.replace(old, b'"fields":{"name":"row","gone":5}'))
    checked = check_bytes(database, other)
    assert [finding.kind for finding in checked.refusals] == ["unknown-field"]
    loaded = load(lambda: BytesIO(other), checked=checked, scope=Scope(using=database))
    assert loaded.proven
    (row,) = oracle.read_table(database, "zoo_hidden").records()
    assert (row["name"].text, row["deleted"].text) == ("row", "false" if database == "postgresql" else "0")


def signed_anew(data):
    """As an installation with such models would have written it."""
    *lines, last = data[2:-3].split(b",\n")
    manifest = json.loads(last)
    for entry in manifest["fields"]["tables"]:
        own = [line + b",\n" for line in lines if line.startswith(b'{"model":"%s"' % entry["model"].encode())]
        entry["sha256"] = sha256(b"".join(own)).hexdigest()
    content = b"[\n" + b"".join(line + b",\n" for line in lines)
    manifest["fields"]["content_sha256"] = sha256(content).hexdigest()
    manifest["fields"]["signature"] = manifests.sign(manifest, settings.SECRET_KEY)
    return content + json.dumps(manifest, separators=(",", ":")).encode() + b"\n]\n"


# --- What stays and refers to what goes -------------------------------------------------------------------------------


def test_in_a_file_of_somebody_else_a_reference_to_another_one_of_that_id_is_not_kept(database):
    users = get_user_model().objects.db_manager(database)
    same, other = users.create_user("same"), users.create_user("other")
    for person in (same, other, other):
        LogEntry.objects.using(database).create(user=person, object_repr=person.username, action_flag=1)
    data = call_dumpdata(database, "auth.user").replace(b'"other"', b'"stranger"')
    loaded = restore_bytes(database, data)
    assert set(users.values_list("username", flat=True)) == {"same", "stranger"}
    assert [entry.object_repr for entry in LogEntry.objects.using(database)] == ["same"]
    (finding,) = [finding for finding in loaded.remarks if finding.kind == "followed"]
    assert finding.where == "admin.logentry.user"
    assert finding.detail.startswith("2 references")


def test_in_our_own_file_the_id_decides_whatever_its_name_is_now(database):
    user = get_user_model().objects.db_manager(database).create_user("then")
    data, _ = dump_bytes(database)
    get_user_model().objects.using(database).update(username="now")
    LogEntry.objects.using(database).create(user=user, object_repr="entry", action_flag=1)
    restore_bytes(database, data)
    assert LogEntry.objects.using(database).get().user.username == "then"


def call_dumpdata(alias, *labels):
    out = StringIO()
    call_command("dumpdata", *labels, database=alias, stdout=out)
    return out.getvalue().encode()


def test_protected_rows_that_the_file_lacks_are_counted_before_anything_is_written(database):
    authors = [Author.objects.using(database).create(name=name, code=name) for name in "ab"]
    scope = Scope(using=database, exclude=("zoo.book", "zoo.book_labels"))
    for author in (*authors, authors[1]):
        Book.objects.using(database).create(title="stays", author=authors[0], by_code=author, seller=authors[0])
    whole, _ = dump_bytes(database, exclude=scope.exclude)
    Book.objects.using(database).update(by_code=authors[0])
    Author.objects.using(database).filter(code="b").delete()
    data, _ = dump_bytes(database, exclude=scope.exclude)
    b = Author.objects.using(database).create(name="b", code="b")
    for book in Book.objects.using(database)[:2]:
        Book.objects.using(database).filter(pk=book.pk).update(by_code=b)

    checked = check_bytes(database, data, exclude=scope.exclude)
    with pytest.raises(LoadRefused, match=r"2 rows of zoo\.book, which stays, refer by by_code .* PROTECT"):
        load(lambda: BytesIO(data), checked=checked, scope=scope, under_lock=raise_trouble)
    with pytest.raises(LoadRefused, match=r"2 rows of zoo\.book"):
        look_ahead(lambda: BytesIO(data), checked=checked, scope=scope)

    checked = check_bytes(database, whole, exclude=scope.exclude)
    look_ahead(lambda: BytesIO(whole), checked=checked, scope=scope)
    load(lambda: BytesIO(whole), checked=checked, scope=scope)
    assert Book.objects.using(database).count() == 3


def test_protected_rows_behind_rows_that_would_go_along_are_counted_before_anything_is_written(database, monkeypatch):
    """With an author who vanishes would go his books, and those of them that have a label are protected by it."""
    links = Book.labels.through
    monkeypatch.setattr(links._meta.get_field("book").remote_field, "on_delete", PROTECT)
    scope = Scope(using=database, exclude=("zoo.book", "zoo.book_labels"))
    there = Author.objects.using(database).create(name="a", code="a")
    label = Label.objects.using(database).create(text="protects")
    data, _ = dump_bytes(database, exclude=scope.exclude)
    gone = Author.objects.using(database).create(name="b", code="b")
    for author, labels in ((there, [label]), (gone, [label]), (gone, [label]), (gone, [])):
        book = Book.objects.using(database).create(title="stays", author=author, by_code=there, seller=there)
        book.labels.set(labels)

    checked = check_bytes(database, data, exclude=scope.exclude)
    words = r"2 rows of zoo\.book_labels, which stays, refer by book to rows that would go with others .* PROTECT"
    with pytest.raises(LoadRefused, match=words):
        load(lambda: BytesIO(data), checked=checked, scope=scope, under_lock=raise_trouble)
    with pytest.raises(LoadRefused, match=words):
        look_ahead(lambda: BytesIO(data), checked=checked, scope=scope)

    links.objects.using(database).filter(book__author=gone).delete()
    look_ahead(lambda: BytesIO(data), checked=checked, scope=scope)
    load(lambda: BytesIO(data), checked=checked, scope=scope)
    assert [book.author for book in Book.objects.using(database)] == [there]


@pytest.mark.parametrize("has_default", [True, False])
def test_a_reference_is_set_to_its_default_if_that_is_in_the_backup(database, has_default):
    scope = Scope(using=database, exclude=("zoo.book", "zoo.book_labels"))
    authors = Author.objects.using(database)
    for key in (1, 2) if has_default else (2,):
        authors.create(pk=key, name=str(key), code=str(key))
    data, _ = dump_bytes(database, exclude=scope.exclude)
    gone, there = authors.create(pk=3, name="3", code="3"), authors.get(pk=2)
    for title in ("one", "two"):
        Book.objects.using(database).create(title=title, author=there, by_code=there, seller=gone)
    checked = check_bytes(database, data, exclude=scope.exclude)
    if has_default:
        loaded = load(lambda: BytesIO(data), checked=checked, scope=scope)
        (finding,) = [finding for finding in loaded.remarks if finding.kind == "followed"]
        assert finding.detail == "2 references to rows that are not in the backup: set to 1."
        assert set(Book.objects.using(database).values_list("seller", flat=True)) == {1}
    else:
        with pytest.raises(LoadRefused, match=r"2 rows of zoo\.book, .* neither is 1, to which they would be set"):
            load(lambda: BytesIO(data), checked=checked, scope=scope)
        assert set(Book.objects.using(database).values_list("seller", flat=True)) == {3}
