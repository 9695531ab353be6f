"""What the domain's tables refuse, keep and take along."""

from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models import Model, ProtectedError

from eclick.models import ActivityLog, Attachment, Client, Comment, Project, Subtask, Task

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def make_attachment(task: Task, **more: object) -> Attachment:
    return Attachment.objects.create(task=task, name="menu.pdf", size_bytes=0, sha256=SHA256, **more)


def test_the_migrations_are_complete() -> None:
    written = MigrationLoader(None)
    missing = MigrationAutodetector(written.project_state(), ProjectState.from_apps(apps)).changes(written.graph)

    assert missing.get("eclick", []) == []


# --- Who goes with whom ------------------------------------------------------------------------------------------


def test_a_client_with_projects_is_not_deleted(project: Project) -> None:
    with pytest.raises(ProtectedError):
        project.client.delete()


def test_a_project_takes_its_work_along_and_leaves_its_client(task: Task) -> None:
    Subtask.objects.create(task=task, position=0, title="The kitchen")
    Comment.objects.create(task=task, text="Which ones?")
    make_attachment(task)

    task.project.delete()

    left = {model: model.objects.count() for model in (Client, Project, Task, Subtask, Comment, Attachment)}
    assert left == {Client: 1, Project: 0, Task: 0, Subtask: 0, Comment: 0, Attachment: 0}


def test_what_people_did_stays_without_a_name_when_their_account_goes(task: Task, plain_user: AbstractUser) -> None:
    task.project.members.add(plain_user)
    task.assignee = plain_user
    task.save()
    comment = Comment.objects.create(task=task, author=plain_user, text="Done")
    attachment = make_attachment(task, uploaded_by=plain_user)
    entry = ActivityLog.objects.create(actor=plain_user, verb="created", target=task, target_name=task.title)

    plain_user.delete()

    for row in (task, comment, attachment, entry):
        row.refresh_from_db()
    assert (task.assignee, comment.author, attachment.uploaded_by, entry.actor) == (None, None, None, None)
    assert not task.project.members.exists()


def test_a_reply_outlives_what_it_answers(task: Task) -> None:
    question = Comment.objects.create(task=task, text="Which ones?")
    answer = Comment.objects.create(task=task, text="All of them", reply_to=question)

    question.delete()

    answer.refresh_from_db()
    assert (answer.text, answer.reply_to) == ("All of them", None)


def test_the_log_outlives_its_object_and_remembers_its_name(task: Task) -> None:
    entry = ActivityLog.objects.create(verb="deleted", target=task, target_name=task.title)

    task.delete()

    entry.refresh_from_db()
    assert entry.target is None
    assert str(entry) == "deleted Collect the photos"


def test_the_log_is_about_any_kind_of_object(task: Task) -> None:
    comment = Comment.objects.create(task=task, text="Which ones?")
    about = [task.project.client, task.project, task, comment, make_attachment(task)]
    for target in about:
        ActivityLog.objects.create(verb="changed", target=target, target_name=str(target))

    assert [entry.target for entry in ActivityLog.objects.order_by("id")] == about


# --- The order of tasks ------------------------------------------------------------------------------------------


def test_a_task_without_a_position_goes_to_the_end_of_its_own_project(task: Task) -> None:
    Task.objects.create(project=task.project, title="Far down", position=41)
    other = Project.objects.create(client=task.project.client, name="Shop", code="CAF-2", start_date=date(2026, 2, 2))

    positions = [
        task.position,
        Task.objects.create(project=task.project, title="Last").position,
        Task.objects.create(project=other, title="First over there").position,
    ]

    assert positions == [0, 42, 0]


def test_saving_a_task_again_keeps_its_position(task: Task) -> None:
    Task.objects.create(project=task.project, title="Next")
    task.title = "Collect more photos"
    task.save()

    task.refresh_from_db()
    assert task.position == 0


@pytest.mark.parametrize("model", [Task, Subtask])
def test_two_of_the_same_list_have_different_positions(model: type[Model], task: Task) -> None:
    parent = {"project": task.project} if model is Task else {"task": task}
    model._base_manager.create(**parent, title="First", position=7)

    with pytest.raises(IntegrityError):
        model._base_manager.create(**parent, title="Second", position=7)


# --- Values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [("end_date", date(2026, 1, 4)), ("budget", Decimal("-0.01"))],
)
def test_the_database_itself_refuses_an_impossible_project(field: str, value: object, project: Project) -> None:
    with pytest.raises(IntegrityError):
        Project.objects.filter(pk=project.pk).update(**{field: value})


def test_a_form_says_in_words_what_is_impossible_about_a_project(project: Project) -> None:
    project.end_date, project.budget = date(2026, 1, 4), Decimal(-1)

    with pytest.raises(ValidationError) as refused:
        project.full_clean()

    assert set(refused.value.messages) == {"A project can't end before it starts.", "A budget can't be negative."}


def test_a_project_may_end_on_the_day_it_starts_and_need_not_end_or_cost_anything(project: Project) -> None:
    project.end_date = project.start_date
    project.full_clean()
    project.end_date = project.budget = project.settings = None
    project.full_clean()


def test_hours_and_rates_are_not_negative(task: Task) -> None:
    with pytest.raises(ValidationError, match="eclick_task_hours_not_negative"):
        Task(project=task.project, position=9, title="x", hours_spent=Decimal("-0.25")).full_clean()
    with pytest.raises(ValidationError, match="hourly_rate"):
        Client(name="x", country="AT", hourly_rate=Decimal("-0.25")).full_clean()


def test_clients_without_a_vat_number_are_many_but_each_number_is_one_client_s(client_of_ours: Client) -> None:
    Client.objects.create(name="Second without", country="AT", hourly_rate=0)
    Client.objects.create(name="First with", country="AT", hourly_rate=0, vat_number="ATU1")

    with pytest.raises(IntegrityError):
        Client.objects.create(name="Second with", country="AT", hourly_rate=0, vat_number="ATU1")


def test_nothing_and_an_empty_text_are_kept_apart(client_of_ours: Client) -> None:
    empty = Client.objects.create(name="x", country="AT", hourly_rate=0, legal_name="", notes="")

    assert Client.objects.filter(legal_name=None, notes=None).get() == client_of_ours
    assert Client.objects.filter(legal_name="", notes="").get() == empty


@pytest.mark.parametrize("wrong", ["de", "D1", "D\n", ""])
def test_a_country_is_written_in_capital_letters(wrong: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Client(name="x", country=wrong, hourly_rate=Decimal(1)).clean_fields()

    assert list(refused.value.message_dict) == ["country"]


@pytest.mark.parametrize("wrong", [SHA256.upper(), SHA256[1:], SHA256[1:] + "\n", "g" * 64])
def test_a_checksum_is_64_hexadecimal_digits(wrong: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Attachment(name="x", size_bytes=1, sha256=wrong).clean_fields(exclude=["task"])

    assert list(refused.value.message_dict) == ["sha256"]


def test_a_reply_belongs_to_the_same_task(task: Task) -> None:
    elsewhere = Comment.objects.create(task=Task.objects.create(project=task.project, title="Other"), text="Here")

    with pytest.raises(ValidationError, match="belongs to the task of the comment that it answers"):
        Comment(task=task, text="There", reply_to=elsewhere).full_clean()


def test_a_comment_does_not_answer_itself(task: Task) -> None:
    comment = Comment.objects.create(task=task, text="Echo")
    comment.reply_to = comment

    with pytest.raises(ValidationError, match="can't answer itself"):
        comment.full_clean()


def test_objects_are_named_as_people_name_them(task: Task) -> None:
    comment = Comment(task=task, text="Long " * 30)
    named = [task.project.client, task.project, task, Subtask(title="Step"), make_attachment(task), comment]

    assert [str(one) for one in named] == [
        "Café Central",
        "CAF-1: Menu",
        "Collect the photos",
        "Step",
        "menu.pdf",
        ("Long " * 12)[:59] + "…",
    ]
