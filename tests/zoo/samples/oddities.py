"""Tables, names, columns and models that surprise."""

from decimal import Decimal

from tests.zoo import models as zoo
from tests.zoo.fields import Colour, Price
from tests.zoo.samples.writing import concern, create, empty, insert, past_given_keys, vendor


@concern
def odd_names(alias: str) -> None:
    ordinary = {"select": "s", "spaced": "w s", "accented": "ï", "dotted": "a.b", "backslash": "\\"}
    insert(
        alias,
        zoo.OddNames,
        {"id": 1, "order": 1, **ordinary, "quoted": None, "parent": None},
        {"id": 2, "order": 2, **ordinary, "quoted": "it's", "parent": 1},
    )
    links = zoo.OddNames.others.through
    insert(alias, links, {"from_oddnames": 1, "to_oddnames": 2}, {"from_oddnames": 2, "to_oddnames": 2})
    insert(alias, zoo.PercentNames, {"share": 100, "trap": "%s"}, {"share": 0, "trap": "%(name)s %%"})
    create(
        alias,
        zoo.Confusing(model="zoo.confusing", fields={"pk": 1}, meta="1"),
        zoo.Confusing(model="", fields=[], meta=""),
    )
    past_given_keys(alias, zoo.OddNames)


@concern
def stamped(alias: str) -> None:
    """Times of saving that are long past."""
    row = {"created": "2001-01-01 01:01:01.000001", "changed": "2002-02-02 02:02:02.000002", "day": "2003-03-03"}
    row |= {"time": "04:04:04.000004", "stamp": "kept as it was"}
    if vendor(alias) == "postgresql":
        row |= {"created": row["created"] + "+00", "changed": row["changed"] + "+00"}
    insert(alias, zoo.Stamped, row, row)
    at = "2001-01-01 01:01:01.000001" + ("+00" if vendor(alias) == "postgresql" else "")
    insert(alias, zoo.DatabaseDefault, {"word": "some"}, {"number": 8, "at": at, "word": None})


@concern
def watched(alias: str) -> None:
    """Rows that a save would change, and rows that it would add."""
    insert(alias, zoo.Watched, {"id": 1, "name": "untouched"}, {"id": 2, "name": "alone"})
    insert(alias, zoo.Watched.friends.through, {"from_watched": 1, "to_watched": 2})
    insert(alias, zoo.Echo, {"text": "an old echo"})
    insert(alias, zoo.Guarded, {"name": "first"}, {"name": "second"})
    zoo.Landmark._base_manager.using(alias).filter(pk=1).update(name="moved since")
    insert(alias, zoo.Landmark, {"id": 2, "name": "built since"})
    past_given_keys(alias, zoo.Watched, zoo.Landmark)


@concern
def constrained(alias: str) -> None:
    rows = [("One", 1, 2, True), ("two", 2, 2, False), ("three", -5, 5, False), ("Four", 4, 9, True)]
    create(alias, *(zoo.Constrained(code=c, low=low, high=high, active=a) for c, low, high, a in rows))


@concern
def custom_fields(alias: str) -> None:
    """Values of classes that nobody foresaw; old rows that today's field would write differently."""
    price = Price(Decimal("1.10"), "EUR")
    words = {"pair": (1, -2), "price": price, "rotated": "Secret Ünïcode", "colour": Colour.GREEN}
    create(
        alias,
        zoo.Custom(**words),
        zoo.Custom(**words, pair_null=(0, 0), price_null=price, rotated_null="", colour_null=Colour.RED),
    )
    create(alias, zoo.CustomUnsound(words=["a", "b c"], words_null=["it's", '"'], normalised="lower"))
    insert(
        alias,
        zoo.CustomUnsound,
        {"words": "x,,y", "words_null": None, "normalised": "OLD", "normalised_null": "Ältest"},
    )


@concern
def swapped(alias: str) -> None:
    row = zoo.Replacement(name="in its place", extra="more")
    create(alias, row, zoo.Replacement(name="another", extra=""))
    create(alias, zoo.SwappedFan(to=row))


@concern
def tables_of_others(alias: str) -> None:
    """Unmanaged, so that no flush empties it."""
    empty(alias, zoo.Legacy)
    label = zoo.Label._base_manager.using(alias).order_by("pk").first().pk
    insert(
        alias,
        zoo.Legacy,
        {"code": "L-1", "amount": "10.50", "label": label},
        {"code": "l 2", "amount": None, "label": None},
        {"code": "ł-3", "amount": "-0.10", "label": 987_654},
    )
