"""Logging: one line an event, for people or, with LOG_FORMAT=json, for machines."""

from collections.abc import MutableMapping
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured

LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


def logging_config(*, form: str, level: str) -> dict[str, Any]:
    if form not in {"console", "json"}:
        raise ImproperlyConfigured(f"LOG_FORMAT={form!r} is neither console nor json.")
    if level not in LEVELS:
        raise ImproperlyConfigured(f"LOG_LEVEL={level!r} is none of {', '.join(sorted(LEVELS))}.")
    renderer: Any = structlog.processors.JSONRenderer() if form == "json" else _line
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*shared, *([_spread_parts] if form == "json" else [])],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {"django": {"handlers": [], "propagate": True, "level": level}},
    }


def _line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """`2026-11-23T02:55:28Z info backups_app: backup.created by='ada' ...`"""
    head = f"{event.pop('timestamp')} {event.pop('level')} {event.pop('logger')}: {event.pop('event')}"
    trace = event.pop("exception", "")
    rest = "".join(f" {name}={value!r}" for name, value in event.items())
    return f"{head}{rest}\n{trace}" if trace else f"{head}{rest}"


def _spread_parts(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Events of backups_app bring their parts along, which JSON keeps apart."""
    record = event.get("_record")
    event.update(getattr(record, "parts", {}))
    return event
