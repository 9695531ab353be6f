"""What every page has in common: a strict content security policy, and nothing in it that the policy would stop."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AbstractUser
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from backups_app.choices import JobState
from backups_app.models import Backup, Job
from backups_app.tokens import make_token
from tests.catalogue import make_backup, make_job
from tests.web.html import Page

pytestmark = pytest.mark.django_db

PAGES: dict[str, Callable[[], str]] = {
    "empty": lambda: reverse("backups:index"),
    "full": lambda: full(),
    "delete": lambda: reverse("backups:delete", args=[make_backup().pk]),
    "restore": lambda: reverse("backups:restore", args=[make_backup().pk]),
    "admin index": lambda: reverse("admin:index"),
    "admin backups": lambda: reverse("admin:backups_app_backup_changelist"),
    "admin jobs": lambda: reverse("admin:backups_app_job_changelist"),
    "admin trail": lambda: reverse("admin:backups_app_auditevent_changelist"),
}
every_page = pytest.mark.parametrize("name", PAGES)


def full() -> str:
    make_backup(description="<script>alert(1)</script>", needs_restore_backup=True)
    make_job(JobState.ERRORED, error_message="<style>", error_hint="<script>", traceback="Traceback")
    make_job()
    return reverse("backups:index")


@every_page
def test_holds_no_script_and_no_style_of_its_own(name: str, browser: Client) -> None:
    page = Page(browser.get(PAGES[name]()))
    for script in page.all("script"):
        assert script.attributes.get("src", "").startswith("/static/")
        assert script.text == ""
    assert not page.all("style")
    for element in page.elements:
        for attribute, value in element.attributes.items():
            assert attribute != "style"
            assert not attribute.startswith(("on", "hx-on")), f"{attribute}={value}"
            assert not value.strip().lower().startswith(("javascript:", "js:")), f"{attribute}={value}"


@every_page
def test_loads_nothing_from_elsewhere_and_nothing_that_is_not_there(name: str, browser: Client) -> None:
    page = Page(browser.get(PAGES[name]()))
    loaded = [element.attributes["src"] for element in page.elements if "src" in element.attributes]
    loaded += [link.attributes["href"] for link in page.all("link")]
    assert loaded
    for address in loaded:
        assert address.startswith("/static/")
        assert finders.find(address.removeprefix("/static/")), address


@every_page
def test_is_sent_with_a_strict_policy_and_the_usual_headers(name: str, browser: Client) -> None:
    headers = browser.get(PAGES[name]()).headers
    policy = {
        words[0]: set(words[1:])
        for words in (part.split() for part in headers["Content-Security-Policy"].split(";"))
        if words
    }
    assert policy["default-src"] == {"'self'"}
    assert policy["object-src"] == policy["frame-ancestors"] == {"'none'"}
    assert policy["base-uri"] == policy["form-action"] == {"'self'"}
    assert not {"script-src", "style-src", "script-src-elem", "style-src-attr"} & set(policy)
    assert not [source for sources in policy.values() for source in sources if "unsafe" in source or "*" in source]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_htmx_is_told_not_to_bring_what_the_policy_would_stop(browser: Client) -> None:
    told = Page(browser.get(reverse("backups:index"))).the("meta", name="htmx-config").attributes["content"]
    assert '"includeIndicatorStyles":false' in told
    assert '"allowEval":false' in told
    assert '"selfRequestsOnly":true' in told


@every_page
def test_every_control_has_a_name_and_every_id_is_given_once(name: str, browser: Client) -> None:
    page = Page(browser.get(PAGES[name]()))
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    labels = {label.attributes.get("for") for label in page.all("label")}
    for tag in ("button", "a"):
        for element in page.all(tag):
            assert element.text or element.attributes.get("aria-label") or name.startswith("admin"), element
    if not name.startswith("admin"):
        for field in page.all("input"):
            is_named = field.attributes["id"] in labels if "id" in field.attributes else False
            assert is_named or field.attributes["type"] in {"hidden", "submit", "checkbox"}


@every_page
def test_works_without_scripts_since_everything_is_a_link_or_a_form(name: str, browser: Client) -> None:
    page = Page(browser.get(PAGES[name]()))
    for element in page.elements:
        posts = element.attributes.get("hx-post")
        if posts:
            assert (element.tag, element.attributes["action"], element.attributes["method"]) == ("form", posts, "post")
    for form in page.all("form"):
        if form.attributes.get("method", "get").lower() == "post" and "/cancel/" not in form.attributes.get(
            "action", ""
        ):
            assert page.all("input", name="csrfmiddlewaretoken")


def test_the_poll_s_card_is_as_clean(browser: Client) -> None:
    request = browser.get(reverse("backups:index")).wsgi_request
    card = Page(browser.get(reverse("backups:progress", args=[make_token(make_job().pk, request)])))
    assert not card.all("script") + card.all("style")
    assert not [element for element in card.elements if "style" in element.attributes]


class TestInTheAdmin:
    def test_the_index_leads_superusers_to_the_page(self, browser: Client) -> None:
        index = Page(browser.get(reverse("admin:index")))
        assert reverse("backups:index") in [link.attributes.get("href") for link in index.all("a")]
        assert index.has_id("backups-link")

    def test_the_index_leads_nobody_else_there(self, client: Client, staff: AbstractUser, static_root: None) -> None:
        client.force_login(staff)
        response = client.get(reverse("admin:index"))
        assert response.status_code == 200
        assert b"backup" not in response.content.lower()

    @pytest.mark.parametrize("model", ["backup", "job", "auditevent"])
    def test_superusers_look_at_the_rows_and_change_none(self, model: str, browser: Client) -> None:
        backup, job = make_backup(), make_job()
        row = {"backup": backup.pk, "job": job.pk}.get(model)
        assert browser.get(reverse(f"admin:backups_app_{model}_changelist")).status_code == 200
        assert browser.get(reverse(f"admin:backups_app_{model}_changelist"), {"q": "x"}).status_code == 200
        assert browser.get(reverse(f"admin:backups_app_{model}_add")).status_code == 403
        if row:
            change = reverse(f"admin:backups_app_{model}_change", args=[row])
            assert browser.get(change).status_code == 200
            assert browser.post(change, {"name": "x"}).status_code == 403
            assert browser.post(reverse(f"admin:backups_app_{model}_delete", args=[row])).status_code == 403
        action = {"action": "delete_selected", "_selected_action": [str(row)], "post": "yes"}
        browser.post(reverse(f"admin:backups_app_{model}_changelist"), action)
        assert (Backup.objects.count(), Job.objects.count()) == (1, 1)

    @pytest.mark.parametrize("model", ["backup", "job", "auditevent"])
    def test_nobody_else_looks_at_them(
        self, model: str, client: Client, staff: AbstractUser, static_root: None
    ) -> None:
        from django.contrib.auth.models import Permission

        staff.user_permissions.set(Permission.objects.filter(content_type__app_label="backups_app"))
        client.force_login(staff)
        assert client.get(reverse(f"admin:backups_app_{model}_changelist")).status_code == 403
