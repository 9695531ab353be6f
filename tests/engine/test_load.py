"""After a load the database is what it was at the backup, value by value, whatever happened since."""

from django.apps import apps

from tests.engine import oracle
from tests.engine.restoring import change_everything, dump_bytes, restore_bytes


def test_the_zoo_comes_back_exactly(zoo):
    data, dumped = dump_bytes(zoo)
    before = oracle.read(zoo)
    tables = [apps.get_model(entry["model"])._meta.db_table for entry in dumped.manifest["tables"]]
    change_everything(zoo, tables)
    loaded = restore_bytes(zoo, data)
    after = oracle.read(zoo)
    assert loaded.proven
    for own in ("backups_app_manifest",):
        assert len(after.pop(own)) == 1
        before.pop(own)
    assert oracle.differences(before, after) == []
