"""A field class is known exactly, or it is asked itself."""

import pytest
from django.db import models
from django.db.models.fields.proxy import OrderWrt

from backups_app.engine.kinds import FALLBACK, HOOKS, KINDS, kind_of
from tests.zoo.fields import ColourField, NormalisedField, PairField, PriceField, RotatedField, StampingField
from tests.zoo.models import Answer, Book, KeyOneToOne, KeyRing, Passport
from tests.zoo_postgres.models import Arrays, Foreign, Ranges

KNOWN = sorted(KINDS, key=lambda cls: cls.__name__)


def _instance(cls):
    """Without a model: only the class decides."""
    return cls.__new__(cls)


@pytest.mark.parametrize("cls", KNOWN, ids=lambda cls: cls.__name__)
def test_djangos_own_classes_are_known(cls):
    assert kind_of(_instance(cls)) == KINDS[cls] != FALLBACK


@pytest.mark.parametrize("cls", KNOWN, ids=lambda cls: cls.__name__)
def test_a_subclass_that_overrides_no_hook_is_what_its_parent_is(cls):
    subclass = type("Mine", (cls,), {"description": "mine", "validators": [], "formfield": lambda self: None})
    assert kind_of(_instance(subclass)) == KINDS[cls]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize(
    "cls", [models.CharField, models.DateTimeField, models.JSONField], ids=lambda cls: cls.__name__
)
def test_a_subclass_that_overrides_a_hook_is_asked_itself(cls, hook):
    subclass = type("Mine", (cls,), {hook: lambda self, *args, **options: None})
    assert kind_of(_instance(subclass)) == FALLBACK
    grandchild = type("MineToo", (subclass,), {})
    assert kind_of(_instance(grandchild)) == FALLBACK


def test_a_hook_from_a_mixin_counts_as_well():
    class Mixin:
        def from_db_value(self, value, expression, connection):
            return value

    assert kind_of(_instance(type("Mine", (Mixin, models.TextField), {}))) == FALLBACK
    assert kind_of(_instance(type("Mine", (models.TextField, Mixin), {}))) == FALLBACK


@pytest.mark.parametrize("cls", [PairField, PriceField, RotatedField, NormalisedField, ColourField])
def test_foreign_classes_of_the_zoo_are_asked_themselves(cls):
    assert kind_of(_instance(cls)) == FALLBACK


def test_what_a_class_does_on_saving_does_not_matter():
    """Rows are read as they are: `pre_save` is never called."""
    assert kind_of(_instance(StampingField)) == "text"


@pytest.mark.parametrize("model", [Arrays, Ranges, Foreign])
def test_classes_beyond_djangos_core_are_asked_themselves(model):
    assert {kind_of(field) for field in model._meta.local_concrete_fields[1:]} == {FALLBACK}


@pytest.mark.parametrize(
    ("model", "name", "kind"),
    [
        (Book, "author", "integer"),
        (Book, "by_code", "text"),
        (Passport, "holder", "integer"),
        (KeyRing, "uuid", "uuid"),
        (KeyRing, "text", "text"),
        (KeyRing, "moment", "datetime"),
        (KeyRing, "decimal", "decimal"),
        (KeyRing, "chain", "integer"),
        (KeyOneToOne, "number", "integer"),
    ],
)
def test_a_reference_is_of_the_kind_of_what_it_refers_to(model, name, kind):
    assert kind_of(model._meta.get_field(name)) == kind


def test_the_order_with_respect_to_something_is_a_number():
    assert kind_of(OrderWrt()) == "integer"
    assert kind_of(Answer._meta.get_field("_order")) == "integer"
