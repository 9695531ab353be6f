"""The admin of the domain, on demo data."""

from collections.abc import Callable
from datetime import date

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AbstractUser
from django.db.models import Model
from django.test import Client as Browser
from django.urls import reverse

from eclick.models import ActivityLog, Client, Comment, Project, Subtask, Task
from eclick.seed import seed_demo

MODELS = list(apps.get_app_config("eclick").get_models())
EDITABLE = [model for model in MODELS if model is not ActivityLog]

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
every_editable_model = pytest.mark.parametrize("model", EDITABLE, ids=lambda model: model._meta.model_name)


@pytest.fixture
def browser(superuser: AbstractUser, client: Browser) -> Browser:
    # WhiteNoise warns when the folder that it serves is not there.
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    client.force_login(superuser)
    return client


def address(model: type[Model], page: str, *arguments: object) -> str:
    return reverse(f"admin:eclick_{model._meta.model_name}_{page}", args=arguments)


@every_model
def test_a_list_shows_its_rows_with_the_same_few_queries_however_many_there_are(
    model: type[Model], browser: Browser, django_assert_max_num_queries: Callable[..., object]
) -> None:
    seed_demo(3)
    with django_assert_max_num_queries(10):
        page = browser.get(address(model, "changelist"))

    assert page.status_code == 200
    assert len(page.context["cl"].result_list) == min(model._base_manager.count(), 100)


@every_model
def test_a_list_can_be_searched_sorted_and_filtered(model: type[Model], browser: Browser) -> None:
    seed_demo(1)
    options = admin.site.get_model_admin(model)
    sorted_by_each = ".".join(str(column) for column in range(1, len(options.list_display) + 1))

    assert browser.get(address(model, "changelist"), {"q": "café", "o": sorted_by_each}).status_code == 200
    assert browser.get(address(model, "changelist"), filter_by(options, model)).status_code == 200


def filter_by(options: admin.ModelAdmin, model: type[Model]) -> dict[str, object]:
    """What the first row has, in each column that can be filtered by."""
    row = model._base_manager.values(*options.list_filter)[0]
    return {f"{name}__exact": value for name, value in row.items() if isinstance(value, bool | int | str)}


@every_model
def test_an_object_can_be_looked_at(model: type[Model], browser: Browser) -> None:
    seed_demo(1)

    assert browser.get(address(model, "change", model._base_manager.first().pk)).status_code == 200


@every_editable_model
def test_an_object_can_be_added(model: type[Model], browser: Browser) -> None:
    assert browser.get(address(model, "add")).status_code == 200


def test_the_log_can_be_read_and_not_written(browser: Browser) -> None:
    seed_demo(1)
    entry = ActivityLog.objects.first()

    assert browser.get(address(ActivityLog, "add")).status_code == 403
    assert browser.post(address(ActivityLog, "change", entry.pk), {"target_name": "x"}).status_code == 403
    assert browser.post(address(ActivityLog, "delete", entry.pk), {"post": "yes"}).status_code == 403


def test_clients_show_how_many_projects_they_have(browser: Browser, project: Project) -> None:
    row = browser.get(address(Client, "changelist")).context["cl"].result_list[0]

    assert row.project_count == 1


def test_a_project_that_ends_before_it_starts_is_refused_in_words(browser: Browser, project: Project) -> None:
    form = {
        "client": project.client_id,
        "name": "x",
        "code": "X-1",
        "status": "active",
        "currency": "EUR",
        "start_date": "2026-01-05",
        "end_date": "2026-01-04",
        "settings": "null",
    }
    page = browser.post(address(Project, "add"), form)

    assert "A project can&#x27;t end before it starts." in page.content.decode()
    assert Project.objects.get() == project


def test_a_task_is_saved_with_its_checklist_and_a_comment(browser: Browser, project: Project) -> None:
    form = {
        "project": project.pk,
        "position": "",
        "title": "Taste everything ☕",
        "status": "open",
        "priority": "2",
        "hours_spent": "0.25",
        "tags": "[]",
        **inline("subtasks", position="0", title="The strudel"),
        **inline("comments", text="With cream?", created_at_0="2026-01-05", created_at_1="10:00:00"),
        **inline("attachments"),
    }
    page = browser.post(address(Task, "add"), form)

    assert page.status_code == 302
    task = Task.objects.get()
    assert (task.position, task.title) == (0, "Taste everything ☕")
    assert Subtask.objects.get().task == Comment.objects.get().task == task


def inline(name: str, **row: str) -> dict[str, str]:
    fields = {f"{name}-0-{field}": value for field, value in row.items()}
    return {f"{name}-TOTAL_FORMS": "1" if row else "0", f"{name}-INITIAL_FORMS": "0", **fields}


def test_people_and_projects_are_found_by_typing(browser: Browser, project: Project) -> None:
    found = browser.get(
        reverse("admin:autocomplete"),
        {"app_label": "eclick", "model_name": "task", "field_name": "project", "term": "CAF"},
    )

    assert found.json()["results"] == [{"id": str(project.pk), "text": str(project)}]
    assert project.start_date == date(2026, 1, 5)
