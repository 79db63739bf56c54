"""Logs of start, stop and errors. No request is logged, and never a body, a token or a query string."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from lineal.graph.errors import LinealError

LOGGER = logging.getLogger("lineal")

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Formatter(logging.Formatter):
    """One line of text or of JSON for each record; fields come from the record's `fields`."""

    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, Any] = getattr(record, "fields", {})
        trace = ""
        if record.exc_info and record.exc_info[0]:
            fields = {"error": record.exc_info[0].__name__} | fields
            trace = _trace(record.exc_info[2])
        if self._as_json:
            more = {"trace": trace} if trace else {}
            line = {"time": at, "level": record.levelname.lower(), "message": record.getMessage().strip()}
            return json.dumps(line | fields | more, default=str)
        words = "".join(f" {key}={value}" for key, value in fields.items())
        text = f"{at} {record.levelname.lower():7} {record.getMessage().strip()}{words}"
        return f"{text}\n{trace}" if trace else text


def configure(log_format: str, level: str) -> None:
    """Send Lineal's and its web server's logs to standard error in this format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter(log_format == "json"))
    logging.getLogger("uvicorn.error").addFilter(_worth_telling)
    for name, threshold in (("lineal", _LEVELS[level]), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(threshold)
        logger.propagate = False


def failed(error: BaseException, request_id: str, where: str) -> None:
    """Report a request that failed through no fault of the caller.

    Args:
        error: what was raised. Words that are not our own are left out, unless the level is debug: they may
            quote what a caller sent.
        request_id: also in the answer's `X-Request-Id`.
        where: the door and method.
    """
    fields = {"request_id": request_id, "where": where, "error": type(error).__name__}
    expected = isinstance(error, LinealError)
    if expected or LOGGER.isEnabledFor(logging.DEBUG):
        fields["words"] = str(error)
    trace = None if expected else (type(error), error, error.__traceback__)
    LOGGER.error("request failed", exc_info=trace, extra={"fields": fields})


def _worth_telling(record: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's tells more than that a client hung up; our own failures raise."""
    return "returned without completing response" not in record.getMessage()


def _trace(trace: TracebackType | None) -> str:
    return "".join(traceback.format_tb(trace)).rstrip()
