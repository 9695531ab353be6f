"""Receivers as projects have them: they ignore `raw`, so a row that passes through save() changes or adds something."""

from typing import Any

from tests.zoo.models import Echo, Landmark, Watched


def touch(sender: type[Watched], instance: Watched, **kwargs: Any) -> None:
    instance.name += " (touched)"


def echo(sender: type[Watched], instance: Watched, using: str, **kwargs: Any) -> None:
    Echo.objects.using(using).create(text=f"saved {instance.pk}")


def echo_friends(sender: type, instance: Watched, using: str, action: str, **kwargs: Any) -> None:
    Echo.objects.using(using).create(text=f"{action} {instance.pk}")


def set_up_landmark(using: str, plan: list[Any] | None = None, **kwargs: Any) -> None:
    """Data that every migrate and every flush makes anew."""
    from django.db import connections

    if Landmark._meta.db_table in connections[using].introspection.table_names():
        Landmark.objects.using(using).update_or_create(pk=1, defaults={"name": "made by post_migrate"})
