"""Logs are events: a constant phrase and keys, as key=value or as JSON.

At debug level everything, at info what a human would like to know, warning
what will be tried again, error a bug.
"""

import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import msgspec
import structlog

from knarr.daemon.clock import Clock, SystemClock

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_LEVELS: dict[LogLevel, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def set_up_logs(
    *,
    level: LogLevel = "info",
    log_format: LogFormat = "text",
    clock: Clock | None = None,
    to: TextIO | None = None,
) -> None:
    """Make every logger of this process write one line an event to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _Timestamp(clock or SystemClock()),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _as_json if log_format == "json" else _as_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(to or sys.stderr),
        cache_logger_on_first_use=False,
    )


class _Timestamp:
    """Puts the clock's time on every event."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["time"] = self._clock.now().isoformat(timespec="milliseconds")
        return event


_LOGFMT = structlog.processors.LogfmtRenderer(key_order=("time", "level", "event"))


def _as_text(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """Render key=value on one line; an exception follows on lines of its own."""
    exception = event.pop("exception", None)
    line = str(_LOGFMT(logger, method, event))
    return f"{line}\n{exception}" if exception else line


def _as_json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
