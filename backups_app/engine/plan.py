"""What a load clears and fills, and what stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Model

from backups_app.engine.check import Checked, Finding
from backups_app.engine.databases.base import Snapshot
from backups_app.engine.dump import Scope
from backups_app.engine.foreign import is_between
from backups_app.engine.manifest import MODEL
from backups_app.engine.selection import Table, is_excluded, select_tables, table_of

# Its schedules are the running installation's own: a load leaves them alone unless there are none, or it is asked to.
SCHEDULES_APP = "django_celery_beat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`cleared` are emptied; `loaded`, by label, get the file's records.

    `same_table` are labels of cleared models whose table another model writes. `kept` stay as they are.
    """

    cleared: tuple[Table, ...]
    loaded: Mapping[str, Table]
    same_table: frozenset[str]
    kept: tuple[Table, ...]
    manifest_table: tuple[Table, ...]
    remarks: tuple[Finding, ...]


def make_plan(target: Snapshot, checked: Checked, scope: Scope, *, clear_unnamed: bool = False) -> Plan:
    """`clear_unnamed`: of a file without manifest, models that it does not name are cleared too, and not kept."""
    in_file = _labels_of(checked, scope)
    selection = select_tables(
        using=scope.using,
        relation_kind=target.relation_kind,
        exclude=scope.exclude,
        include=(*scope.include, *in_file),
    )
    remarks: list[Finding] = []
    left_out_then = {item["model"] for item in (checked.manifest or {}).get("left_out", ())}
    stays = _schedules(target, selection.tables, scope)
    cleared = []
    for table in selection.tables:
        if table.label in stays or table.label in left_out_then - in_file:
            continue
        if table.label in in_file:
            cleared.append(table)
        elif checked.manifest is not None or clear_unnamed:
            cleared.append(table)
            why = "The backup is older than this model" if checked.manifest is not None else "The file does not name it"
            remarks.append(Finding(kind="emptied", where=table.label, detail=f"{why}: it is emptied."))
        elif target.count(table):
            detail = "The file does not name it: its rows stay."
            remarks.append(Finding(kind="unnamed", where=table.label, detail=detail))
    if stays & in_file:
        detail = "Schedules stay as they are; the file's are not loaded."
        remarks.append(Finding(kind="schedules-stay", where=SCHEDULES_APP, detail=detail))
    owners = _owners(cleared)
    labels = {table.label for table in cleared}
    return Plan(
        cleared=tuple(cleared),
        loaded={table.label: table for table in cleared if table.label in in_file and table.label in owners},
        same_table=frozenset(labels - owners),
        kept=tuple(_kept(target, {table.model for table in cleared})),
        manifest_table=_manifest_table(target),
        remarks=tuple(remarks),
    )


def _labels_of(checked: Checked, scope: Scope) -> set[str]:
    if checked.manifest is not None:
        return {str(entry["model"]) for entry in checked.manifest["tables"]}
    found: set[str] = set()
    for label, _ in checked.models:
        try:
            model = apps.get_model(label)
        except (LookupError, ValueError):
            continue
        between = [field for field in model._meta.local_many_to_many if is_between(field)]
        found |= {label, *(str(field.remote_field.through._meta.label_lower) for field in between)}
    return {label for label in found if not is_excluded(label, exclude=scope.exclude, include=scope.include)}


def _schedules(target: Snapshot, tables: tuple[Table, ...], scope: Scope) -> set[str]:
    """Labels of schedules that stay."""
    own = [table for table in tables if table.label.startswith(f"{SCHEDULES_APP}.")]
    if SCHEDULES_APP in scope.include or not any(target.count(table) for table in own):
        return set()
    return {table.label for table in own}


def _owners(tables: list[Table]) -> set[str]:
    """Of several models over one table, the one that writes: a managed one with the most columns."""
    by_name: dict[str, Table] = {}
    for table in tables:
        name = table.name.lower()
        other = by_name.get(name)
        if other is None or _weight(table) > _weight(other):
            by_name[name] = table
    return {table.label for table in by_name.values()}


def _weight(table: Table) -> tuple[bool, int]:
    return table.model._meta.managed, len(table.fields)


def _kept(target: Snapshot, cleared: set[type[Model]]) -> list[Table]:
    return [
        table_of(model)
        for model in apps.get_models(include_auto_created=True)
        if model not in cleared
        and not model._meta.proxy
        and not model._meta.swapped
        and target.relation_kind(model._meta.db_table) == "table"
    ]


def _manifest_table(target: Snapshot) -> tuple[Table, ...]:
    try:
        table = table_of(apps.get_model(MODEL))
    except LookupError:
        return ()
    return (table,) if target.relation_kind(table.name) == "table" else ()
