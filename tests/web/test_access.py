"""Nobody but an active superuser gets anything: every address of the project, every method, everybody.

A new address is a new line of `ADDRESSES`; `test_every_address_is_in_the_table` fails until it has one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client, RequestFactory
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from backups_app.models import AuditEvent, Backup, Job
from backups_app.tokens import make_token
from tests.catalogue import files, make_backup, make_job
from tests.web.html import close_file_of

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE")
# For these Django asks for no CSRF token.
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
TOKEN = "t" * 32

PEOPLE = (
    "nobody",
    "an inactive superuser",
    "a plain user",
    "staff",
    "another superuser",
    "the superuser",
    "the superuser without a CSRF token",
)
SIGNED_OUT = {"nobody", "an inactive superuser"}


@dataclass(frozen=True, kw_only=True)
class Superusers:
    """For active superusers. `gives`: their status by method; every other method is `otherwise`.

    `looks_at_people_first`: before the CSRF token, where the body must not be read for strangers.
    """

    gives: dict[str, int]
    otherwise: int = 405
    looks_at_people_first: bool = False

    def expected(self, who: str, method: str) -> int:
        if who in SIGNED_OUT:
            return 302
        if who in {"a plain user", "staff"}:
            return 403
        return 403 if lacks_token(who, method) else self.gives.get(method, self.otherwise)


@dataclass(frozen=True, kw_only=True)
class AdminsLists(Superusers):
    """The admin's read-only lists: it sends everybody to its login who is not staff."""

    is_for_staff: bool = False

    def expected(self, who: str, method: str) -> int:
        if lacks_token(who, method):
            return 403
        if who in {*SIGNED_OUT, "a plain user"}:
            return 302
        return 403 if who == "staff" and not self.is_for_staff else self.gives.get(method, self.otherwise)


@dataclass(frozen=True, kw_only=True)
class ByToken:
    """Rule 18's exception: one job, by a signed token without a session. `owner`: whose page the token was made for.

    The token is what a CSRF token would be: bound to the session, and nobody else's to know.
    """

    anybody: dict[str, int]
    owner: dict[str, int]

    def expected(self, who: str, method: str) -> int:
        return (self.owner if who.startswith("the superuser") else self.anybody).get(method, 405)


@dataclass(frozen=True, kw_only=True)
class Everybody:
    """Gives nothing away."""

    gives: dict[str, int] = field(default_factory=dict)

    def expected(self, who: str, method: str) -> int:
        return 403 if lacks_token(who, method) else self.gives.get(method, 405)


Access = Superusers | AdminsLists | ByToken | Everybody

LOOKS = {"GET": 200, "HEAD": 200}
PAGE = "backup-management/"
ADDRESSES: dict[str, Access] = {
    # Leads to the admin, which asks who it is.
    "": Everybody(gives=dict.fromkeys(set(METHODS) - {"TRACE"}, 302)),
    PAGE: Superusers(gives=LOOKS),
    f"{PAGE}create/": Superusers(gives={"POST": 302}),
    f"{PAGE}upload/": Superusers(gives={"POST": 422}, looks_at_people_first=True),
    f"{PAGE}<int:pk>/download/": Superusers(gives=LOOKS),
    f"{PAGE}<int:pk>/preview/": Superusers(gives={"POST": 302}),
    f"{PAGE}<int:pk>/verify/": Superusers(gives={"POST": 302}),
    f"{PAGE}<int:pk>/restore/": Superusers(gives={**LOOKS, "POST": 422}),
    f"{PAGE}<int:pk>/delete/": Superusers(gives={**LOOKS, "POST": 302}),
    f"{PAGE}jobs/<str:token>/progress/": ByToken(anybody=LOOKS, owner=LOOKS),
    f"{PAGE}jobs/<str:token>/cancel/": ByToken(anybody={"POST": 403}, owner={"POST": 302}),
}
for model in ("backup", "job", "auditevent"):
    of_model = f"admin/backups_app/{model}/"
    ADDRESSES |= {
        # The admin does not look at methods where there is nothing to send.
        of_model: AdminsLists(gives={}, otherwise=200),
        f"{of_model}add/": AdminsLists(gives={}, otherwise=403),
        f"{of_model}<path:object_id>/change/": AdminsLists(gives={"POST": 403}, otherwise=200),
        f"{of_model}<path:object_id>/delete/": AdminsLists(gives={}, otherwise=403),
        f"{of_model}<path:object_id>/history/": AdminsLists(gives={}, otherwise=200),
        # Leads to change/, which asks again.
        f"{of_model}<path:object_id>/": AdminsLists(gives={"TRACE": 405}, otherwise=302, is_for_staff=True),
    }
# One method of each sort is enough where Django's own code answers.
METHODS_OF_THE_ADMIN = ("GET", "POST", "DELETE")
# The rest of the admin is Django's own; what everybody may see of it.
OPEN_IN_THE_ADMIN = {"admin/login/"}


def lacks_token(who: str, method: str) -> bool:
    return who.endswith("without a CSRF token") and method not in SAFE


def routes(patterns: Any = None, before: str = "") -> Iterator[str]:
    """Every address of the project as its URLconf writes it, the included ones too."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern.url_patterns, route)


def is_of_the_admin_alone(route: str) -> bool:
    return route.startswith("admin/") and not route.startswith("admin/backups_app/")


@dataclass
class Things:
    """What an address may name: made anew for each request, since some of them go."""

    owner: Client

    def __post_init__(self) -> None:
        self.backup, self.job = make_backup(content=b"[\n{}\n]\n"), make_job()
        self.event = AuditEvent.objects.create(event="test.happened", actor_name="amelie", at=timezone.now())

    def path(self, route: str) -> str:
        of_model = re.match("admin/backups_app/(\\w+)/", route)
        model = {"backup": self.backup, "job": self.job, "auditevent": self.event}.get(of_model[1] if of_model else "")
        given = {
            "int:pk": str(self.backup.pk),
            "str:token": token_for(self.owner, self.job),
            "uuid:job_id": str(self.job.pk),
            "path:object_id": str(model.pk) if model else "",
        }
        return "/" + re.sub("<([^>]+)>", lambda found: given[found[1]], route)


@pytest.fixture
def people(
    superuser: AbstractUser,
    other_superuser: AbstractUser,
    inactive_superuser: AbstractUser,
    staff: AbstractUser,
    plain_user: AbstractUser,
    static_root: None,
) -> Callable[[str], Client]:
    """Browsers before a site that looks for CSRF tokens."""
    users = {
        "an inactive superuser": inactive_superuser,
        "a plain user": plain_user,
        "staff": staff,
        "another superuser": other_superuser,
        "the superuser": superuser,
        "the superuser without a CSRF token": superuser,
    }

    def browser_of(who: str) -> Client:
        headers = {} if who.endswith("without a CSRF token") else {"X-CSRFToken": TOKEN}
        browser = Client(enforce_csrf_checks=True, headers=headers)
        if who in users:
            browser.force_login(users[who])
        if headers:
            browser.cookies["csrftoken"] = TOKEN
        return browser

    return browser_of


def token_for(browser: Client, job: Job) -> str:
    request = RequestFactory().get("/")
    request.COOKIES = {name: morsel.value for name, morsel in browser.cookies.items()}
    return make_token(job.pk, request)


def everything() -> list[Any]:
    tables = [list(model.objects.order_by("pk").values()) for model in (Backup, Job, AuditEvent)]
    return [*tables, files()]


def test_every_address_is_in_the_table() -> None:
    written = [route for route in routes() if not is_of_the_admin_alone(route)]
    assert sorted(ADDRESSES) == sorted(written), "A new address needs a line in ADDRESSES: who gets what."


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("route", ADDRESSES)
def test_each_gets_what_is_theirs_and_the_refused_change_nothing(
    route: str, who: str, people: Callable[[str], Client]
) -> None:
    make_backup()
    browser = people(who)
    owner = browser if who.startswith("the superuser") else people("the superuser")
    for method in METHODS_OF_THE_ADMIN if route.startswith("admin/") else METHODS:
        things = Things(owner)
        path = things.path(route)
        before = everything()
        response = browser.generic(method, path)
        content = response.getvalue() if response.streaming else response.content
        close_file_of(response)

        status = ADDRESSES[route].expected(who, method)
        assert response.status_code == status, f"{method} {path} for {who}"
        is_refused = status in {403, 405, 422} or (status == 302 and "superuser" not in who.replace("an inactive", ""))
        if is_refused or method in SAFE - {"GET"}:
            assert everything() == before
        if is_refused or who in SIGNED_OUT:
            assert b"{}" not in content
            assert status == 422 or things.backup.name.encode() not in content
            assert TOKEN.encode() not in content


@pytest.mark.parametrize("who", ["nobody", "an inactive superuser", "a plain user"])
def test_the_rest_of_the_admin_asks_who_it_is(who: str, people: Callable[[str], Client]) -> None:
    browser = people(who)
    for route in filter(is_of_the_admin_alone, routes()):
        path = "/" + re.sub("<[^>]+>|\\(.*", "1", route)
        if route in OPEN_IN_THE_ADMIN or path.startswith("/admin/^"):
            continue
        for method in METHODS_OF_THE_ADMIN:
            response = browser.generic(method, path)
            assert response.status_code in {302, 405}, f"{method} {path}"
            assert response.status_code == 405 or "/admin/" in response.headers["Location"]


@pytest.mark.parametrize("name", ["download", "preview", "restore", "delete"])
def test_an_unknown_backup_is_told_from_a_known_one_by_superusers_only(
    name: str, people: Callable[[str], Client]
) -> None:
    path = reverse(f"backups:{name}", args=[12345])
    access = ADDRESSES[f"{PAGE}<int:pk>/{name}/"]
    method = "POST" if name == "preview" else "GET"
    assert people("the superuser").generic(method, path).status_code == 404
    for who in PEOPLE[:4]:
        assert people(who).generic(method, path).status_code == access.expected(who, method)


def test_who_signs_in_comes_back_to_the_page_that_was_asked_for(people: Callable[[str], Client]) -> None:
    backup = make_backup()
    delete, create = reverse("backups:delete", args=[backup.pk]), reverse("backups:create")
    login = reverse("admin:login")

    assert people("nobody").get(delete).headers["Location"] == f"{login}?next={delete}"
    # An answer to a form can't be asked for again.
    assert people("nobody").post(create).headers["Location"] == f"{login}?next={reverse('backups:index')}"


def test_signing_in_leads_to_no_other_site(people: Callable[[str], Client], superuser: AbstractUser) -> None:
    sent = {"username": superuser.username, "password": f"password of {superuser.username}"}
    for elsewhere in ("https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)"):
        response = people("nobody").post(f"{reverse('admin:login')}?next={elsewhere}", {**sent, "next": elsewhere})
        assert response.status_code == 302
        assert response.headers["Location"] in {"/accounts/profile/", "/admin/"}


def test_an_address_with_two_slashes_leads_to_no_other_site(people: Callable[[str], Client]) -> None:
    response = people("nobody").get("//example.org/backup-management/")
    assert not response.headers.get("Location", "").startswith(("//", "http"))


def test_signing_in_gives_another_session(people: Callable[[str], Client], superuser: AbstractUser) -> None:
    browser = people("nobody")
    browser.cookies["sessionid"] = "known-to-somebody-else"
    sent = {"username": superuser.username, "password": f"password of {superuser.username}"}
    assert browser.post(reverse("admin:login"), sent).status_code == 302
    assert browser.cookies["sessionid"].value not in {"", "known-to-somebody-else"}


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


@pytest.mark.parametrize("route", [route for route, access in ADDRESSES.items() if type(access) is Superusers])
def test_an_inactive_superuser_whom_the_project_lets_sign_in_is_refused_all_the_same(
    route: str, people: Callable[[str], Client], settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    browser = people("an inactive superuser")
    things = Things(browser)
    for method in METHODS:
        assert browser.generic(method, things.path(route)).status_code == 403


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
    job = make_job("running")
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
