"""The log of backups_app through the standard library, as any project has it."""

import json
import logging

import pytest

from backups_app.logs import log
from eclick.logs import logging_config


def test_an_event_is_one_readable_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="backups_app"):
        log.info("backup.created", by="amelie", records=7, backup=None)
    (record,) = caplog.records
    assert record.getMessage() == "backup.created by='amelie' records=7 backup=None"
    assert (record.name, record.levelname) == ("backups_app", "INFO")


def test_its_parts_are_beside_the_line_for_machines(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="backups_app"):
        log.info("backup.created", by="amelie", records=7)
    assert vars(caplog.records[0])["parts"] == {"event": "backup.created", "by": "amelie", "records": 7}


def test_percent_signs_and_braces_are_nothing_special(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="backups_app"):
        log.info("backup.created", by="100 % {x} %s %(by)s")
    assert caplog.records[0].getMessage() == "backup.created by='100 % {x} %s %(by)s'"


def test_what_is_below_the_level_costs_no_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="backups_app"):
        log.info("backup.created")
        log.warning("cache.unreachable")
    assert [record.getMessage() for record in caplog.records] == ["cache.unreachable"]


def test_a_bug_keeps_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError:
        log.exception("job.errored", job="7")
    assert caplog.records[0].levelname == "ERROR"
    assert "ZeroDivisionError: by zero" in caplog.text


@pytest.mark.parametrize("form", ["console", "json"])
def test_each_form_of_the_project_s_log_has_every_part_on_one_line(form: str) -> None:
    import logging.config

    config = logging_config(form=form, level="INFO")
    formatter = logging.config.DictConfigurator(config).configure_formatter(config["formatters"]["line"])
    lines: list[str] = []

    class Catch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(formatter.format(record))

    logger, handler = logging.getLogger("backups_app"), Catch()
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        log.info("backup.created", by="amelie\n", records=7)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    (line,) = lines
    assert "\n" not in line
    if form == "json":
        parts = json.loads(line)
        assert (parts["event"], parts["by"], parts["records"]) == ("backup.created", "amelie\n", 7)
        assert (parts["logger"], parts["level"]) == ("backups_app", "info")
    else:
        assert line.endswith(r"info backups_app: backup.created by='amelie\n' records=7")
