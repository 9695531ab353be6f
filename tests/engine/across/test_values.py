"""From each kind of database to each other one: exact wherever the column can hold the value, else refused.

The tables in docs/reference/values.md are made of this. To write them anew:

    WRITE_DOCS=1 make test ARGS=tests/engine/across
"""

import os
from itertools import groupby
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backups_app.engine.kinds import FALLBACK, kind_of
from backups_app.engine.kinds import KINDS as KINDS_OF_FIELDS
from tests import ledger
from tests.conftest import KINDS
from tests.engine import oracle
from tests.engine.across.meaning import meaning
from tests.engine.across.measuring import EXACT, REFUSED, SCOPE, Outcomes, outcomes
from tests.engine.across.samples import ALL, SAMPLES
from tests.engine.any_rows import MODELS, TABLES, rows
from tests.engine.restoring import dump_bytes, restore_bytes
from tests.zoo.samples.writing import create, empty

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "values.md"
THREE = [alias for alias in KINDS.values() if alias in settings.DATABASES]
BEGIN, END = "<!-- made by tests/engine/across -->\n", "<!-- end -->\n"


def need_all_three():
    for alias in KINDS.values():
        if alias not in settings.DATABASES:
            ledger.leave_out(*settings.NOT_INSTALLED[alias].split(": ", 1))


@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True, databases=THREE)
def test_every_value_goes_across_exactly_or_is_refused_as_the_reference_says():
    need_all_three()
    found = tables(outcomes({"sqlite": "default", "postgresql": "postgresql", "mysql": "mariadb"}))
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    inside, _, after = rest.partition(END)
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(before + BEGIN + found + END + after, encoding="utf-8")
    else:
        assert inside == found, "Write the page anew: WRITE_DOCS=1 make test ARGS=tests/engine/across"


@pytest.mark.django_db(transaction=True, databases=THREE)
@hypothesis_settings(max_examples=2, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rows, min_size=30, max_size=60))
def test_any_rows_go_round_all_three_kinds_and_come_back_the_same(given_rows):
    """What is refused on the way, none of these is."""
    need_all_three()
    empty("default", *MODELS)
    create("default", *given_rows)
    before = meanings("default")
    for source, target in (("default", "postgresql"), ("postgresql", "mariadb"), ("mariadb", "default")):
        data, _ = dump_bytes(source, **SCOPE)
        assert restore_bytes(target, data).proven
    assert meanings("default") == before


def meanings(alias):
    """Cells by table, key and column; JSON, which has no order of names, by what it means."""
    return {
        (name, row["id"].text, column): meaning("JSONField", cell) if name == "zoo_json" else cell
        for name, table in oracle.read(alias, only=TABLES).items()
        for row in table.records()
        for column, cell in row.items()
    }


def test_every_kind_of_field_has_samples():
    tried = {kind_of(sample.cage.model._meta.get_field(sample.name)) for sample in SAMPLES}
    assert tried == {*KINDS_OF_FIELDS.values(), FALLBACK}


def tables(found: Outcomes) -> str:
    """One for each class of field, in Markdown."""
    lines = []
    for field, samples in groupby(enumerate(SAMPLES), key=lambda item: item[1].field):
        lines += ["", f"### {field}", "", "| value | SQLite | PostgreSQL | MariaDB |", "| --- | --- | --- | --- |"]
        for place, sample in samples:
            cells = [_cell(found, place, target) for target in ALL]
            lines.append(f"| {' | '.join([sample.value.replace('|', '&#124;'), *cells])} |")
    return "\n".join([*lines, "", ""])


def _cell(found: Outcomes, place: int, target: str) -> str:
    outcome = {found[place, source, target] for source in ALL if (place, source, target) in found}
    assert len(outcome) <= 1, f"{SAMPLES[place]}: it depends on where it comes from."
    if not outcome:
        return "has it alone"
    assert outcome in ({EXACT}, {REFUSED})
    return outcome.pop()
