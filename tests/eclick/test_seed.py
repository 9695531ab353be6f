"""Demo data: the same for the same seed, stored exactly as Django itself stores it, and worth backing up."""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AbstractUser, Group, Permission, User
from django.db import connections
from django.db.models import F, Model

from eclick import seed
from eclick.models import ActivityLog, Attachment, Client, Comment, Project, Subtask, Task
from eclick.seed import seed_demo
from eclick.seed_rows import TABLES

WRITTEN: list[type[Model]] = [User, *TABLES]


def raw_rows(model: type[Model], alias: str = "default") -> list[tuple[Any, ...]]:
    """As the database keeps them, past Django's converters."""
    connection = connections[alias]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in model._meta.concrete_fields)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {quote(model._meta.db_table)} ORDER BY id")
        return cursor.fetchall()


def everything() -> dict[str, list[tuple[Any, ...]]]:
    return {model._meta.label: raw_rows(model) for model in WRITTEN}


def forget_everything() -> None:
    for model in reversed(WRITTEN):
        model._base_manager.all().delete()


# --- The same again ----------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_rows_at_any_time(transactional_db: None) -> None:
    with time_machine.travel(datetime(2027, 3, 1, tzinfo=UTC), tick=False):
        seed_demo(3, seed=5)
        first = everything()
    forget_everything()
    seed_demo(3, seed=5)
    second = everything()

    assert first == second


def test_another_seed_gives_other_rows(db: None) -> None:
    seed_demo(3, seed=5)
    first = everything()
    forget_everything()
    seed_demo(3, seed=6)

    assert [label for label, rows in everything().items() if rows == first[label]] == []


def test_a_second_run_adds_other_projects_and_leaves_the_first_as_they_were(db: None) -> None:
    seed_demo(2)
    before = everything()
    made = seed_demo(2)
    after = everything()

    assert made["eclick.Project"] == 2
    assert {label: rows[: len(before[label])] for label, rows in after.items()} == before
    names = list(Project.objects.order_by("id").values_list("name", "description"))
    assert names[:2] != names[2:]


def test_it_tells_what_it_made(db: None) -> None:
    made = seed_demo(4)

    assert made == {model._meta.label: model._base_manager.count() for model in (User, *TABLES)}


def test_it_commits_in_portions_and_tells_after_each(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seed, "PROJECTS_PER_TRANSACTION", 3)
    monkeypatch.setattr(seed, "PROJECTS_PER_WRITE", 2)
    seen: list[tuple[int, int]] = []

    made = seed_demo(7, on_progress=lambda rows: seen.append((Project.objects.count(), rows)))

    assert [projects for projects, _rows in seen] == [3, 6, 7]
    assert seen[-1][1] == sum(made.values())
    assert made["eclick.Project"] == 7


def test_a_project_has_about_212_rows(db: None) -> None:
    made = seed_demo(200)

    assert 190 < sum(made.values()) / 200 < 234


# --- Right ones --------------------------------------------------------------------------------------------------


def test_values_are_stored_as_django_itself_stores_them(database: str) -> None:
    seed_demo(3, using=database)
    for model in TABLES:
        before = raw_rows(model, database)
        assert before
        save_all_anew(model, database)
        assert raw_rows(model, database) == before, model


def save_all_anew(model: type[Model], alias: str) -> None:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    for row in model._base_manager.using(alias):
        values = {field.name: getattr(row, field.attname) for field in fields}
        assert model._base_manager.using(alias).filter(pk=row.pk).update(**values) == 1


def test_no_reference_dangles(database: str) -> None:
    seed_demo(3, using=database)

    connections[database].check_constraints()


def test_new_rows_get_new_ids_afterwards(database: str) -> None:
    seed_demo(2, using=database)
    newest = {model: model._base_manager.using(database).latest("pk") for model in (User, *TABLES)}

    made = [
        User.objects.db_manager(database).create_user("somebody"),
        Client.objects.using(database).create(name="x", country="DE", hourly_rate=1),
        Task.objects.using(database).create(project=newest[Project], title="x"),
        Subtask.objects.using(database).create(task=newest[Task], position=99, title="x"),
        Comment.objects.using(database).create(task=newest[Task], text="x"),
        ActivityLog.objects.using(database).create(verb="created", target=newest[Task], target_name="x"),
    ]
    newest[Project].members.add(made[0])

    assert [type(one) for one in made if one.pk <= newest[type(one)].pk] == []


def test_every_row_would_pass_its_form(db: None) -> None:
    seed_demo(3)
    for model in TABLES:
        for row in model._base_manager.all():
            row.full_clean(validate_unique=False, validate_constraints=model is not Task)


def test_a_reply_answers_an_earlier_comment_of_the_same_task_and_replies_nest(db: None) -> None:
    seed_demo(20)
    replies = Comment.objects.filter(reply_to__isnull=False)

    assert not replies.exclude(reply_to__task=F("task")).exists()
    assert not replies.exclude(reply_to__created_at__lte=F("created_at")).exists()
    assert replies.filter(reply_to__reply_to__reply_to__isnull=False).exists()


def test_the_log_names_its_objects_and_remembers_the_deleted(db: None) -> None:
    seed_demo(20)
    deleted = ActivityLog.objects.filter(verb="deleted")

    for entry in ActivityLog.objects.exclude(verb="deleted").exclude(content_type__model="comment"):
        assert str(getattr(entry.target, "name", None) or entry.target.title) == entry.target_name
    assert deleted.exists()
    assert not Task.objects.filter(pk__in=deleted.values("object_id")).exists()
    assert {entry.content_type.model for entry in ActivityLog.objects.select_related("content_type")} == {
        "client",
        "project",
        "task",
        "subtask",
        "comment",
        "attachment",
    }


# --- Worth backing up --------------------------------------------------------------------------------------------


def test_every_column_that_may_be_empty_sometimes_is(db: None) -> None:
    seed_demo(200)

    assert list(columns_without_variety()) == []


def columns_without_variety() -> Iterator[str]:
    for model in TABLES:
        rows = model._base_manager.all()
        for field in model._meta.concrete_fields:
            if field.null and not (rows.filter(**{f"{field.name}__isnull": True}).exists()):
                yield f"{field} is never null"
            if not rows.filter(**{f"{field.name}__isnull": False}).exists():
                yield f"{field} is always null"
            if field.get_internal_type() in {"CharField", "TextField"} and field.blank and not field.choices:
                if field.unique:
                    continue
                if not rows.filter(**{field.name: ""}).exists():
                    yield f"{field} is never an empty text"


def test_texts_are_in_many_scripts(db: None) -> None:
    seed_demo(30)
    letters = set("".join(Comment.objects.values_list("text", flat=True)))

    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in letters}
    assert {"LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "CJK", "HIRAGANA", "HANGUL", "DEVANAGARI"} <= scripts
    assert any(unicodedata.combining(letter) for letter in letters)
    assert any(ord(letter) > 0xFFFF for letter in letters)
    assert {"\u200d", "\u202e", "\n", "\r", "\t", "\\", '"', "<", "%"} <= letters


def test_times_have_microseconds_and_some_have_none(db: None) -> None:
    seed_demo(5)
    times = Comment.objects.values_list("created_at", flat=True)

    assert any(time.microsecond % 1_000 for time in times)
    assert any(time.microsecond == 0 for time in times)


def test_json_is_of_every_kind_but_is_never_the_json_null(db: None) -> None:
    seed_demo(60)
    details = list(ActivityLog.objects.values_list("detail", flat=True))
    settings = list(Project.objects.values_list("settings", flat=True))

    kinds = {type(value) for value in leaves([details, settings, list(Task.objects.values_list("tags", flat=True))])}
    assert kinds == {type(None), bool, int, float, str}
    assert None in settings
    assert {} in settings
    assert [] in Task.objects.values_list("tags", flat=True)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM eclick_project WHERE settings = 'null'")
        assert cursor.fetchone() == (0,)


def leaves(value: object) -> Iterator[object]:
    """What is in lists and objects, at any depth."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def test_budgets_fill_their_column(db: None) -> None:
    seed_demo(200)
    budgets = [budget for budget in Project.objects.values_list("budget", flat=True) if budget is not None]

    assert max(budgets) > 10**10
    assert any(budget % 1 for budget in budgets)


# --- People ------------------------------------------------------------------------------------------------------


def test_nobody_can_sign_in_as_the_people_it_makes_and_none_is_a_superuser(db: None) -> None:
    seed_demo(1)

    assert User.objects.count() == 24
    assert not any(person.has_usable_password() for person in User.objects.all())
    assert not User.objects.filter(is_superuser=True).exists()
    assert User.objects.filter(groups__isnull=False).exists()


def test_groups_may_do_something_and_keep_what_somebody_made_of_them(db: None) -> None:
    accounting = Group.objects.create(name="Accounting")

    seed_demo(1)

    assert not accounting.permissions.exists()
    ours = Permission.objects.filter(content_type__app_label="eclick").count()
    assert Group.objects.get(name="Developers").permissions.count() == ours > 0


def test_people_who_are_there_already_work_too_and_stay_as_they_are(superuser: AbstractUser) -> None:
    password = superuser.password

    seed_demo(10)

    superuser.refresh_from_db()
    assert superuser.password == password
    assert superuser.is_superuser
    assert User.objects.count() == 24
    assert superuser.projects.exists()


def test_more_projects_need_more_people(db: None) -> None:
    seed_demo(1)
    seed_demo(100)

    assert User.objects.count() == 28
    assert Attachment.objects.values("uploaded_by").distinct().count() > 10
