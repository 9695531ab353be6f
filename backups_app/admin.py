"""The admin's own lists of backups and jobs: for looking only, the page is where things are done."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from backups_app.models import AuditEvent, Backup, Job
from backups_app.permissions import is_allowed


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Visible to active superusers; nobody adds, changes or deletes here."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_allowed(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_allowed(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Backup)
class BackupAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "status", "record_count", "size_bytes", "created_at", "created_by_name")
    list_filter = ("kind", "status")
    search_fields = ("name", "description")


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("kind", "state", "queued_at", "finished_at", "requested_by_name", "backup_name")
    list_filter = ("kind", "state")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "event", "actor_name", "backup_name", "outcome")
    list_filter = ("event", "outcome")
    search_fields = ("actor_name", "backup_name")


# The way from the admin's index to the page, unless the project has an index of its own.
if admin.site.index_template is None:
    admin.site.index_template = "backups_app/admin_index.html"
