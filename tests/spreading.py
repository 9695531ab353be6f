"""How the tests are spread over several processes: what shares servers stays together, and the longest begins first."""

import re
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

# All that look at installations which are harmed, and the minutes that pass beside them: they begin first.
HARMED = "tests/faults"
# Those that are not: they share the installations of tests/functional, of which there is one of each kind.
SHARING = ("tests/functional/", "tests/faults/test_killed_workers.py")
KINDS = ("mariadb-pymysql", "mariadb", "postgresql", "sqlite")
# The longest in order; any others follow by their number of tests.
LONGEST = (
    HARMED,
    *(f"installation on {kind}" for kind in KINDS),
    "tests/browser/test_backup_management.py",
    "tests/engine/test_load.py",
    "tests/engine/test_memory.py",
    "tests/others/test_others.py",
    "tests/engine/test_dump.py",
    "tests/benchmarks/test_run.py",
    "tests/scripts/test_run.py",
)


def group_of(nodeid: str) -> str:
    """Tests of one group run in one process, one after the other."""
    path = nodeid.split("::", 1)[0]
    if path.startswith(SHARING):
        kind = next((kind for kind in KINDS if re.search(rf"\[(.+-)?{kind}(-.+)?\]", nodeid)), "sqlite")
        return f"installation on {kind}"
    return HARMED if path.startswith(f"{HARMED}/") else path


def rank(group: str, tests: int) -> tuple[int, int]:
    """The lower, the earlier."""
    return (LONGEST.index(group) if group in LONGEST else len(LONGEST), -tests)


class Spreading(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        first = min(self.workqueue, key=lambda group: rank(group, len(self.workqueue[group])))
        self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spreading | None:
    """With -n and without --dist."""
    return Spreading(config, log) if config.getvalue("dist") == "load" else None
