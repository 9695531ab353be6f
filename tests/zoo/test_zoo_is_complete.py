"""A field class that Django has and the zoo has not would go untested: then this fails."""

import importlib
import pkgutil

import django.contrib.postgres.fields
import django.contrib.postgres.search
import django.db.models.fields
import pytest
from django.apps import apps
from django.db import models

# Classes that make no column of their own, each with the reason.
WITHOUT_SAMPLE = {
    "django.db.models.fields.Field": "the base class",
    "django.db.models.fields.related.RelatedField": "a base class",
    "django.db.models.fields.files.ImageField": "needs Pillow for its checks; its column and its value are FileField's",
    "django.contrib.postgres.fields.ranges.RangeField": "a base class",
    "django.contrib.postgres.fields.ranges.ContinuousRangeField": "a base class",
    "django.contrib.postgres.search.SearchQueryField": "the type of an expression",
    "django.contrib.postgres.search._Float4Field": "the type of an expression",
}


def _modules():
    for package in (django.db.models.fields, django.contrib.postgres.fields):
        yield package
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            yield importlib.import_module(module.name)
    yield django.contrib.postgres.search


def _field_classes():
    found = {
        value
        for module in _modules()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, models.Field) and value.__module__ == module.__name__
    }
    # What Django has removed exists for old migrations only and can't be used.
    return sorted((each for each in found if not each.system_check_removed_details), key=_name)


def _name(field_class):
    return f"{field_class.__module__}.{field_class.__qualname__}"


def _classes_in_the_zoo():
    used = set()
    for label in ("zoo", "zoo_postgres"):
        for model in apps.get_app_config(label).get_models():
            for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
                used.add(type(field))
    return used


@pytest.mark.parametrize("field_class", _field_classes(), ids=_name)
def test_field_class_has_a_sample(field_class):
    if _name(field_class) in WITHOUT_SAMPLE:
        assert field_class not in _classes_in_the_zoo(), "It has a sample after all: take it off the list."
    else:
        assert field_class in _classes_in_the_zoo(), f"{_name(field_class)} has no field in the zoo."


def test_exceptions_exist():
    assert set(WITHOUT_SAMPLE) <= {_name(field_class) for field_class in _field_classes()}


def test_field_classes_were_found():
    assert len(_field_classes()) > 40


def test_migrations_make_the_tables_that_the_models_describe():
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    changes = detector.changes(graph=loader.graph, trim_to_apps={"zoo", "zoo_postgres"})
    assert {label: [str(o) for m in found for o in m.operations] for label, found in changes.items()} == {}
