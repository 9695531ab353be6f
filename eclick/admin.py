"""E-Click in the admin. Lists leave out the total count: it reads every row, and there may be millions."""
# The admin's classes take type arguments in their stubs, not at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Count, QuerySet, URLField
from django.http import HttpRequest

from eclick.models import ActivityLog, Attachment, Client, Comment, Project, Subtask, Task


class SubtaskInline(admin.TabularInline):
    model = Subtask
    fields = ["position", "title", "is_done", "done_at"]
    extra = 0


class CommentInline(admin.StackedInline):
    model = Comment
    fields = ["author", "reply_to", "text", "created_at", "edited_at"]
    autocomplete_fields = ["author"]
    raw_id_fields = ["reply_to"]
    extra = 0
    show_change_link = True


class AttachmentInline(admin.TabularInline):
    model = Attachment
    fields = ["name", "content_type", "size_bytes", "sha256", "uploaded_by"]
    autocomplete_fields = ["uploaded_by"]
    extra = 0
    show_change_link = True


@admin.register(Client)
class ClientAdmin(admin.ModelAdmin):
    list_display = ["name", "legal_name", "country", "hourly_rate", "project_count", "is_active"]
    list_filter = ["is_active", "country"]
    search_fields = ["name", "legal_name", "email", "vat_number"]
    readonly_fields = ["created_at", "updated_at"]
    # Django 5 and 6 disagree on the scheme of an address that is typed without one.
    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Client]:
        clients: QuerySet[Client] = super().get_queryset(request)
        return clients.annotate(project_count=Count("projects"))

    @display(description="projects", ordering="project_count")
    def project_count(self, client: Client) -> int:
        count: int = client.project_count  # type: ignore[attr-defined]  # annotated above
        return count


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "client", "status", "budget", "currency", "start_date", "end_date"]
    list_display_links = ["code", "name"]
    list_filter = ["status", "is_billable", "currency", "start_date"]
    list_select_related = ["client"]
    search_fields = ["code", "name", "client__name"]
    autocomplete_fields = ["client", "members"]
    readonly_fields = ["created_at", "updated_at"]
    show_full_result_count = False


@admin.register(Task)
class TaskAdmin(admin.ModelAdmin):
    list_display = ["title", "project", "assignee", "status", "priority", "due_at", "hours_spent"]
    list_filter = ["status", "priority", "due_at"]
    list_select_related = ["project", "assignee"]
    # The order of the table itself: any other would sort every task there is for each page.
    ordering = ["-id"]
    search_fields = ["title", "project__code"]
    autocomplete_fields = ["project", "assignee"]
    readonly_fields = ["created_at", "updated_at"]
    inlines = [SubtaskInline, CommentInline, AttachmentInline]
    show_full_result_count = False


@admin.register(Subtask)
class SubtaskAdmin(admin.ModelAdmin):
    list_display = ["title", "task", "position", "is_done", "done_at"]
    list_filter = ["is_done"]
    list_select_related = ["task"]
    ordering = ["-id"]
    search_fields = ["title"]
    autocomplete_fields = ["task"]
    show_full_result_count = False


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):
    list_display = ["__str__", "task", "author", "is_reply", "created_at", "edited_at"]
    list_filter = ["created_at"]
    list_select_related = ["task", "author"]
    ordering = ["-id"]
    search_fields = ["text"]
    autocomplete_fields = ["task", "author"]
    raw_id_fields = ["reply_to"]
    show_full_result_count = False

    @display(description="reply", boolean=True)
    def is_reply(self, comment: Comment) -> bool:
        return comment.reply_to_id is not None


@admin.register(Attachment)
class AttachmentAdmin(admin.ModelAdmin):
    list_display = ["name", "task", "content_type", "size_bytes", "uploaded_by", "created_at"]
    list_filter = ["content_type"]
    list_select_related = ["task", "uploaded_by"]
    ordering = ["-id"]
    search_fields = ["name", "sha256"]
    autocomplete_fields = ["task", "uploaded_by"]
    readonly_fields = ["uuid", "created_at"]
    show_full_result_count = False


@admin.register(ActivityLog)
class ActivityLogAdmin(admin.ModelAdmin):
    """To be read, not written: a log that can be edited proves nothing."""

    list_display = ["at", "actor", "verb", "target_name", "content_type"]
    list_filter = ["verb", "content_type", "at"]
    list_select_related = ["actor", "content_type"]
    search_fields = ["target_name"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ActivityLog | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ActivityLog | None = None) -> bool:
        return False
