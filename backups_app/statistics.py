"""Figures for the page, from the catalogue."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Sum

from backups_app.choices import GOOD_STATUSES, BackupKind
from backups_app.engine import store
from backups_app.models import Backup


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """`free_bytes` None where the storage can't tell; `last_good_at` None before the first backup."""

    count: int
    good_count: int
    size_bytes: int
    free_bytes: int | None
    last_good_at: datetime | None
    by_kind: list[tuple[str, int]]


def statistics() -> Statistics:
    counts = dict(Backup.objects.order_by().values_list("kind").annotate(Count("pk")))
    good = Backup.objects.filter(status__in=GOOD_STATUSES).aggregate(count=Count("pk"), last=Max("created_at"))
    return Statistics(
        count=sum(counts.values()),
        good_count=good["count"],
        size_bytes=Backup.objects.aggregate(total=Sum("size_bytes"))["total"] or 0,
        free_bytes=store.free_bytes(),
        last_good_at=good["last"],
        by_kind=[(str(kind.label), counts[kind.value]) for kind in BackupKind if counts.get(kind.value)],
    )
