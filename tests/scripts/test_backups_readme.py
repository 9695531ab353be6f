"""backups/README.md names commands that exist: nobody wants to find out at 3 a.m. that they do not."""

import re

from django.core.management import get_commands

from scripts.environment import PROJECT

README = (PROJECT / "backups" / "README.md").read_text(encoding="utf-8")


def test_the_commands_that_it_names_exist() -> None:
    named = set(re.findall(r"manage\.py (\w+)", README))
    assert named == {"migrate", "loaddata", "list_backups"}
    assert named <= set(get_commands())
    assert re.findall(r"python3 -m ([\w.]+)", README) == ["scripts.environment"]
    assert "make run" in README


def test_the_variables_that_it_names_are_described() -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    for name in ("DATA_DIR", "SECRET_KEY", "DATABASE_URL"):
        assert name in README
        assert f"{name}=" in example
