"""Nobody but an active superuser gets anything: every address, every method, everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client, RequestFactory
from django.urls import reverse

from backups_app import urls
from backups_app.choices import JobState
from backups_app.models import AuditEvent, Backup, Job
from backups_app.tokens import make_token
from tests.catalogue import files, make_backup, make_job
from tests.web.html import close_file_of

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SAFE = {"GET", "HEAD", "OPTIONS"}
# What a superuser gets; every other method is 405.
SUPERUSERS_ONLY = {
    "index": {"GET": 200, "HEAD": 200},
    "create": {"POST": 302},
    "download": {"GET": 200, "HEAD": 200},
    "preview": {"POST": 302},
    "restore": {"GET": 200, "HEAD": 200, "POST": 422},
    "delete": {"GET": 200, "HEAD": 200, "POST": 302},
}
STRANGERS = {
    "nobody": 302,
    "an inactive superuser": 302,
    "a plain user": 403,
    "staff": 403,
}
# Authorised by a token, without a session: rule 18's exception. What everybody gets, and who asked for the page.
BY_TOKEN = {
    "progress": ({"GET": 200, "HEAD": 200}, {"GET": 200, "HEAD": 200}),
    "cancel": ({"POST": 403}, {"POST": 302}),
}
OF_A_BACKUP = {"download", "preview", "restore", "delete"}
PEOPLE = (*STRANGERS, "another superuser", "the superuser", "the superuser without a CSRF token")


def expected(name: str, who: str, method: str) -> int:
    if name in BY_TOKEN:
        others, owner = BY_TOKEN[name]
        # The token is what a CSRF token would be: bound to the session, and nobody else's to know.
        return (owner if who.startswith("the superuser") else others).get(method, 405)
    if who in STRANGERS:
        return STRANGERS[who]
    if who == "the superuser without a CSRF token" and method not in SAFE:
        return 403
    return SUPERUSERS_ONLY[name].get(method, 405)


@pytest.fixture
def people(
    superuser: AbstractUser,
    other_superuser: AbstractUser,
    inactive_superuser: AbstractUser,
    staff: AbstractUser,
    plain_user: AbstractUser,
    static_root: None,
) -> Callable[[str], Client]:
    users = {
        "an inactive superuser": inactive_superuser,
        "a plain user": plain_user,
        "staff": staff,
        "another superuser": other_superuser,
        "the superuser": superuser,
        "the superuser without a CSRF token": superuser,
    }

    def browser_of(who: str) -> Client:
        browser = Client(enforce_csrf_checks=who.endswith("CSRF token"))
        if who in users:
            browser.force_login(users[who])
        return browser

    return browser_of


def address(name: str, backup: Backup, job: Job, owner: Client) -> str:
    if name in BY_TOKEN:
        return reverse(f"backups:{name}", args=[token_for(owner, job)])
    return reverse(f"backups:{name}", args=[backup.pk] if name in OF_A_BACKUP else [])


def token_for(browser: Client, job: Job) -> str:
    request = RequestFactory().get("/")
    request.COOKIES = {name: morsel.value for name, morsel in browser.cookies.items()}
    return make_token(job.pk, request)


def everything() -> list[Any]:
    tables = [list(model.objects.order_by("pk").values()) for model in (Backup, Job, AuditEvent)]
    return [*tables, files()]


def test_every_address_is_in_the_table() -> None:
    assert {pattern.name for pattern in urls.urlpatterns} == {*SUPERUSERS_ONLY, *BY_TOKEN}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", [*SUPERUSERS_ONLY, *BY_TOKEN])
def test_each_gets_what_is_theirs_and_the_refused_change_nothing(
    name: str, who: str, people: Callable[[str], Client]
) -> None:
    make_backup()
    browser = people(who)
    owner = browser if who.startswith("the superuser") else people("the superuser")
    for method in METHODS:
        backup, job = make_backup(content=b"[\n{}\n]\n"), make_job()
        path = address(name, backup, job, owner)
        before = everything()
        response = browser.generic(method, path)
        content = response.getvalue() if response.streaming else response.content
        close_file_of(response)

        status = expected(name, who, method)
        assert response.status_code == status, f"{method} {path}"
        if status in {403, 405, 422} or (status == 302 and who in STRANGERS):
            assert everything() == before
            assert b"{}" not in content
            assert status == 422 or backup.name.encode() not in content
        if status == 302 and who in STRANGERS:
            assert response.headers["Location"].startswith(f"{reverse('admin:login')}?next=")


@pytest.mark.parametrize("name", sorted(OF_A_BACKUP))
def test_an_unknown_backup_is_told_from_a_known_one_by_superusers_only(
    name: str, people: Callable[[str], Client]
) -> None:
    path = reverse(f"backups:{name}", args=[12345])
    method = min(SUPERUSERS_ONLY[name])
    assert people("the superuser").generic(method, path).status_code == 404
    for who, status in STRANGERS.items():
        assert people(who).generic(method, path).status_code == status


def test_who_signs_in_comes_back_to_the_page_that_was_asked_for(people: Callable[[str], Client]) -> None:
    backup = make_backup()
    delete, create = reverse("backups:delete", args=[backup.pk]), reverse("backups:create")
    login = reverse("admin:login")

    assert people("nobody").get(delete).headers["Location"] == f"{login}?next={delete}"
    # An answer to a form can't be asked for again.
    assert people("nobody").post(create).headers["Location"] == f"{login}?next={reverse('backups:index')}"


def test_a_superuser_who_is_one_no_more_is_refused_at_once(
    people: Callable[[str], Client], superuser: AbstractUser
) -> None:
    browser = people("the superuser")
    path = reverse("backups:index")
    assert browser.get(path).status_code == 200
    type(superuser).objects.filter(pk=superuser.pk).update(is_superuser=False)
    assert browser.get(path).status_code == 403
    type(superuser).objects.filter(pk=superuser.pk).update(is_superuser=True, is_active=False)
    assert browser.get(path).status_code == 302


def test_an_inactive_superuser_whom_the_project_lets_sign_in_is_refused_all_the_same(
    inactive_superuser: AbstractUser, static_root: None, settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    browser = Client()
    browser.force_login(inactive_superuser)
    backup = make_backup()
    for name in SUPERUSERS_ONLY:
        path = reverse(f"backups:{name}", args=[backup.pk] if name in OF_A_BACKUP else [])
        for method in METHODS:
            assert browser.generic(method, path).status_code == 403


def test_a_real_csrf_token_opens_the_forms(people: Callable[[str], Client]) -> None:
    make_backup()
    backup = make_backup()
    browser = people("the superuser without a CSRF token")
    browser.get(reverse("backups:delete", args=[backup.pk]))
    token = browser.cookies["csrftoken"].value
    response = browser.post(reverse("backups:delete", args=[backup.pk]), {"csrfmiddlewaretoken": token})
    assert response.status_code == 302
    assert not Backup.objects.filter(pk=backup.pk).exists()


def test_another_session_s_token_cancels_nothing_whoever_brings_it(people: Callable[[str], Client]) -> None:
    job = make_job(JobState.RUNNING)
    owner = people("the superuser")
    path = reverse("backups:cancel", args=[token_for(owner, job)])
    before = everything()
    for who in PEOPLE[:5]:
        response = people(who).post(path)
        assert response.status_code == 403
        assert "out of date" in response.content.decode()
    owner.logout()
    assert owner.post(path).status_code == 403
    assert everything() == before
