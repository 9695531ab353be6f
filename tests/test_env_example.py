"""`.env.example` describes each variable that something reads, and nothing that nothing reads."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.test import described_variables

PROJECT = Path(__file__).parent.parent
EXAMPLE = (PROJECT / ".env.example").read_text(encoding="utf-8")
NAME = re.compile(r"[A-Z][A-Z0-9_]+")

# Read, but not by E-Click's settings: they belong to make, to Django's start and to CI.
NOT_FOR_PEOPLE = {"MAKELEVEL", "DJANGO_SETTINGS_MODULE", "NOTHING_LEFT_OUT"}


def read_by_calls(path: Path) -> Iterator[str]:
    """NAME of `text("NAME", ...)`, `environment.flag("NAME")`, `os.environ.get("NAME")` and `os.environ["NAME"]`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=called, args=[ast.Constant(value=str(name)), *_]) if NAME.fullmatch(name):
                reader = ast.unparse(called)
                if reader.isidentifier() or reader.startswith("environment.") or reader == "os.environ.get":
                    yield name
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                yield name


def read_by_settings() -> set[str]:
    return {name for file in ("settings.py", "environment.py") for name in read_by_calls(PROJECT / "eclick" / file)}


def read_by_scripts() -> set[str]:
    return {name for path in (PROJECT / "scripts").glob("*.py") for name in read_by_calls(path)} - NOT_FOR_PEOPLE


def read_by_compose() -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+)", (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")))


def test_settings_and_scripts_are_seen_to_read_something() -> None:
    assert {"SECRET_KEY", "DATABASE_URL", "BACKUPS_KEEP_DAYS", "MYSQL_DRIVER"} <= read_by_settings()
    assert {"PORT", "HOST", "ADMIN_PASSWORD"} <= read_by_scripts()
    assert {"POSTGRES_PASSWORD"} <= read_by_compose()


def test_every_variable_that_is_read_is_described() -> None:
    assert read_by_settings() | read_by_scripts() | read_by_compose() <= described_variables(EXAMPLE)


def test_every_variable_that_is_described_is_read() -> None:
    assert described_variables(EXAMPLE) <= read_by_settings() | read_by_scripts() | read_by_compose()


def test_no_variable_is_described_twice() -> None:
    names = re.findall(r"(?m)^#?\s?([A-Z][A-Z0-9_]+)=", EXAMPLE)
    assert sorted(names) == sorted(set(names))


def test_each_variable_has_words_above_it() -> None:
    lines = EXAMPLE.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"#?\s?[A-Z][A-Z0-9_]+=", line):
            above = lines[number - 1]
            assert above.startswith("#") and not above.startswith("# ---"), f"{line} has no description"
