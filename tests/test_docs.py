"""The documentation against the code: what exists is named in its place, and what is named exists."""

import argparse
import ast
import dataclasses
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.db.models import TextChoices

from backups_app import checks, choices
from backups_app.conf import BackupSettings
from backups_app.engine import errors, manifest, selection, store, wrapper
from backups_app.engine.progress import Stage
from backups_app.management.following import EXIT_STATUSES
from backups_app.models import Manifest
from scripts.test import clean_environment, described_variables
from tests.servers import Valkey
from tests.servers.processes import launch

PROJECT = Path(__file__).resolve().parent.parent
DOCS = PROJECT / "docs"
REFERENCE = DOCS / "reference"
SOURCE_CODE = DOCS / "development" / "source-code.md"
DECISIONS = DOCS / "adr"
INSTALLING = DOCS / "how-to" / "install-into-another-project.md"

PAGES = sorted([*PROJECT.glob("*.md"), *DOCS.rglob("*.md"), PROJECT / "backups" / "README.md"])
COMMANDS = sorted(name for name, app in get_commands().items() if app in ("backups_app", "eclick"))


# --- Reading Markdown --------------------------------------------------------------------------------------------


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def section(page: Path, title: str) -> str:
    """What stands under a heading, up to the next heading of its level or above."""
    match = re.search(rf"(?m)^(#+) {re.escape(title)}\n", text_of(page))
    assert match, f"{page.name} has no heading {title!r}"
    following = re.search(rf"(?m)^#{{1,{len(match[1])}}} ", text_of(page)[match.end() :])
    return text_of(page)[match.end() :][: following.start() if following else None]


def table(text: str, column: str) -> list[list[str]]:
    """The rows of the one table in `text` whose first column has this title."""
    found = re.findall(rf"(?m)^\| {re.escape(column)} \|.*\n\| --- .*\n((?:\|.*\n?)*)", text)
    assert len(found) == 1, f"{len(found)} tables begin with a column {column!r}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines()]


def firsts(text: str, column: str) -> list[str]:
    """The first cells of a table, without backticks."""
    return [row[0].strip("`") for row in table(text, column)]


def code_blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text_of(page), re.DOTALL)


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"(?s)```.*?```", "", text))


def anchors(page: Path) -> set[str]:
    """The addresses of a page's headings, as Git hosts make them."""
    titles = re.findall(r"(?m)^#+ (.*)", re.sub(r"(?s)```.*?```", "", text_of(page)))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def same(named: list[str], real: set[str]) -> None:
    """Each of `real` is named once, and nothing else is."""
    assert {"missing": real - set(named), "gone": set(named) - real} == {"missing": set(), "gone": set()}
    assert [name for name, times in Counter(named).items() if times > 1] == []


# --- Reading source code -----------------------------------------------------------------------------------------


def modules_of(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted((PROJECT / package).rglob("*.py"))


def calls(package: str, function: str) -> Iterator[ast.Call]:
    """Every call whose function is written as `function`, such as "audit.record"."""
    for module in modules_of(package):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == function:
                yield node


def keyword_constants(package: str, *names: str) -> set[str]:
    """The texts that calls give for one of these keywords."""
    found = set()
    for module in modules_of(package):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.keyword)
                and node.arg in names
                and isinstance(node.value, ast.Constant)
                and node.value.value
            ):
                found.add(str(node.value.value))
    return found


# --- The pages as a whole ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_relative_links_and_images_lead_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(text_of(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            dead.append(target)
    assert dead == []


def test_the_index_links_every_page_of_the_documentation() -> None:
    index = DOCS / "README.md"
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#]+\.md)\)", text_of(index))}
    assert set(DOCS.rglob("*.md")) - {index} == linked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_management_commands_and_make_targets_in_examples_exist(page: Path) -> None:
    commands = set(re.findall(r"manage\.py ([a-z][a-z_]+)", text_of(page)))
    assert commands - set(get_commands()) == set()
    in_code = "\n".join([*code_blocks(page, "console"), *re.findall(r"`([^`\n]+)`", text_of(page))])
    assert set(re.findall(r"\bmake ([a-z]+)\b", in_code)) - make_targets() == set()


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    block = section(PROJECT / "README.md", "Two commands")
    commands = re.findall(r"(?m)^make ([a-z]+)", block)
    assert commands == ["run", "test"]
    assert set(commands) <= make_targets()


def test_every_make_target_is_in_the_reference() -> None:
    same(
        [name.removeprefix("make ") for name in firsts(section(REFERENCE / "commands.md", "make"), "target")],
        make_targets(),
    )


def make_targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z]+):.*##", (PROJECT / "Makefile").read_text(encoding="utf-8")))


# --- Source code -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["backups_app", "eclick", "scripts"])
def test_source_code_names_every_module_with_what_it_does(package: str) -> None:
    """Empty files, which only make a folder a package, need no line."""
    lines = re.findall(rf"(?m)^\| `({package}/[\w/]+\.py)` \| (.+) \|$", text_of(SOURCE_CODE))
    real = {path.relative_to(PROJECT).as_posix() for path in modules_of(package) if path.stat().st_size}
    same([path for path, _ in lines], real)
    assert [path for path, does in lines if not does.strip()] == []


def test_the_glossary_is_in_order_and_names_each_word_once() -> None:
    words = firsts(section(SOURCE_CODE, "Glossary"), "word")
    assert words == sorted(set(words))


# --- Settings ----------------------------------------------------------------------------------------------------


def test_every_environment_variable_is_in_the_reference() -> None:
    described = described_variables((PROJECT / ".env.example").read_text(encoding="utf-8"))
    same(firsts(section(REFERENCE / "settings.md", "Environment variables"), "variable"), described)


def test_every_key_of_backups_is_in_the_reference_with_its_default() -> None:
    rows = table(section(REFERENCE / "settings.md", "Keys of BACKUPS"), "key")
    fields = {field.name: field for field in dataclasses.fields(BackupSettings)}
    same([row[0].strip("`") for row in rows], set(fields))
    for key, default, *_ in rows:
        field = fields[key.strip("`")]
        if field.name != "STATE_DIR":  # where temporary files go differs from machine to machine
            assert default == f"`{json.dumps(field.default) if isinstance(field.default, str) else field.default}`"


def test_every_django_setting_that_backups_app_reads_is_in_the_reference() -> None:
    read = {"BACKUPS"}
    for module in modules_of("backups_app"):
        source = module.read_text(encoding="utf-8")
        read |= set(re.findall(r"\bsettings\.([A-Z][A-Z_]+)", source))
        read |= set(re.findall(r'getattr\(settings, "([A-Z_]+)"', source))
    rows = table(section(REFERENCE / "settings.md", "Django settings that backups_app reads"), "setting")
    same([name for row in rows for name in re.findall(r"`([A-Z_]+)", row[0])], read - {"BACKUPS"})


# --- Commands ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_reference_with_its_options(name: str) -> None:
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    named = firsts(section(REFERENCE / "commands.md", name), "option")
    same(named, options_of(parser) - options_of(BaseCommand().create_parser("manage.py", "any")))


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {action.option_strings[-1] if action.option_strings else action.dest for action in parser._actions}


@pytest.mark.parametrize(
    "page", [REFERENCE / "commands.md", DOCS / "how-to" / "run-it-from-cron-and-windows-task-scheduler.md"]
)
def test_exit_statuses_are_as_documented(page: Path) -> None:
    column = "exit status" if page.name == "commands.md" else "status"
    rows = {int(row[0]): row[1] for row in table(text_of(page), column)}
    assert set(rows) == {*EXIT_STATUSES.values(), 130}
    if page.name == "commands.md":
        for state, status in EXIT_STATUSES.items():
            assert rows[status].startswith(f"`{state}`")


# --- Checks, events, errors --------------------------------------------------------------------------------------


def test_every_system_check_is_in_the_reference() -> None:
    source = Path(checks.__file__).read_text(encoding="utf-8")
    same(firsts(text_of(REFERENCE / "checks.md"), "id"), set(re.findall(r"backups_app\.[EW]\d{3}", source)))


def test_every_audit_event_is_in_the_reference() -> None:
    events: set[str] = set()
    for call in calls("backups_app", "audit.record"):
        match call.args[0]:
            case ast.Constant(value=str(event)):
                events.add(event)
            case ast.JoinedStr(values=[ast.FormattedValue(value=kind), ast.Constant("."), ast.FormattedValue()]):
                assert "job.kind" in ast.unparse(kind)
                events |= _events_of_jobs()
            case other:
                pytest.fail(f"the event {ast.unparse(other)} can't be read from the code")
    same(firsts(text_of(REFERENCE / "audit-events.md"), "event"), events)


def _events_of_jobs() -> set[str]:
    """What `jobs._record` says of jobs of every kind."""
    ends = {ast.literal_eval(call.args[1]) for call in calls("backups_app", "_record")}
    assert ends
    return {f"{kind.replace('-', '_')}.{end}" for kind in choices.JobKind.values for end in ends}


def test_every_line_that_only_the_log_has_is_in_the_reference() -> None:
    rows = table(section(REFERENCE / "audit-events.md", "The log"), "line")
    written = {
        (str(call.args[0].value), level.replace("exception", "error"))
        for level in ("info", "warning", "error", "exception")
        for call in calls("backups_app", f"log.{level}")
        if isinstance(call.args[0], ast.Constant)
    }
    assert {(row[0].strip("`"), row[1]) for row in rows} == written


def test_every_engine_error_is_in_the_reference_with_its_code() -> None:
    rows = table(section(REFERENCE / "errors.md", "Engine errors"), "class")
    for module in modules_of("backups_app/engine", "backups_app/actions"):
        import_module(".".join(module.relative_to(PROJECT).with_suffix("").parts))
    known = {errors.EngineError, *_kinds_of(errors.EngineError)}
    assert {(row[0].strip("`"), row[1].strip("`")) for row in rows} == {
        (cls.__name__, cls.code) for cls in known if cls.__module__.startswith("backups_app.")
    }


def _kinds_of(error: type[errors.EngineError]) -> Iterator[type[errors.EngineError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from _kinds_of(kind)


def test_every_error_code_of_a_job_is_in_the_reference() -> None:
    named = firsts(section(REFERENCE / "errors.md", "Job errors"), "code")
    assert named.pop() == "the exception's class"
    same(named, keyword_constants("backups_app", "code", "error_code"))


def test_every_refusal_is_in_the_reference() -> None:
    """Exceptions of ours that are not the engine's."""
    raised = {
        node.name
        for module in modules_of("backups_app")
        for node in ast.parse(module.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["Exception"]
    }
    same(firsts(section(REFERENCE / "errors.md", "Refusals"), "class"), raised - {"EngineError"})


# --- States, kinds, stages, statuses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "column", "real"),
    [
        ("Job states", "state", choices.JobState),
        ("Kinds of job", "kind", choices.JobKind),
        ("Triggers", "trigger", choices.Trigger),
        ("Stages", "stage", Stage),
        ("Kinds of backup", "kind", choices.BackupKind),
        ("Statuses of backup", "status", choices.BackupStatus),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_every_state_kind_stage_and_status_is_in_the_reference(
    title: str, column: str, real: type[TextChoices] | type[Stage]
) -> None:
    same(firsts(section(REFERENCE / "job-states.md", title), column), {member.value for member in real})


def test_the_diagram_of_job_states_is_the_one_in_the_code() -> None:
    arrows = re.compile(r"[-`|>]+> *([a-z]+)|^ *(queued)", re.MULTILINE)
    in_code = (PROJECT / "backups_app" / "jobs.py").read_text(encoding="utf-8").split('"""')[1]
    diagram = section(REFERENCE / "job-states.md", "Job states").split("```")[1]
    assert arrows.findall(diagram) == arrows.findall(in_code)


# --- The file ----------------------------------------------------------------------------------------------------


def test_every_field_of_the_manifest_is_in_the_reference() -> None:
    record = manifest.build(
        kind="manual",
        created_at=datetime(2026, 8, 12, tzinfo=UTC),
        application="",
        database={},
        migrations={},
        tables=[],
        left_out=[],
        findings=[],
        natural_keys={},
        wrapped_count=0,
        content_sha256=hashlib.sha256().hexdigest(),
    )
    fields = firsts(section(REFERENCE / "file-format.md", "The manifest"), "field")
    same(fields, set(record["fields"]))
    assert fields == list(record["fields"])
    assert fields == [field.name for field in Manifest._meta.concrete_fields if not field.primary_key]


def test_every_part_of_a_table_entry_is_in_the_reference() -> None:
    entry = manifest.ModelEntry(model="a.b", records=0, next_id=None, sha256="").as_dict()
    rows = dict(row[:2] for row in table(section(REFERENCE / "file-format.md", "The manifest"), "field"))
    assert re.findall(r"`(\w+)`", rows["`tables`"]) == list(entry)


def test_every_form_of_the_wrapper_is_in_the_reference() -> None:
    forms = {
        str(node.value.elts[0].value)
        for module in modules_of("backups_app/engine")
        for node in _dict_items(module, "KEY")
        if isinstance(node.value, ast.List) and isinstance(node.value.elts[0], ast.Constant)
    }
    assert wrapper.KEY == "$raw"
    same(firsts(section(REFERENCE / "file-format.md", "The wrapper"), "form"), forms)


def test_every_kind_of_finding_is_in_the_reference() -> None:
    kinds = {
        _constant(module, node.value)
        for module in modules_of("backups_app/engine")
        if module.name != "manifest.py"  # there it is the kind of the backup
        for node in _dict_items(module, "'kind'")
    }
    same(firsts(section(REFERENCE / "file-format.md", "Findings"), "finding"), kinds)


def _constant(module: Path, value: ast.expr) -> str:
    """A text, also where the module gives it a name."""
    if isinstance(value, ast.Constant):
        return str(value.value)
    assert isinstance(value, ast.Name)
    dotted = ".".join(module.relative_to(PROJECT).with_suffix("").parts)
    return str(getattr(import_module(dotted), value.id))


@dataclasses.dataclass
class _Item:
    value: ast.expr


def _dict_items(module: Path, key: str) -> Iterator[_Item]:
    """The values that literal dictionaries in a module have for a key, which is given as it is written."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from (_Item(value) for name, value in pairs if name is not None and ast.unparse(name) == key)


def test_what_stays_out_by_default_is_in_the_reference() -> None:
    same(firsts(section(REFERENCE / "file-format.md", "What stays out"), "label"), set(selection.DEFAULT_EXCLUDE))


def test_the_names_of_files_are_in_the_reference() -> None:
    rows = table(section(REFERENCE / "file-format.md", "Names"), "kind")
    assert {row[0]: row[1].strip("`") for row in rows} == {
        kind: f"{prefix}_YYYYMMDD_HHMMSS.json" for kind, prefix in store.PREFIXES.items()
    }


# --- Decisions ---------------------------------------------------------------------------------------------------


def test_decisions_are_numbered_without_gap_or_double() -> None:
    numbers = sorted(int(page.name[:4]) for page in DECISIONS.glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("page", sorted(DECISIONS.glob("*.md")), ids=lambda page: page.stem)
def test_a_decision_has_its_number_and_its_four_parts(page: Path) -> None:
    assert text_of(page).startswith(f"# {page.name[:4]} ")
    assert re.findall(r"(?m)^## (.*)", text_of(page)) == ["Status", "Context", "Decision", "Consequences"]


# --- Installing into another project -----------------------------------------------------------------------------


# Of the project that is installed into.
PEOPLE = "__import__('people.models').models.Person.objects"


class Shop:
    """A project fresh from `startproject`, with a user model of its own and backups_app as the how-to says."""

    def __init__(self, folder: Path, redis: Valkey) -> None:
        self.folder = folder
        self.redis = redis
        folder.mkdir()
        self._python("-m", "django", "startproject", "shop", ".")
        self._with_own_users()
        shutil.copytree(
            PROJECT / "backups_app", folder / "backups_app", ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
        self._follow()

    def manage(self, *arguments: str) -> str:
        return self._python("manage.py", *arguments)

    def worker(self) -> subprocess.Popen[bytes]:
        """The worker that the how-to starts first."""
        words = re.search(r"(?m)^celery -A shop (worker -Q backups .*)", text_of(INSTALLING))
        assert words
        command = [sys.executable, "-m", "celery", "-A", "shop", *words[1].split(), "--without-mingle"]
        with (self.folder / "worker.log").open("wb") as log:
            return launch(command, cwd=self.folder, env=self._environment(), stdout=log, stderr=log)

    def _python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def _environment(self) -> Mapping[str, str]:
        inherited = clean_environment()
        inherited.pop("DJANGO_SETTINGS_MODULE", None)
        return {**inherited, "PYTHONPATH": str(self.folder)}

    def _with_own_users(self) -> None:
        people = self.folder / "people"
        (people / "migrations").mkdir(parents=True)
        (people / "__init__.py").touch()
        (people / "migrations" / "__init__.py").touch()
        (people / "models.py").write_text(
            "import uuid\n\nfrom django.contrib.auth.models import AbstractUser\nfrom django.db import models\n\n\n"
            "class Person(AbstractUser):\n    id = models.UUIDField(primary_key=True, default=uuid.uuid4)\n"
        )
        self._append("shop/settings.py", 'INSTALLED_APPS += ["people"]\nAUTH_USER_MODEL = "people.Person"\n')
        self.manage("makemigrations", "people")

    def _follow(self) -> None:
        steps = re.findall(
            r"\b(Append to|append to|Create|create) `([\w/.]+)`[^`]*```python\n(.*?)```", text_of(INSTALLING), re.DOTALL
        )
        assert [path for _, path, _ in steps] == [
            "shop/settings.py",
            "shop/celery.py",
            "shop/__init__.py",
            "shop/urls.py",
        ]
        for verb, path, code in steps:
            if verb.lower() == "create":
                (self.folder / path).write_text(self._at_our_redis(code), encoding="utf-8")
            else:
                self._append(path, self._at_our_redis(code))

    def _append(self, path: str, code: str) -> None:
        with (self.folder / path).open("a", encoding="utf-8") as file:
            file.write("\n" + code)

    def _at_our_redis(self, code: str) -> str:
        broker = self.redis.url.replace("unix://", "redis+socket://").replace("?db=0", "?virtual_host=0")
        code = code.replace("redis://127.0.0.1:6379/1", self.redis.url_of(1))
        return code.replace("redis://127.0.0.1:6379/0", broker)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, valkey: Valkey) -> Shop:
    made = Shop(tmp_path_factory.mktemp("install") / "project", valkey)
    made.manage("migrate", "--verbosity", "0")
    return made


@pytest.mark.servers
def test_after_the_how_to_all_checks_pass(shop: Shop) -> None:
    assert "no issues" in shop.manage("check", "--fail-level", "WARNING")


@pytest.mark.servers
def test_after_the_how_to_a_backup_is_made_without_a_queue(shop: Shop) -> None:
    assert "SHA-256" in shop.manage("create_automatic_backup", "--here")
    assert (shop.folder / "backups").stat().st_mode & 0o777 == 0o700


@pytest.mark.servers
def test_after_the_how_to_a_restore_brings_back_what_was(shop: Shop) -> None:
    shop.manage("shell", "-c", f"{PEOPLE}.create_superuser('ada')")
    made = shop.manage("create_automatic_backup", "--here")
    name = made.split(":")[0].split()[-1]
    shop.manage("shell", "-c", f"{PEOPLE}.create_user('added-later')")

    told = shop.manage("restore_backup", name, "--here", "--force")

    assert f"Restored {name}" in told
    assert shop.manage("shell", "-v", "0", "-c", f"print(*{PEOPLE}.values_list('username', flat=True))").split() == [
        "ada"
    ]


@pytest.mark.servers
def test_after_the_how_to_a_worker_makes_a_backup(shop: Shop) -> None:
    worker = shop.worker()
    try:
        made = shop.manage("create_automatic_backup")
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=30)
    name = made.split(":")[0].split()[-1]
    listed = {entry["name"]: entry for entry in json.loads(shop.manage("list_backups", "--json"))}
    content = (shop.folder / "backups" / name).read_bytes()
    assert listed[name]["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.servers
def test_the_digest_check_of_the_file_format_accepts_whole_files_and_no_others(shop: Shop, tmp_path: Path) -> None:
    shop.manage("create_automatic_backup", "--here")
    whole = next((shop.folder / "backups").glob("*.json")).read_bytes()
    check = next(block for block in code_blocks(REFERENCE / "file-format.md", "python") if "hashlib" in block)

    def outcome(content: bytes) -> int:
        file = tmp_path / f"{uuid.uuid4()}.json"
        file.write_bytes(content)
        return subprocess.run(
            [sys.executable, "-c", check, file], env=dict(os.environ), capture_output=True, check=False
        ).returncode

    changed = whole.replace(b'"model"', b'"modle"', 1)
    cut = b"\n".join(whole.split(b"\n")[:-3])
    assert [outcome(whole), outcome(changed), outcome(cut)] == [0, 1, 1]
