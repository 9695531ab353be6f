"""Fills the database with demo data: the same seed on the same starting rows gives the same rows."""

import string
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, UNUSABLE_PASSWORD_SUFFIX_LENGTH
from django.contrib.auth.models import Group, Permission, User
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Max

from eclick import seed_words as words
from eclick.models import Project
from eclick.seed_rows import TABLES, Model, Row, RowMaker

# Written and forgotten by so many, so that memory stays flat.
PROJECTS_PER_WRITE = 100
# Whoever else writes to SQLite waits for a whole transaction: a few seconds, well within their patience.
PROJECTS_PER_TRANSACTION = 1_000
MOST_PEOPLE = 1_000


def seed_demo(
    projects: int,
    *,
    seed: int = 1,
    using: str = DEFAULT_DB_ALIAS,
    on_progress: Callable[[int], None] = lambda rows: None,
) -> dict[str, int]:
    """Adds so many projects with all that belongs to them, and the people they need.

    Commits every `PROJECTS_PER_TRANSACTION` projects and tells `on_progress` how many rows there are by then. Returns
    the rows made, by the label of their model. Nobody else may add rows meanwhile: theirs could take the ids meant for
    these, and the transaction at hand would then fail as a whole.
    """
    connection = connections[using]
    first = next(_free_ids(Project, using))
    rng = Random(f"{seed}/{first}")  # noqa: S311 (repeatable on purpose; nothing secret is drawn)
    with transaction.atomic(using=using):
        made = {User._meta.label: _add_people(rng, enough_for=first + projects, using=using)}
        _reset_sequences([User], connection)
    made |= dict.fromkeys((model._meta.label for model in TABLES), 0)
    people = list(User._base_manager.using(using).order_by("pk").values_list("pk", flat=True)[:MOST_PEOPLE])
    maker = RowMaker(rng, people, connection)
    for in_transaction in _portions(projects, PROJECTS_PER_TRANSACTION):
        with transaction.atomic(using=using):
            maker.ids = {model: _free_ids(model, using) for model in TABLES}
            for in_write in _portions(in_transaction, PROJECTS_PER_WRITE):
                for _ in range(in_write):
                    maker.add_project()
                for model, rows in maker.take_rows().items():
                    _write(model, rows, connection)
                    made[model._meta.label] += len(rows)
            _reset_sequences(TABLES, connection)
        on_progress(sum(made.values()))
    return made


def _portions(total: int, size: int) -> Iterator[int]:
    return (min(size, total - done) for done in range(0, total, size))


def _free_ids(model: Model, using: str) -> "count[int]":
    highest = model._base_manager.using(using).aggregate(highest=Max("pk"))["highest"]
    return count((highest or 0) + 1)


def _write(model: Model, rows: list[Row], connection: BaseDatabaseWrapper) -> None:
    table = connection.ops.quote_name(str(model._meta.db_table))
    fields = model._meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        elif rows:
            places = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)  # noqa: S608 (quoted names)


def _reset_sequences(written: list[Model], connection: BaseDatabaseWrapper) -> None:
    """PostgreSQL does not notice ids that were given by hand; the others do, and have no statements for it."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), written):
            cursor.execute(statement)


def _add_people(rng: Random, *, enough_for: int, using: str) -> int:
    """Adds accounts that nobody can sign in to until there are enough people for so many projects."""
    groups = [_group(name, using) for name in words.GROUPS]
    wanted = min(24 + enough_for // 25, MOST_PEOPLE)
    ids = _free_ids(User, using)
    people = [_person(rng, next(ids)) for _ in range(wanted - User._base_manager.using(using).count())]
    User._base_manager.using(using).bulk_create(people)
    joined = User.groups.through
    joined._base_manager.using(using).bulk_create(
        joined(user_id=person.pk, group_id=group.pk)
        for person in people
        for group in rng.sample(groups, rng.choice((0, 1, 1, 2)))
    )
    return len(people)


def _group(name: str, using: str) -> Group:
    group, is_new = Group.objects.using(using).get_or_create(name=name)
    if is_new:
        may = Permission.objects.using(using).filter(content_type__app_label="eclick")
        group.permissions.set(may.filter(codename__startswith="view_") if name == "Accounting" else may)
    return group


def _person(rng: Random, pk: int) -> User:
    given, family = rng.choice(words.GIVEN_NAMES), rng.choice(words.FAMILY_NAMES)
    joined_at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(microseconds=rng.getrandbits(44))
    letters = "".join(rng.choices(string.ascii_letters, k=UNUSABLE_PASSWORD_SUFFIX_LENGTH))
    return User(
        pk=pk,
        # The number keeps names apart whatever a database takes for equal letters.
        username=f"{given}.{pk}".lower(),
        first_name=given,
        last_name=family,
        email="" if rng.random() < 0.1 else f"person{pk}@eclick.example",
        password=UNUSABLE_PASSWORD_PREFIX + letters,
        is_staff=rng.random() < 0.15,
        is_active=rng.random() < 0.95,
        date_joined=joined_at,
        last_login=None if rng.random() < 0.3 else joined_at + timedelta(microseconds=rng.getrandbits(45)),
    )
