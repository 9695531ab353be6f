"""Which tables are dumped, in what order, and which stay out, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models, router
from django.db.models import Field, Model

# What belongs to an installation and not to its data. References to these are written as natural keys.
DEFAULT_EXCLUDE = (
    "contenttypes.contenttype",
    "auth.permission",
    "admin.logentry",
    "sessions.session",
    "backups_app",
    "django_celery_results",
)

# The machinery itself: never dumped, whatever the settings say.
ALWAYS_EXCLUDE = ("backups_app",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One model's own table: its primary key's column or columns, then the other columns in model order."""

    model: type[Model]
    label: str
    name: str
    key_fields: tuple[Field[Any, Any], ...]
    fields: tuple[Field[Any, Any], ...]

    @property
    def has_composite_key(self) -> bool:
        return len(self.key_fields) != 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    model: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    tables: tuple[Table, ...]
    left_out: tuple[LeftOut, ...]


def select_tables(
    *,
    using: str,
    relation_kind: Callable[[str], str | None],
    exclude: Iterable[str] = (),
    include: Iterable[str] = (),
) -> Selection:
    """Every model with a table of its own on `using`, in dependency order.

    `relation_kind(table)` says "table", "view" or None as the database has it. `exclude` and `include` are lower-case
    labels, "app" or "app.model"; the longer label wins over the shorter one.
    """
    tables: list[Table] = []
    left_out: list[LeftOut] = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or model._meta.swapped:
            continue
        reason = _reason_to_leave_out(model, using, relation_kind, set(exclude), set(include))
        if reason:
            left_out.append(LeftOut(model=model._meta.label_lower, reason=reason))
        else:
            tables.append(table_of(model))
    return Selection(tables=tuple(_in_dependency_order(tables)), left_out=tuple(left_out))


def table_of(model: type[Model]) -> Table:
    meta = model._meta
    key_fields = tuple(getattr(meta, "pk_fields", None) or [meta.pk])
    is_composite = len(key_fields) != 1
    fields = tuple(
        field
        for field in meta.local_concrete_fields
        if not getattr(field, "generated", False) and (is_composite or field is not meta.pk)
    )
    return Table(model=model, label=meta.label_lower, name=meta.db_table, key_fields=key_fields, fields=fields)


def is_excluded(label: str, *, exclude: Iterable[str] = (), include: Iterable[str] = ()) -> bool:
    app = label.split(".", 1)[0]
    if app in ALWAYS_EXCLUDE:
        return True
    excluded, included = set(exclude), set(include)
    for name in (label, app):
        if name in included:
            return False
        if name in excluded:
            return True
    return label in DEFAULT_EXCLUDE or app in DEFAULT_EXCLUDE


def _reason_to_leave_out(
    model: type[Model],
    using: str,
    relation_kind: Callable[[str], str | None],
    exclude: set[str],
    include: set[str],
) -> str:
    label = model._meta.label_lower
    if is_excluded(label, exclude=exclude, include=include):
        return "excluded"
    if not router.allow_migrate_model(using, model):
        return "kept in another database"
    match relation_kind(model._meta.db_table):
        case "table":
            return ""
        case "view":
            return "a view, not a table"
        case _:
            return "its table is missing"


def _in_dependency_order(tables: list[Table]) -> list[Table]:
    """A table after those it refers to; where references go in circles, in the order of the app registry."""
    by_model = {table.model: table for table in tables}
    ordered: list[Table] = []
    state: dict[type[Model], str] = {}

    def visit(table: Table) -> None:
        # Iterative, because a chain of references may be longer than Python's stack.
        stack = [(table, iter(_referred(table.model)))]
        state[table.model] = "open"
        while stack:
            current, pending = stack[-1]
            for other in pending:
                if other in by_model and other not in state:
                    state[other] = "open"
                    stack.append((by_model[other], iter(_referred(other))))
                    break
            else:
                ordered.append(current)
                stack.pop()

    for table in tables:
        if table.model not in state:
            visit(table)
    return ordered


def _referred(model: type[Model]) -> list[type[Model]]:
    referred = (
        field.remote_field.model._meta.concrete_model
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.ForeignKey) and isinstance(field.remote_field.model, type)
    )
    return [other for other in referred if other is not None]
