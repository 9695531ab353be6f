"""Fills the project through the apps' own ways."""

import uuid
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.flatpages.models import FlatPage
from django.contrib.sites.models import Site as DjangoSite
from django.core.files.base import ContentFile
from django.core.files.images import ImageFile
from PIL import Image as Picture

from tests.others.shelf import models as shelf


def fill() -> None:
    readers = make_readers()
    fill_tags()
    fill_history(readers)
    fill_polymorphic()
    fill_trees()
    fill_permissions(readers)
    fill_wagtail(readers)
    fill_oscar(readers)


def make_readers() -> list[shelf.Reader]:
    manager = shelf.Reader.objects
    ada = manager.create_superuser("ada", "ada@example.org", "password", id=uuid.UUID(int=1), card="Ä-1")
    bob = manager.create_user("bob", "bob@example.org", "password", id=uuid.UUID(int=2**127))
    bob.first_name = "Bøb"
    bob.save()
    keepers = Group.objects.create(name="Keepers 🗝")
    ada.groups.add(keepers)
    gone = manager.create_user("gone", "", "password", id=uuid.UUID(int=3))
    gone.delete()
    return [ada, bob]


def fill_tags() -> None:
    for number in range(12):
        essay = shelf.Essay.objects.create(title=f"Essay {number}")
        essay.tags.add("all", f"tag {number % 3}", "Ünïcode")
        scroll = shelf.Scroll.objects.create(id=uuid.UUID(int=number * 7**40, version=4), title=f"Scroll {number}")
        scroll.tags.set(["old", f"scroll {number}"])
    shelf.Essay.objects.get(title="Essay 3").tags.clear()


def fill_history(readers: list[shelf.Reader]) -> None:
    authors = [shelf.Author.objects.create(name=name) for name in ("Selma", "Erich", "עגנון")]
    for number in range(8):
        novel = shelf.Novel(title=f"Novel {number}", pages=number or None, price=Decimal(number) / 4)
        novel._history_user = readers[number % 2]
        novel._change_reason = "because" if number else None
        novel.save()
        novel.authors.set(authors[: number % 4])
        novel.price += 1
        novel.save()
        if number % 3 == 0:
            novel.delete()
    shelf.Novel.history.filter(title="Novel 1").update(history_change_reason="")


def fill_polymorphic() -> None:
    author = shelf.Author.objects.first()
    medium = shelf.Medium.objects.create(name="plain")
    disc = shelf.Disc.objects.create(name="disc", minutes=-1)
    film = shelf.Film.objects.create(name="film", minutes=90, director="Lotte")
    sheet = shelf.Sheet.objects.create(name="sheet", inventor=author, of=film)
    film.related.set([medium, sheet, film])
    disc.related.add(film)
    assert {type(each) for each in shelf.Medium.objects.all()} == {shelf.Medium, shelf.Disc, shelf.Film, shelf.Sheet}


def fill_trees() -> None:
    roots = [shelf.Genre.objects.create(name=name) for name in ("prose", "Lyrik", "drama")]
    for root in roots:
        for number in range(3):
            child = shelf.Genre.objects.create(name=f"{root.name} {number}", parent=root)
            shelf.Genre.objects.create(name="leaf", parent=child)
    shelf.Genre.objects.get(name="prose 1").move_to(shelf.Genre.objects.get(name="drama 2"), "first-child")
    shelf.Series.objects.create(name="all").genres.set(shelf.Genre.objects.all())
    ground = shelf.Room.add_root(name="ground")
    for number in range(5):
        room = shelf.Room.objects.get(pk=ground.pk).add_child(name=f"room {4 - number}")
        room.add_child(name="corner")
    shelf.Room.objects.get(name="room 2").move(shelf.Room.objects.get(name="room 0"), "sorted-child")
    rack = shelf.Rack.add_root(name="rack")
    for number in range(4):
        shelf.Rack.objects.get(pk=rack.pk).add_child(name=f"shelf {number}").rooms.add(ground)
    shelf.Rack.objects.get(name="shelf 3").move(shelf.Rack.objects.get(name="shelf 0"), "first-child")
    board = shelf.Board.add_root(name="board", sib_order=1)
    board.add_child(name="nail", sib_order=1).add_sibling(name="screw", pos="left")


def fill_permissions(readers: list[shelf.Reader]) -> None:
    from guardian.shortcuts import assign_perm

    group = Group.objects.get()
    for essay in shelf.Essay.objects.all()[:4]:
        assign_perm("shelf.cite_essay", readers[1], essay)
        assign_perm("change_essay", group, essay)
    for novel in shelf.Novel.objects.all()[:2]:
        assign_perm("delete_novel", readers[1], novel)
    assign_perm("shelf.add_novel", group)


# --- wagtail ---------------------------------------------------------------------------------------------------------


def fill_wagtail(readers: list[shelf.Reader]) -> None:
    from wagtail.contrib.redirects.models import Redirect
    from wagtail.contrib.search_promotions.models import Query, SearchPromotion
    from wagtail.documents.models import Document
    from wagtail.images.models import Image
    from wagtail.models import Collection, Comment, Locale, Page, Site

    english, french = (Locale.objects.create(language_code=code) for code in ("en", "fr"))
    root_collection = Collection.add_root(name="Root")
    pictures = root_collection.add_child(name="Pictures")
    root = Page.add_root(title="Root", slug="root", locale=english)
    home = root.add_child(instance=Page(title="Home", slug="home", locale=english))
    site = Site.objects.create(hostname="localhost", root_page=home, is_default_site=True, site_name="Others")

    image = Image(title="Picture", file=ImageFile(BytesIO(picture()), name="picture.png"), collection=pictures)
    image.uploaded_by_user = readers[0]
    image.focal_point_x = 3
    image.save()
    image.tags.add("painted", "all")
    image.get_rendition("fill-4x4")
    document = Document.objects.create(title="Paper", file=ContentFile(b"text", name="paper.txt"))
    people = [shelf.Person.objects.create(name=name, locale=english) for name in ("Selma", "Erich")]
    people[0].name = "Selma L."
    people[0].save_revision(user=readers[0])
    people[1].copy_for_translation(french).save()

    stories = []
    for number in range(6):
        story = shelf.Story(title=f"Story {number} ☃", slug=f"story-{number}", intro="<p>in</p>", locale=english)
        story.picture, story.document, story.owner = image, document, readers[0]
        story.body = body(image, home)
        home.add_child(instance=story)
        story.tags.add("told", f"story {number}")
        story.people = people[: number % 3]
        story.links = [shelf.StoryLink(to=home, words=f"link {place}") for place in range(number % 3)]
        story.save()
        story.save_revision(user=readers[0], log_action=True).publish()
        stories.append(story)
    draft = stories[0]
    draft.title = "A draft that nobody published"
    draft.save_revision(user=readers[1])
    stories[1].unpublish()
    stories[2].move(stories[3], pos="last-child")
    stories[4].refresh_from_db()
    stories[4].copy(recursive=True, to=home, update_attrs={"slug": "copy", "title": "Copy"})
    stories[4].create_alias(parent=home, update_slug="alias")
    home.copy_for_translation(french)
    Comment.objects.create(page=stories[0], user=readers[1], text="why?", contentpath="intro").replies.create(
        user=readers[0], text="so"
    )
    inquiry = shelf.Inquiry(title="Ask", slug="ask", locale=english, to_address="a@example.org", subject="s")
    Page.objects.get(pk=home.pk).add_child(instance=inquiry)
    question = shelf.Question.objects.create(page=inquiry, label="Your name", field_type="singleline", sort_order=0)
    inquiry.get_submission_class().objects.create(page=inquiry, form_data={question.clean_name: "Zoë", "n": 1.5})
    Redirect.objects.create(old_path="/old", redirect_page=home, site=site)
    SearchPromotion.objects.create(query=Query.get("thing"), page=home, sort_order=1)
    Query.get("thing").add_hit(date=date(2026, 11, 1))
    shelf.Opening.objects.create(site=site, hours={"mon": [8, 20.5], "sun": None}, front=home)
    workflow(readers, home, stories[5])


def picture() -> bytes:
    made = BytesIO()
    Picture.new("RGB", (8, 8), "red").save(made, "PNG")
    return made.getvalue()


def body(image: Any, page: Any) -> list[tuple[str, Any]]:
    from wagtail.rich_text import RichText

    return [
        ("heading", 'Ünï "quoted"'),
        ("text", RichText("<p>rich &amp; <b>bold</b></p>")),
        ("picture", image),
        ("page", page),
        ("facts", [{"name": "begin", "at": date(2026, 1, 1)}, {"name": "end", "at": date(2026, 12, 31)}]),
    ]


def workflow(readers: list[shelf.Reader], home: Any, story: Any) -> None:
    from wagtail.models import GroupApprovalTask, GroupPagePermission, Workflow, WorkflowPage, WorkflowTask

    group = Group.objects.get()
    task = GroupApprovalTask.objects.create(name="look")
    task.groups.add(group)
    flow = Workflow.objects.create(name="flow")
    WorkflowTask.objects.create(workflow=flow, task=task, sort_order=1)
    WorkflowPage.objects.create(workflow=flow, page=home)
    story.refresh_from_db()
    story.save_revision(user=readers[1])
    state = flow.start(story, readers[1])
    state.current_task_state.reject(user=readers[0], comment="not yet")
    kind = ContentType.objects.get_by_natural_key("wagtailcore", "page")
    permission, _ = kind.permission_set.get_or_create(codename="publish_page", defaults={"name": "Publish any page"})
    GroupPagePermission.objects.create(group=group, page=home, permission=permission)


# --- oscar -----------------------------------------------------------------------------------------------------------


def fill_oscar(readers: list[shelf.Reader]) -> None:
    from oscar.core.loading import get_class, get_model
    from oscar.test.factories import create_order, create_product

    DjangoSite.objects.update_or_create(id=1, defaults={"domain": "localhost", "name": "Others"})
    FlatPage.objects.create(url="/terms/", title="Terms", content="…").sites.add(1)
    category = get_model("catalogue", "Category")
    books = category.add_root(name="Books")
    old = books.add_child(name="Old books")
    product_class = get_model("catalogue", "ProductClass").objects.create(name="Book")
    for name, kind in (("pages", "integer"), ("bound", "boolean"), ("weight", "float")):
        product_class.attributes.create(name=name, code=name, type=kind)
    products = []
    for number in range(5):
        product = create_product(
            upc=f"upc-{number}",
            title=f"Product {number}",
            product_class="Book",
            price=Decimal(f"{number}.99"),
            num_in_stock=number,
            attributes={"pages": number * 100, "bound": number % 2 == 0, "weight": number / 7},
        )
        product.categories.set([books, old][: number % 3])
        products.append(product)
    get_model("catalogue", "ProductRecommendation").objects.create(primary=products[0], recommendation=products[1])
    get_model("catalogue", "ProductImage").objects.create(
        product=products[0], original=ImageFile(BytesIO(picture()), name="cover.png")
    )
    get_model("reviews", "ProductReview").objects.create(
        product=products[0], score=5, title="good", body="…", user=readers[1]
    )
    get_model("wishlists", "WishList").objects.create(owner=readers[1]).add(products[2])
    basket = get_model("basket", "Basket").objects.create(owner=readers[1])
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    basket.add_product(products[3], quantity=2)
    create_order(number="100", user=readers[1], basket=basket)
    country = get_model("address", "Country").objects.create(iso_3166_1_a2="DE", printable_name="Germany", name="D")
    get_model("address", "UserAddress").objects.create(
        user=readers[1],
        first_name="B",
        last_name="B",
        line1="1",
        postcode="10115",
        country=country,
        phone_number="+493012345",
    )
