"""Which of Django's field classes are known exactly, and as what."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Field

# The hooks by which a field class changes what goes into or comes out of a column. A subclass that overrides none
# of them behaves as its parent; one that does is asked itself, by the slow but right way.
HOOKS = (
    "from_db_value",
    "get_db_converters",
    "get_col",
    "to_python",
    "get_prep_value",
    "get_db_prep_value",
    "get_db_prep_save",
    "value_to_string",
    "value_from_object",
    "db_type",
    "get_internal_type",
    "rel_db_type",
    "get_placeholder",
    "select_format",
)

FALLBACK = "fallback"
REFERENCE = "reference"

KINDS: dict[type[Field[Any, Any]], str] = {
    models.AutoField: "integer",
    models.BigAutoField: "integer",
    models.SmallAutoField: "integer",
    models.IntegerField: "integer",
    models.BigIntegerField: "integer",
    models.SmallIntegerField: "integer",
    models.PositiveIntegerField: "integer",
    models.PositiveBigIntegerField: "integer",
    models.PositiveSmallIntegerField: "integer",
    models.BooleanField: "boolean",
    models.FloatField: "float",
    models.DecimalField: "decimal",
    models.CharField: "text",
    models.TextField: "text",
    models.EmailField: "text",
    models.SlugField: "text",
    models.URLField: "text",
    models.FilePathField: "text",
    models.FileField: "text",
    models.ImageField: "text",
    models.DateField: "date",
    models.TimeField: "time",
    models.DateTimeField: "datetime",
    models.DurationField: "duration",
    models.UUIDField: "uuid",
    models.BinaryField: "binary",
    models.GenericIPAddressField: "ip",
    models.JSONField: "json",
}


def kind_of(field: Field[Any, Any]) -> str:
    """The kind by which `field`'s column is read and written; a reference has the kind of what it points at."""
    if isinstance(field, models.ForeignKey):
        return kind_of(field.target_field) if is_plain_reference(field) else FALLBACK
    if type(field).__module__ == "django.db.models.fields.proxy":  # the _order of order_with_respect_to
        return "integer"
    for parent in type(field).__mro__:
        if parent in KINDS:
            return KINDS[parent] if _overrides_nothing(type(field), parent) else FALLBACK
    return FALLBACK


def is_plain_reference(field: models.ForeignKey[Any, Any]) -> bool:
    """Whether its values look like those of the field that it refers to."""
    cls = type(field)
    parents = (models.OneToOneField, models.ForeignKey)
    return any(issubclass(cls, parent) and _overrides_nothing(cls, parent) for parent in parents)


def _overrides_nothing(cls: type, parent: type) -> bool:
    return all(getattr(cls, hook, None) is getattr(parent, hook, None) for hook in HOOKS)
