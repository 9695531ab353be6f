"""The log of backups_app: one line an event, through the standard library's logger `backups_app`."""

import logging
from typing import Any

import structlog

# Bound to the standard library here and not by structlog.configure(), so that it works, quietly and with the
# project's own handlers, in projects that do not use structlog.
log: Any = structlog.wrap_logger(
    logging.getLogger("backups_app"),
    wrapper_class=structlog.stdlib.BoundLogger,
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.contextvars.merge_contextvars,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ],
)
