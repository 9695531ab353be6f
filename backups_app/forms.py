"""What people send to backup management."""

from django import forms
from django.utils.translation import gettext_lazy as _


class CreateBackupForm(forms.Form):
    description = forms.CharField(
        label=_("Description"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": _("Optional, for example: before the year's end")}),
    )


class DeleteBackupForm(forms.Form):
    """`name` is asked for only when the last good backup would go."""

    name = forms.CharField(label=_("Name of the backup"), max_length=255, required=False)
