"""Inside the transaction: is the database what the file says? Read again as a dump reads it, and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import BinaryIO

from backups_app.engine.check import Checked
from backups_app.engine.databases.base import Wrapped
from backups_app.engine.databases.restore_base import Target
from backups_app.engine.errors import ProofFailed
from backups_app.engine.naturals import Naturals
from backups_app.engine.plan import Plan
from backups_app.engine.progress import Stage, Watch

_MOST_NAMED = 10


def prove(
    target: Target,
    plan: Plan,
    checked: Checked,
    naturals: Naturals,
    open_stream: Callable[[], BinaryIO],
    watch: Watch,
) -> None:
    """Raises ProofFailed, naming the first ten differences."""
    target.begin_proof()
    for table in plan.cleared:
        if table.label not in plan.loaded and table.label not in plan.same_table and target.count(table):
            raise ProofFailed(f"{table.label} should be empty.")
    manifest = checked.manifest
    if manifest is None:
        return
    keys = naturals.as_dumped(list(manifest["natural_keys"]))
    tables = {table.label: table for table in plan.cleared}
    read = 0
    for entry in manifest["tables"]:
        if entry["model"] not in tables:
            continue
        table = tables[entry["model"]]
        digest = hashlib.sha256()
        for lines, count in target.lines(table, keys, Wrapped()):
            digest.update(lines)
            read += count
            watch.step(Stage.PROVE, read, checked.record_count)
        if digest.hexdigest() != entry["sha256"]:
            raise ProofFailed(f"{table.label}: the database does not hold what the file says.")
