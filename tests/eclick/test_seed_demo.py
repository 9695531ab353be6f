"""The command `seed_demo`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from eclick.models import Project, Task


def run(*arguments: str) -> str:
    output = StringIO()
    call_command("seed_demo", *arguments, stdout=output, no_color=True)
    return output.getvalue()


def test_it_prints_what_it_made_and_how_fast(db: None) -> None:
    lines = run("--projects", "3").splitlines()

    assert "rows/s" in lines[0]
    assert f"{Task.objects.count():>12,} eclick.Task" in lines
    assert lines[-1].startswith("Seeded 3 projects in ")


def test_it_passes_the_seed_on(db: None) -> None:
    run("--projects", "1", "--seed", "7")
    first = Project.objects.get().created_at
    Project.objects.all().delete()
    run("--projects", "1", "--seed", "8")

    assert Project.objects.get().created_at != first


def test_it_can_be_quiet(db: None) -> None:
    assert run("--projects", "1", "--verbosity", "0") == ""


@pytest.mark.parametrize("wrong", ["0", "-5"])
def test_it_refuses_to_add_nothing(wrong: str) -> None:
    with pytest.raises(CommandError, match=f"--projects is {wrong}; it has to be 1 or more."):
        run("--projects", wrong)


def test_it_wants_to_know_how_many() -> None:
    with pytest.raises(CommandError, match="--projects"):
        run()
