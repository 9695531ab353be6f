"""Fills the zoo: several rows for every model, ordinary, extreme and nasty.

`fill(alias)` runs every function marked `@concern` on a database that holds nothing but what migrate made. What
Django's own models would refuse or change is written by `insert`, plain SQL. How many rows there are, ask the oracle.
"""

import datetime
import uuid
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connections, models, transaction

from tests.routers import has_extension
from tests.zoo import models as zoo
from tests.zoo.fields import Colour, Price
from tests.zoo_postgres import models as second

UTC = datetime.UTC
_concerns: list[Callable[[str], None]] = []


def fill(alias: str) -> None:
    """Every cage, in one transaction."""
    with transaction.atomic(using=alias):
        for run in _concerns:
            run(alias)


def concern(function: Callable[[str], None]) -> Callable[[str], None]:
    _concerns.append(function)
    return function


# --- Writing -----------------------------------------------------------------------------------------------------


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


# --- Values ------------------------------------------------------------------------------------------------------

TEXTS = [
    "",
    " ",
    " spaces around ",
    "ordinary",
    "Ünïcödé, ľúbezný, Ωμέγα, Ж, 日本語, हिन्दी, עברית, العربية",
    "e\u0301 is not \u00e9",
    "🦓 outside the basic plane 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "tab\tnewline\nreturn\rboth\r\nform\fbell\x07escape\x1bdelete\x7f",
    "\x01\x1f\x80\x9f\u00a0\u00ad",
    "line\u2028paragraph\u2029next\u0085",
    "\ufeffa BOM, \u200bnothing, \u202eturned\u202c",
    "\ufffd \ufffe \uffff \U0010ffff",
    "\"double\" 'single' `back` \\ \\n \\u0041 \\N / </script><!-- ]]>",
    "null",
    "NULL",
    "None",
    "true",
    "0",
    "1e5",
    "NaN",
    "{}",
    "[]",
    '{"model": "zoo.texts", "pk": 1, "fields": {}}',
    "},\n{",
    "%s %(name)s {0} ${x} ; DROP TABLE zoo_texts; --",
    "x" * 200,
]

JSONS = [
    {},
    [],
    "",
    0,
    -0.0,
    False,
    True,
    {"ordinary": [1, 2.5, "three", None, True, {"nested": []}]},
    {"": {"": ""}},
    {"é": "e\u0301", "🦓": "\u2028", 'quote"d': "\\"},
    list(range(100)),
    "null",
    12345678901234567890123456789,
    1e-7,
    [[[[[[[[[["deep"]]]]]]]]]],
]

MOMENTS = [
    datetime.datetime(2026, 11, 23, 12, 30, 15, 123456, tzinfo=UTC),
    datetime.datetime(2026, 11, 23, 12, 30, 15, 123457, tzinfo=UTC),
    datetime.datetime(2026, 11, 23, 12, 30, 15, tzinfo=UTC),
    datetime.datetime(1970, 1, 1, tzinfo=UTC),
    datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime.datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # 02:30 in Europe, twice
    datetime.datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime.datetime(1, 1, 2, 0, 0, 0, 1, tzinfo=UTC),
    datetime.datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
    datetime.datetime(1582, 10, 10, tzinfo=UTC),
]

REALS = [
    0.0,
    -0.0,
    1.5,
    0.1,
    1 / 3,
    -1e22,
    1e23,
    123456789.123456789,
    1.7976931348623157e308,
    2.2250738585072014e-308,
    9007199254740993.0,
    5e-324,
]

IPS = ["127.0.0.1", "255.255.255.255", "::1", "2001:db8::1", "fe80::1", "::ffff:10.0.0.1"]


# --- Values of every field class ---------------------------------------------------------------------------------


@concern
def numbers(alias: str) -> None:
    """The least, the greatest, zero, NULL; floats to the last bit."""
    ranges = connections[alias].ops.integer_field_range
    names = {
        "small": "SmallIntegerField",
        "integer": "IntegerField",
        "big": "BigIntegerField",
        "positive_small": "PositiveSmallIntegerField",
        "positive": "PositiveIntegerField",
        "positive_big": "PositiveBigIntegerField",
    }
    # SQLite has one range for all.
    lowest = {name: ranges(kind)[0] for name, kind in names.items()}
    highest = {name: ranges(kind)[1] for name, kind in names.items()}
    lowest = {name: -(2**63) if value is None else value for name, value in lowest.items()}
    highest = {name: 2**63 - 1 if value is None else value for name, value in highest.items()}
    for values in (lowest, highest, dict.fromkeys(names, 0), dict.fromkeys(names, 1)):
        doubled = {**values, **{f"{name}_null": value for name, value in values.items()}}
        insert(alias, zoo.Numbers, {**doubled, "real": 0.5, "real_null": 0.5})
    ordinary = {**dict.fromkeys(names, 7)}
    # As text: -0.0 without quotes is an exact number to SQL, which has no negative zero. MariaDB has none at all.
    nasty(alias, zoo.Numbers, ordinary, ({"real": repr(real), "real_null": repr(real)} for real in REALS))
    nasty(alias, zoo.Numbers, ordinary, [{"real": 2.0}])


@concern
def flags(alias: str) -> None:
    create(alias, *(zoo.Flags(flag=a, flag_null=b) for a in (True, False) for b in (True, False, None)))


@concern
def decimals(alias: str) -> None:
    """All digits that a column has; trailing zeros where the database keeps them."""
    widest = Decimal("12345678901234567890123456789012345.123456789012345678901234567891")
    tiny = Decimal("0.000000000000000000000000000001")
    rows = [
        ("0", "0", "0", "0", None, None),
        ("0.01", "1", "0.5", "0.1", "0.01", "0.1"),
        ("1.10", "100", "0.10", "1.10", "1.10", "1.10"),
        ("9999999999.99", "99999999999999999999", "0." + "9" * 30, "9" * 35 + "." + "9" * 30, "-0.01", "-1.5"),
        ("-9999999999.99", "-99999999999999999999", "-0." + "9" * 30, "-" + "9" * 35, None, str(widest)),
        ("12345678.90", "12345678901234567890", str(tiny), str(tiny), "5.00", str(-tiny)),
    ]
    names = ("price", "whole", "fraction", "widest", "price_null", "widest_null")
    insert(alias, zoo.Decimals, *(dict(zip(names, row, strict=True)) for row in rows))


@concern
def texts(alias: str) -> None:
    """Every text in every column that is wide enough; file names and addresses; a long one."""
    for text in TEXTS:
        both = {"char": text, "text": text, "slug": text[:100], "email": text, "url": text, "file_path": text}
        both["file"] = text[:100]
        insert(alias, zoo.Texts, {**both, **{f"{name}_null": value for name, value in both.items()}})
    ordinary = {
        "char": "Zebra",
        "text": "Equus quagga",
        "slug": "zebra",
        "email": "zebra@example.com",
        "url": "https://example.com/?a=1&b=ü#z",
        "file_path": "/srv/zebra.txt",
        "file": "zoo/2026/zebra stripes (1).png",
    }
    nasty(alias, zoo.Texts, ordinary, [{}, {"text": "ß" * 300_000 + "\n"}])


@concern
def times(alias: str) -> None:
    """The calendar's ends, microseconds, leap days; durations of both signs and more days than a date has."""
    dates = [datetime.date(2026, 11, 23), datetime.date(2024, 2, 29), datetime.date(1, 1, 1)]
    dates += [datetime.date(9999, 12, 31), datetime.date(1970, 1, 1)]
    clock = [datetime.time(0), datetime.time(23, 59, 59, 999999), datetime.time(12, 0, 0, 1), datetime.time(2, 30)]
    spans = [datetime.timedelta(), datetime.timedelta(microseconds=1), datetime.timedelta(microseconds=-1)]
    spans += [datetime.timedelta(days=1, hours=25), datetime.timedelta(days=-100_000, seconds=3)]
    spans += [datetime.timedelta(days=100_000_000, microseconds=999_999)]
    for place, moment in enumerate(MOMENTS):
        date, time, span = dates[place % len(dates)], clock[place % len(clock)], spans[place % len(spans)]
        values = {"date": date, "moment": moment, "time": time, "duration": span}
        create(alias, zoo.Times(**values, **({f"{name}_null": v for name, v in values.items()} if place % 2 else {})))


@concern
def identities(alias: str) -> None:
    """UUIDs, addresses of both versions, bytes of every value."""
    ids = [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID("12345678-1234-5678-9abc-def012345678")]
    blobs = [b"", b"\0", bytes(range(256)), b"\\x41 'quoted' \xff\xfe", "é".encode("latin-1")]
    for place, ip in enumerate(IPS):
        values = {
            "uuid": ids[place % len(ids)],
            "ip": ip,
            "ip4": f"10.0.0.{place}",
            "binary": blobs[place % len(blobs)],
        }
        nulls = {f"{name}_null": value for name, value in values.items()} if place % 2 else {}
        create(alias, zoo.Identities(**values, **nulls))


@concern
def json(alias: str) -> None:
    """Every kind of JSON; JSON null beside SQL NULL; a field with its own encoder."""
    for value in JSONS:
        create(alias, zoo.Json(value=value, value_null=value, tagged=value, tagged_null=value))
    tagged = {"set": {1, 2, 3}, "price": Decimal("1.10"), "list": [set(), Decimal("1E+400")]}
    json_null = models.Value(None, models.JSONField())
    create(
        alias,
        zoo.Json(value="SQL NULL beside", value_null=None, tagged=tagged, tagged_null=None),
        zoo.Json(value=json_null, value_null=json_null, tagged=tagged, tagged_null=json_null),
    )


@concern
def generated(alias: str) -> None:
    features = connections[alias].features
    if features.supports_stored_generated_columns:
        create(
            alias, *(zoo.GeneratedStored(width=w, height=h, name=f"Box {w}") for w, h in ((2, 3), (-1, 0), (5, None)))
        )
    if features.supports_virtual_generated_columns:
        create(alias, *(zoo.GeneratedVirtual(width=w, height=h, after=9) for w, h in ((2, 3), (-1, 0), (5, None))))


# --- Keys --------------------------------------------------------------------------------------------------------


@concern
def keys(alias: str) -> None:
    """Keys of every kind, the ends of their ranges, gaps, and references to each."""
    for model, top in ((zoo.KeySmall, 2**15 - 9), (zoo.KeyAuto, 2**31 - 9), (zoo.KeyBig, 2**63 - 9)):
        create(alias, model(name="first"), model(name="second"), model(pk=top, name="top"))
        insert(alias, model, {"id": -5, "name": "negative"})
    uuids = [zoo.KeyUuid(id=uuid.UUID(int=n), name=str(n)) for n in (0, 1, 2**127, 2**128 - 1)]
    words = ["a", "Ä b", "日本", "with space", "slash/and?query", "0", "00", "quote'\"d", "x" * 100]
    # Case, accents and trailing spaces: MariaDB's usual collation takes these for one key.
    words += [] if vendor(alias) == "mysql" else ["A", "á", "a ", "", "e\u0301", "\u00e9"]
    texts = [zoo.KeyText(code=word, name=f"text {place}") for place, word in enumerate(words)]
    moments = [zoo.KeyMoment(at=moment, name=f"moment {place}") for place, moment in enumerate(MOMENTS)]
    amounts = [zoo.KeyDecimal(amount=Decimal(a), name=a) for a in ("0", "-1.5", "0.0000000001", "99999999999999.25")]
    numbers = [zoo.KeyNumber(number=n, name=str(n)) for n in (0, -1, 7, 2**63 - 1, -(2**63))]
    create(alias, *uuids, *texts, *moments, *amounts, *numbers)
    chained = [zoo.KeyOneToOne(number=number, name=f"chained to {number.pk}") for number in numbers[:3]]
    children = [zoo.KeyTextChild(parent=text, note=f"child of {text.code}"[:50]) for text in texts]
    create(alias, *chained, *children, zoo.KeyRing())
    for place in range(4):
        ring = zoo.KeyRing(
            uuid=uuids[place],
            text=texts[place],
            moment=moments[place],
            decimal=amounts[place],
            number=numbers[place],
            chain=chained[place % 3],
        )
        create(alias, ring)
        ring.uuids.set(uuids[place:])
        ring.texts.set(texts[place:])
        ring.moments.set(moments[place:])
        ring.decimals.set(amounts[place:])


@concern
def composite_keys(alias: str) -> None:
    """Composite keys; a nullable reference that shares a column with the key."""
    tenants = [zoo.Tenant(name=name) for name in ("North", "South")]
    create(alias, *tenants)
    for tenant in tenants:
        members = [zoo.Member(tenant=tenant, id=number, name=f"Member {number}") for number in (0, 1, 2)]
        create(alias, *members)
        posts = [
            zoo.Post(tenant=tenant, id=uuid.UUID(int=tenant.pk * 100 + m.id), author=m, title="By") for m in members
        ]
        nobody = zoo.Post(tenant=tenant, id=uuid.UUID(int=tenant.pk * 100 + 50), author_id=None, title="By nobody")
        create(alias, *posts, nobody)
    for sensor in ("a", "ß"):
        create(alias, *(zoo.Reading(sensor=sensor, at=at, value=v) for at, v in zip(MOMENTS, REALS, strict=False)))
    create(alias, zoo.Reading(sensor="broken", at=MOMENTS[0], value=None))


@concern
def gaps(alias: str) -> None:
    """Ids that were given out and whose rows have gone: the next id is more than the greatest plus one."""
    rows = [zoo.JustKey() for _ in range(10)]
    create(alias, *rows)
    for row in rows[2:3] + rows[6:]:
        zoo.JustKey._base_manager.using(alias).filter(pk=row.pk).delete()


# --- References --------------------------------------------------------------------------------------------------


@concern
def books(alias: str) -> None:
    """Plain references, to_field, one-to-one, many-to-many, and a link table with gaps in its ids."""
    authors = [zoo.Author(name=f"Author {n}", code=code) for n, code in enumerate(["a-1", "B 2", "ç/3", "4"])]
    labels = [zoo.Label(text=f"Label {n}") for n in range(6)]
    create(alias, *authors, *labels)
    for place, author in enumerate(authors):
        other = authors[place - 1]
        book = zoo.Book(
            title=f"Book {place}",
            author=author,
            by_code=other,
            editor=other if place % 2 else None,
            printer=author if place % 2 else None,
            seller=author,
            reader=None if place % 2 else other,
        )
        create(alias, book)
        book.labels.set(labels[place:])
        create(alias, zoo.Passport(holder=author, issued_by=other if place else None))
    zoo.Book.labels.through._base_manager.using(alias).order_by("-pk").first().delete()


@concern
def selves(alias: str) -> None:
    """Trees, deep and rooted in a later row; a row that is its own parent; many-to-many with itself."""
    parent = None
    for depth in range(8):
        node = zoo.Tree(name=f"depth {depth}", parent=parent)
        create(alias, node)
        parent = node
    insert(alias, zoo.Tree, {"id": 1000, "name": "its own parent", "parent": 1000})
    insert(alias, zoo.Tree, {"id": 1002, "name": "a later parent"}, {"id": 1001, "name": "earlier", "parent": 1002})
    people = [zoo.Person(name=f"Person {n}") for n in range(5)]
    create(alias, *people)
    people[0].friends.set(people[1:3])
    people[3].friends.add(people[3])
    people[1].idols.set([people[1], people[2], people[4]])
    since = MOMENTS[0]
    for follower, followed, by in ((0, 1, None), (1, 0, 2), (2, 2, 2), (0, 1, 4)):
        introduced_by = None if by is None else people[by]
        create(
            alias,
            zoo.Follow(follower=people[follower], followed=people[followed], introduced_by=introduced_by, since=since),
        )
    clubs = [zoo.Club(name="Chess"), zoo.Club(name="Empty")]
    create(alias, *clubs)
    for person, role, joined in ((people[0], "chair", since.date()), (people[0], "cook", None), (people[1], "", None)):
        create(alias, zoo.Membership(club=clubs[0], person=person, role=role, joined=joined))


@concern
def circles(alias: str) -> None:
    """NOT NULL references in a circle, by key and one-to-one."""
    with connections[alias].constraint_checks_disabled():
        insert(
            alias, zoo.Chicken, {"id": 1, "name": "Berta", "favourite": 2}, {"id": 2, "name": "Frieda", "favourite": 1}
        )
        insert(alias, zoo.Egg, {"id": 1, "laid_by": 1}, {"id": 2, "laid_by": 2}, {"id": 3, "laid_by": 1})
        insert(alias, zoo.Husband, {"id": 1, "name": "Adam", "wife": 10}, {"id": 2, "name": "Bo", "wife": 20})
        insert(alias, zoo.Wife, {"id": 10, "name": "Eva", "husband": 1}, {"id": 20, "name": "Cleo", "husband": None})
    _past_given_keys(alias, zoo.Tree, zoo.Chicken, zoo.Egg, zoo.Husband, zoo.Wife)


def _past_given_keys(alias: str, *tables: type[models.Model]) -> None:
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


@concern
def hidden(alias: str) -> None:
    """Rows that their manager does not show, and references and links to them."""
    shown, gone = zoo.Hidden(name="shown"), zoo.Hidden(name="gone", deleted=True)
    create(alias, shown, gone)
    fans = [zoo.HiddenFan(favourite=shown), zoo.HiddenFan(favourite=gone)]
    create(alias, *fans)
    links = zoo.HiddenFan.all_of_them.through
    create(alias, *(links(hiddenfan=fan, hidden=row) for fan in fans for row in (shown, gone)))


@concern
def permissions(alias: str) -> None:
    """People, groups, and references to permissions and content types, of which some were made by hand."""
    types = ContentType.objects.db_manager(alias)
    gone = types.create(app_label="gone", model="dodo")
    fly = Permission.objects.using(alias).create(codename="fly", name="Can fly", content_type=gone)
    look = Permission.objects.using(alias).get(codename="view_author", content_type__app_label="zoo")
    groups = [Group(name="Keepers"), Group(name="Besucher «ü»"), Group(name="Nobody")]
    create(alias, *groups)
    groups[0].permissions.set([fly, look])
    groups[1].permissions.set([look])
    users = [
        User(username="keeper", password="!", is_staff=True, date_joined=MOMENTS[0], last_login=MOMENTS[1]),
        User(username="Ωlga@example.com", first_name="Olga", last_name="d'Arc", email="", date_joined=MOMENTS[8]),
        User(username="gone", is_active=False, date_joined=MOMENTS[7]),
    ]
    create(alias, *users)
    users[0].groups.set(groups[:2])
    users[0].user_permissions.set([fly])
    users[1].user_permissions.set([look, fly])
    gates = [zoo.Gate(name="Main", opens_with=look), zoo.Gate(name="Cage", opens_with=fly), zoo.Gate(name="Open")]
    create(alias, *gates)
    gates[0].any_of.set([fly, look])
    gates[1].any_of.set([look])
    gates[0].groups.set(groups)
    gates[0].about.set([gone, types.get_for_model(zoo.Author)])
    create(alias, zoo.Groupie(permission=fly, name="flying"), zoo.Groupie(permission=look, name="looking"))


@concern
def generic_references(alias: str) -> None:
    """To rows of several models, to a proxy's, to rows and to kinds of rows that do not exist."""
    types = ContentType.objects.db_manager(alias)
    author = zoo.Author._base_manager.using(alias).first()
    word = zoo.KeyText._base_manager.using(alias).first()
    kinds = {model: types.get_for_model(model) for model in (zoo.Author, zoo.Tree, zoo.KeyText)}
    proxy = types.get_for_model(zoo.PlaceProxy, for_concrete_model=False)
    gone = types.get(app_label="gone", model="dodo")
    create(
        alias,
        zoo.Note(content_type=kinds[zoo.Author], object_id=author.pk, text="about an author"),
        zoo.Note(content_type=kinds[zoo.Tree], object_id=1000, text="about a tree"),
        zoo.Note(content_type=kinds[zoo.Tree], object_id=999_999, text="about nothing"),
        zoo.Note(content_type=proxy, object_id=1, text="about a proxy"),
        zoo.Note(content_type=gone, object_id=1, text="about a model that has gone"),
        zoo.TextNote(kind=kinds[zoo.KeyText], key=word.pk, text="about a word"),
        zoo.TextNote(kind=kinds[zoo.Author], key=str(author.pk), text="about an author"),
        zoo.TextNote(text="about nothing"),
    )


@concern
def ordered(alias: str) -> None:
    """order_with_respect_to: an order that is not the order of the keys."""
    questions = [zoo.Question(text="Why?"), zoo.Question(text="Who?")]
    create(alias, *questions)
    for question in questions:
        answers = [zoo.Answer(question=question, text=f"Answer {n}", _order=n) for n in range(4)]
        create(alias, *answers)
        for place, answer in enumerate((answers[2], answers[0], answers[3], answers[1])):
            zoo.Answer._base_manager.using(alias).filter(pk=answer.pk).update(_order=place)


@concern
def dangling(alias: str) -> None:
    """Links without a constraint, some of which lead nowhere."""
    insert(
        alias,
        zoo.Dangling,
        {"id": 1, "author": 1, "optional": None},
        {"id": 2, "author": 123_456, "optional": 654_321},
    )
    links = zoo.Dangling.labels.through
    insert(alias, links, {"dangling": 1, "label": 1}, {"dangling": 2, "label": 777}, {"dangling": 888, "label": 999})
    _past_given_keys(alias, zoo.Dangling)


@concern
def natural_keys(alias: str) -> None:
    """Not unique, and in a circle."""
    twins = [zoo.NaturalTwin(name="twin", number=1), zoo.NaturalTwin(name="twin", number=2)]
    create(alias, *twins)
    create(alias, *(zoo.NaturalChild(twin=twin, name="child") for twin in twins))
    a = zoo.NaturalLoopA(name="a")
    create(alias, a)
    b = zoo.NaturalLoopB(name="b", other=a)
    create(alias, b)
    zoo.NaturalLoopA._base_manager.using(alias).filter(pk=a.pk).update(other=b)
    create(alias, zoo.NaturalLoopA(name="alone"), zoo.NaturalLoopB(name="alone"))


@concern
def inheritance(alias: str) -> None:
    """Two levels, two parents, a link of its own name, a proxy, an abstract parent; parents without a child between."""

    def make(instance: models.Model) -> Any:
        instance.save(using=alias)
        return instance

    labels = list(zoo.Label._base_manager.using(alias).all())
    park = make(zoo.Place(name="Park"))
    diner = make(zoo.Restaurant(name="Diner", near=park, serves="burgers"))
    make(zoo.Place(name="Pond", near=diner.place_ptr))
    roma = make(zoo.ItalianRestaurant(name="Roma", near=park, serves="pasta", partner=diner, has_gnocchi=True))
    make(zoo.ItalianRestaurant(name="Napoli", serves="pizza", partner=roma.restaurant_ptr, has_gnocchi=False))
    make(zoo.Food(food_name="alone"))
    make(zoo.Cafe(name="Central", food_name="cake", beans="arabica"))
    make(zoo.Cafe(name="Sperl", near=park, food_name="strudel", beans=""))
    park.labels.set(labels[:2])
    roma.labels.set(labels[1:3])
    roma.specials.set(labels[2:])
    make(zoo.Tavern(sign="Only a tavern"))
    make(zoo.Drink(sign="Lion", strength=Decimal("4.9")))
    make(zoo.Drink(sign="Swan", strength=Decimal("40.0")))
    fan = make(zoo.ProxyFan(place_id=park.pk, restaurant=roma))
    make(zoo.ProxyFan(place_id=roma.pk))
    fan.places.set(zoo.PlaceProxy._base_manager.using(alias).all())
    child = make(zoo.ConcreteChild(title="concrete", body=None))
    make(zoo.ConcreteChild(title="and", body="another"))
    child.labels.set(labels)


# --- Oddities ----------------------------------------------------------------------------------------------------


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
    _past_given_keys(alias, zoo.OddNames)


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
    _past_given_keys(alias, zoo.Watched, zoo.Landmark)


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
    _empty(alias, zoo.Legacy)
    insert(
        alias,
        zoo.Legacy,
        {"code": "L-1", "amount": "10.50", "label": 1},
        {"code": "l 2", "amount": None, "label": None},
        {"code": "ł-3", "amount": "-0.10", "label": 987_654},
    )


def _empty(alias: str, *tables: type[models.Model]) -> None:
    connection = connections[alias]
    with connection.cursor() as cursor:
        for model in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")


# --- What only one kind of database holds ------------------------------------------------------------------------

ORDINARY_NUMBERS = {
    "small": 1,
    "integer": 1,
    "big": 1,
    "positive_small": 1,
    "positive": 1,
    "positive_big": 1,
    "real": 1.5,
}
ORDINARY_TEXTS = {"char": "", "text": "", "slug": "", "email": "", "url": "", "file_path": "", "file": ""}
ORDINARY_TIMES = {"date": "2026-11-23", "moment": "2026-11-23 12:00:00", "time": "12:00:00"}
ORDINARY_DECIMALS = {"price": "1.00", "whole": "1", "fraction": "0.1", "widest": "1"}
ORDINARY_JSON = {"value": "{}", "tagged": "{}"}
# JSON text that a parser into Python's numbers and dicts, and back, would change.
EXACT_JSONS = [
    "1.10",
    "1E400",
    "-0",
    "-0.0",
    "123456789012345678901234567890.123456789012345678901234567890",
    "[18446744073709551616, 0.1000000000000000055511151231257827, 100]",
    '{"b": 1, "a": 2, "": 1.0}',
]


@concern
def only_sqlite(alias: str) -> None:
    """What SQLite takes although the column says otherwise: other types, bytes that are no text, impossible dates."""
    if vendor(alias) != "sqlite":
        return
    not_utf8 = Sql("CAST(x'61ff62' AS TEXT)")
    surrogate = Sql("CAST(x'eda080' AS TEXT)")
    cut = Sql("CAST(x'f09fa6' AS TEXT)")
    nul = "before\0after"
    odd_texts = [not_utf8, surrogate, cut, nul, Sql("x'00ff'"), 5, 1.5, Sql("'text' || char(0)")]
    nasty(alias, zoo.Texts, ORDINARY_TEXTS, [{"text": text, "char_null": text} for text in odd_texts])
    odd_numbers = ["twelve", "", 1.5, Sql("x'0102'"), Sql("9e999"), not_utf8, " 12 "]
    nasty(alias, zoo.Numbers, ORDINARY_NUMBERS, [{"integer": number} for number in odd_numbers])
    odd_reals = [Sql("9e999"), Sql("-9e999"), 7, "a real", Sql("x'40'"), 9007199254740993]
    nasty(alias, zoo.Numbers, ORDINARY_NUMBERS, [{"real": real, "real_null": real} for real in odd_reals])
    insert(alias, zoo.Flags, *({"flag": flag, "flag_null": flag} for flag in (2, -1, "yes", 0.5)))
    odd_decimals = ["a price", 1.1, 12345678901234567890123.0, Sql("9e999"), "NaN", Sql("x'31'"), "1.10"]
    nasty(alias, zoo.Decimals, ORDINARY_DECIMALS, [{"price": value, "widest_null": value} for value in odd_decimals])
    times = {**ORDINARY_TIMES, "duration": 1}
    odd_dates = ["2026-02-30", "0000-00-00", "", "yesterday", 20260101, "2026-1-2", "10000-01-01", Sql("x'32303236'")]
    nasty(alias, zoo.Times, times, [{"date": date, "date_null": date} for date in odd_dates])
    odd_moments = ["2026-02-30 25:61:61", "2026-11-23", "2026-11-23T12:00:00Z", 1_700_000_000, 1.5, "now"]
    odd_moments += ["2026-11-23 12:00:00.1", "2026-11-23 12:00:00.123456789", "2026-11-23 12:00:00+02:00"]
    nasty(alias, zoo.Times, times, [{"moment": moment, "moment_null": moment} for moment in odd_moments])
    nasty(alias, zoo.Times, times, [{"time": time} for time in ("24:00:00", "12:00", "noon", 43200, "12:00:00.5")])
    nasty(alias, zoo.Times, times, [{"duration": span} for span in ("1 day", 1.5, "", -(2**63))])
    identities = {"uuid": uuid.UUID(int=5).hex, "ip": "::1", "ip4": "10.0.0.1", "binary": b""}
    odd_uuids = ["12345678-1234-5678-9ABC-DEF012345678", "no uuid", "", 7, Sql("x'00'")]
    nasty(alias, zoo.Identities, identities, [{"uuid": value, "uuid_null": value} for value in odd_uuids])
    odd_ips = ["999.1.1.1", "", "10.0.0.0/8", "2001:DB8::1", 7]
    nasty(alias, zoo.Identities, identities, [{"ip": value, "ip_null": value} for value in odd_ips])
    nasty(alias, zoo.Identities, identities, [{"binary": value} for value in ("text", 5, 1.5, not_utf8)])
    whitespace = ['{ "a" : 1 }', '{"a": 1, "a": 2}', '"\\u00e9 \\ud83e\\udd93 \\ud800"', " null "]
    nasty(alias, zoo.Json, ORDINARY_JSON, [{"value": v, "value_null": v} for v in EXACT_JSONS + whitespace])
    nasty(alias, zoo.Json, ORDINARY_JSON, [{"value": Sql("7")}, {"value": Sql("1.5")}])
    insert(alias, zoo.KeyText, {"code": nul, "name": "NUL"}, {"code": not_utf8, "name": "no text"})
    insert(alias, zoo.KeyTextChild, {"parent": not_utf8, "note": "of no text"}, {"parent": nul, "note": "of NUL"})


@concern
def only_postgresql(alias: str) -> None:
    """What PostgreSQL has and Python has not: infinite and ancient times, NaN, networks, months, exact JSON numbers."""
    if vendor(alias) != "postgresql":
        return
    times = {**ORDINARY_TIMES, "moment": "2026-11-23 12:00:00+00", "duration": "0"}
    odd_dates = ["infinity", "-infinity", "0044-03-15 BC", "4713-01-01 BC", "5874897-12-31", "10000-01-01"]
    nasty(alias, zoo.Times, times, [{"date": date, "date_null": date} for date in odd_dates])
    odd_moments = ["infinity", "-infinity", "0044-03-15 12:00:00.000001+00 BC", "4713-01-01 00:00:00+00 BC"]
    odd_moments += ["294276-12-31 23:59:59.999999+00", "10000-01-01 00:00:00+00", "1880-01-01 00:00:00+00"]
    nasty(alias, zoo.Times, times, [{"moment": moment, "moment_null": moment} for moment in odd_moments])
    nasty(alias, zoo.Times, times, [{"time": "24:00:00", "time_null": "24:00:00"}])
    odd_spans = ["1 month", "-1 year 2 mons -3 days 04:05:06.000007", "178000000 years", "1 day -23:59:59", "30 days"]
    odd_spans += ["720:00:00", "-1 microsecond", "1 mon 30 days 24:00:00"]
    nasty(alias, zoo.Times, times, [{"duration": span, "duration_null": span} for span in odd_spans])
    odd_reals = ["NaN", "Infinity", "-Infinity"]
    nasty(alias, zoo.Numbers, ORDINARY_NUMBERS, [{"real": real, "real_null": real} for real in odd_reals])
    nasty(alias, zoo.Decimals, ORDINARY_DECIMALS, [{"price": "NaN", "widest_null": "NaN", "whole": "NaN"}])
    identities = {"uuid": str(uuid.UUID(int=5)), "ip": "::1", "ip4": "10.0.0.1", "binary": b""}
    odd_ips = ["10.1.2.3/8", "10.0.0.0/8", "2001:db8::1/64", "::/0", "::ffff:1.2.3.4/128"]
    nasty(alias, zoo.Identities, identities, [{"ip": value, "ip_null": value} for value in odd_ips])
    nasty(alias, zoo.Json, ORDINARY_JSON, [{"value": value, "value_null": value} for value in [*EXACT_JSONS, "null"]])
    nasty(alias, zoo.Texts, ORDINARY_TEXTS, [{"char": "trailing   ", "text": "\\N\t\\.\n"}])


@concern
def only_mariadb(alias: str) -> None:
    """What MariaDB takes: zero dates, hours beyond a day, flags beyond one, NUL, JSON with its spaces."""
    if vendor(alias) != "mysql":
        return
    nul = "before\0after"
    nasty(alias, zoo.Texts, ORDINARY_TEXTS, [{"text": nul, "char_null": nul}, {"char": "trailing   "}])
    times = {**ORDINARY_TIMES, "duration": 1}
    odd_dates = ["0000-00-00", "2026-00-00", "2026-11-00", "0001-01-01"]
    nasty(alias, zoo.Times, times, [{"date": date, "date_null": date} for date in odd_dates])
    odd_moments = ["0000-00-00 00:00:00", "2026-11-00 00:00:00", "9999-12-31 23:59:59.999999", "0001-01-01 00:00:00"]
    nasty(alias, zoo.Times, times, [{"moment": moment, "moment_null": moment} for moment in odd_moments])
    odd_clock = ["838:59:59.999999", "-838:59:59.999999", "24:00:00", "-00:00:01"]
    nasty(alias, zoo.Times, times, [{"time": time, "time_null": time} for time in odd_clock])
    nasty(alias, zoo.Times, times, [{"duration": span} for span in (2**63 - 1, -(2**63))])
    insert(alias, zoo.Flags, *({"flag": flag, "flag_null": flag} for flag in (2, -1, 127, -128)))
    whitespace = ['{ "a" : 1 }', '{"a": 1, "a": 2}', '"\\u00e9 \\ud83e\\udd93"', " null "]
    nasty(alias, zoo.Json, ORDINARY_JSON, [{"value": v, "value_null": v} for v in EXACT_JSONS + whitespace])
    identities = {"uuid": str(uuid.UUID(int=5)), "ip": "::1", "ip4": "10.0.0.1", "binary": b""}
    nasty(alias, zoo.Identities, identities, [{"ip": value, "ip_null": value} for value in ("999.1.1.1", "", "no")])
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT @@SESSION.sql_mode")
        (before,) = cursor.fetchone()
        cursor.execute(
            "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES')"
        )
        insert(alias, zoo.KeyBig, {"id": 0, "name": "zero"})
        insert(alias, zoo.Author, {"id": 0, "name": "zero", "code": "zero"})
        nasty(alias, zoo.Times, times, [{"date": "2026-02-30", "moment": "2026-02-31 00:00:00"}])
        cursor.execute("SET SESSION sql_mode = %s", [before])


@concern
def key_zero(alias: str) -> None:
    """On MariaDB a key of 0 asks for the next one, so `only_mariadb` writes it."""
    if vendor(alias) != "mysql":
        insert(alias, zoo.KeyBig, {"id": 0, "name": "zero"})
        insert(alias, zoo.Author, {"id": 0, "name": "zero", "code": "zero"})


@concern
def second_house(alias: str) -> None:
    """Every column type of django.contrib.postgres, and those beyond it."""
    if vendor(alias) != "postgresql":
        return
    _arrays(alias)
    _ranges(alias)
    _other_types(alias)
    _tables_of_others_on_postgresql(alias)
    if has_extension("hstore"):
        insert(
            alias,
            second.Hstores,
            {"pairs": "", "pairs_null": None},
            {"pairs": '"a"=>"1", "b"=>NULL, ""=>"", "é \\"q\\" \\\\"=>"=> ,🦓"', "pairs_null": '"null"=>"NULL"'},
        )
    if has_extension("citext"):
        insert(alias, second.Caseless, {"word": "Zebra"}, {"word": "ÉMEU"})


def _arrays(alias: str) -> None:
    empty = dict.fromkeys((field.name for field in second.Arrays._meta.local_concrete_fields[1:]), "{}")
    full = {
        "numbers": "{1,-2,2147483647}",
        "texts": '{NULL,"NULL","",null,"quote\\"d","back\\\\slash","{}","a,b"," ","Ünï 🦓","line\n"}',
        "moments": '{"2026-11-23 12:00:00.000001+00",infinity,-infinity,"0044-03-15 00:00:00+00 BC",NULL}',
        "nested": "{{1,NULL},{3,4}}",
        "decimals": "{1.10000,NaN,-0.00001,999999999999999.99999}",
        "fixed": "{a,b,c}",
        "flags": "{t,f}",
        "reals": "{NaN,Infinity,-0,5e-324,0.1}",
        "uuids": "{00000000-0000-0000-0000-000000000001}",
        "jsons": '{"null","1.10","{\\"a\\": [1]}",NULL}',
        "binaries": '{"\\\\x00ff","\\\\x"}',
        "durations": '{"1 mon","-1 days +00:00:01"}',
        "pairs": '{"1|2","-3|4"}',
        "numbers_null": "{NULL,1}",
        "texts_null": "{NULL}",
    }
    odd = [
        {"numbers": "[5:7]={1,2,3}"},
        {"nested": "[0:1][2:3]={{1,2},{3,4}}"},
        {"numbers_null": None, "texts_null": None},
    ]
    insert(alias, second.Arrays, empty, full, *({**full, **values} for values in odd))


def _ranges(alias: str) -> None:
    ordinary = {
        "integers": "[1,10)",
        "bigs": "[1,9223372036854775807)",
        "decimals": "(1.10,2.500]",
        "moments": "[2026-11-23 12:00:00.000001+00,2026-11-24 00:00:00+00)",
        "dates": "[2026-11-23,2026-11-30)",
        "closed": "[1.0,2.0]",
        "several": '{"[1,2)",empty,"(,)"}',
    }
    odd = [
        dict.fromkeys(ordinary, "empty") | {"several": "{}"},
        dict.fromkeys(ordinary, "(,)") | {"several": "{NULL}"},
        {**ordinary, "integers": "[5,)", "bigs": "(,-5)", "decimals": "(,0]", "moments": "[infinity,)", "dates": "(,)"},
        {**ordinary, "moments": '["0044-03-15 00:00:00+00 BC",infinity]', "dates": "[0044-03-15 BC,infinity)"},
        {**ordinary, "decimals": "[-Infinity,NaN]", "closed": "[1,1]", "integers_null": "[1,2)", "bigs_null": "empty"},
        {**ordinary, "decimals_null": "[0,0]", "moments_null": "(,)", "dates_null": "empty"},
    ]
    insert(alias, second.Ranges, ordinary, *odd)


def _other_types(alias: str) -> None:
    vector = "'the':1A,5B 'it''s':2 'zebra':3,4 'back\\\\slash'"
    insert(alias, second.Search, {"words": vector, "words_null": vector}, {"words": "", "words_null": None})
    long = "1234567890" * 40
    unlimited = ["0", "1.10", "1.1000000000", f"{long}.{long}", "1E-400", "NaN", "-0.0"]
    for number in unlimited:
        insert(
            alias, second.Unlimited, {"number": number, "number_null": number, "long": number if "E" in number else "1"}
        )
    insert(
        alias,
        second.Unlimited,
        {"number": "Infinity", "number_null": "-Infinity", "long": f"{long}.{long}"},
        {"number": "7", "number_null": None, "long": "NaN"},
    )
    foreign = {
        "mac": "08:00:2b:01:02:03",
        "point": "(1.5,-2)",
        "bits": "B101",
        "network": "10.0.0.0/8",
        "xml": "<zoo name='é'>&amp;</zoo>",
        "plain_json": '{ "a": 1.10,  "a": 2 }',
        "query": "'fat' & ( 'rat' | !'cat':* )",
        "zoned_time": "12:00:00.000001+05:45",
        "naive": "2026-10-25 02:30:00.000001",
        "real": "0.1",
        "money": "1234.50",
        "padded": "ab",
        "mood": "glad",
        "moods": '{glad,"it\'s, \\"bad\\"",NULL}',
        "positive": "5",
        "pair": '(1,"a ""word"", é")',
        "many": "{[1,3),[5,9)}",
        "days": "1 day 02:03:04.005",
    }
    odd = {"naive": "infinity", "real": "NaN", "money": "-0.01", "padded": "", "pair": "(,)", "many": "{}", "bits": ""}
    odd |= {"mood": 'it\'s, "bad"', "moods": "{}", "query": ""}
    insert(alias, second.Foreign, foreign, foreign | odd)
    row = {"room": 1, "during": "[2026-11-23,2026-11-24)", "position": 2}
    insert(alias, second.Reserved, row, row | {"during": "[2026-11-24,2026-11-25)", "position": 1})


def _tables_of_others_on_postgresql(alias: str) -> None:
    _empty(alias, second.AlwaysIdentity, second.Serial, second.Partitioned)
    insert(alias, second.AlwaysIdentity, {"name": "first"}, {"name": "second"})
    insert(alias, second.Serial, {"name": "counted down"}, {"name": "further"})
    insert(
        alias, second.Partitioned, {"id": 1, "name": "low"}, {"id": 1000, "name": "high"}, {"id": -1, "name": "below"}
    )
    with connections[alias].cursor() as cursor:
        cursor.execute("DELETE FROM zoo_elsewhere.thing")
        cursor.execute("INSERT INTO zoo_elsewhere.thing (name) VALUES ('elsewhere'), ('too')")
        cursor.execute("REFRESH MATERIALIZED VIEW zoo_materialized")
