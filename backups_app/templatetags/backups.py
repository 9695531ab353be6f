"""How figures look on the page."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.forms import Form
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

register = template.Library()

_MINUTE, _HOUR = 60, 3600


@register.filter
def clock(value: timedelta | float | None) -> str:
    """A span as people read it: "8 s", "2 min 05 s", "1 h 04 min". Empty for None."""
    if value is None:
        return ""
    seconds = round(value.total_seconds() if isinstance(value, timedelta) else value)
    if seconds < _MINUTE:
        return _("%(seconds)d s") % {"seconds": seconds}
    if seconds < _HOUR:
        return _("%(minutes)d min %(seconds)02d s") % {"minutes": seconds // _MINUTE, "seconds": seconds % _MINUTE}
    return _("%(hours)d h %(minutes)02d min") % {"hours": seconds // _HOUR, "minutes": seconds % _HOUR // _MINUTE}


@register.filter
def grouped(value: float | None) -> str:
    """A count with thin separators, whatever the language's settings: 1,234,567. Empty for None."""
    return "" if value is None else f"{round(value):,}"


@register.filter
def ago(value: datetime | None) -> str:
    """A moment in the past as people say it: "just now", "5 minutes ago". Empty for None."""
    if value is None:
        return ""
    if timezone.now() - value < timedelta(seconds=_MINUTE):
        return _("just now")
    return _("%(span)s ago") % {"span": timesince(value)}


@register.filter
def changing(differences: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a preview's differences those models that a restore would change."""
    return [entry for entry in differences if entry["added"] or entry["removed"] or entry["changed"]]


@register.filter
def label_of(form: Form, name: str) -> str:
    """What the field of this name is called on the page."""
    return str(form[name].label)
