"""References in every shape, and inheritance."""

from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connections, models

from tests.zoo import models as zoo
from tests.zoo.samples.literals import MOMENTS
from tests.zoo.samples.writing import concern, create, insert, past_given_keys


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
    past_given_keys(alias, zoo.Tree, zoo.Chicken, zoo.Egg, zoo.Husband, zoo.Wife)


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
    author = zoo.Author._base_manager.using(alias).order_by("pk").first().pk
    label = zoo.Label._base_manager.using(alias).order_by("pk").first().pk
    insert(
        alias,
        zoo.Dangling,
        {"id": 1, "author": author, "optional": None},
        {"id": 2, "author": 123_456, "optional": 654_321},
    )
    links = zoo.Dangling.labels.through
    insert(
        alias, links, {"dangling": 1, "label": label}, {"dangling": 2, "label": 777}, {"dangling": 888, "label": 999}
    )
    past_given_keys(alias, zoo.Dangling)


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
