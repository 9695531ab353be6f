"""Makes the rows of demo projects, as tuples in the order of their model's fields.

No model object is built: values are made in the form in which their column keeps them. What is drawn comes from pools
whose sizes are powers of two, by one call of `getrandbits` each. That is most of what makes seeding fast.
"""

import json
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from eclick import seed_words as words
from eclick.models import ActivityLog, Attachment, Client, Comment, Project, Subtask, Task

Row = tuple[str | int | None, ...]
Model = type[models.Model]

Membership: Model = Project.members.through

# Parents before children: MariaDB checks foreign keys row by row.
TABLES: list[Model] = [Client, Project, Membership, Task, Subtask, Comment, Attachment, ActivityLog]

# How many of each there are: sixteen equally likely numbers. Together they make about 212 rows a project.
MEMBERS_PER_PROJECT = [0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 10]
TASKS_PER_PROJECT = [6, 10, 14, 18, 22, 26, 30, 34, 38, 42, 46, 50, 58, 66, 80, 100]
SUBTASKS_PER_TASK = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3]
COMMENTS_PER_TASK = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 8]
ATTACHMENTS_PER_TASK = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2]
EVENTS_PER_TASK = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 3]

TASK_STATUSES = [status.value for status in (Task.Status.DONE, Task.Status.DONE, Task.Status.OPEN, *Task.Status)] + [
    Task.Status.DONE.value
]
PROJECT_STATUSES = [status.value for status in (Project.Status.ACTIVE, Project.Status.ACTIVE, *Project.Status)] + [
    Project.Status.DONE.value
]
PRIORITIES = [priority.value for priority in (Task.Priority.NORMAL,) * 4 + tuple(Task.Priority)]

_Verb = ActivityLog.Verb
EVENTS: list[tuple[ActivityLog.Verb, Model]] = [
    (_Verb.CREATED, Project),
    (_Verb.CREATED, Task),
    (_Verb.CREATED, Task),
    (_Verb.CREATED, Attachment),
    (_Verb.CHANGED, Client),
    (_Verb.CHANGED, Project),
    (_Verb.CHANGED, Task),
    (_Verb.CHANGED, Task),
    (_Verb.CHANGED, Comment),
    (_Verb.ASSIGNED, Task),
    (_Verb.ASSIGNED, Task),
    (_Verb.COMPLETED, Task),
    (_Verb.COMPLETED, Subtask),
    (_Verb.REOPENED, Task),
    (_Verb.COMMENTED, Task),
    (_Verb.ATTACHED, Task),
]

# A moment is a whole number that grows with time: the working day in its upper bits, the time of day in its lower
# twelve. So `moment + getrandbits(12 + n)` lies up to 2**n working days later.
DAY_BITS, TIME_BITS = 11, 12
TIME_MASK = (1 << TIME_BITS) - 1
FIRST_DAY = date(2021, 1, 4)


class Pools:
    """Ready-made values in the form in which their columns keep them."""

    def __init__(self, rng: Random, connection: BaseDatabaseWrapper) -> None:
        # PostgreSQL would read a time without an offset as one of the session's time zone.
        offset = "+00" if connection.vendor == "postgresql" else ""
        self.days = _working_days(1 << DAY_BITS)
        self.times = [time + offset for time in _times_of_day(rng, 1 << TIME_BITS)]
        self.titles = [_title(rng) for _ in range(1 << 11)]
        self.texts = [_text(rng) for _ in range(1 << 12)]
        self.hours = [_money(rng, 6) for _ in range(1 << 8)]
        estimate = Task._meta.get_field("estimate")
        self.estimates = [estimate.get_db_prep_save(_estimate(rng), connection) for _ in range(1 << 8)]
        self.tags = [json.dumps(rng.sample(words.TAGS, rng.choice((0, 0, 1, 2, 3, 5)))) for _ in range(1 << 9)]
        self.details = {verb: [json.dumps(_detail(verb, rng)) for _ in range(1 << 8)] for verb in ActivityLog.Verb}


class RowMaker:
    """Makes one project after the other, of clients that have a few each. Set `ids` before the first."""

    ids: "dict[Model, count[int]]"

    def __init__(self, rng: Random, people: list[int], connection: BaseDatabaseWrapper) -> None:
        self.rng, self.bits, self.people = rng, rng.getrandbits, people
        self.pools = Pools(rng, connection)
        self.connection = connection
        types = ContentType.objects.db_manager(connection.alias).get_for_models(*TABLES)
        self.content_types = {model: content_type.pk for model, content_type in types.items()}
        self.rows: dict[Model, list[Row]] = {model: [] for model in TABLES}
        # The newest object of each model with its name, as far as the project at hand has one.
        self.newest: dict[Model, tuple[int, str]] = {}
        self.crew: list[int | None] = []
        self.currency = ""

    def take_rows(self) -> dict[Model, list[Row]]:
        rows, self.rows = self.rows, {model: [] for model in TABLES}
        return rows

    def add_project(self) -> None:
        rng, bits = self.rng, self.bits
        started = bits(10 + TIME_BITS)
        if Client not in self.newest or not bits(2):
            self._add_client(started)
        self.newest = {Client: self.newest[Client]}
        client_id, client_name = self.newest[Client]
        project_id = next(self.ids[Project])
        name = f"{rng.choice(words.PROJECT_KINDS)} {client_name}"
        self.newest[Project] = (project_id, name)
        self.rows[Project].append(
            (
                project_id,
                client_id,
                name,
                f"{rng.choice('ABCDEFGH')}{rng.choice('AEIOU')}{rng.choice('KLMNRST')}-{project_id:05}",
                "" if not bits(2) else self.pools.texts[bits(12)],
                PROJECT_STATUSES[bits(3)],
                # Every 64th budget fills the column to its last digit.
                None if not bits(3) else _money(rng, 16 if bits(6) else 39),
                self.currency,
                self.pools.days[started >> TIME_BITS],
                None if not bits(2) else self.pools.days[(started >> TIME_BITS) + bits(8)],
                bool(bits(2)),
                _settings(rng),
                self._moment(started),
                self._moment(started + bits(8 + TIME_BITS)),
            )
        )
        self._add_members(project_id)
        for position in range(TASKS_PER_PROJECT[bits(4)]):
            self._add_task(project_id, position, started)

    def _add_client(self, known_since: int) -> None:
        rng, bits = self.rng, self.bits
        client_id = next(self.ids[Client])
        root = rng.choice(words.COMPANY_ROOTS)
        trade, legal_form = rng.choice(words.COMPANY_FORMS)
        country, calling_code, self.currency, city = rng.choice(words.COUNTRIES)
        name = f"{root} {trade}"
        self.newest[Client] = (client_id, name)
        self.rows[Client].append(
            (
                client_id,
                name,
                f"{name} {legal_form}" if legal_form else legal_form,
                "" if not bits(3) else f"hello@client{client_id}.example",
                "" if not bits(2) else f"+{calling_code} {bits(10):04} {bits(20):07}",
                "" if bits(1) else f"https://client{client_id}.example/?from=eclick&lang={country.lower()}#contact",
                "" if not bits(3) else f"{rng.choice(words.STREETS)} {bits(7) + 1}\n{city}",
                country,
                None if not bits(1) else f"{country}{client_id:09}",
                _money(rng, 7),
                rng.choice((None, "", self.pools.texts[bits(12)])),
                bool(bits(3)),
                self._moment(known_since),
                self._moment(known_since + bits(9 + TIME_BITS)),
            )
        )

    def _add_members(self, project_id: int) -> None:
        members = self.rng.sample(self.people, min(MEMBERS_PER_PROJECT[self.bits(4)], len(self.people)))
        ids = self.ids[Membership]
        self.rows[Membership] += [(next(ids), project_id, person) for person in members]
        # Nobody, somebody from outside, and for the rest the members.
        outsider = self.rng.choice(self.people)
        self.crew = [None, outsider, *(members or [outsider]) * 14][:16]

    def _add_task(self, project_id: int, position: int, started: int) -> None:
        bits, pools, ids = self.bits, self.pools, self.ids[Task]
        created = started + bits(7 + TIME_BITS)
        if not bits(6):
            self._add_deleted_task(next(ids), created)
        task_id = next(ids)
        title = pools.titles[bits(11)]
        status = TASK_STATUSES[bits(3)]
        self.newest[Task] = (task_id, title)
        self.rows[Task].append(
            (
                task_id,
                project_id,
                self._someone(),
                position,
                title,
                "" if not bits(2) else pools.texts[bits(12)],
                status,
                PRIORITIES[bits(3)],
                pools.estimates[bits(8)],
                pools.hours[bits(8)],
                self._moment(created + bits(6 + TIME_BITS)) if bits(1) else None,
                self._moment(created + bits(5 + TIME_BITS)) if status == "done" else None,
                pools.tags[bits(9)],
                self._moment(created),
                self._moment(created + bits(6 + TIME_BITS)),
            )
        )
        self._add_subtasks(task_id, created)
        self._add_comments(task_id, created)
        self._add_attachments(task_id, created)
        self._add_events(created)

    def _add_deleted_task(self, task_id: int, deleted: int) -> None:
        """The log is all that is left of it, and its id stays a gap."""
        self._add_event(ActivityLog.Verb.DELETED, Task, (task_id, self.pools.titles[self.bits(11)]), deleted)

    def _add_subtasks(self, task_id: int, created: int) -> None:
        bits, ids = self.bits, self.ids[Subtask]
        for position in range(SUBTASKS_PER_TASK[bits(4)]):
            subtask_id, title, done = next(ids), self.pools.titles[bits(11)], bits(1)
            when = self._moment(created + bits(4 + TIME_BITS)) if done else None
            self.rows[Subtask].append((subtask_id, task_id, position, title, bool(done), when))
            self.newest[Subtask] = (subtask_id, title)

    def _add_comments(self, task_id: int, created: int) -> None:
        """About half of them answer an earlier one of the same task, so that replies nest."""
        bits, texts, ids = self.bits, self.pools.texts, self.ids[Comment]
        said = created
        thread: list[int] = []
        for _ in range(COMMENTS_PER_TASK[bits(4)]):
            comment_id = next(ids)
            answers = thread[bits(4) * len(thread) >> 4] if thread and bits(1) else None
            text = texts[bits(12)] if bits(1) else f"{texts[bits(12)]} {texts[bits(12)]}"
            said += bits(1 + TIME_BITS)
            edited = None if bits(3) else self._moment(said + bits(TIME_BITS))
            self.rows[Comment].append((comment_id, task_id, self._someone(), answers, text, self._moment(said), edited))
            self.newest[Comment] = (comment_id, text[:60])
            thread.append(comment_id)

    def _add_attachments(self, task_id: int, created: int) -> None:
        bits = self.bits
        for _ in range(ATTACHMENTS_PER_TASK[bits(4)]):
            attachment_id = next(self.ids[Attachment])
            stem, ending, content_type = words.FILES[bits(4)]
            name = f"{stem} {bits(8)}.{ending}" if ending else stem
            self.rows[Attachment].append(
                (
                    attachment_id,
                    task_id,
                    self._someone(),
                    self._uuid(),
                    name,
                    content_type,
                    # From nothing at all to several GB, small ones being the most.
                    bits(1 + bits(5)),
                    f"{bits(256):064x}",
                    self._moment(created + bits(3 + TIME_BITS)),
                )
            )
            self.newest[Attachment] = (attachment_id, name)

    def _add_events(self, created: int) -> None:
        bits = self.bits
        for _ in range(EVENTS_PER_TASK[bits(4)]):
            verb, model = EVENTS[bits(4)]
            if model not in self.newest:
                model = Project
            self._add_event(verb, model, self.newest[model], created + bits(6 + TIME_BITS))

    def _add_event(self, verb: ActivityLog.Verb, model: Model, target: tuple[int, str], at: int) -> None:
        event_id, detail = next(self.ids[ActivityLog]), self.pools.details[verb][self.bits(8)]
        self.rows[ActivityLog].append(
            (event_id, self._someone(), verb.value, self.content_types[model], *target, detail, self._moment(at))
        )

    def _moment(self, moment: int) -> str:
        return self.pools.days[moment >> TIME_BITS] + self.pools.times[moment & TIME_MASK]

    def _someone(self) -> int | None:
        return self.crew[self.bits(4)]

    def _uuid(self) -> Any:
        return Attachment._meta.get_field("uuid").get_db_prep_save(UUID(int=self.bits(128), version=4), self.connection)


def _working_days(how_many: int) -> list[str]:
    days = (FIRST_DAY + timedelta(days=number) for number in count())
    working = (day.isoformat() for day in days if day.weekday() < 5)
    return [next(working) for _ in range(how_many)]


def _times_of_day(rng: Random, how_many: int) -> list[str]:
    """Ascending, between six and twenty-two; whole seconds are written without microseconds, as Django does it."""
    second = 1_000_000
    moments = sorted(rng.sample(range(6 * 3600 * second, 22 * 3600 * second), how_many))
    moments[::32] = [moment - moment % second for moment in moments[::32]]
    return [f" {_clock(moment // second)}" + (f".{us:06}" if (us := moment % second) else "") for moment in moments]


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _money(rng: Random, size: int) -> str:
    """A decimal with two places and up to 2**size before them; every eighth is without cents."""
    cents = rng.getrandbits(10) % 100 if rng.getrandbits(3) else 0
    return f"{rng.getrandbits(size)}.{cents:02}"


def _title(rng: Random) -> str:
    ending = rng.choice(("",) * 12 + (" (again)", " 🚀", " - v2", " ⚠️"))
    return f"{rng.choice(words.VERBS)} {rng.choice(words.OBJECTS)}{ending}"


def _text(rng: Random) -> str:
    sentences = rng.sample(words.SENTENCES, rng.choice((1, 1, 1, 2, 2, 3, 4)))
    return rng.choice((" ", " ", "\n\n")).join(sentences)


def _estimate(rng: Random) -> timedelta | None:
    quarters = timedelta(minutes=15) * (1 + rng.getrandbits(5))
    return rng.choice(
        (None, quarters, quarters, timedelta(microseconds=rng.getrandbits(40)), timedelta(days=3, hours=4))
    )


def _settings(rng: Random) -> str | None:
    """No settings at all, empty ones, and nested ones with every kind of JSON value."""
    if not rng.getrandbits(1):
        return None
    if not rng.getrandbits(2):
        return "{}"
    return json.dumps(
        {
            "colour": f"#{rng.getrandbits(24):06x}",
            "rounding": rng.choice((0.25, 0.5, 1, None)),
            "notify": {"by_mail": bool(rng.getrandbits(1)), "after_hours": [8, 24, rng.getrandbits(7)]},
            "labels": {"größe": rng.choice(("S", "M", "L", "")), "標籤": rng.sample(words.TAGS, 2)},
            "imported_from": rng.choice((None, {"system": "Årskort", "id": rng.getrandbits(52)})),
        }
    )


def _detail(verb: ActivityLog.Verb, rng: Random) -> dict[str, Any]:
    match verb:
        case ActivityLog.Verb.CHANGED:
            before, after = rng.sample(["open", "review", "", None, "Größe", 3, 2.5, ["a", {"b": []}]], 2)
            return {"field": rng.choice(("status", "title", "budget", "tags")), "from": before, "to": after}
        case ActivityLog.Verb.ASSIGNED:
            return {"to": rng.choice(words.GIVEN_NAMES), "from": rng.choice((None, *words.GIVEN_NAMES))}
        case ActivityLog.Verb.COMMENTED:
            return {"excerpt": rng.choice(words.SENTENCES), "words": rng.getrandbits(6)}
        case ActivityLog.Verb.DELETED:
            return {"reason": rng.choice(("", "duplicate", "not ordered", "versehentlich angelegt"))}
        case _:
            return rng.choice(({}, {"source": "web"}, {"source": "mail", "id": rng.getrandbits(31)}))
