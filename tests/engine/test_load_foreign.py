"""Fixtures that Django's own dumpdata makes, in any layout, are restored as well."""

from io import BytesIO, StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command

from backups_app.engine.compare import compare
from backups_app.engine.dump import Scope
from tests.engine import oracle
from tests.engine.restoring import check_bytes, execute, restore_bytes
from tests.zoo.models import Author, Book, Hidden, Label, NaturalChild, NaturalTwin, Note, Person


@pytest.fixture
def library(database):
    """Plain rows, as every project has them, which Django's own commands keep."""
    using = database
    authors = [Author.objects.using(using).create(name=name, code=name[:2]) for name in ("Ünïcode", "Plain")]
    labels = [Label.objects.using(using).create(text=text) for text in ("red", "", "'quoted'")]
    for number in range(5):
        book = Book(title=f"Book {number}", author=authors[0], by_code=authors[1], seller=authors[1])
        book.save(using=using)
        book.labels.set(labels[: number % 4])
    people = [Person.objects.using(using).create(name=name) for name in "abc"]
    people[0].friends.add(people[1])
    people[2].idols.add(people[0], people[2])
    kind = ContentType.objects.db_manager(using).get_for_model(Author)
    Note.objects.using(using).create(content_type=kind, object_id=authors[0].pk, text="about")
    twins = [NaturalTwin.objects.using(using).create(name=name, number=1) for name in ("one", "two")]
    for twin in twins:
        NaturalChild.objects.using(using).create(twin=twin, name=f"child of {twin.name}")
    group = Group.objects.using(using).create(name="Keepers")
    group.permissions.set(Permission.objects.using(using).filter(content_type=kind))
    return using


LABELS = [
    "zoo.author",
    "zoo.label",
    "zoo.book",
    "zoo.person",
    "zoo.note",
    "zoo.naturaltwin",
    "zoo.naturalchild",
    "auth.group",
]


def dumpdata(alias, *labels, **options):
    out = StringIO()
    call_command("dumpdata", *labels, database=alias, stdout=out, **options)
    return out.getvalue().encode()


def rows(alias):
    """What the labels say, apart from ids of tables between, which are nobody's names."""
    found = oracle.read(alias)
    kept = {name: table for name, table in found.items() if name.startswith(("zoo_", "auth_group"))}
    between = {"zoo_book_labels", "zoo_person_friends", "zoo_person_idols", "auth_group_permissions"}
    return {
        name: sorted(tuple(cell.text for cell in row[(name in between) :]) for row in table.rows)
        for name, table in kept.items()
    }


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="one line"),
        pytest.param({"indent": 2}, id="indented"),
        pytest.param({"use_natural_foreign_keys": True}, id="natural foreign keys"),
    ],
)
def test_a_fixture_of_dumpdata_brings_everything_back(library, options):
    data = dumpdata(library, *LABELS, **options)
    before = rows(library)
    Book._base_manager.using(library).filter(title="Book 1").delete()
    Author.objects.using(library).update(name="changed")
    Author.objects.using(library).create(name="new", code="new")
    Group.objects.using(library).get().permissions.clear()
    checked = check_bytes(library, data)
    assert checked.provenance == "unsigned"
    assert not checked.refusals
    loaded = restore_bytes(library, data)
    assert loaded.proven
    assert rows(library) == before


MISSING_FIELDS = b"""[
  {"fields": {"text": "red"}, "pk": 7, "model": "zoo.label"},
  {"model": "zoo.author", "pk": 1, "fields": {"code": "one", "name": "One"}},
  {"model": "zoo.book", "pk": 3, "fields": {"title": "T", "author": 1, "by_code": "one", "labels": [7]}},
  {"model": "zoo.hidden", "pk": 1, "fields": {"name": "without"}}
]"""


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="one line"),
        pytest.param({"indent": 2, "use_natural_foreign_keys": True}, id="indented, natural foreign keys"),
        pytest.param(
            {"use_natural_foreign_keys": True, "use_natural_primary_keys": True}, id="natural primary keys as well"
        ),
        pytest.param(None, id="fields that have defaults are missing"),
    ],
)
def test_into_empty_tables_it_brings_what_loaddata_brings(library, options, tmp_path):
    by_name = bool(options and options.get("use_natural_primary_keys"))
    # loaddata itself can't make the natural key of a child.
    labels = [label for label in LABELS if not (by_name and label == "zoo.naturalchild")]
    data = MISSING_FIELDS if options is None else dumpdata(library, *labels, **options)
    path = tmp_path / "fixture.json"
    path.write_bytes(data)
    _empty(library)
    call_command("loaddata", str(path), database=library, verbosity=0)
    theirs = rows(library)
    _empty(library)
    assert restore_bytes(library, data).proven
    ours = rows(library)
    if by_name:
        # Ids that nobody gave are whatever comes next.
        theirs, ours = _without_ids(theirs), _without_ids(ours)
    assert {name: found for name, found in ours.items() if found != theirs[name]} == {}
    assert sum(map(len, ours.values())) > 3


def _empty(alias):
    between = [model.labels.through for model in (Book,)]
    for model in (*between, Book, Author, Label, Person, Note, NaturalChild, NaturalTwin, Group, Hidden):
        model._base_manager.using(alias).all().delete()
    for table in oracle.read(alias):
        if table.startswith(("zoo_person_", "zoo_hidden", "auth_group")):
            execute(alias, f"DELETE FROM {table}")


def _without_ids(found):
    """Of tables whose rows have no id in the file what the rows say, or how many there are."""
    without = {name: sorted(row[1:] for row in found[name]) for name in ("zoo_naturaltwin", "auth_group")}
    return {**found, **without, "auth_group_permissions": [()] * len(found["auth_group_permissions"])}


def test_models_that_the_fixture_does_not_name_keep_their_rows(library):
    data = dumpdata(library, "zoo.label")
    before = rows(library)
    Label.objects.using(library).filter(text="").delete()
    Label.objects.using(library).create(text="new")
    Book.labels.through._base_manager.using(library).all().delete()
    restore_bytes(library, data)
    after = rows(library)
    assert after["zoo_label"] == before["zoo_label"]
    assert after["zoo_author"] == before["zoo_author"]
    assert after["zoo_book_labels"] == []


def test_records_without_a_key_get_one(library):
    data = dumpdata(
        library, "zoo.naturaltwin", "zoo.naturalchild", use_natural_primary_keys=True, use_natural_foreign_keys=True
    )
    assert b'"pk"' not in data
    NaturalChild.objects.using(library).all().delete()
    restore_bytes(library, data)
    children = NaturalChild.objects.using(library)
    assert sorted((child.name, child.twin.name) for child in children) == [
        ("child of one", "one"),
        ("child of two", "two"),
    ]
    new = NaturalTwin.objects.using(library).create(name="three", number=3)
    assert new.pk > max(child.twin_id for child in children)


def test_a_field_that_is_missing_gets_its_default(library):
    data = b'[{"model": "zoo.hidden", "pk": 1, "fields": {"name": "without"}}]'
    restore_bytes(library, data)
    (row,) = oracle.read_table(library, "zoo_hidden").records()
    assert row["deleted"].text in ("0", "false")


def test_a_fixture_without_a_needed_field_is_refused_naming_it(library):
    data = b'[{"model": "zoo.decimals", "pk": 1, "fields": {"price": "1.10"}}]'
    (refusal,) = check_bytes(library, data).refusals
    assert refusal.kind == "bad-value"
    assert "zoo.decimals 1" in refusal.where


def test_a_full_dump_with_its_own_content_types_lands_right(library):
    data = dumpdata(library, "contenttypes", "auth.permission", *LABELS)
    named = names_of_permissions(library)
    shift_content_types(library)
    restore_bytes(library, data)
    assert names_of_permissions(library) == named
    assert [note.content_type.model for note in Note.objects.using(library)] == ["author"]


def names_of_permissions(alias):
    return sorted(permission.codename for permission in Group.objects.using(alias).get().permissions.all())


def shift_content_types(alias):
    from django.db import connections

    from tests.engine.restoring import without_keys

    with without_keys(alias):
        execute(alias, "UPDATE auth_permission SET id = id + 10000, content_type_id = content_type_id + 10000")
        execute(alias, "UPDATE django_content_type SET id = id + 10000")
        execute(alias, "UPDATE auth_group_permissions SET permission_id = permission_id + 10000")
        execute(alias, "UPDATE zoo_note SET content_type_id = content_type_id + 10000")
    connections[alias].close()
    ContentType.objects.clear_cache()


def test_the_preview_of_a_foreign_file_counts_too(library):
    data = dumpdata(library, "zoo.author", "zoo.label", indent=1)
    Author.objects.using(library).filter(code="Pl").update(name="changed")
    Label.objects.using(library).create(text="new")
    found = compare(lambda: BytesIO(data), checked=check_bytes(library, data), scope=Scope(using=library))
    assert {item.model: (item.added, item.removed, item.changed) for item in found} == {
        "zoo.author": (0, 0, 1),
        "zoo.label": (0, 1, 0),
    }
