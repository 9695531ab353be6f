"""Rows of any values, there and back, on each kind of database: what plain SQL finds is what it found."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.engine import oracle
from tests.engine.any_rows import MODELS, TABLES, rows
from tests.engine.restoring import change_everything, dump_bytes, restore_bytes
from tests.zoo.samples.writing import create, empty


@settings(
    max_examples=3,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(rows, min_size=20, max_size=60))
def test_any_rows_come_back_as_they_were(database, given_rows):
    empty(database, *MODELS)
    create(database, *given_rows)
    before = oracle.read(database, only=TABLES)
    data, _ = dump_bytes(database)
    change_everything(database, TABLES)
    assert restore_bytes(database, data).proven
    assert oracle.differences(before, oracle.read(database, only=TABLES)) == []
