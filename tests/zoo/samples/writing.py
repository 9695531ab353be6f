"""How rows get into the zoo."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from django.db import connections, models


class Sql(NamedTuple):
    """A value given as an expression of the database's own language."""

    text: str


def insert(alias: str, model: type[models.Model], *rows: Mapping[str, Any]) -> None:
    """Rows by plain SQL, columns by the names of their fields; nothing is converted on the way."""
    connection = connections[alias]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for row in rows:
            columns = [quote(_column(model, name)).replace("%", "%%") for name in row]
            values = [value.text.replace("%", "%%") if isinstance(value, Sql) else "%s" for value in row.values()]
            into = quote(model._meta.db_table).replace("%", "%%")
            cursor.execute(
                f"INSERT INTO {into} ({', '.join(columns)}) VALUES ({', '.join(values)})",
                [value for value in row.values() if not isinstance(value, Sql)],
            )


def _column(model: type[models.Model], name: str) -> str:
    return next(f.column for f in model._meta.local_concrete_fields if name in (f.name, f.attname))


def create(alias: str, *objects: models.Model) -> None:
    """Rows by way of the model's own table, asking neither managers nor save()."""
    for instance in objects:
        instance.save_base(raw=True, using=alias, force_insert=True)


def nasty(alias: str, model: type[models.Model], ordinary: Mapping[str, Any], odd: Iterable[Mapping[str, Any]]) -> None:
    """One row for each odd value, beside ordinary ones."""
    insert(alias, model, *({**ordinary, **values} for values in odd))


def vendor(alias: str) -> str:
    return connections[alias].vendor


def past_given_keys(alias: str, *tables: type[models.Model]) -> None:
    """Rows with keys of their own leave PostgreSQL's sequences behind."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model in tables:
            meta = model._meta
            quoted = connection.ops.quote_name(meta.db_table)
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, %s), (SELECT max({meta.pk.column}) FROM {quoted}))",
                [quoted, meta.pk.column],
            )


def empty(alias: str, *tables: type[models.Model]) -> None:
    connection = connections[alias]
    with connection.cursor() as cursor:
        for model in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")


def concern(function: Callable[[str], None]) -> Callable[[str], None]:
    """Marks a function that fills some cages of the database with this alias; `fill` runs it."""
    function.fills_the_zoo = True  # type: ignore[attr-defined]
    return function
