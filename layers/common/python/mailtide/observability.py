"""Observability: log lines and metrics of this process, as JSON on its standard output.

A line says what happened, in which function and request, and what the request is about. Metrics are
summed up while a request is worked on, and written at its end, where CloudWatch finds them. No
addresses are logged in clear, and never the event itself. Powertools would do the same; it brings
JMESPath, regular expressions and buffers, and webhook and tracking start cold too often for that.
Source: CloudWatch's embedded metric format.
"""

import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Protocol, TypeVar

NAMESPACE = "Mailtide"
FUNCTION = os.environ.get("MAILTIDE_FUNCTION", "")  # empty where none is deployed

Event = dict[str, Any]
Reply = TypeVar("Reply")

logger = logging.getLogger("mailtide")
_request: dict[str, object] = {}  # what is said in each line of the request at hand
_counts: Counter[str] = Counter()  # of metrics that are not written yet
_OF_A_RECORD = frozenset({*vars(logging.makeLogRecord({})), "message"})


class Context(Protocol):
    """What Lambda says of an invocation, as far as we read it."""

    @property
    def aws_request_id(self) -> str:
        """The invocation's id."""
        ...

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the time-out."""
        ...


def observed(
    handler: Callable[[Event, Context], Reply],
) -> Callable[[Event, Context], Reply]:
    """Let a handler's lines name its request, and write its metrics however it ends."""
    starts = iter([True])  # once per process

    @wraps(handler)
    def run(event: Event, context: Context) -> Reply:
        _request.clear()
        note(function_request_id=context.aws_request_id, cold_start=next(starts, False))
        trace = os.environ.get("_X_AMZN_TRACE_ID", "")  # Root=1-...;Parent=...;Sampled=1
        if trace:
            note(xray_trace_id=trace.partition(";")[0].removeprefix("Root="))
        try:
            return handler(event, context)
        finally:
            _write_metrics()

    return run


def note(**keys: object) -> None:
    """Let every further line of this request say something."""
    _request.update(keys)


def count(metric: str, number: int = 1) -> None:
    """Add to a metric of this request."""
    _counts[metric] += number


class JsonLines(logging.Formatter):
    """One JSON object per line; what a call names in `extra` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "level": record.levelname,
            "message": record.getMessage(),
            "location": f"{record.module}.{record.funcName}:{record.lineno}",
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "service": FUNCTION,
            **_request,
            **{name: value for name, value in vars(record).items() if name not in _OF_A_RECORD},
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
            line["exception_name"] = record.exc_info[0].__name__
        return json.dumps(line, default=str, separators=(",", ":"))


class _Output(logging.Handler):
    """Standard output, as it is when a line is written."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _write(self.format(record))
        except Exception:
            self.handleError(record)


def _write_metrics() -> None:
    counts = dict(_counts)
    _counts.clear()
    if not (counts and FUNCTION):
        return
    metrics = [{"Name": name, "Unit": "Count"} for name in counts]  # at most 100 may stand in one
    about = {"Namespace": NAMESPACE, "Dimensions": [["service"]], "Metrics": metrics}
    head = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [about]}
    written = json.dumps({"_aws": head, "service": FUNCTION, **counts}, separators=(",", ":"))
    _write(written)


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _set_up() -> None:
    output = _Output()
    output.setFormatter(JsonLines())
    logger.addHandler(output)
    logger.setLevel(os.environ.get("LOG_LEVEL", "INFO"))
    logger.propagate = False  # Lambda's own handler would write each line again


_set_up()
