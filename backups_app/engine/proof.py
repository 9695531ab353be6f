"""Inside the transaction: is the database what the file says? Read again as a dump reads it, and compared."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import BinaryIO

from backups_app.engine.check import Checked
from backups_app.engine.compare import Comparison
from backups_app.engine.databases.restore_base import Target
from backups_app.engine.errors import ProofFailed
from backups_app.engine.naturals import Naturals
from backups_app.engine.plan import Plan
from backups_app.engine.progress import Watch

_MOST_NAMED = 10


def prove(
    target: Target,
    plan: Plan,
    checked: Checked,
    naturals: Naturals,
    open_stream: Callable[[], BinaryIO],
    watch: Watch,
) -> None:
    """Raises ProofFailed, naming the first ten differences.

    By the digests of the manifest, where those can be had; what they do not prove is compared record by record.
    """
    target.begin_proof()
    comparison = Comparison(target, plan, checked, naturals, open_stream, watch)
    same = set(comparison.proven_by_digest())
    if same == {table.label for table in plan.cleared}:
        return
    with closing(comparison.ledger(leaving_out=same)) as ledger:
        if named := comparison.named(ledger, _MOST_NAMED):
            words = "The database does not hold what the file says: " + "; ".join(named)
            if target.firing:
                words += f". These triggers fire on what is written: {', '.join(target.firing)}"
            raise ProofFailed(words)
