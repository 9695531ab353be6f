"""Every value of every column of the zoo is in the file, as it is in the database."""

from tests.engine.comparing import differences


def test_every_value_in_the_file_is_the_raw_value_of_the_column(dumped):
    found = differences(dumped.alias, dumped.by_model, dumped.raw)
    assert not found, "\n".join(found[:40])
