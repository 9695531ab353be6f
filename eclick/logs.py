"""Logging: one line an event, for people or, with LOG_FORMAT=json, for machines."""

from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured

LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


def logging_config(*, form: str, level: str) -> dict[str, Any]:
    if form not in {"console", "json"}:
        raise ImproperlyConfigured(f"LOG_FORMAT={form!r} is neither console nor json.")
    if level not in LEVELS:
        raise ImproperlyConfigured(f"LOG_LEVEL={level!r} is none of {', '.join(sorted(LEVELS))}.")
    renderer: Any = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.processors.KeyValueRenderer(["event"])
    )
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
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {"django": {"handlers": [], "propagate": True, "level": level}},
    }
