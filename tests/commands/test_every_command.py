"""Every command of backups_app has tests of its own, says what it does, and refuses what it does not know."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, load_command_class

import backups_app

COMMANDS = sorted(
    path.stem
    for path in Path(backups_app.__file__).parent.joinpath("management", "commands").glob("*.py")
    if path.stem != "__init__"
)


@pytest.mark.parametrize("name", COMMANDS)
def test_it_has_a_file_of_tests(name: str) -> None:
    tests = Path(__file__).with_name(f"test_{name}.py")
    assert tests.exists(), f"{tests.name} is missing"
    assert f'"{name}"' in tests.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_of_its_options_is_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = load_command_class("backups_app", name).create_parser("manage.py", name)
    for action in parser._actions:
        assert action.help, action
    with pytest.raises(SystemExit) as ended:
        call_command(name, "--help")
    assert ended.value.code in (0, None)
    assert parser.description in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_that_it_does_not_know_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match=r"--frobnicate|required"):
        call_command(name, "--frobnicate")
