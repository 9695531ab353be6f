"""Fixtures that are not ours, such as `manage.py dumpdata` makes, in the form that ours have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db.models import ForeignKey, ManyToManyField, Model

from backups_app.engine.naturals import PERMISSIONS, TYPES
from backups_app.engine.reading import Batch


class Foreign:
    """Two passes: `survey` learns what `plain` needs to know of the whole file. The same file gives the same rows.

    Lists of many-to-many fields become records of the table between, records without a key get one, and ids of
    content types and permissions, which are others here, become natural keys where the file tells what they are.
    """

    def __init__(self) -> None:
        self._types: dict[Any, list[str]] = {}
        self._permissions: dict[Any, list[Any]] = {}
        self._furthest: Counter[str] = Counter()

    def survey(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            for record in batch.records:
                key, fields = record.get("pk"), record["fields"]
                if type(key) is int and key > self._furthest[batch.label]:
                    self._furthest[batch.label] = key
                if batch.label == TYPES and key is not None:
                    self._types[key] = [fields.get("app_label"), fields.get("model")]
                elif batch.label == PERMISSIONS and key is not None:
                    self._permissions[key] = [fields.get("codename"), fields.get("content_type")]

    def plain(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        last = self._furthest.copy()
        for batch in batches:
            model = _model(batch.label)
            if model is None:
                yield batch
                continue
            links: dict[str, list[dict[str, Any]]] = defaultdict(list)
            records = [self._plain(model, record, last, links) for record in batch.records]
            yield Batch(batch.label, records, b"", batch.first)
            for label, linked in links.items():
                yield Batch(label, linked, b"", batch.first)

    def _plain(
        self, model: type[Model], record: dict[str, Any], last: Counter[str], links: dict[str, list[dict[str, Any]]]
    ) -> dict[str, Any]:
        label, key, fields = model._meta.label_lower, record.get("pk"), dict(record["fields"])
        if key is None:
            last[label] += 1
            key = last[label]
        for field in model._meta.local_many_to_many:
            if field.name in fields and is_between(field):
                between: Any = field.remote_field.through
                through = between._meta
                for value in fields.pop(field.name) or ():
                    last[through.label_lower] += 1
                    ends = {field.m2m_field_name(): key, field.m2m_reverse_field_name(): value}
                    link = {"model": through.label_lower, "pk": last[through.label_lower], "fields": ends}
                    links[through.label_lower].append(self._with_named(between, link))
        return self._with_named(model, {"model": label, "pk": key, "fields": fields})

    def _with_named(self, model: type[Model], record: dict[str, Any]) -> dict[str, Any]:
        for field in model._meta.local_concrete_fields:
            if isinstance(field, ForeignKey) and field.name in record["fields"]:
                record["fields"][field.name] = self._named(field, record["fields"][field.name])
        return record

    def _named(self, field: ForeignKey[Any, Any], value: Any) -> Any:
        match field.remote_field.model._meta.label_lower:
            case "contenttypes.contenttype" if type(value) is int and value in self._types:
                return self._types[value]
            case "auth.permission" if type(value) is int and value in self._permissions:
                codename, kind = self._permissions[value]
                named = kind if isinstance(kind, list) else self._types.get(kind)
                return value if named is None else [codename, *named]
            case _:
                return value


def is_between(field: ManyToManyField[Any, Any]) -> bool:
    """Whether the field's table between has no model of its own, so that its rows stand as lists in fixtures."""
    between: Any = field.remote_field.through
    return bool(between._meta.auto_created)


def _model(label: str) -> type[Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None
