"""References in every shape."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)
    code = models.CharField(max_length=20, unique=True)
    notes = GenericRelation("zoo.Note")


class Label(models.Model):
    text = models.CharField(max_length=50)


class Book(models.Model):
    """A plain reference, one to a column that is not the key, nullable ones, and each rule of deletion."""

    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    by_code = models.ForeignKey(Author, models.PROTECT, to_field="code", related_name="books_by_code")
    editor = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="edited", db_column="the_editor")
    printer = models.ForeignKey(Author, models.RESTRICT, null=True, related_name="printed")
    seller = models.ForeignKey(Author, models.SET_DEFAULT, default=1, related_name="sold")
    reader = models.ForeignKey(Author, models.DO_NOTHING, null=True, related_name="read")
    labels = models.ManyToManyField(Label, related_name="books")


class Passport(models.Model):
    holder = models.OneToOneField(Author, models.CASCADE, related_name="passport")
    issued_by = models.OneToOneField(
        Author, models.SET_NULL, to_field="code", null=True, related_name="issued_passport"
    )


class Tree(models.Model):
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")
    name = models.CharField(max_length=50)


class Person(models.Model):
    """Many-to-many with itself: symmetrical, one-way, and through a model of its own."""

    name = models.CharField(max_length=50)
    friends = models.ManyToManyField("self")
    idols = models.ManyToManyField("self", symmetrical=False, related_name="fans")
    follows = models.ManyToManyField(
        "self", symmetrical=False, through="Follow", through_fields=("follower", "followed"), related_name="followers"
    )


class Follow(models.Model):
    follower = models.ForeignKey(Person, models.CASCADE, related_name="+")
    followed = models.ForeignKey(Person, models.CASCADE, related_name="+")
    introduced_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    since = models.DateTimeField()


class Club(models.Model):
    name = models.CharField(max_length=50)
    members = models.ManyToManyField(Person, through="Membership", related_name="clubs")


class Membership(models.Model):
    """A link with data of its own; the same two may be linked twice."""

    club = models.ForeignKey(Club, models.CASCADE)
    person = models.ForeignKey(Person, models.CASCADE)
    role = models.CharField(max_length=50)
    joined = models.DateField(null=True)


class Chicken(models.Model):
    """NOT NULL references in a circle: neither row can come first."""

    name = models.CharField(max_length=50)
    favourite = models.ForeignKey("Egg", models.CASCADE, related_name="+")


class Egg(models.Model):
    laid_by = models.ForeignKey(Chicken, models.CASCADE, related_name="eggs")


class Husband(models.Model):
    name = models.CharField(max_length=50)
    wife = models.OneToOneField("Wife", models.CASCADE, related_name="as_wife_of")


class Wife(models.Model):
    name = models.CharField(max_length=50)
    husband = models.OneToOneField(Husband, models.CASCADE, related_name="as_husband_of", null=True)


class VisibleOnly(models.Manager["Hidden"]):
    def get_queryset(self) -> models.QuerySet["Hidden"]:
        return super().get_queryset().filter(deleted=False)


class Hidden(models.Model):
    """Its default manager, which is its base manager too, hides deleted rows."""

    name = models.CharField(max_length=50)
    deleted = models.BooleanField(default=False)

    objects = VisibleOnly()

    class Meta:
        base_manager_name = "objects"


class HiddenFan(models.Model):
    """References and links to rows that a manager hides."""

    favourite = models.ForeignKey(Hidden, models.CASCADE, related_name="fans")
    all_of_them = models.ManyToManyField(Hidden)


class Note(models.Model):
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.BigIntegerField()
    about = GenericForeignKey("content_type", "object_id")
    text = models.CharField(max_length=100)


class TextNote(models.Model):
    """A generic reference whose object id is text, and which may be empty."""

    kind = models.ForeignKey(ContentType, models.SET_NULL, null=True, related_name="+")
    key = models.CharField(max_length=100, null=True)
    about = GenericForeignKey("kind", "key")
    text = models.CharField(max_length=100)


class Gate(models.Model):
    """References to permissions and groups, whose ids differ from one database to the next."""

    name = models.CharField(max_length=50)
    opens_with = models.ForeignKey(Permission, models.CASCADE, null=True, related_name="+")
    any_of = models.ManyToManyField(Permission, related_name="+")
    groups = models.ManyToManyField(Group, related_name="+")
    about = models.ManyToManyField(ContentType, related_name="+")


class Groupie(models.Model):
    """Its primary key is a reference to a table that stays out of a backup."""

    permission = models.OneToOneField(Permission, models.CASCADE, primary_key=True, related_name="+")
    name = models.CharField(max_length=50)


class Question(models.Model):
    text = models.CharField(max_length=50)


class Answer(models.Model):
    question = models.ForeignKey(Question, models.CASCADE)
    text = models.CharField(max_length=50)

    class Meta:
        order_with_respect_to = "question"


class Dangling(models.Model):
    """No constraint in the database, so that links may lead nowhere."""

    author = models.ForeignKey(Author, models.DO_NOTHING, db_constraint=False, related_name="+")
    optional = models.ForeignKey(Author, models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    labels = models.ManyToManyField(Label, db_constraint=False, related_name="+")


class ByName(models.Manager[Any]):
    def get_by_natural_key(self, name: str) -> Any:
        return self.get(name=name)


class NaturalTwin(models.Model):
    """A natural key that is not unique."""

    name = models.CharField(max_length=50)
    number = models.IntegerField()

    objects = ByName()

    def natural_key(self) -> tuple[str]:
        return (self.name,)


class NaturalChild(models.Model):
    twin = models.ForeignKey(NaturalTwin, models.CASCADE)
    name = models.CharField(max_length=50)

    objects = ByName()

    def natural_key(self) -> tuple[Any, ...]:
        return (self.name, *self.twin.natural_key())

    natural_key.dependencies = ["zoo.naturaltwin"]


class NaturalLoopA(models.Model):
    """Natural keys that need each other: dumpdata --natural-foreign refuses them."""

    name = models.CharField(max_length=50)
    other = models.ForeignKey("NaturalLoopB", models.CASCADE, null=True, related_name="+")

    objects = ByName()

    def natural_key(self) -> tuple[Any, ...]:
        return (self.name,)

    natural_key.dependencies = ["zoo.naturalloopb"]


class NaturalLoopB(models.Model):
    name = models.CharField(max_length=50)
    other = models.ForeignKey(NaturalLoopA, models.CASCADE, null=True, related_name="+")

    objects = ByName()

    def natural_key(self) -> tuple[Any, ...]:
        return (self.name,)

    natural_key.dependencies = ["zoo.naturalloopa"]
