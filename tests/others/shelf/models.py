"""A library's models, each built on somebody else's app."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from guardian.models import UserObjectPermissionBase
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from mptt.fields import TreeForeignKey, TreeManyToManyField
from mptt.models import MPTTModel
from polymorphic.models import PolymorphicModel
from simple_history.models import HistoricalRecords
from taggit.managers import TaggableManager
from taggit.models import GenericUUIDTaggedItemBase, TaggedItemBase
from treebeard.al_tree import AL_Node
from treebeard.mp_tree import MP_Node
from treebeard.ns_tree import NS_Node
from wagtail import blocks
from wagtail.contrib.forms.models import AbstractEmailForm, AbstractFormField
from wagtail.contrib.settings.models import BaseSiteSetting, register_setting
from wagtail.fields import RichTextField, StreamField
from wagtail.images.blocks import ImageChooserBlock
from wagtail.models import DraftStateMixin, Orderable, Page, RevisionMixin, TranslatableMixin
from wagtail.snippets.models import register_snippet


class Reader(AbstractUser):
    """The user model, with an id that is no number in a row."""

    id = models.UUIDField(primary_key=True, editable=False, default=None)
    card = models.CharField(max_length=20, unique=True, null=True)
    history = HistoricalRecords()

    REQUIRED_FIELDS = ["id", "email"]


# --- taggit ----------------------------------------------------------------------------------------------------------


class TaggedByUuid(GenericUUIDTaggedItemBase, TaggedItemBase):
    pass


class Essay(models.Model):
    title = models.CharField(max_length=100)
    tags = TaggableManager()
    history = HistoricalRecords(m2m_fields=[])

    class Meta:
        permissions = [("cite_essay", "Can cite essay")]


class Scroll(models.Model):
    id = models.UUIDField(primary_key=True)
    title = models.CharField(max_length=100)
    tags = TaggableManager(through=TaggedByUuid)


# --- simple_history --------------------------------------------------------------------------------------------------


class Author(models.Model):
    name = models.CharField(max_length=100)


class Novel(models.Model):
    title = models.CharField(max_length=100)
    pages = models.PositiveIntegerField(null=True)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    authors = models.ManyToManyField(Author)
    history = HistoricalRecords(m2m_fields=[authors])


class NovelPermission(UserObjectPermissionBase):
    """guardian with a foreign key of its own instead of a generic one."""

    content_object = models.ForeignKey(Novel, on_delete=models.CASCADE)


# --- polymorphic -----------------------------------------------------------------------------------------------------


class Medium(PolymorphicModel):
    name = models.CharField(max_length=100)
    related = models.ManyToManyField("self", symmetrical=False)


class Disc(Medium):
    minutes = models.IntegerField()


class Film(Disc):
    director = models.CharField(max_length=100)


class Sheet(Medium):
    inventor = models.ForeignKey(Author, on_delete=models.CASCADE)
    of = models.ForeignKey(Medium, null=True, on_delete=models.SET_NULL, related_name="sheets")


# --- Trees -----------------------------------------------------------------------------------------------------------


class Genre(MPTTModel):
    name = models.CharField(max_length=50)
    parent = TreeForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")

    class MPTTMeta:
        order_insertion_by = ["name"]


class Series(models.Model):
    name = models.CharField(max_length=50)
    genres = TreeManyToManyField(Genre)


class Room(MP_Node):
    name = models.CharField(max_length=50)
    node_order_by = ["name"]


class Rack(NS_Node):
    name = models.CharField(max_length=50)
    rooms = models.ManyToManyField(Room)


class Board(AL_Node):
    name = models.CharField(max_length=50)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children_set")
    sib_order = models.PositiveIntegerField()


# --- wagtail ---------------------------------------------------------------------------------------------------------


@register_snippet
class Person(DraftStateMixin, RevisionMixin, TranslatableMixin, models.Model):
    name = models.CharField(max_length=100)

    class Meta(TranslatableMixin.Meta):
        pass


class TaggedStory(TaggedItemBase):
    content_object = ParentalKey("Story", related_name="tagged", on_delete=models.CASCADE)


class Story(Page):
    intro = RichTextField(blank=True)
    picture = models.ForeignKey("wagtailimages.Image", null=True, on_delete=models.SET_NULL, related_name="+")
    document = models.ForeignKey("wagtaildocs.Document", null=True, on_delete=models.PROTECT, related_name="+")
    people = ParentalManyToManyField(Person)
    tags = ClusterTaggableManager(through=TaggedStory)
    body = StreamField(
        [
            ("heading", blocks.CharBlock()),
            ("text", blocks.RichTextBlock()),
            ("picture", ImageChooserBlock()),
            ("page", blocks.PageChooserBlock()),
            ("facts", blocks.ListBlock(blocks.StructBlock([("name", blocks.CharBlock()), ("at", blocks.DateBlock())]))),
        ]
    )


class StoryLink(Orderable):
    story = ParentalKey(Story, related_name="links", on_delete=models.CASCADE)
    to = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="+")
    words = models.CharField(max_length=100)


class Question(AbstractFormField):
    page = ParentalKey("Inquiry", related_name="form_fields", on_delete=models.CASCADE)


class Inquiry(AbstractEmailForm):
    thanks = RichTextField(blank=True)


@register_setting
class Opening(BaseSiteSetting):
    hours = models.JSONField(default=dict)
    front = models.ForeignKey(Page, null=True, on_delete=models.SET_NULL)
