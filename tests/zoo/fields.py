"""Field classes that nobody foresaw, as projects write them."""

import codecs
import datetime
import json
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Any

from django.db import models


class PairField(models.Field):
    """A tuple of two integers, stored as the text "1|2"; complete, as Django's documentation asks for."""

    def db_type(self, connection: Any) -> str:
        return "varchar(50)"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> tuple[int, ...] | None:
        return self.to_python(value)

    def to_python(self, value: Any) -> tuple[int, ...] | None:
        if value is None or isinstance(value, tuple):
            return value
        return tuple(int(part) for part in value.split("|"))

    def get_prep_value(self, value: Any) -> str | None:
        value = super().get_prep_value(value)
        return None if value is None else "|".join(str(part) for part in self.to_python(value))

    def value_to_string(self, obj: models.Model) -> str | None:
        return self.get_prep_value(self.value_from_object(obj))


@dataclass(frozen=True)
class Price:
    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @classmethod
    def parse(cls, text: str) -> "Price":
        amount, currency = text.split(" ")
        return cls(Decimal(amount), currency)


class PriceField(models.CharField):
    """An object of its own kind, without value_to_string: its str() is what is stored."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Price | None:
        return None if value is None else Price.parse(value)

    def to_python(self, value: Any) -> Price | None:
        return value if value is None or isinstance(value, Price) else Price.parse(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)


class WordsField(models.TextField):
    """A list stored as "a,b", without value_to_string: its str() is "['a', 'b']", which to_python can't undo.

    Django's own serializers damage it.
    """

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> list[str] | None:
        return None if value is None else value.split(",")

    def to_python(self, value: Any) -> list[str] | None:
        return value.split(",") if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> str | None:
        return ",".join(value) if isinstance(value, list) else value


class RotatedField(models.TextField):
    """Text that lies in the database in another form than in Python, as encrypted fields do (here ROT13)."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return None if value is None else codecs.encode(value, "rot13")

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else codecs.encode(value, "rot13")


class NormalisedField(models.CharField):
    """Lower-cases what it writes; rows from before it existed still have capitals."""

    def get_prep_value(self, value: Any) -> str | None:
        value = super().get_prep_value(value)
        return None if value is None else value.lower()


class Colour(IntEnum):
    RED = 1
    GREEN = 2


class ColourField(models.SmallIntegerField):
    """An enumeration in Python, a number in the database."""

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> Colour | None:
        return None if value is None else Colour(value)

    def to_python(self, value: Any) -> Colour | None:
        return None if value in (None, "") else Colour(int(value))


class StampingField(models.CharField):
    """Writes the time of saving, whatever it was given."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        return f"saved {datetime.datetime.now(tz=datetime.UTC):%Y}"


class TaggedEncoder(json.JSONEncoder):
    """JSON with sets, which TaggedDecoder reads back."""

    def default(self, o: Any) -> Any:
        if isinstance(o, set):
            return {"__set__": sorted(o)}
        if isinstance(o, Decimal):
            return {"__decimal__": str(o)}
        return super().default(o)


class TaggedDecoder(json.JSONDecoder):
    def __init__(self, **options: Any) -> None:
        super().__init__(object_hook=self.untag, **options)

    @staticmethod
    def untag(found: dict[str, Any]) -> Any:
        if "__set__" in found:
            return set(found["__set__"])
        if "__decimal__" in found:
            return Decimal(found["__decimal__"])
        return found
