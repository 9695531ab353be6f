"""The log of backups_app: one line an event, through the standard library's logger `backups_app`."""

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog


def _as_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> tuple[tuple[str], dict[str, Any]]:
    """The event as readable text, and its parts beside it for a handler that writes JSON."""
    exc_info = event.pop("exc_info", None)
    parts = {name: str(value) if isinstance(value, str) else value for name, value in event.items()}
    name = parts.pop("event")
    text = " ".join([name, *(f"{key}={value!r}" for key, value in parts.items())])
    return (text,), {"extra": {"parts": {"event": name, **parts}}, "exc_info": exc_info}


# Bound to the standard library here and not by structlog.configure(), so that it works, quietly and with the
# project's own handlers, in projects that do not use structlog.
log: Any = structlog.wrap_logger(
    logging.getLogger("backups_app"),
    wrapper_class=structlog.stdlib.BoundLogger,
    processors=[structlog.stdlib.filter_by_level, structlog.contextvars.merge_contextvars, _as_line],
)
