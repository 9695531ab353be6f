"""What people send to backup management."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backups_app.models import Backup


class CreateBackupForm(forms.Form):
    description = forms.CharField(
        label=_("Description"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": _("Optional, for example: before the year's end")}),
    )


class UploadBackupForm(forms.Form):
    """`is_whole` stands behind the file: what broke off in the middle of the file lacks it."""

    description = forms.CharField(
        label=_("Description"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(attrs={"id": "id_upload_description", "placeholder": _("Optional")}),
    )
    is_whole = forms.CharField(widget=forms.HiddenInput, initial="yes", required=False)


class ConfirmRestoreForm(forms.Form):
    """Nothing is restored without the backup's name, the password of the one who asks, and a reason.

    `preview` is the job whose preview the page showed, if it showed one.
    """

    name = forms.CharField(label=_("Type the backup’s name"), max_length=255)
    password = forms.CharField(label=_("Your password"), widget=forms.PasswordInput(attrs={"autocomplete": "off"}))
    reason = forms.CharField(label=_("Reason"), max_length=500)
    preview = forms.UUIDField(widget=forms.HiddenInput, required=False)
    no_safety_backup = forms.BooleanField(
        label=_("Make no safety backup. What is lost then can’t be brought back."), required=False
    )
    accept_foreign = forms.BooleanField(
        label=_("Restore even if it can’t be proven that this installation made the file."), required=False
    )
    accept_newer_migrations = forms.BooleanField(
        label=_("Restore even if it was made with migrations that are not applied here."), required=False
    )
    leave_out_unknown = forms.BooleanField(
        label=_("Leave out models and fields that this project does not have."), required=False
    )
    accept_lock_out = forms.BooleanField(
        label=_("Restore even if nobody, or not I, could manage backups afterwards."), required=False
    )

    clear_unnamed = forms.BooleanField(
        label=_("Empty the models that a file without manifest does not name, too."), required=False
    )

    keep_dangling = forms.BooleanField(
        label=_("Keep references that lead nowhere in the file as they are."), required=False
    )

    def __init__(self, *args: Any, backup: Backup, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._backup = backup
        self._user = user

    def overrides(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.widget_type == "checkbox"]

    def confirmations(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.widget_type != "checkbox"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if name != self._backup.name:
            raise forms.ValidationError(_("That is not the name of this backup."))
        return name

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self._user.check_password(password):
            raise forms.ValidationError(_("That is not your password."))
        return password


class DeleteBackupForm(forms.Form):
    """`name` is asked for only when the last good backup would go."""

    name = forms.CharField(label=_("Name of the backup"), max_length=255, required=False)
