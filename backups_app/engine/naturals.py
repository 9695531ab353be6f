"""Content types and permissions, which a file names by natural key: their ids in this database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from django.apps import apps

from backups_app.engine.databases.base import Snapshot
from backups_app.engine.databases.restore_base import Target

TYPES = "contenttypes.contenttype"
PERMISSIONS = "auth.permission"
_REMEMBERED = 50_000
_WIDTHS = {TYPES: 2, PERMISSIONS: 3}


def accept_any(label: str, key: tuple[Any, ...]) -> Any:
    """The resolver of a check: what the database lacks will be made, so only the key's form can be wrong."""
    if label in _WIDTHS:
        is_one = len(key) == _WIDTHS[label] and all(type(part) is str for part in key)
    else:
        is_one = hasattr(apps.get_model(label)._default_manager, "get_by_natural_key")
    if not is_one:
        raise ValueError(f"{list(key)} is no natural key of {label}")
    # A number for each, in place of the id, so that rows which refer to the same are seen to.
    return crc32(repr((label, key)).encode("utf-8", "surrogatepass")) >> 1


class Naturals:
    """Ids by natural key; rows that are missing are made, and `made` names them."""

    def __init__(self, target: Snapshot) -> None:
        self._target = target
        self._found: dict[tuple[str, tuple[Any, ...]], Any] = {}
        self._ids: dict[str, dict[tuple[Any, ...], Any]] = {}
        self.made: list[str] = []

    def resolve(self, label: str, key: tuple[Any, ...], *, make: bool = True) -> Any:
        """Raises ValueError or LookupError."""
        accept_any(label, key)
        if label not in _WIDTHS:
            return self._by_manager(label, key)
        if make and key not in self._known(label):
            self._make(label, key)
        return self._known(label)[key]

    def _by_manager(self, label: str, key: tuple[Any, ...]) -> Any:
        """The row that the project's own manager finds, among those that are loaded already."""
        place = label, key
        if place not in self._found:
            if not isinstance(self._target, Target):
                raise LookupError(label)
            if len(self._found) > _REMEMBERED:
                self._found.clear()
            model = apps.get_model(label)
            with self._target.as_alias() as alias:
                try:
                    found = model._default_manager.db_manager(alias).get_by_natural_key(*key)
                except (model.DoesNotExist, model.MultipleObjectsReturned, TypeError) as error:
                    raise ValueError(f"{list(key)} names no row of {label}, or several: {error}") from error
            self._found[place] = found.pk
        return self._found[place]

    def make_missing(self, natural_keys: Mapping[str, Sequence[Sequence[str]]]) -> None:
        """Whatever a manifest names, whether a record refers to it or not."""
        for label in (TYPES, PERMISSIONS):
            for key in natural_keys.get(label, ()):
                self.resolve(label, tuple(key))

    def know(self, natural_keys: Mapping[str, Sequence[Sequence[str]]]) -> bool:
        """Whether all of them are there already."""
        return all(
            tuple(key) in self._known(label) for label in (TYPES, PERMISSIONS) for key in natural_keys.get(label, ())
        )

    def as_dumped(self, labels: Sequence[str]) -> dict[str, dict[Any, list[str]]]:
        """{label: {id: natural key}} as a dump writes references to `labels`."""
        return {label: {pk: list(key) for key, pk in self._known(label).items()} for label in labels}

    def _known(self, label: str) -> dict[tuple[Any, ...], Any]:
        if label not in self._ids:
            self._ids[label] = self._read(label)
        return self._ids[label]

    def _read(self, label: str) -> dict[tuple[Any, ...], Any]:
        columns = ", ".join(self._names(label)[1:])
        rows = self._target.rows(f"SELECT {columns} FROM {self._table(label)}")  # noqa: S608 (quoted names)
        if label == TYPES:
            return {(app_label, model): pk for pk, app_label, model in rows}
        models = {pk: key for key, pk in self._known(TYPES).items()}
        return {(codename, *models[kind]): pk for pk, codename, kind in rows if kind in models}

    def _make(self, label: str, key: tuple[Any, ...]) -> None:
        if not isinstance(self._target, Target):
            raise LookupError(f"{label} {key}")
        name, _, *others = self._names(label)
        values: tuple[Any, ...] = key
        if label == PERMISSIONS:
            codename, app_label, model = key
            values = (codename, self.resolve(TYPES, (app_label, model)))
            others = [*others, name]
            values = (*values, _permission_name(codename, app_label, model))
        marks = ", ".join(["%s"] * len(values))
        into = f"{self._table(label)} ({', '.join(others)})"
        self._target.execute(f"INSERT INTO {into} VALUES ({marks})", values)  # noqa: S608 (quoted names)
        self._ids[label] = self._read(label)
        self.made.append(f"{label} {'.'.join(map(str, key))}")

    def _table(self, label: str) -> str:
        return self._target.quote(apps.get_model(label)._meta.db_table)

    def _names(self, label: str) -> list[str]:
        """Columns: the name, the key, then the parts of the natural key that lie in the table itself."""
        meta = apps.get_model(label)._meta
        of_key = ("app_label", "model") if label == TYPES else ("codename", "content_type")
        fields = ("model" if label == TYPES else "name", "id", *of_key)
        return [self._target.quote(str(meta.get_field(field).column)) for field in fields]


def _permission_name(codename: str, app_label: str, model: str) -> str:
    """As the project itself would name it; of one that the project does not know only the code is known."""
    try:
        meta = apps.get_model(app_label, model)._meta
    except LookupError:
        return codename
    names = dict(meta.permissions)
    for action in meta.default_permissions:
        names[f"{action}_{meta.model_name}"] = f"Can {action} {meta.verbose_name_raw}"
    return str(names.get(codename, codename))
