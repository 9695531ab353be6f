"""Running commands as a terminal or a script does."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.catalogue import backup_folder, fresh_cache, in_the_middle  # noqa: F401 (fixtures)

Run = Callable[..., tuple[int, str]]


class Terminal(StringIO):
    """Output that somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def run() -> Run:
    """`run("list_backups", "--json")`: the exit status, and all that was said, errors too unless `err` takes them."""

    def run(*words: str, out: StringIO | None = None, err: StringIO | None = None) -> tuple[int, str]:
        out = StringIO() if out is None else out
        try:
            call_command(*words, stdout=out, stderr=out if err is None else err)
        except CommandError as error:
            return error.returncode, f"{out.getvalue()}{error}"
        return 0, out.getvalue()

    return run
