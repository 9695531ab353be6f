"""What E-Click keeps: clients, their projects, the work in them, and what was said and done about it.

Work belongs to its project and goes with it. People only take part: when an account is deleted, everything that the
person wrote or did stays, without a name.
"""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models, router
from django.utils import timezone
from django.utils.text import Truncator

upper_case_code = RegexValidator(r"^[A-Z]+\Z", "Only the letters A to Z, in capitals.")
sha256_hex = RegexValidator(r"^[0-9a-f]{64}\Z", "A SHA-256 is 64 hexadecimal digits in lower case.")


class Client(models.Model):
    """Somebody who pays for projects."""

    name = models.CharField(max_length=200)
    legal_name = models.CharField(max_length=200, null=True, blank=True, help_text="Empty when it equals the name.")
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    website = models.URLField(blank=True)
    address = models.TextField(blank=True)
    country = models.CharField("country code", max_length=2, validators=[upper_case_code])
    vat_number = models.CharField("VAT number", max_length=20, null=True, blank=True, unique=True)
    hourly_rate = models.DecimalField(max_digits=8, decimal_places=2, validators=[MinValueValidator(Decimal(0))])
    notes = models.TextField(null=True, blank=True)
    is_active = models.BooleanField("active", default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "id"]
        indexes = [models.Index(fields=["name"], name="eclick_client_name")]
        constraints = [
            models.CheckConstraint(condition=models.Q(hourly_rate__gte=0), name="eclick_client_rate_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """A piece of work for a client, with a budget and the people who do it."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        ACTIVE = "active", "Active"
        ON_HOLD = "on_hold", "On hold"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    # A client with projects is not deleted by accident: its projects have to go first.
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="projects")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="projects", blank=True)
    name = models.CharField(max_length=200)
    code = models.SlugField(max_length=40, unique=True, help_text="Short and unique, as it stands on invoices.")
    description = models.TextField(blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.PLANNED)
    budget = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="EUR", validators=[upper_case_code])
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True)
    is_billable = models.BooleanField("billable", default=True)
    settings = models.JSONField(null=True, blank=True, help_text="What this project does differently from the others.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-start_date", "-id"]
        indexes = [
            models.Index(fields=["-start_date", "-id"], name="eclick_project_newest"),
            models.Index(fields=["status"], name="eclick_project_status"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end_date__isnull=True) | models.Q(end_date__gte=models.F("start_date")),
                name="eclick_project_ends_after_start",
                violation_error_message="A project can't end before it starts.",
            ),
            models.CheckConstraint(
                condition=models.Q(budget__isnull=True) | models.Q(budget__gte=0),
                name="eclick_project_budget_not_negative",
                violation_error_message="A budget can't be negative.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.name}"


class Task(models.Model):
    """Something to do in a project; tasks of a project stand in an order of their own."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        IN_PROGRESS = "in_progress", "In progress"
        REVIEW = "review", "In review"
        DONE = "done", "Done"

    class Priority(models.IntegerChoices):
        LOW = 1, "Low"
        NORMAL = 2, "Normal"
        HIGH = 3, "High"
        URGENT = 4, "Urgent"

    # The unique constraint on project and position is this key's index.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks"
    )
    position = models.PositiveIntegerField(blank=True, help_text="Left empty, the task goes to the end.")
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.OPEN)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    estimate = models.DurationField(null=True, blank=True)
    hours_spent = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal("0.00"))
    due_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["project", "position"]
        indexes = [models.Index(fields=["status", "due_at"], name="eclick_task_due")]
        constraints = [
            models.UniqueConstraint(fields=["project", "position"], name="eclick_task_position"),
            models.CheckConstraint(condition=models.Q(hours_spent__gte=0), name="eclick_task_hours_not_negative"),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Two people adding to the end at once: the unique constraint refuses the second."""
        if self.position is None:
            alias = kwargs.get("using") or router.db_for_write(Task, instance=self)
            others = Task.objects.using(alias).filter(project=self.project_id)
            last = others.aggregate(last=models.Max("position"))["last"]
            self.position = 0 if last is None else last + 1
        super().save(*args, **kwargs)


class Subtask(models.Model):
    """A line of a task's checklist."""

    # The unique constraint on task and position is this key's index.
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="subtasks", db_index=False)
    position = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    is_done = models.BooleanField("done", default=False)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["task", "position"]
        constraints = [models.UniqueConstraint(fields=["task", "position"], name="eclick_subtask_position")]

    def __str__(self) -> str:
        return self.title


class Comment(models.Model):
    """What somebody said about a task, perhaps in reply to somebody else."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="comments"
    )
    # Replies outlive what they answer: nobody's words vanish because somebody else's were removed.
    reply_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replies")
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return Truncator(self.text).chars(60)

    def clean(self) -> None:
        if self.reply_to is not None and self.reply_to.task_id != self.task_id:
            raise ValidationError({"reply_to": "A reply belongs to the task of the comment that it answers."})
        if self.reply_to_id is not None and self.reply_to_id == self.pk:
            raise ValidationError({"reply_to": "A comment can't answer itself."})


class Attachment(models.Model):
    """What is known about a file that hangs on a task; the file itself lies elsewhere, under the UUID."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="attachments")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="attachments"
    )
    uuid = models.UUIDField("UUID", default=uuid4, unique=True, editable=False)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=127, default="application/octet-stream")
    size_bytes = models.PositiveBigIntegerField("size in bytes")
    sha256 = models.CharField("SHA-256", max_length=64, validators=[sha256_hex])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class ActivityLog(models.Model):
    """Who did what to which object.

    The log outlives its objects: no GenericRelation points here, since it would delete the entries with their object,
    and the object's name is kept as text.
    """

    class Verb(models.TextChoices):
        CREATED = "created", "created"
        CHANGED = "changed", "changed"
        ASSIGNED = "assigned", "assigned"
        COMPLETED = "completed", "completed"
        REOPENED = "reopened", "reopened"
        COMMENTED = "commented", "commented on"
        ATTACHED = "attached", "attached a file to"
        DELETED = "deleted", "deleted"

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="activity"
    )
    verb = models.CharField(max_length=20, choices=Verb)
    # The index on content type and object id is this key's index.
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+", db_index=False)
    object_id = models.PositiveBigIntegerField()
    target = GenericForeignKey("content_type", "object_id")
    target_name = models.CharField(max_length=255)
    detail = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["content_type", "object_id"], name="eclick_activity_target"),
            models.Index(fields=["-at", "-id"], name="eclick_activity_newest"),
        ]
        verbose_name = "activity"
        verbose_name_plural = "activity log"

    def __str__(self) -> str:
        return f"{self.get_verb_display()} {self.target_name}"
