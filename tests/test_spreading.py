"""Several processes: what shares servers stays together, and the longest begins first."""

import pytest

from scripts.environment import PROJECT
from tests import installations
from tests.spreading import KINDS, LONGEST, group_of, rank


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/engine/test_load.py::test_one[sqlite]", "tests/engine/test_load.py"),
        ("tests/functional/test_backup_by_worker.py::test_one[mariadb-pymysql]", "installation on mariadb-pymysql"),
        ("tests/functional/test_backup_by_worker.py::test_one[mariadb-a key]", "installation on mariadb"),
        ("tests/functional/test_rescan_by_itself.py::test_one", "installation on sqlite"),
        ("tests/faults/test_killed_workers.py::test_one[postgresql]", "installation on postgresql"),
        ("tests/faults/test_lost_queue.py::test_one[stop]", "tests/faults"),
        ("tests/faults/test_held_restore.py::test_one[sqlite-delete]", "tests/faults"),
    ],
)
def test_what_shares_servers_stays_together(nodeid: str, group: str) -> None:
    assert group_of(nodeid) == group


def test_the_longest_begin_first() -> None:
    groups = {"tests/test_conf.py": 9, "tests/test_jobs.py": 90, "tests/browser/test_backup_management.py": 3}
    groups["tests/faults"] = 40
    assert sorted(groups, key=lambda group: rank(group, groups[group])) == [
        "tests/faults",
        "tests/browser/test_backup_management.py",
        "tests/test_jobs.py",
        "tests/test_conf.py",
    ]


def test_what_is_said_to_be_long_is_there() -> None:
    assert set(KINDS) == set(installations.KINDS)
    assert all((PROJECT / name).exists() for name in LONGEST if not name.startswith("installation on "))
