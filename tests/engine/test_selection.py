"""Which tables are dumped, in what order, and which stay out, with the reason."""

import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from backups_app.engine.selection import _in_dependency_order, is_excluded, select_tables, table_of
from tests.zoo import models as zoo


def _every_table(name):
    return "table"


@pytest.mark.parametrize(
    ("label", "options", "excluded"),
    [
        ("zoo.author", {}, False),
        ("auth.user", {}, False),
        ("auth.permission", {}, True),
        ("contenttypes.contenttype", {}, True),
        ("admin.logentry", {}, True),
        ("sessions.session", {}, True),
        ("django_celery_results.taskresult", {}, True),
        ("django_celery_beat.periodictask", {}, False),
        ("backups_app.backup", {}, True),
        ("zoo.author", {"exclude": ["zoo"]}, True),
        ("zoo.author", {"exclude": ["zoo.author"]}, True),
        ("zoo.authors", {"exclude": ["zoo.author"]}, False),
        ("zoo.author", {"exclude": ["zoo"], "include": ["zoo.author"]}, False),
        ("zoo.author", {"include": ["zoo"], "exclude": ["zoo.author"]}, True),
        ("auth.permission", {"include": ["auth.permission"]}, False),
        ("auth.permission", {"include": ["auth"]}, False),
        ("sessions.session", {"include": ["sessions"]}, False),
        ("backups_app.backup", {"include": ["backups_app", "backups_app.backup"]}, True),
    ],
)
def test_the_longer_label_wins_and_the_machinery_never_gets_in(label, options, excluded):
    assert is_excluded(label, **options) is excluded


def test_every_model_is_dumped_or_left_out():
    selection = select_tables(using="default", relation_kind=_every_table)
    named = [table.label for table in selection.tables] + [item.model for item in selection.left_out]
    real = [
        model._meta.label_lower
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy and not model._meta.swapped
    ]
    assert sorted(named) == sorted(real)


def test_proxies_and_swapped_models_have_no_table_of_their_own():
    labels = {table.label for table in select_tables(using="default", relation_kind=_every_table).tables}
    assert "zoo.place" in labels
    assert not labels & {"zoo.placeproxy", "zoo.swapped"}


def test_links_of_many_to_many_fields_are_tables():
    labels = {table.label for table in select_tables(using="default", relation_kind=_every_table).tables}
    assert {"zoo.book_labels", "auth.user_groups", "auth.group_permissions", "zoo.oddnames_others"} <= labels


@pytest.mark.parametrize(("kind", "reason"), [("view", "a view, not a table"), (None, "its table is missing")])
def test_what_is_no_table_is_left_out_with_the_reason(kind, reason):
    def relation_kind(name):
        return kind if name == "zoo_author" else "table"

    selection = select_tables(using="default", relation_kind=relation_kind)
    assert "zoo.author" not in {table.label for table in selection.tables}
    assert ("zoo.author", reason) in {(item.model, item.reason) for item in selection.left_out}


def test_models_of_another_database_are_left_out(settings):
    settings.DATABASE_ROUTERS = [_KeepsAuthorsElsewhere()]
    selection = select_tables(using="default", relation_kind=_every_table)
    assert ("zoo.author", "kept in another database") in {(item.model, item.reason) for item in selection.left_out}
    assert "zoo.author" not in {table.label for table in selection.tables}


class _KeepsAuthorsElsewhere:
    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return model_name != "author"


def test_a_child_of_multi_table_inheritance_has_only_its_own_columns():
    table = table_of(zoo.Restaurant)
    assert [field.column for field in table.key_fields] == ["place_ptr_id"]
    assert [field.name for field in table.fields] == ["serves", "partner"]


def test_the_columns_of_a_composite_key_are_fields_too():
    table = table_of(zoo.Reading)
    assert table.has_composite_key
    assert [field.name for field in table.key_fields] == ["sensor", "at"]
    assert [field.name for field in table.fields] == ["value", "sensor", "at"]


def test_generated_columns_are_not_read():
    assert [field.name for field in table_of(zoo.GeneratedStored).fields] == ["width", "height", "name"]


@isolate_apps("tests.zoo")
def test_a_chain_of_references_may_be_longer_than_pythons_stack():
    chain = []
    for number in range(1100):
        body = {"__module__": "tests.zoo.models"}
        if chain:
            body["next"] = models.ForeignKey(chain[-1], models.CASCADE)
        chain.append(type(f"Link{number}", (models.Model,), body))
    ordered = _in_dependency_order([table_of(model) for model in reversed(chain)])
    assert [table.model for table in ordered] == chain
