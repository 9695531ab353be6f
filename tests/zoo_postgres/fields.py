"""Column types that Django does not know, as projects declare them."""

from typing import Any

from django.db import models


class ColumnOf(models.Field):
    """A column of any type of PostgreSQL's; its values are text in Python."""

    def __init__(self, column_type: str = "text", **options: Any) -> None:
        self.column_type = column_type
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, options = super().deconstruct()
        return name, path, [self.column_type, *args], options

    def db_type(self, connection: Any) -> str:
        return self.column_type


class NumericField(models.DecimalField):
    """numeric without limits, which DecimalField itself has only in later versions of Django."""

    def __init__(self, **options: Any) -> None:
        options.update(max_digits=1000, decimal_places=500)
        super().__init__(**options)

    def db_type(self, connection: Any) -> str:
        return "numeric"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return value
