"""Each system check with the setting that it wants and with the one that it warns of."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

from backups_app import checks
from backups_app.checks import EPOCH_MIDDLEWARE, MIDDLEWARE

REDIS = "django.core.cache.backends.redis.RedisCache"


def found(settings: Any) -> list[str]:
    return [message.id or "" for message in checks.check_settings(None)]


def test_the_project_s_own_settings_are_right(settings: Any) -> None:
    assert found(settings) == []
    assert [message for message in run_checks() if str(message.id).startswith("backups_app.")] == []


def _without_first(settings: Any) -> list[str]:
    return [*settings.MIDDLEWARE[1:], settings.MIDDLEWARE[0]]


def _first_of_all(settings: Any) -> list[str]:
    others = [name for name in settings.MIDDLEWARE if name != EPOCH_MIDDLEWARE]
    return [others[0], EPOCH_MIDDLEWARE, *others[1:]]


def _without(settings: Any, name: str) -> list[str]:
    return [app for app in settings.INSTALLED_APPS if app != name]


NOT_AT_HAND = "age1qdg3gfrl3qcnu6t2p9n930d493srascz0kx9lhn5y2uyg27f7fmszvxca4"

WRONG: dict[str, Any] = {
    "E001": lambda settings: {"BACKUPS": {"KEEP_DAYS": 0}},
    "E020": lambda settings: {"BACKUPS": {"ENCRYPT_TO": ["age1nonsense"]}},
    "E021": lambda settings: {"BACKUPS": {"ENCRYPT_TO": [NOT_AT_HAND]}},
    "E002": lambda settings: {"BACKUPS": {"DATABASE": "nowhere"}},
    "E003": lambda settings: {"MIDDLEWARE": _without_first(settings)},
    "E004": lambda settings: {"CACHES": {"default": settings.CACHES["default"]}},
    "E005": lambda settings: {
        "CACHES": {**settings.CACHES, "backups": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    },
    "E006": lambda settings: {"STORAGES": {"default": settings.STORAGES["default"]}},
    "E007": lambda settings: {"BACKUPS": {"EXCLUDE": ["eclick.clinet"]}},
    "E008": lambda settings: {"MIDDLEWARE": _first_of_all(settings)},
    "W001": lambda settings: {"INSTALLED_APPS": _without(settings, "django_htmx")},
}


@pytest.mark.parametrize("number", WRONG)
def test_a_wrong_setting_is_found_with_a_hint(number: str, settings: Any) -> None:
    for name, value in WRONG[number](settings).items():
        setattr(settings, name, value)
    (message,) = checks.check_settings(None)
    assert message.id == f"backups_app.{number}"
    assert message.is_serious() == number.startswith("E")
    assert message.hint or number == "E001"


def test_a_pooler_of_transactions_is_warned_of(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pooled = {"ENGINE": "django.db.backends.postgresql", "DISABLE_SERVER_SIDE_CURSORS": True}
    monkeypatch.setitem(settings.DATABASES, "pooled", pooled)
    assert found(settings) == ["backups_app.W002"]


def test_every_check_is_tried() -> None:
    source = Path(checks.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'id="backups_app\.([EW]\d+)"', source)) == {*WRONG, "W002"}


def test_the_message_names_what_is_wrong(settings: Any) -> None:
    settings.BACKUPS = {"DATABASE": "nowhere"}
    (message,) = checks.check_settings(None)
    assert "'nowhere'" in message.msg
    assert "default" in str(message.hint)


@pytest.mark.parametrize("label", ["nobody", "eclick.clinet", "ECLICK", "eclick.client.name", "", "."])
@pytest.mark.parametrize("name", ["EXCLUDE", "INCLUDE"])
def test_a_label_that_nothing_has_is_named(name: str, label: str, settings: Any) -> None:
    settings.BACKUPS = {name: ["auth", label]}
    (message,) = checks.check_settings(None)
    assert f"BACKUPS[{name!r}] names {label!r}" in message.msg


@pytest.mark.parametrize("label", ["eclick", "eclick.client", "eclick.Client", "eclick.project_members", "sessions"])
def test_apps_models_and_their_hidden_tables_are_labels(label: str, settings: Any) -> None:
    settings.BACKUPS = {"EXCLUDE": [label]}
    assert found(settings) == []


@pytest.mark.parametrize("backend", [REDIS, "django.core.cache.backends.db.DatabaseCache", "shop.cache.Shared"])
def test_any_cache_that_processes_share_is_right(backend: str, settings: Any) -> None:
    settings.CACHES = {**settings.CACHES, "backups": {"BACKEND": backend, "LOCATION": "somewhere"}}
    assert found(settings) == []


@pytest.mark.parametrize("backend", ["dummy.DummyCache", "locmem.LocMemCache"])
def test_a_cache_that_processes_do_not_share_is_wrong(backend: str, settings: Any) -> None:
    settings.CACHES = {**settings.CACHES, "backups": {"BACKEND": f"django.core.cache.backends.{backend}"}}
    assert found(settings) == ["backups_app.E005"]


def test_an_app_may_be_installed_by_its_config(settings: Any) -> None:
    spelled = {"django_celery_results": "django_celery_results.apps.CeleryResultConfig"}
    settings.INSTALLED_APPS = [spelled.get(app, app) for app in settings.INSTALLED_APPS]
    assert found(settings) == []


def test_without_any_middleware_the_missing_ones_are_named(settings: Any) -> None:
    settings.MIDDLEWARE = []
    first, last = checks.check_settings(None)
    assert MIDDLEWARE in first.msg
    assert EPOCH_MIDDLEWARE in last.msg
